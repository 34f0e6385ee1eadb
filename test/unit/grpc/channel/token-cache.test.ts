import { expect, it } from "vitest";
import { TokenCache } from "../../../../src/grpc/channel/token-cache.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

const minutes = (count: number) => count * 60_000;

/** A credential whose tokens live an hour and are numbered. */
function open(resourceId = "https://durabletask.io") {
  const clock = new SteppedClock();
  const asked: unknown[] = [];
  const state: { failure: Error | undefined; isEmpty: boolean } = { failure: undefined, isEmpty: false };
  const credential = {
    async getToken(scopes: string | string[]) {
      asked.push(scopes);
      if (state.failure !== undefined) throw state.failure;
      return state.isEmpty ? null : { token: `${asked.length}`, expiresOnTimestamp: clock.now() + minutes(60) };
    },
  };
  return { clock, asked, state, tokens: new TokenCache(credential, resourceId, clock) };
}

it("asks once for whoever many want the token, and not again while it lives", async () => {
  const { clock, asked, tokens } = open("https://durabletask.io/");

  expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(["1", "1"]);
  clock.advance(minutes(54));
  expect(await tokens.get()).toBe("1");
  expect(asked).toEqual([["https://durabletask.io/.default"]]);
});

it("asks again five minutes before the end", async () => {
  const { clock, tokens } = open();
  await tokens.get();

  clock.advance(minutes(55));

  expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(["2", "2"]);
});

it("goes on with the token at hand when the next cannot be got, until its end", async () => {
  const { clock, state, tokens } = open();
  await tokens.get();
  state.failure = new Error("no network");

  clock.advance(minutes(57));
  expect(await tokens.get()).toBe("1");
  clock.advance(minutes(3));
  await expect(tokens.get()).rejects.toThrow("no network");
  state.failure = undefined;
  expect(await tokens.get()).toBe("4");
});

it("says so when the credential has none", async () => {
  const { state, tokens } = open();
  state.isEmpty = true;

  await expect(tokens.get()).rejects.toThrow("no token for https://durabletask.io/.default");
});
