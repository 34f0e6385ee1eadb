import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import type { StorageTransport } from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import { withAttemptTimeout } from "../../../../../src/backends/azure-storage/storage/with-attempt-timeout.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const request = { kind: "table.create", table: "T" } as const;

/** Answers when told to, or when it is broken off. */
function openAttempt() {
  const clock = new SteppedClock();
  const seen: AbortSignal[] = [];
  const answers: (() => void)[] = [];
  const transport: StorageTransport = (_, { signal }) => {
    seen.push(signal!);
    return new Promise((resolve) => {
      const answer = () => resolve({ outcome: "done", value: undefined });
      answers.push(answer);
      signal?.addEventListener("abort", answer);
    });
  };
  return { clock, seen, answers, attempt: withAttemptTimeout(transport, { clock, timeoutMs: 1000 }) };
}

it("an attempt without an answer is broken off after its time", async () => {
  const { clock, seen, attempt } = openAttempt();
  const reply = attempt(request, {});
  clock.advance(999);
  expect(seen[0]?.aborted).toBe(false);
  clock.advance(1);
  await reply;
  expect(seen[0]?.aborted).toBe(true);
});

it("the signal of an attempt that was answered is never aborted", async () => {
  const { clock, seen, answers, attempt } = openAttempt();
  const reply = attempt(request, {});
  answers[0]!();
  await reply;
  clock.advance(10_000);
  await Promise.resolve();
  expect(seen[0]?.aborted).toBe(false);
  expect(clock.nextWakeAt).toBeUndefined();
});

it("a caller who gives up breaks the attempt off, and an answered attempt leaves nothing on the caller's signal", async () => {
  const { seen, answers, attempt } = openAttempt();
  const caller = new AbortController();
  const first = attempt(request, { signal: caller.signal });
  answers[0]!();
  await first;
  expect(getEventListeners(caller.signal, "abort")).toEqual([]);
  const second = attempt(request, { signal: caller.signal });
  caller.abort();
  await second;
  expect(seen.map(({ aborted }) => aborted)).toEqual([false, true]);
});
