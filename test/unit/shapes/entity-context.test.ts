import { expect, it } from "vitest";
import type { EntityContext } from "../../../src/worker/entities/entity-context.ts";
import { resultsOf, runBatch } from "../worker/entities/run-batch.ts";

// What an entity may hand to its context by mistake.

type AnyContext = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;

it.each<[string, readonly unknown[], RegExp]>([
  ["getState", [0], /what getState begins with must be a function, but got 0/],
  ["signalEntity", ["other", "add"], /has the form '@name@key'/],
  ["signalEntity", ["@c@..", "add"], /must not be '\.\.'/],
  ["signalEntity", ["@c@k"], /the operation of a signal/],
  ["signalEntity", ["@c@k", "add", 1, { scheduledtime: new Date(0) }], /did you mean 'scheduledTime'/],
  [
    "signalEntity",
    ["@c@k", "add", 1, { scheduledTime: "soon" }],
    /'scheduledTime' of signalEntity must be a valid Date/,
  ],
  ["signalEntity", ["@c@k", "add", 1, "soon"], /signalEntity needs an object/],
  ["startNewOrchestration", [5], /the name of the orchestration to start/],
  ["startNewOrchestration", ["o", 1, "id-1"], /startNewOrchestration needs an object/],
  ["startNewOrchestration", ["o", 1, { id: "x" }], /no option 'id'; it takes instanceId, version, startAt/],
  ["startNewOrchestration", ["o", 1, { instanceId: ".." }], /must not be '\.\.'/],
  ["startNewOrchestration", ["o", 1, { startAt: 5 }], /'startAt' of startNewOrchestration must be a valid Date/],
])("%s(...%j) of an entity is refused with the right form", async (method, given, message) => {
  const entity = (context: EntityContext) => (context as unknown as AnyContext)[method]!(...given);

  const [result] = resultsOf(await runBatch(entity, ["try"]));

  expect(result).toMatch(/^Invalid(?:Option|EntityId|InstanceId): /);
  expect(result).toMatch(message);
});
