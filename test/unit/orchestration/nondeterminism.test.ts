import { describe, expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../../src/core/orchestrator-action.ts";
import { applyActions } from "../../../src/engine/apply-actions.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { inEveryStyle, styles } from "../../../src/testing/behaviours/styles.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionStarted,
  subOrchestrationCompleted,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerFired,
} from "../../../src/testing/history-builder.ts";
import { InProcessSession } from "../../../src/worker/in-process-session.ts";
import { callsA, changes, hold } from "../../support/code-changes.ts";
import { completion, openSession } from "../../support/run-episode.ts";

const started = executionStarted("test");

function answerTo(action: OrchestratorAction): HistoryEvent[] {
  switch (action.kind) {
    case "ScheduleTask":
      return [action.name === "failing" ? taskFailed(action.id) : taskCompleted(action.id)];
    case "CreateTimer":
      return [timerFired(action.id, action.fireAt)];
    case "CreateSubOrchestration":
      return action.fireAndForget ? [] : [subOrchestrationCompleted(action.id)];
    default:
      return [];
  }
}

/** The history that this code makes until it waits for an event, with one more episode after that. */
async function historyOf(orchestrator: Orchestrator): Promise<HistoryEvent[]> {
  const session = openSession(orchestrator);
  const history: HistoryEvent[] = [];
  let unseen: HistoryEvent[] = [];
  let arrived: HistoryEvent[] = [started];
  for (let episode = 0; arrived.length > 0; episode++) {
    const newEvents = [episodeStarted(episode), ...arrived];
    const { actions } = await session.execute({ pastEvents: unseen, newEvents });
    unseen = [...applyActions(started, actions, at(episode)).events, episodeCompleted()];
    history.push(...newEvents, ...unseen);
    arrived = actions.flatMap(answerTo);
  }
  return [...history, episodeStarted(50), eventRaised("unrelated"), episodeCompleted()];
}

describe.each(styles)("an instance whose code has changed fails once, and asks for nothing (%s)", (style) => {
  it.each(changes)("when %s", async (_, before, now, recorded, requested) => {
    const history = await historyOf(inEveryStyle(before)[style]);
    const session = openSession(inEveryStyle(now)[style]);

    const first = await session.execute({ pastEvents: history, newEvents: [episodeStarted(60), eventRaised("more")] });
    const second = await session.execute({ pastEvents: [], newEvents: [episodeStarted(70), eventRaised("hold")] });

    expect(first.actions).toHaveLength(1);
    expect(completion(first)).toMatchObject({
      status: "Failed",
      carryoverEvents: [],
      failureDetails: { errorType: "NondeterministicOrchestration", isNonRetriable: false },
    });
    const { errorMessage } = completion(first).failureDetails!;
    expect(errorMessage).toMatch(/^at event \d+ history has /);
    expect(errorMessage).toContain(recorded);
    expect(errorMessage).toContain(requested);
    expect(errorMessage).toContain("Likely cause: ");
    expect(second).toEqual(first);
  });

  it.each(changes)("and the code before was in order, although %s now", async (_, before) => {
    const history = await historyOf(inEveryStyle(before)[style]);
    const session = openSession(inEveryStyle(before)[style]);

    const result = await session.execute({ pastEvents: history, newEvents: [episodeStarted(60), eventRaised("hold")] });

    expect(result.actions).toMatchObject([{ kind: "CompleteOrchestration", status: "Completed" }]);
  });
});

it.each(["renamed", "RENAMED"])("a name that differs only in case is the same name (%s)", async (name) => {
  const history = await historyOf(function* (ctx) {
    yield ctx.callActivity("Renamed");
    yield* hold(ctx);
  });
  const session = openSession(function* (ctx) {
    yield ctx.callActivity(name);
    yield* hold(ctx);
  });

  const result = await session.execute({ pastEvents: history, newEvents: [episodeStarted(60), eventRaised("hold")] });

  expect(completion(result).status).toBe("Completed");
});

it("what is recorded under another number than the code gives it fails the instance", async () => {
  const history = await historyOf(callsA);
  const shifted = history.map((event) => (event.type === "TaskScheduled" ? { ...event, eventId: 4 } : event));

  const result = await openSession(callsA).execute({ pastEvents: shifted, newEvents: [episodeStarted(60)] });

  expect(completion(result).failureDetails?.errorMessage).toContain("TaskScheduled('a') with id 4");
});

describe("an instance that this app cannot go on with tells why, however far it had come", () => {
  it("when its orchestration is not registered any more", async () => {
    const history = await historyOf(callsA);
    const session = new InProcessSession({
      instanceId: "instance",
      executionId: "execution",
      findOrchestration: () => undefined,
      log: () => {},
    });

    const result = await session.execute({ pastEvents: history, newEvents: [episodeStarted(60)] });

    expect(result.actions).toHaveLength(1);
    expect(completion(result).failureDetails).toMatchObject({ errorType: "OrchestratorNotRegistered" });
  });

  it("when its code awaits something that is not durable now", async () => {
    const history = await historyOf(callsA);
    const session = openSession(async (ctx) => {
      await ctx.callActivity("a");
      await new Promise((resolve) => setImmediate(resolve));
    });

    const result = await session.execute({ pastEvents: history, newEvents: [episodeStarted(60)] });

    expect(result.actions).toHaveLength(1);
    expect(completion(result).failureDetails?.errorMessage).toContain("awaits something that is not a durable task");
  });

  it("when its code throws now", async () => {
    const history = await historyOf(callsA);
    const session = openSession(function* (ctx) {
      yield ctx.callActivity("a");
      throw new RangeError("no such plan");
    });

    const result = await session.execute({ pastEvents: history, newEvents: [episodeStarted(60)] });

    expect(completion(result).failureDetails?.errorMessage).toContain("(Failed: RangeError: no such plan)");
  });

  it("and marks no change of its code", async () => {
    const history = await historyOf(callsA);
    const session = openSession(function* (ctx) {
      yield ctx.callActivity("a");
      yield ctx.waitForExternalEvent("more");
      if (ctx.patched("later")) yield* hold(ctx);
    });
    await session.execute({ pastEvents: history, newEvents: [episodeStarted(60), eventRaised("more")] });

    const diverged = taskScheduled(7, "b");
    const result = await session.execute({ pastEvents: [diverged], newEvents: [episodeStarted(70)] });

    expect(result.actions).toHaveLength(1);
    expect(completion(result).failureDetails?.errorMessage).toContain("TaskScheduled('b') with id 7");
  });
});
