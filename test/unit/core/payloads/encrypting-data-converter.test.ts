import { createSecretKey, randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import {
  createEncryptingDataConverter,
  type EncryptionKey,
} from "../../../../src/core/payloads/encrypting-data-converter.ts";
import { createRichDataConverter } from "../../../../src/core/payloads/rich-data-converter.ts";

const old: EncryptionKey = { id: "2025-01", key: Buffer.alloc(32, 1) };
const recent: EncryptionKey = { id: "2026-11", key: Buffer.alloc(32, 2) };
const create = (keys: readonly EncryptionKey[], readPlaintext = false) =>
  createEncryptingDataConverter({ keys, readPlaintext });

it.each([[{ name: "Ada", at: [1, null, "ü🌍"] }], ["text"], [5], [null], [false], [""], ["x".repeat(100_000)]])(
  "%j comes back, and its text is a JSON string without it",
  (value) => {
    const converter = create([recent]);
    const text = converter.serialize(value, "it")!;

    expect(converter.deserialize(text, "it")).toEqual(value);
    expect(JSON.parse(text)).toMatch(/^durable-aes256gcm\.1\.2026-11\.[A-Za-z0-9_-]+$/);
    expect(text).not.toContain("Ada");
  },
);

it("nothing stays nothing", () => {
  const converter = create([recent]);

  expect(converter.serialize(undefined, "it")).toBeUndefined();
  expect(converter.deserialize(undefined, "it")).toBeUndefined();
});

it("the same value is the same text, as replay needs it, and another under another key or in another place of a list", () => {
  expect(create([recent]).serialize([1], "a")).toBe(create([recent]).serialize([1], "b"));
  expect(create([recent]).serialize([1], "a")).not.toBe(create([recent]).serialize([2], "a"));
  expect(create([recent]).serialize([1], "a")).not.toBe(create([old]).serialize([1], "a"));
});

it("the newest key encrypts and every known one decrypts: keys are rotated by putting one in front", () => {
  const before = create([old]).serialize("kept", "it")!;
  const rotated = create([recent, old]);
  const after = rotated.serialize("kept", "it")!;

  expect(rotated.deserialize(before, "it")).toBe("kept");
  expect(after).toContain(".2026-11.");
  expect(rotated.deserialize(after, "it")).toBe("kept");
});

it("an unknown key is named, with those that are known", () => {
  const text = create([recent]).serialize(1, "it");

  expect(() => create([old]).deserialize(text, "the input of 'x'")).toThrow(
    expect.objectContaining({
      code: "InvalidPayload",
      message: "the input of 'x' is encrypted with the key '2026-11', which is not known here: known are '2025-01'",
    }),
  );
});

it("a wrong key of the right id is found, and shows nothing of the key", () => {
  const text = create([recent]).serialize(1, "it");
  const wrong = create([{ id: recent.id, key: old.key }]);

  expect(() => wrong.deserialize(text, "the result")).toThrow(
    /^the result cannot be decrypted with the key '2026-11': it was changed, or encrypted with another key of that id$/,
  );
});

it("a text that was changed at any place is refused", () => {
  const converter = create([recent, { id: "2026-12", key: recent.key }]);
  const text = converter.serialize({ amount: 100 }, "it")!;
  const start = text.indexOf(".2026-11.") + ".2026-11.".length;

  for (let at = start; at < text.length - 1; at++) {
    const changed = `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
    const last = text.length - 2;
    // The last character may have bits that belong to no byte.
    if (
      at === last &&
      Buffer.from(changed.slice(start, -1), "base64url").equals(Buffer.from(text.slice(start, -1), "base64url"))
    )
      continue;
    expect(() => converter.deserialize(changed, "it")).toThrow("cannot be decrypted");
  }
  expect(() => converter.deserialize(text.replace(".2026-11.", ".2026-12."), "it")).toThrow("cannot be decrypted");
  expect(() => converter.deserialize('"durable-aes256gcm.1.2026-11.AAAA"', "it")).toThrow("cannot be decrypted");
});

it("what is not encrypted is refused, unless it is asked for", () => {
  expect(() => create([recent]).deserialize('{"a":1}', "the input")).toThrow(
    "the input is not encrypted, and 'readPlaintext' of the converter is not set",
  );
  expect(create([recent], true).deserialize('{"a":1}', "the input")).toEqual({ a: 1 });
  expect(create([recent], true).deserialize(create([recent]).serialize(2, "it"), "the input")).toBe(2);
});

it("another converter makes the text that is encrypted", () => {
  const converter = createEncryptingDataConverter({ keys: [recent], converter: createRichDataConverter() });
  const value = new Map([["at", new Date(5)]]);

  expect(converter.deserialize(converter.serialize(value, "it"), "it")).toEqual(value);
});

it("a key may be bytes, a KeyObject, Base64 or hexadecimal", () => {
  const bytes = randomBytes(32);
  const forms = [bytes, createSecretKey(bytes), bytes.toString("base64"), bytes.toString("hex"), new Uint8Array(bytes)];
  const text = create([{ id: "k", key: bytes }]).serialize("same", "it");

  for (const key of forms) expect(create([{ id: "k", key }]).deserialize(text, "it")).toBe("same");
});

it.each<[string, unknown, RegExp]>([
  ["no options", undefined, /needs an object with options/],
  ["no keys", {}, /needs one key or more/],
  ["an empty list of keys", { keys: [] }, /needs one key or more/],
  ["one key as keys", { keys: recent }, /'keys' of createEncryptingDataConverter must be a list/],
  ["a text as key", { keys: ["secret"] }, /a key of createEncryptingDataConverter needs an object/],
  ["a passphrase", { keys: [{ id: "k", key: "correct horse battery staple" }] }, /must be 32 bytes/],
  ["a short key", { keys: [{ id: "k", key: Buffer.alloc(16) }] }, /but got 16 bytes/],
  ["an id with a dot", { keys: [{ id: "a.b", key: recent.key }] }, /1 to 64 letters/],
  ["two keys of one id", { keys: [recent, recent] }, /two keys have the id '2026-11'/],
  ["a misspelt option", { keys: [recent], readPlaintexts: true }, /did you mean 'readPlaintext'/],
  ["a converter without its functions", { keys: [recent], converter: {} }, /'serialize' and 'deserialize'/],
])("%s is refused", (_, options, message) => {
  expect(() => createEncryptingDataConverter(options as never)).toThrow(message);
});
