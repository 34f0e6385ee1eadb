import { createCipheriv, createDecipheriv, createHmac, hkdfSync, KeyObject } from "node:crypto";
import { DurableError } from "../errors.ts";
import { assertOptions, type OptionKinds } from "../option-names.ts";
import { type DataConverter, guardDataConverter } from "./data-converter.ts";
import type { WrappingConverter } from "./json-types.ts";

/** A key with its name. */
export interface EncryptionKey {
  /** Names the key in each payload: 1 to 64 letters, digits, `_` and `-`. Never give the name to another key. */
  readonly id: string;
  /** 32 random bytes: themselves, as Base64 or hexadecimal text, or as a secret `KeyObject`. */
  readonly key: Uint8Array | string | KeyObject;
}

/** How payloads are encrypted. */
export interface EncryptingDataConverterOptions<Inner extends DataConverter | undefined = DataConverter | undefined> {
  /** The first one encrypts; all of them decrypt. To rotate, put the new one first and keep the old ones behind it. */
  readonly keys: readonly EncryptionKey[];
  /** Makes the text that is encrypted. @defaultValue plain JSON */
  readonly converter?: Inner;
  /**
   * Read payloads too that are not encrypted: of instances from before, of callers over HTTP, who have no key. Whoever can
   * write to the storage can then put in what they like. @defaultValue false
   */
  readonly readPlaintext?: boolean | undefined;
}

/**
 * A converter that encrypts, made by {@link createEncryptingDataConverter}.
 *
 * @typeParam Inner the converter inside: results are typed as it brings them back
 */
export interface EncryptingDataConverter<Inner extends DataConverter | undefined>
  extends DataConverter,
    WrappingConverter<Inner> {}

/** `<mark><key id>.<tag, nonce and ciphertext>`, as the text of a JSON string. */
const mark = "durable-aes256gcm.1.";
const envelope = /^"durable-aes256gcm\.1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]+)"$/;
const nonceBytes = 12;
const tagBytes = 16;

const optionKinds: OptionKinds<EncryptingDataConverterOptions> = {
  keys: "list",
  converter: "converter",
  readPlaintext: "flag",
};

/**
 * A converter whose payloads nobody can read or change without a key: inputs, outputs, events, custom statuses, heartbeats
 * and states of entities lie in the task hub as AES-256-GCM, inside a JSON string, so that other readers of the hub see a
 * text. All workers and clients of the hub need the same keys.
 *
 * What stays readable: names, ids, statuses, times, tags, versions, the messages and stacks of failures, reasons of
 * terminations, and what `callHttp` sends and receives. Equal payloads under one key look equal: replay has to make the same
 * messages again.
 *
 * @example
 * const keys = [{ id: "2026-11", key: payloadKey }]; // a secret, made by randomBytes(32).toString("base64")
 * const app = new DFApp({ dataConverter: createEncryptingDataConverter({ keys }) });
 *
 * @throws DurableError `InvalidOption`. Its functions throw `InvalidPayload` for an unknown key, a wrong one, and a payload
 * that was changed or is not encrypted
 */
export function createEncryptingDataConverter<Inner extends DataConverter | undefined = undefined>(
  options: EncryptingDataConverterOptions<Inner>,
): EncryptingDataConverter<Inner> {
  assertOptions(options, optionKinds, "createEncryptingDataConverter");
  const ring = new KeyRing(options.keys);
  const inner = guardDataConverter(options.converter);
  const converter: DataConverter = {
    serialize(value, what) {
      const text = inner.serialize(value, what);
      return text === undefined ? undefined : ring.newest.encrypt(text);
    },
    deserialize(text, what) {
      if (text === undefined || text === "") return inner.deserialize(text, what);
      const [, id, sealed] = envelope.exec(text) ?? [];
      if (id !== undefined && sealed !== undefined)
        return inner.deserialize(ring.get(id, what).decrypt(sealed, what), what);
      if (options.readPlaintext === true) return inner.deserialize(text, what);
      throw unreadable(`${what} is not encrypted, and 'readPlaintext' of the converter is not set`);
    },
  };
  return converter as EncryptingDataConverter<Inner>;
}

class KeyRing {
  readonly newest: PayloadKey;
  readonly #keys = new Map<string, PayloadKey>();

  constructor(keys: readonly EncryptionKey[] | undefined) {
    for (const given of keys ?? []) {
      assertOptions(given, { id: "text", key: "any" }, "a key of createEncryptingDataConverter");
      if (!/^[A-Za-z0-9_-]{1,64}$/.test(given.id)) {
        throw invalid(`the id of a key must be 1 to 64 letters, digits, '_' and '-', but got '${given.id}'`);
      }
      if (this.#keys.has(given.id)) throw invalid(`two keys have the id '${given.id}'`);
      this.#keys.set(given.id, new PayloadKey(given.id, readKey(given)));
    }
    const [newest] = this.#keys.values();
    if (newest === undefined)
      throw invalid("createEncryptingDataConverter needs one key or more: { keys: [{ id, key }] }");
    this.newest = newest;
  }

  get(id: string, what: string): PayloadKey {
    const key = this.#keys.get(id);
    if (key !== undefined) return key;
    const known = [...this.#keys.keys()].join("', '");
    throw unreadable(`${what} is encrypted with the key '${id}', which is not known here: known are '${known}'`);
  }
}

/** One key, and what follows from it: one for texts and one for nonces. */
class PayloadKey {
  readonly #id: string;
  readonly #textKey: Buffer;
  readonly #nonceKey: Buffer;
  readonly #header: Buffer;

  constructor(id: string, key: Uint8Array) {
    const derive = (use: string) => Buffer.from(hkdfSync("sha256", key, "durable-functions-ts", use, 32));
    this.#id = id;
    this.#textKey = derive("text");
    this.#nonceKey = derive("nonce");
    this.#header = Buffer.from(`${mark}${id}`);
  }

  encrypt(text: string): string {
    // Made of the text: an orchestrator that is replayed must ask for the same again, to the letter. No two texts share a
    // nonce, but by an accident of 96 bits.
    const nonce = createHmac("sha256", this.#nonceKey).update(text, "utf8").digest().subarray(0, nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#textKey, nonce).setAAD(this.#header);
    const sealed = [cipher.update(text, "utf8"), cipher.final()];
    return `"${mark}${this.#id}.${Buffer.concat([cipher.getAuthTag(), nonce, ...sealed]).toString("base64url")}"`;
  }

  /** @throws DurableError `InvalidPayload` */
  decrypt(sealed: string, what: string): string {
    const bytes = Buffer.from(sealed, "base64url");
    try {
      const nonce = bytes.subarray(tagBytes, tagBytes + nonceBytes);
      const decipher = createDecipheriv("aes-256-gcm", this.#textKey, nonce, { authTagLength: tagBytes });
      decipher.setAAD(this.#header).setAuthTag(bytes.subarray(0, tagBytes));
      const text = [decipher.update(bytes.subarray(tagBytes + nonceBytes)), decipher.final()];
      return Buffer.concat(text).toString("utf8");
    } catch (cause) {
      const why = "it was changed, or encrypted with another key of that id";
      throw unreadable(`${what} cannot be decrypted with the key '${this.#id}': ${why}`, cause);
    }
  }
}

/** @throws DurableError `InvalidOption`, which never shows the key */
function readKey({ id, key }: EncryptionKey): Uint8Array {
  const bytes = bytesOf(key);
  if (bytes?.length === 32) return bytes;
  const seen = bytes === undefined ? "something else" : `${bytes.length} bytes`;
  throw invalid(
    `the key '${id}' must be 32 bytes, also as Base64 or hexadecimal text, such as randomBytes(32).toString("base64"), ` +
      `but got ${seen}`,
  );
}

function bytesOf(key: unknown): Uint8Array | undefined {
  if (key instanceof Uint8Array) return key;
  if (key instanceof KeyObject) return key.type === "secret" ? key.export() : undefined;
  if (typeof key !== "string") return undefined;
  if (/^[0-9a-f]{64}$/i.test(key)) return Buffer.from(key, "hex");
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(key.trim()) ? Buffer.from(key.trim(), "base64") : undefined;
}

function unreadable(message: string, cause?: unknown): DurableError {
  return new DurableError("InvalidPayload", message, cause === undefined ? undefined : { cause });
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
