import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionStarted,
  taskCompleted,
  taskScheduled,
  timerFired,
} from "../../../src/testing/history-builder.ts";
import { corruptHistories } from "../../support/corrupt-histories.ts";
import { completion, openSession } from "../../support/run-episode.ts";

const waits: Orchestrator = function* (ctx) {
  yield ctx.callActivity("hello");
  yield ctx.createTimer({ seconds: 1 });
  yield ctx.waitForExternalEvent("go");
};

it.each(corruptHistories("instance", "execution").map((each) => [each.damage, each] as const))(
  "a history with %s fails the instance once, and asks for nothing",
  async (_, { events, reason }) => {
    const session = openSession(waits);

    const first = await session.execute({ pastEvents: events, newEvents: [episodeStarted(5), eventRaised("other")] });
    const second = await session.execute({ pastEvents: [], newEvents: [episodeStarted(6), eventRaised("go")] });

    expect(first.actions).toHaveLength(1);
    expect(completion(first)).toMatchObject({ status: "Failed", carryoverEvents: [] });
    expect(completion(first).failureDetails?.errorMessage).toContain(reason);
    expect(second).toEqual(first);
  },
);

it("the start of another execution is refused", async () => {
  const foreign = executionStarted("corrupt", { executionId: "another" });

  const result = await openSession(waits).execute({ pastEvents: [], newEvents: [episodeStarted(), foreign] });

  expect(completion(result).failureDetails).toMatchObject({
    errorType: "CorruptData",
    errorMessage: expect.stringContaining("belongs to execution 'another'") as string,
  });
});

const asked = [episodeStarted(), executionStarted("corrupt"), taskScheduled(0, "hello"), episodeCompleted()];

it.each<[string, HistoryEvent]>([
  ["an answer to a question that was never asked", taskCompleted(77)],
  ["the firing of an activity", timerFired(0, at(1))],
  ["a mark of no episode", episodeCompleted()],
  ["a rewind that nobody asked for", { type: "ExecutionRewound", eventId: -1, timestamp: at(1) } as HistoryEvent],
])("%s is passed over", async (_, event) => {
  const session = openSession(waits);

  const idle = await session.execute({ pastEvents: asked, newEvents: [episodeStarted(1), event] });
  const next = await session.execute({ pastEvents: [], newEvents: [episodeStarted(2), taskCompleted(0)] });

  expect(idle.actions).toEqual([]);
  expect(next.actions).toMatchObject([{ kind: "CreateTimer", id: 1 }]);
});
