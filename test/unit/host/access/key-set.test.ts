import { describe, expect, it } from "vitest";
import {
  findShownKey,
  formatKeySet,
  type KeySet,
  makeKeySet,
  opensDoor,
  parseKeySet,
  readKeySettings,
} from "../../../../src/host/access/key-set.ts";

const keys = { master: "m".repeat(32), default: "d".repeat(32), durabletask_extension: "s".repeat(32) };

it.each([
  ["function", ["master", "default"]],
  ["system", ["master", "durabletask_extension"]],
  ["admin", ["master"]],
] as const)("the door %s is opened by %j", (door, opening) => {
  const found = Object.entries(keys).flatMap(([name, key]) => (opensDoor(keys, door, key) ? [name] : []));

  expect(found).toEqual(opening);
  expect(opensDoor(keys, door, "")).toBe(false);
  expect(opensDoor({}, door, "")).toBe(false);
  expect(opensDoor({}, door, "undefined")).toBe(false);
});

it("the header goes before the query, whose name ignores case", () => {
  const query = new URLSearchParams("a=1&CODE=from-query&code=second");

  expect(findShownKey("from-header", query)).toBe("from-header");
  expect(findShownKey(undefined, query)).toBe("from-query");
  expect(findShownKey(null, query)).toBe("from-query");
  expect(findShownKey("", query)).toBeUndefined();
  expect(findShownKey(undefined, new URLSearchParams("code="))).toBeUndefined();
  expect(findShownKey(undefined, new URLSearchParams())).toBeUndefined();
});

describe("settings", () => {
  it("take the place of a file as soon as one is there", () => {
    expect(readKeySettings({})).toBeUndefined();
    expect(readKeySettings({ DURABLE_MASTER_KEY: "" })).toBeUndefined();
    expect(readKeySettings({ durable_system_key: keys.durabletask_extension })).toEqual({
      durabletask_extension: keys.durabletask_extension,
    });
  });

  it.each([
    [{ DURABLE_MASTER_KEY: "short" }, "DURABLE_MASTER_KEY must be a secret of 32 characters or more"],
    [{ DURABLE_MASTER_KEY: `${keys.master} x` }, "DURABLE_MASTER_KEY must be"],
    [{ DURABLE_SYSTEM_KEY: "@Microsoft.KeyVault(SecretUri=https://a.example/b)" }, "DURABLE_SYSTEM_KEY must be"],
    [{ DURABLE_FUNCTION_KEY: keys.default }, "set DURABLE_SYSTEM_KEY or DURABLE_MASTER_KEY too"],
  ])("%j are refused by name, without their values", (env, message) => {
    expect(() => readKeySettings(env)).toThrow(message);
    for (const value of Object.values(env)) expect(() => readKeySettings(env)).not.toThrow(value);
  });
});

describe("a file of keys", () => {
  it("is read as it was written", () => {
    let count = 0;
    const made = makeKeySet(() => `${++count}`.padStart(32, "k"));

    expect(parseKeySet(formatKeySet(made))).toEqual({ keys: made });
    expect(parseKeySet(`\uFEFF${formatKeySet(keys).replaceAll("\n", "\r\n")}`)).toEqual({ keys });
    expect(new Set(Object.values(made)).size).toBe(3);
  });

  const without = ({ default: _, ...rest }: KeySet) => rest;

  it.each([
    ["", "is not valid JSON"],
    ["{", "is not valid JSON"],
    ["[]", "has no key 'master'"],
    ["null", "does not hold an object"],
    ['"text"', "does not hold an object"],
    [JSON.stringify(without(keys)), "has no key 'default'"],
    [JSON.stringify({ ...keys, master: "secret" }), "has a key 'master' that is not a secret of 32 characters or more"],
    [JSON.stringify({ ...keys, master: { value: 1 } }), "has a key 'master' that is not"],
  ])("%j says what is wrong", (text, problem) => {
    expect(parseKeySet(text)).toEqual({ problem: expect.stringContaining(problem) as string });
  });
});
