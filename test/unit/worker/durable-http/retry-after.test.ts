import { expect, it } from "vitest";
import { readRetryAfterMs } from "../../../../src/worker/durable-http/retry-after.ts";

const now = new Date("2026-01-01T00:00:00Z");
const wait = { defaultPollMs: 30_000, minPollMs: 1000, maxPollMs: 3_600_000 };

it.each([
  ["5", 5000],
  [" 7 ", 7000],
  ["0", 1000],
  ["99999999999999999999999", 3_600_000],
  ["Thu, 01 Jan 2026 00:01:30 GMT", 90_000],
  ["Thu, 01 Jan 2015 00:00:00 GMT", 1000],
  ["Thu, 01 Jan 2125 00:00:00 GMT", 3_600_000],
  ["Thursday, 01-Jan-26 00:00:10 GMT", 10_000],
  ["-5", 30_000],
  ["1.5", 30_000],
  ["1e3", 30_000],
  ["soon", 30_000],
  ["2026-01-01T00:00:05Z", 30_000],
  ["", 30_000],
  [undefined, 30_000],
])("%j is a wait of %i ms", (header, ms) => {
  expect(readRetryAfterMs(header, now, wait)).toBe(ms);
});

it("a header of a million characters is read without backtracking, which would outlast the test", () => {
  expect(readRetryAfterMs(`Mon, ${" 1".repeat(500_000)}`, now, wait)).toBe(30_000);
  expect(readRetryAfterMs("9".repeat(1_000_000), now, wait)).toBe(3_600_000);
});
