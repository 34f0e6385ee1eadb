import { expect, it } from "vitest";
import type { OrchestrationState } from "../../../src/core/orchestration-state.ts";
import { nextCreationStep } from "../../../src/engine/creation-race.ts";
import { executionStarted } from "../../../src/testing/history-builder.ts";

const event = executionStarted("Test", { executionId: "mine" });
const replaces = { executionId: "old" } as OrchestrationState;

it.each([
  ["writes where there is none", undefined, undefined, "write"],
  ["writes where the one to replace has been purged", replaces, undefined, "write"],
  ["writes in place of the one to replace", replaces, "old", "write"],
  ["has written already, if the instance is its own", undefined, "mine", "written"],
  ["has replaced already, if the instance is its own", replaces, "mine", "written"],
] as const)("a creator %s", (_, replaced, executionId, step) => {
  const present = executionId && { executionId };

  expect(nextCreationStep({ event, replaces: replaced }, present)).toBe(step);
});

it.each([
  ["another's", undefined, "other"],
  ["another's in place of the old one", replaces, "other"],
  ["nobody knows whose", undefined, undefined],
] as const)("a creator has lost when the instance is %s", (_, replaced, executionId) => {
  const create = () => nextCreationStep({ event, replaces: replaced }, { executionId });

  expect(create).toThrow(expect.objectContaining({ code: "InstanceAlreadyExists" }));
});
