import { describe, expect, it } from "vitest";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { deterministicGuid } from "../../../src/orchestration/replay/deterministic-guid.ts";
import {
  episodeStarted,
  executionStarted,
  taskCompleted,
  taskScheduled,
} from "../../../src/testing/history-builder.ts";
import { completion, type Logged, openSession, runEpisode } from "../../support/run-episode.ts";

const start = [episodeStarted(), executionStarted("test", { input: "in" })];

describe("the context", () => {
  it("logs only what is new", async () => {
    const logged: Logged[] = [];
    const session = openSession(function* (ctx) {
      ctx.log("one", ctx.isReplaying);
      yield ctx.callActivity("a");
      ctx.log("two", ctx.isReplaying);
      for (const level of ["trace", "debug", "info", "warn", "error"] as const) ctx[level]("at");
    }, logged);

    await session.execute({ pastEvents: [...start, taskScheduled(0, "a")], newEvents: [taskCompleted(0)] });

    expect(logged).toEqual([["two", false], ["trace", "at"], ["debug", "at"], ["at"], ["warn", "at"], ["error", "at"]]);
  });

  it("makes GUIDs of the instance, its execution, the time and a count", () => {
    const time = new Date("2024-05-01T10:00:00.123Z");

    expect(deterministicGuid("abc", "execution", time, 0)).toBe("e98a3f5f-fd0b-55d7-893b-817078967207");
    const all = [
      deterministicGuid("abc", "execution", time, 0),
      deterministicGuid("abd", "execution", time, 0),
      deterministicGuid("abc", "next", time, 0),
      deterministicGuid("abc", "execution", new Date(time.getTime() + 1), 0),
      deterministicGuid("abc", "execution", time, 1),
    ];
    expect(new Set(all).size).toBe(5);
  });

  it("refuses a custom status over the limit", async () => {
    const result = await runEpisode((ctx) => ctx.setCustomStatus("x".repeat(9000)), start);

    expect(completion(result).failureDetails?.errorMessage).toContain("9002 characters as JSON; at most 8192");
  });

  it("is an unknown orchestrator's first failure", async () => {
    const { InProcessSession } = await import("../../../src/worker/in-process-session.ts");
    const session = new InProcessSession({
      instanceId: "instance",
      executionId: "execution",
      findOrchestration: () => undefined,
      log: () => {},
    });

    const result = await session.execute({ pastEvents: [], newEvents: start });

    expect(completion(result).failureDetails).toMatchObject({ errorType: "OrchestratorNotRegistered" });
  });

  it.each<[string, Orchestrator, string]>([
    [
      "a value is yielded",
      function* () {
        yield 5;
      },
      "yielded a number",
    ],
    [
      "a promise is yielded",
      function* () {
        yield Promise.resolve();
      },
      "yielded a Promise",
    ],
    ["any gets no tasks", (ctx) => ctx.any([]), "any() needs at least one task"],
    ["all gets a promise", (ctx) => ctx.all([Promise.resolve() as never]), "element 0 of all() is a Promise"],
    ["a timer has no valid time", (ctx) => ctx.createTimer(new Date(Number.NaN)), "not a valid date"],
    ["a time span is not one", (ctx) => ctx.createTimer("soon" as never), "must be a length of time"],
    ["an activity has no name", (ctx) => ctx.callActivity(""), "must be a non-empty text"],
    [
      "a cancelled timer is waited for",
      function* (ctx) {
        const t = ctx.createTimer(1000);
        t.cancel();
        yield t;
      },
      "it has cancelled",
    ],
  ])("explains what is wrong when %s", async (_, orchestrator, message) => {
    const result = await runEpisode(orchestrator, start);

    expect(completion(result).failureDetails?.errorMessage).toContain(message);
  });
});
