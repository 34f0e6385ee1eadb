import { expect, it } from "vitest";
import { silentLog } from "../../../src/core/ports.ts";
import type { TaskMessage } from "../../../src/core/task-message.ts";
import { ActivityProcessor } from "../../../src/engine/activity-processor.ts";
import type { Backend } from "../../../src/engine/backend.ts";
import { taskScheduled } from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

async function answerAfter(unfinishedRuns: number): Promise<TaskMessage | undefined> {
  let answer: TaskMessage | undefined;
  const backend = {
    noteRun: async () => {},
    completeActivityWorkItem: async (_workItem: unknown, message: TaskMessage) => {
      answer = message;
    },
  } as unknown as Backend;
  const registry = new Registry();
  registry.addActivity({ name: "work", activity: () => "done" });
  const processor = new ActivityProcessor({
    backend,
    executor: new InProcessExecutor({ registries: [registry], clock: new SteppedClock() }),
    clock: new SteppedClock(),
    log: silentLog,
    maxUnfinishedRuns: 10,
  });
  const message = { event: taskScheduled(0, "work"), target: { instanceId: "i", executionId: "e" } };
  await processor.process({
    delivered: { id: "m", message, deliveryCount: 30 },
    unfinishedRuns,
    renewIntervalMs: 1000,
  });
  return answer;
}

it("an activity that was begun too often without ending is failed instead of run", async () => {
  expect((await answerAfter(9))?.event).toMatchObject({ type: "TaskCompleted", result: '"done"' });
  expect((await answerAfter(10))?.event).toMatchObject({
    type: "TaskFailed",
    failureDetails: { errorType: "ActivityPoisoned", isNonRetriable: true },
  });
});
