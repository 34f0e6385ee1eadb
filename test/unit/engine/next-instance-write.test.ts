import { expect, it } from "vitest";
import type { InstanceChange } from "../../../src/engine/backend.ts";
import { nextInstanceWrite, type StoredInstance } from "../../../src/engine/next-instance-write.ts";
import { at } from "../../../src/testing/history-builder.ts";

const start = { name: "Test", version: undefined, input: undefined, tags: undefined, generation: undefined };
const change = (executionId: string, more: Partial<InstanceChange> = {}): InstanceChange => ({
  executionId,
  lastUpdatedTime: at(5),
  customStatus: undefined,
  runtimeStatus: "Running",
  started: { ...start, scheduledStartTime: undefined, createdTime: at(2) },
  ...more,
});
const row = (executionId: string, more: Partial<StoredInstance> = {}): StoredInstance => ({
  executionId,
  runtimeStatus: "Running",
  createdTime: at(2),
  ...more,
});
const completed = { runtimeStatus: "Completed", completedTime: at(5) } as const;

it.each<[string, InstanceChange, StoredInstance | undefined, string]>([
  ["a missing row is made by whoever knows the start", change("a"), undefined, "insert"],
  ["a missing row stays missing for whoever does not", change("a", { started: undefined }), undefined, "none"],
  ["a row of the same execution takes what is new", change("a"), row("a", { runtimeStatus: "Pending" }), "merge"],
  ["an end is not taken back", change("a"), row("a", completed), "none"],
  ["an end is written once", change("a", completed), row("a", completed), "none"],
  [
    "a later end, after a rewind, takes the place of the earlier",
    change("a", { ...completed, completedTime: at(9) }),
    row("a", { ...completed, runtimeStatus: "Failed" }),
    "merge",
  ],
  [
    "an end is taken back by a rewind after it",
    change("a", { rewoundTime: at(9) }),
    row("a", { ...completed, runtimeStatus: "Failed" }),
    "merge",
  ],
  ["a rewind from before the end takes nothing back", change("a", { rewoundTime: at(4) }), row("a", completed), "none"],
  [
    "an end from before a rewind changes nothing",
    change("a", { ...completed, completedTime: at(1) }),
    row("a", completed),
    "none",
  ],
  ["an execution takes over from the one that it continues", change("b"), row("a", { createdTime: at(1) }), "merge"],
  ["also when both began in one millisecond", change("b"), row("a"), "merge"],
  ["an execution replaces one that has ended", change("b"), row("a", { ...completed, createdTime: at(1) }), "replace"],
  ["an execution leaves one alone that was created later", change("b"), row("a", { createdTime: at(3) }), "none"],
  [
    "an end leaves an execution alone that was created later",
    change("b", completed),
    row("a", { runtimeStatus: "Pending", createdTime: at(3) }),
    "none",
  ],
])("%s", (_, changed, stored, expected) => {
  expect(nextInstanceWrite(changed, stored)).toBe(expected);
});
