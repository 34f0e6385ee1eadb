import { expect, it } from "vitest";
import { StorageTokens } from "../../../../../src/backends/azure-storage/storage/storage-tokens.ts";
import type { AccessTokenOptions } from "../../../../../src/core/access-credential.ts";
import { DurableError } from "../../../../../src/core/errors.ts";
import type { Clock } from "../../../../../src/core/ports.ts";

const hourMs = 3_600_000;

/** A credential whose tokens are numbered and live for an hour, and a clock to let them end. */
function setUp() {
  const asked: [unknown, AccessTokenOptions | undefined][] = [];
  const state = { now: 0, failure: undefined as unknown };
  const clock: Clock = { now: () => state.now, sleep: () => Promise.resolve() };
  const credential = {
    getToken: async (scopes: string | string[], options?: AccessTokenOptions) => {
      asked.push([scopes, options]);
      const { failure } = state;
      if (failure === null) return null;
      if (failure !== undefined) throw failure;
      return { token: `t${asked.length}`, expiresOnTimestamp: state.now + hourMs };
    },
  };
  const tokens = new StorageTokens(credential, clock);
  const get = async (options?: AccessTokenOptions) => (await tokens.getToken("any", options)).token;
  return { asked, state, tokens, get };
}

it("one token serves all requests until it nears its end", async () => {
  const { asked, state, get } = setUp();

  expect(await Promise.all([get(), get(), get()])).toEqual(["t1", "t1", "t1"]); // T1
  state.now = hourMs - 5 * 60_000 - 1;
  expect(await get()).toBe("t1");
  state.now += 1;
  expect(await get()).toBe("t2");
  expect(asked).toEqual([
    ["https://storage.azure.com/.default", {}],
    ["https://storage.azure.com/.default", {}],
  ]);
});

it("a refresh that fails counts when the token at hand has ended", async () => {
  const { state, get } = setUp();
  await get();

  state.failure = new Error("the endpoint is away");
  state.now = hourMs - 1;
  expect(await get()).toBe("t1"); // T2
  state.now = hourMs;
  await expect(get()).rejects.toMatchObject({
    code: "TokenUnavailable",
    message: /has no token for storage: the endpoint/,
  });
  state.failure = undefined;
  expect(await get()).toMatch(/^t\d$/);
});

it("a token that storage has refused is asked for again", async () => {
  const { tokens, get } = setUp();
  await get();

  tokens.forget();

  expect(await get()).toBe("t2"); // T3
});

it("what is handed out counts as ended, so that nobody else renews it", async () => {
  const { state, tokens } = setUp();
  state.now = 1000;

  expect(await tokens.getToken("s")).toEqual({ token: "t1", expiresOnTimestamp: 1000 }); // T4
});

it("the tenant that storage trusts is asked for from then on", async () => {
  const { asked, get } = setUp();
  await get();

  expect(await get({ tenantId: "home" })).toBe("t2");
  expect(await get()).toBe("t2");
  expect(await get({ tenantId: "home" })).toBe("t2");
  await get({ claims: "c" });

  expect(asked.map(([, options]) => options)).toEqual([
    {},
    { tenantId: "home" },
    { tenantId: "home", claims: "c", enableCae: true },
  ]);
});

it.each([
  ["none", null, "the identity has no token for storage: the credential gave none"],
  ["a text", "odd", "the identity has no token for storage: odd"],
  [
    "several ways that failed",
    new Error("ChainedTokenCredential failed.\n\n  A: no\n  B: no\n  C: no\n  D: no"),
    "the identity has no token for storage: ChainedTokenCredential failed. A: no B: no C: no",
  ],
])("a credential that gives %s is told in one line", async (_, failure, message) => {
  const { state, get } = setUp();
  state.failure = failure;

  await expect(get()).rejects.toMatchObject({ name: "TokenUnavailable", message });
});

it("a package that is missing stays what it is", async () => {
  const { state, get } = setUp();
  state.failure = new DurableError("NotSupported", "npm install it");

  await expect(get()).rejects.toBe(state.failure);
});
