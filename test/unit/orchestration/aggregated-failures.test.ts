import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { CompleteOrchestration } from "../../../src/core/orchestrator-action.ts";
import {
  at,
  episodeStarted,
  eventRaised,
  executionStarted,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../../../src/testing/history-builder.ts";
import { completion, openSession, runEpisode } from "../../support/run-episode.ts";

const past = [episodeStarted(), executionStarted("test"), taskScheduled(0, "a"), taskScheduled(1, "b")];

function waitForBoth(failFast: boolean, answers: readonly HistoryEvent[]) {
  return runEpisode(
    function* (ctx) {
      try {
        yield ctx.all([ctx.callActivity("a"), ctx.callActivity("b")], { failFast });
        return "no failure";
      } catch (error) {
        return error instanceof AggregateError
          ? error.errors.map(({ taskName }) => taskName)
          : (error as Error).message;
      }
    },
    past,
    answers,
  );
}

it("are one error with all of them, in the order of the tasks", async () => {
  const { actions } = await waitForBoth(false, [taskFailed(1), taskFailed(0)]);

  expect((actions.at(-1) as CompleteOrchestration).result).toBe('["a","b"]');
});

it("are not waited for unless asked", async () => {
  const answers = [taskFailed(1, { errorMessage: "second" })];

  const fast = await waitForBoth(true, answers);
  const patient = await waitForBoth(false, answers);

  expect((fast.actions.at(-1) as CompleteOrchestration).result).toBe("\"activity 'b' failed: second\"");
  expect(patient.actions).toEqual([]);
});

it("of one task alone are that failure itself", async () => {
  const answers = [taskFailed(1, { errorMessage: "second" }), taskCompleted(0, "fine")];

  const { actions } = await waitForBoth(false, answers);

  expect((actions.at(-1) as CompleteOrchestration).result).toBe("\"activity 'b' failed: second\"");
});

it("a failure of all() that the code has handled stays handled when the other tasks come in", async () => {
  const start = [episodeStarted(), executionStarted("test")];
  const session = openSession(function* (ctx) {
    const tasks = [ctx.callActivity("a"), ctx.createTimer(at(5))];
    try {
      yield ctx.all(tasks);
    } catch {}
    return yield* ctx.waitForExternalEvent("go");
  });
  await session.execute({ pastEvents: [], newEvents: start });
  const records = [taskScheduled(0, "a"), timerCreated(1, at(5))];
  await session.execute({ pastEvents: records, newEvents: [episodeStarted(1), taskFailed(0)] });

  const waiting = await session.execute({ pastEvents: [], newEvents: [episodeStarted(5), timerFired(1, at(5))] });
  const ended = await session.execute({ pastEvents: [], newEvents: [episodeStarted(6), eventRaised("go", "went")] });

  expect(waiting.actions).toEqual([]);
  expect(completion(ended)).toMatchObject({ status: "Completed", result: '"went"' });
});
