import { expect, it } from "vitest";
import { type ActivityRequest, cancellationOf, type InstanceProgress } from "../../../src/engine/wanted-activities.ts";
import { at } from "../../../src/testing/history-builder.ts";

const request: ActivityRequest = {
  name: "work",
  instance: { instanceId: "i", executionId: "e2" },
  taskId: 3,
  scheduledAt: at(100),
  timeoutMs: undefined,
};
const running: InstanceProgress = {
  executionId: "e2",
  runtimeStatus: "Running",
  createdTime: at(90),
  unwantedTasks: [],
};

type Case = readonly [what: string, progress: InstanceProgress | undefined, hadRow: boolean, code: string | undefined];

it.each<Case>([
  ["runs", running, true, undefined],
  ["is suspended", { ...running, runtimeStatus: "Suspended" }, true, undefined],
  ["is pending after a rewind", { ...running, runtimeStatus: "Pending" }, true, undefined],
  ["has completed", { ...running, runtimeStatus: "Completed" }, false, "InstanceNotActive"],
  ["has failed", { ...running, runtimeStatus: "Failed" }, false, "InstanceNotActive"],
  ["was terminated", { ...running, runtimeStatus: "Terminated" }, false, "InstanceNotActive"],
  [
    "is another execution, created later",
    { ...running, executionId: "e3", createdTime: at(101) },
    false,
    "InstanceNotActive",
  ],
  [
    "has a row that is behind, of the execution before",
    { ...running, executionId: "e1", createdTime: at(80) },
    true,
    undefined,
  ],
  [
    "has a row that is behind, of an execution that has ended",
    { ...running, executionId: "e1", createdTime: at(80), runtimeStatus: "Completed" },
    true,
    undefined,
  ],
  [
    "has a row that is behind by no time at all",
    { ...running, executionId: "e1", createdTime: at(100) },
    true,
    undefined,
  ],
  ["has no row any more", undefined, true, "InstanceNotFound"],
  ["has no row yet", undefined, false, undefined],
  ["goes on without it", { ...running, unwantedTasks: [1, 3] }, true, "TaskCancelled"],
  ["goes on without others", { ...running, unwantedTasks: [1, 33] }, true, undefined],
  [
    "goes on without it, in another execution",
    { ...running, executionId: "e1", createdTime: at(80), unwantedTasks: [3] },
    true,
    undefined,
  ],
  [
    "has a row without an execution",
    { ...running, executionId: undefined, runtimeStatus: "Completed" },
    true,
    undefined,
  ],
])("an activity whose instance %s", (_, progress, hadRow, code) => {
  expect(cancellationOf(request, progress, hadRow, at(200).getTime())?.reason.code).toBe(code);
});

it.each([
  [99_999, "TaskTimeout", "ended"],
  [100_000, "TaskTimeout", "ended"],
  [100_001, "TaskCancelled", "unwanted"],
])("an activity with %d ms that nobody waits for, 100 seconds later", (timeoutMs, code, kind) => {
  const progress = { ...running, unwantedTasks: [3] };

  const cancellation = cancellationOf({ ...request, timeoutMs }, progress, true, at(200).getTime());

  expect([cancellation?.reason.code, cancellation?.kind]).toEqual([code, kind]);
});
