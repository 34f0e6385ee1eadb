import { describe, expect, it } from "vitest";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import {
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionResumed,
  executionStarted,
  executionSuspended,
  executionTerminated,
  patchMark,
  taskCompleted,
  taskFailed,
  taskScheduled,
} from "../../../src/testing/history-builder.ts";
import { completion, runEpisode } from "../../support/run-episode.ts";

const start = [episodeStarted(), executionStarted("test")];

describe("suspension", () => {
  const orchestrator: Orchestrator = function* (ctx) {
    yield ctx.callActivity("a");
    yield ctx.callActivity("b");
  };
  const past = [...start, taskScheduled(0, "a")];

  it("holds events back until the resume", async () => {
    const suspended = await runEpisode(orchestrator, past, [executionSuspended(), taskCompleted(0)]);
    const resumed = await runEpisode(
      orchestrator,
      [...past, executionSuspended(), taskCompleted(0)],
      [executionResumed()],
    );

    expect(suspended.actions).toEqual([]);
    expect(resumed.actions).toMatchObject([{ kind: "ScheduleTask", name: "b" }]);
  });

  it("withholds what was decided just before it", async () => {
    const newEvents = [taskCompleted(0), executionSuspended()];
    const suspended = await runEpisode(orchestrator, past, newEvents);
    const resumed = await runEpisode(
      orchestrator,
      [...past, ...newEvents, episodeCompleted()],
      [episodeStarted(9), executionResumed()],
    );

    expect(suspended.actions).toEqual([]);
    expect(resumed.actions).toMatchObject([{ kind: "ScheduleTask", name: "b" }]);
  });

  it("does not keep a termination away", async () => {
    const result = await runEpisode(orchestrator, past, [executionSuspended(), executionTerminated("enough")]);

    expect(completion(result)).toMatchObject({ status: "Terminated", result: "enough" });
  });

  it("makes the mark of a change that was met just before it", async () => {
    const patched: Orchestrator = function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.callActivity(ctx.patched("renamed") ? "new" : "old");
    };
    const { actions } = await runEpisode(patched, past, [taskCompleted(0), executionSuspended()]);

    const resumed = await runEpisode(
      patched,
      [...past, taskCompleted(0), executionSuspended(), patchMark("renamed"), episodeCompleted()],
      [episodeStarted(9), executionResumed()],
    );

    expect(actions).toMatchObject([{ kind: "RecordPatch", patchId: "renamed" }]);
    expect(resumed.actions).toMatchObject([{ kind: "ScheduleTask", name: "new" }]);
  });

  const untilStop: Orchestrator = function* (ctx) {
    void ctx.callActivity("tried", 1, { retry: { firstInterval: "5s", maxAttempts: 3 } });
    void ctx.waitForExternalEvent("kept");
    yield ctx.waitForExternalEvent("stop");
    ctx.continueAsNew(2);
  };
  const untilStopAsync: Orchestrator = async (ctx) => {
    void ctx.callActivity("tried", 1, { retry: { firstInterval: "5s", maxAttempts: 3 } });
    void ctx.waitForExternalEvent("kept");
    await ctx.waitForExternalEvent("stop");
    ctx.continueAsNew(2);
  };

  it.each([
    ["a generator", untilStop],
    ["an async function", untilStopAsync],
  ])("that ends with an orchestration of %s keeps what came after its end for the next one", async (_, code) => {
    const kept = [executionSuspended(), eventRaised("stop"), taskFailed(0), eventRaised("kept", 1)];

    const { actions } = await runEpisode(code, [...start, taskScheduled(0, "tried")], [...kept, executionResumed()]);

    expect(actions).toMatchObject([{ status: "ContinuedAsNew", carryoverEvents: [{ name: "kept", input: "1" }] }]);
  });
});
