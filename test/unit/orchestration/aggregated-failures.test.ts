import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { CompleteOrchestration } from "../../../src/core/orchestrator-action.ts";
import {
  episodeStarted,
  executionStarted,
  taskCompleted,
  taskFailed,
  taskScheduled,
} from "../../../src/testing/history-builder.ts";
import { runEpisode } from "../../support/run-episode.ts";

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
