import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { RetryOptions, type RetryPolicy } from "../../../src/core/retry-policy.ts";
import { applyActions } from "../../../src/engine/apply-actions.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { at, episodeStarted, executionStarted, taskFailed, timerFired } from "../../../src/testing/history-builder.ts";
import { openSession } from "../../support/run-episode.ts";

const started = executionStarted("test");

/** Seconds between the timers of an orchestration in which every activity fails at once. */
async function timersOf(orchestrator: Orchestrator): Promise<number[]> {
  const session = openSession(orchestrator);
  const waits: number[] = [];
  let now = at(0);
  let unseen: readonly HistoryEvent[] = [];
  let arrived: HistoryEvent[] = [started];
  while (arrived.length > 0) {
    const newEvents = [{ ...episodeStarted(), timestamp: now }, ...arrived];
    const { actions } = await session.execute({ pastEvents: unseen, newEvents });
    unseen = applyActions(started, actions, now).events;
    const fireTimes = actions.flatMap((action) => (action.kind === "CreateTimer" ? [action.fireAt] : []));
    waits.push(...fireTimes.map((fireAt) => (fireAt.getTime() - now.getTime()) / 1000));
    arrived = actions.flatMap((action): HistoryEvent[] => {
      if (action.kind === "ScheduleTask") return [taskFailed(action.id)];
      return action.kind === "CreateTimer" ? [timerFired(action.id, action.fireAt)] : [];
    });
    now = fireTimes[0] ?? now;
  }
  return waits;
}

const options = Object.assign(new RetryOptions(1000, 5), {
  backoffCoefficient: 3,
  maxRetryIntervalInMilliseconds: 10_000,
});

it.each<[string, RetryPolicy | RetryOptions, number[]]>([
  ["one attempt", { firstInterval: "5s", maxAttempts: 1 }, []],
  ["the same wait each time", { firstInterval: "5s", maxAttempts: 4 }, [5, 5, 5]],
  ["waits that grow", { firstInterval: "5s", maxAttempts: 5, backoffCoefficient: 2 }, [5, 10, 20, 40]],
  [
    "waits up to a limit",
    { firstInterval: 5000, maxAttempts: 5, backoffCoefficient: 2, maxInterval: "15s" },
    [5, 10, 15, 15],
  ],
  ["no retry after the time is over", { firstInterval: "5s", maxAttempts: 9, retryTimeout: "12s" }, [5, 5]],
  ["a retry at the very end of the time", { firstInterval: "5s", maxAttempts: 9, retryTimeout: "15s" }, [5, 5, 5]],
  [
    "no retry that the policy refuses",
    { firstInterval: 1, maxAttempts: 9, retryIf: ({ attempt }) => attempt < 3 },
    [0.001, 0.001],
  ],
  [
    "the waits it computes",
    { firstInterval: 1, maxAttempts: 4, retryDelay: ({ attempt }) => ({ minutes: attempt }) },
    [60, 120, 180],
  ],
  ["the options of 3.x", options, [1, 3, 9, 10]],
])("a retry policy makes %s", async (_, retry, expected) => {
  const waits = await timersOf(function* (ctx) {
    yield ctx.callActivity("fails", undefined, { retry });
  });

  expect(waits).toEqual(expected);
});

const day = 86_400;

it.each<[string, number, number[]]>([
  ["one second", 1, [1]],
  ["six days", 6 * day, [6 * day]],
  ["six days and a millisecond", 6 * day + 0.001, [3 * day, 3 * day, 0.001]],
  ["seven days", 7 * day, [3 * day, 3 * day, day]],
  ["400 days", 400 * day, [...Array.from({ length: 133 }, () => 3 * day), day]],
])("a timer of %s is made of timers that one message can carry", async (_, seconds, expected) => {
  const waits = await timersOf(function* (ctx) {
    yield ctx.createTimer({ seconds });
  });

  expect(waits).toEqual(expected);
});

it("a timer may be set for the end of time", async () => {
  const session = openSession(function* (ctx) {
    yield ctx.createTimer(new Date("9999-12-31T23:59:59.999Z"));
  });

  const { actions } = await session.execute({ pastEvents: [], newEvents: [episodeStarted(), started] });

  expect(actions).toMatchObject([{ kind: "CreateTimer", fireAt: at(3 * day) }]);
});

it.each(["0001-01-01", "1500-06-01", "1600-12-31T23:59:59.999Z", "-271821-04-20"])(
  "a timer for %s is recorded with the first date that a task hub can keep",
  async (date) => {
    const session = openSession(function* (ctx) {
      yield ctx.createTimer(new Date(date));
      return "over";
    });
    const first = await session.execute({
      pastEvents: [],
      newEvents: [{ ...episodeStarted(), timestamp: at(0) }, started],
    });
    expect(first.actions).toMatchObject([{ kind: "CreateTimer", fireAt: new Date("1601-01-01T00:00:00Z") }]);
    const { events } = applyActions(started, first.actions, at(0));
    const fired = timerFired(0, new Date("1601-01-01T00:00:00Z"));
    const second = await session.execute({
      pastEvents: events,
      newEvents: [{ ...episodeStarted(), timestamp: at(1) }, fired],
    });
    expect(second.actions).toMatchObject([{ kind: "CompleteOrchestration", status: "Completed", result: '"over"' }]);
  },
);
