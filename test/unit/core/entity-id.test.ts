import { expect, it } from "vitest";
import { escapeKey } from "../../../src/backends/azure-storage/codec/key-escaping.ts";
import { EntityId } from "../../../src/core/entity-id.ts";

it.each([
  ["Counter", "k"],
  ["Counter", ""],
  ["Counter", "a@b"],
  ["Counter", "/".repeat(251)],
  ["n".repeat(254), "k".repeat(256)],
])("the entity '%s' with the key '%s' can be named, and its id is a key of a table row", (name, key) => {
  const id = new EntityId(name, key);

  expect(EntityId.parse(id.toString())).toEqual(new EntityId(name.toLowerCase(), key));
  expect(escapeKey(id.toString()).length).toBeLessThanOrEqual(512);
});

it.each<[string, unknown, unknown, string]>([
  ["no name", "", "k", "must not be empty"],
  ["a name that is no text", 5, "k", "must be a text"],
  ["a key that is no text", "Counter", undefined, "must be a text"],
  ["an @ in the name", "a@b", "k", "must not contain '@'"],
  ["a long key", "Counter", "k".repeat(257), "at most 256 characters"],
  ["half a character", "Counter", "\ud83d", "well-formed"],
  ["what no blob can be named", "Counter", "a\uffff", "U+FFFE or U+FFFF"],
  ["a long name with a long key", "n".repeat(255), "k".repeat(256), "510 characters together"],
  ["slashes that a table would take twice", "Counter", "/".repeat(252), "these have 511"],
  ["control characters that a table would take twice", "Counter", "\u0001".repeat(252), "these have 511"],
])("%s is refused", (_, name, key, why) => {
  expect(() => new EntityId(name as string, key as string)).toThrow(why);
});
