import { expect, it } from "vitest";
import { resolveDurableHttpOptions } from "../../../../src/worker/durable-http/durable-http-options.ts";

const url = new URL("http://example.com/");
const request = { hasCredentials: false };

it("defaults are there", () => {
  expect(resolveDurableHttpOptions()).toMatchObject({
    maxResponseBytes: 10_485_760,
    maxHeaderBytes: 32_768,
    defaultPollMs: 30_000,
    minPollMs: 1000,
    maxPollMs: 3_600_000,
  });
});

it("the first app that says something decides, and every rule must agree", () => {
  const resolved = resolveDurableHttpOptions({ maxResponseBytes: 1, defaultPollInterval: 5 }, [
    undefined,
    { maxResponseBytes: 2, minPollInterval: undefined, allowRequest: () => true },
    { maxResponseBytes: 3, maxPollInterval: "1m", allowRequest: ({ hostname }) => hostname !== "example.com" },
  ]);

  expect(resolved).toMatchObject({ maxResponseBytes: 2, defaultPollMs: 5, minPollMs: 1000, maxPollMs: 60_000 });
  expect(resolved.allowRequest(url, request)).toBe(false);
  expect(resolved.allowRequest(new URL("http://other.example"), request)).toBe(true);
});

it.each([
  { maxResponseBytes: 0 },
  { maxHeaderBytes: 1.5 },
  { defaultPollInterval: "often" as never },
  { maxPollInterval: -1 },
])("%j is refused", (options) => {
  expect(() => resolveDurableHttpOptions(options)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
});
