import { expect, it } from "vitest";
import { resolveWorkerLimits, type WorkerLimits } from "../../../src/core/worker-limits.ts";

const defaults = { unknownNames: "wait", maxBlockedMs: 0 } as const;

it("limits that are not given are those of the place, and of the engine", () => {
  const none = { maxActions: undefined, maxBlockedMs: 0, unknownNameGraceMs: 60_000 };
  expect(resolveWorkerLimits(undefined, defaults)).toEqual(none);
  expect(resolveWorkerLimits({}, defaults)).toEqual(none);
  expect(resolveWorkerLimits({}, { unknownNames: "fail", maxBlockedMs: 60_000 })).toMatchObject({
    maxBlockedMs: 60_000,
    unknownNameGraceMs: 0,
  });
});

it("limits are taken as they are given, in host.json as text too", () => {
  const given: WorkerLimits = {
    maxUnfinishedRuns: 3,
    maxHistoryEvents: "1000" as unknown as number,
    maxHistoryBytes: 4096,
    maxPayloadBytes: 2048,
    maxActionsPerEpisode: 50,
    maxBlockedTime: "00:00:30",
    unknownNames: "wait",
    unknownNameGrace: { minutes: 5 },
  };
  expect(resolveWorkerLimits(given, { unknownNames: "fail", maxBlockedMs: 60_000 })).toEqual({
    maxUnfinishedRuns: 3,
    maxHistoryEvents: 1000,
    maxHistoryBytes: 4096,
    maxPayloadBytes: 2048,
    maxActions: 50,
    maxBlockedMs: 30_000,
    unknownNameGraceMs: 300_000,
  });
});

it.each<[string, unknown, RegExp]>([
  ["that nobody knows", { maxUnfinishedRun: 1 }, /did you mean 'maxUnfinishedRuns'/],
  ["that is no number", { maxUnfinishedRuns: "many" }, /'limits.maxUnfinishedRuns' must be a whole number from 1 to/],
  ["of nothing", { maxUnfinishedRuns: 0 }, /'limits.maxUnfinishedRuns'/],
  ["too short to watch", { maxBlockedTime: 100 }, /'limits.maxBlockedTime' must be 0 or at least 2 seconds/],
  ["that is no time", { maxBlockedTime: "soon" }, /'limits.maxBlockedTime' must be a length of time/],
  ["that is no choice", { unknownNames: "ignore" }, /'limits.unknownNames' must be "wait" or "fail"/],
  ["that is no object", 5, /'limits' needs an object/],
])("a limit %s is refused with its name", (_, limits, message) => {
  expect(() => resolveWorkerLimits(limits as WorkerLimits, defaults)).toThrow(message);
});

it("in host.json the whole path is named", () => {
  const path = "host.json: extensions.durableTask.limits";
  const resolve = () => resolveWorkerLimits({ maxHistoryEvents: -1 }, defaults, path);
  expect(resolve).toThrow("host.json: extensions.durableTask.limits.maxHistoryEvents must be a whole number from 10");
});
