import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import type { WaitForInstanceOptions } from "../../../../src/core/orchestration-client.ts";
import type { OrchestrationState } from "../../../../src/core/orchestration-state.ts";
import { CallFailure } from "../../../../src/grpc/channel/call-failure.ts";
import type { CallOptions } from "../../../../src/grpc/channel/task-hub-channel.ts";
import { waitOverCalls } from "../../../../src/grpc/client/instance-wait.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

type Step = (clock: SteppedClock, call: CallOptions) => OrchestrationState | undefined;

const pending = { runtimeStatus: "Pending" } as OrchestrationState;
const completed = { runtimeStatus: "Completed" } as OrchestrationState;

/** A call that takes so long and fails. */
const failing =
  (code: number, afterMs = 0, isLocal = false): Step =>
  (clock) => {
    clock.advance(afterMs);
    throw new CallFailure({ method: "waitForInstanceStart", target: "t", code, details: "d", isLocal });
  };
const timedOut: Step = (clock, { timeoutMs = 0 }) => failing(status.DEADLINE_EXCEEDED, timeoutMs)(clock, {});

/** A wait whose calls take these steps, and whose sleeps take no time. */
async function wait(
  steps: readonly Step[],
  {
    until = "ended",
    read = completed,
    ...options
  }: WaitForInstanceOptions & {
    readonly until?: "started" | "ended";
    readonly read?: OrchestrationState | undefined | "none";
  } = {},
) {
  const clock = new SteppedClock();
  const calls: CallOptions[] = [];
  const begun = clock.now();
  const ended = waitOverCalls("a", until, options, {
    clock: { now: () => clock.now(), sleep: async (ms) => clock.advance(ms) },
    read: async () => (read === "none" ? undefined : read),
    wait: async (call) => {
      calls.push(call);
      const step = steps[calls.length - 1];
      if (step === undefined) throw new Error("no further call was expected");
      return step(clock, call);
    },
  });
  const outcome = await ended.catch((error: unknown) => error);
  return { outcome, calls: calls.length, passedMs: clock.now() - begun };
}

it("one call is enough when it answers", async () => {
  expect(await wait([() => completed])).toMatchObject({ outcome: completed, calls: 1, passedMs: 0 });
  expect(await wait([() => undefined])).toMatchObject({ outcome: undefined, calls: 1 });
});

it("a wait of hours is made of calls of minutes", async () => {
  const { outcome, calls, passedMs } = await wait([timedOut, timedOut, timedOut, () => completed]);

  expect(outcome).toBe(completed);
  expect(calls).toBe(4);
  expect(passedMs).toBe(3 * 120_000);
});

it("it ends after its own time, to the millisecond", async () => {
  const { outcome, passedMs } = await wait([timedOut, timedOut], { timeoutMs: 130_000 });

  expect(outcome).toMatchObject({ code: "TaskTimeout", message: expect.stringContaining("130000 ms") });
  expect(passedMs).toBe(130_000);
});

it("answers that come too early are asked for again, with a pause", async () => {
  const { outcome, passedMs } = await wait([() => pending, () => pending, () => completed], { until: "started" });

  expect(outcome).toBe(completed);
  expect(passedMs).toBe(2000);
});

it.each([status.NOT_FOUND, status.UNKNOWN])("status %i is undefined when the instance is not there", async (code) => {
  expect((await wait([failing(code)], { read: "none" })).outcome).toBeUndefined();
  expect((await wait([failing(code)])).outcome).toMatchObject({ name: "DurableError" });
});

it("a server that was never there is told at once, one that was is awaited for a minute", async () => {
  const away = failing(status.UNAVAILABLE, 1500);

  expect(await wait([away])).toMatchObject({ outcome: { code: "ServiceUnavailable" }, calls: 1 });
  expect(await wait([timedOut, away, away, () => completed])).toMatchObject({ outcome: completed, calls: 4 });
  const forever = await wait([timedOut, ...Array<Step>(100).fill(away)]);
  expect(forever.outcome).toMatchObject({ code: "ServiceUnavailable" });
  expect(forever.passedMs).toBeGreaterThan(180_000);
  expect(forever.passedMs).toBeLessThan(185_000);
});

it("a time that is over before there was a connection is over", async () => {
  const away = failing(status.UNAVAILABLE, 50);

  expect((await wait([away], { timeoutMs: 50 })).outcome).toMatchObject({ code: "TaskTimeout" });
});

it("a call that the server ends is made anew, but one on a channel that was closed is not", async () => {
  const cut = failing(status.CANCELLED, 11_000);
  const closed = failing(status.CANCELLED, 0, true);

  expect(await wait([cut, () => completed])).toMatchObject({ outcome: completed });
  expect(await wait([failing(status.CANCELLED), failing(status.UNAVAILABLE), () => completed])).toMatchObject({
    outcome: completed,
  });
  expect(await wait([cut, closed])).toMatchObject({ outcome: { code: "Aborted" }, calls: 2 });
  const forever = await wait(Array<Step>(100).fill(failing(status.CANCELLED)));
  expect(forever).toMatchObject({ outcome: { code: "Aborted" }, calls: 62 });
});

it("a wait that is called off says so", async () => {
  const stop = new AbortController();
  const calledOff: Step = (clock) => {
    stop.abort();
    return failing(status.CANCELLED)(clock, {});
  };

  expect((await wait([calledOff], { signal: stop.signal })).outcome).toMatchObject({ code: "Aborted" });
  expect(await wait([], { signal: stop.signal })).toMatchObject({ outcome: { code: "Aborted" }, calls: 0 });
});
