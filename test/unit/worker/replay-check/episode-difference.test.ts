import { describe, expect, it } from "vitest";
import type { CompleteOrchestration, OrchestratorAction } from "../../../../src/core/orchestrator-action.ts";
import type { EpisodeResult } from "../../../../src/core/task-executor.ts";
import { findDifference } from "../../../../src/worker/replay-check/episode-difference.ts";

const task: OrchestratorAction = {
  kind: "ScheduleTask",
  id: 0,
  name: "charge",
  version: undefined,
  input: '{"amount":5}',
  tags: undefined,
};
const child: OrchestratorAction = {
  kind: "CreateSubOrchestration",
  id: 0,
  name: "ship",
  version: undefined,
  instanceId: "ship-1",
  input: undefined,
  tags: { team: "red" },
  fireAndForget: false,
};
const timer: OrchestratorAction = { kind: "CreateTimer", id: 0, fireAt: new Date(5) };
const event: OrchestratorAction = { kind: "SendEvent", id: 0, instanceId: "other", name: "told", input: "1" };
const end: CompleteOrchestration = {
  kind: "CompleteOrchestration",
  id: 0,
  status: "Completed",
  result: "1",
  failureDetails: undefined,
  carryoverEvents: [],
  newVersion: undefined,
};
const failed = (errorMessage: string): OrchestratorAction => {
  const failureDetails = { errorType: "Error", errorMessage, isNonRetriable: false, stackTrace: String(Math.random()) };
  return { ...end, status: "Failed", result: undefined, failureDetails };
};

function resultOf(actions: readonly OrchestratorAction[], customStatus?: string): EpisodeResult {
  return { actions, customStatus };
}

const differences: readonly (readonly [string, OrchestratorAction[], OrchestratorAction[], string, string])[] = [
  ["a name", [task], [{ ...task, name: "refund" }], "ScheduleTask('charge')", "ScheduleTask('refund')"],
  ["an input", [task], [{ ...task, input: '{"amount":6}' }], 'with input {"amount":5}', 'with input {"amount":6}'],
  [
    "an input that is missing",
    [task],
    [{ ...task, input: undefined }],
    'with input {"amount":5}',
    "with input nothing",
  ],
  ["a kind", [task], [timer], "ScheduleTask('charge')", "CreateTimer(1970-01-01T00:00:00.005Z)"],
  ["one more", [task], [task, { ...timer, id: 1 }], "nothing more", "CreateTimer("],
  ["one less", [task, { ...timer, id: 1 }], [task], "CreateTimer(", "nothing more"],
  [
    "the order",
    [task, { ...timer, id: 1 }],
    [
      { ...timer, id: 0 },
      { ...task, id: 1 },
    ],
    "ScheduleTask(",
    "CreateTimer(",
  ],
  ["a due time, by a millisecond", [timer], [{ ...timer, fireAt: new Date(6) }], ":00.005Z)", ":00.006Z)"],
  ["the id of a child", [child], [{ ...child, instanceId: "ship-2" }], "instance id ship-1", "instance id ship-2"],
  ["tags", [child], [{ ...child, tags: { team: "blue" } }], '[["team","red"]]', '[["team","blue"]]'],
  ["the name of an event", [event], [{ ...event, name: "tell" }], "'told' to 'other'", "'tell' to 'other'"],
  ["the receiver", [event], [{ ...event, instanceId: "b" }], "'told' to 'other'", "'told' to 'b'"],
  ["what an event holds", [event], [{ ...event, input: "2" }], "with input 1", "with input 2"],
  ["an output", [end], [{ ...end, result: "2" }], "with output 1", "with output 2"],
  ["the way it ends", [end], [{ ...end, status: "ContinuedAsNew" }], "(Completed)", "(ContinuedAsNew)"],
  ["a failure", [failed("a")], [failed("b")], "Error: a", "Error: b"],
];

describe("what an orchestrator decides is compared", () => {
  it.each(differences)("%s", (_, live, replayed, left, right) => {
    const difference = findDifference(resultOf(live), resultOf(replayed), true);

    expect(difference?.live).toContain(left);
    expect(difference?.replayed).toContain(right);
  });

  it("a custom status", () => {
    expect(findDifference(resultOf([task], "1"), resultOf([task], "2"), true)).toMatchObject({
      live: "the custom status 1",
      replayed: "the custom status 2",
    });
  });

  it("and of long texts what stands about the first difference is shown", () => {
    const input = (middle: string) => `"${"a".repeat(5000)}${middle}${"b".repeat(5000)}"`;
    const live = resultOf([{ ...task, input: input("left") }]);
    const replayed = resultOf([{ ...task, input: input("right") }]);

    const difference = findDifference(live, replayed, true);

    expect(difference?.live).toMatch(/with input …a{40}leftb+…$/);
    expect(difference?.replayed).toMatch(/with input …a{40}rightb+…$/);
  });
});

describe("no difference is", () => {
  it.each(differences.map(([, live]) => live))("an episode to itself (%j)", (...live) => {
    expect(findDifference(resultOf(live, "1"), resultOf(structuredClone(live), "1"), true)).toBeUndefined();
  });

  it("the stack of a failure", () => {
    expect(findDifference(resultOf([failed("a")]), resultOf([failed("a")]), true)).toBeUndefined();
  });

  it.each([
    ["a text", (stack: string) => `Error: no\n${stack}`],
    ["JSON text", (stack: string) => JSON.stringify({ error: `Error: no\n${stack}`, more: 1 })],
  ])("the frames of a stack in %s", (_, textOf) => {
    const of = (frame: string) => [failed(textOf(`    at code (app.js:3:5)\n    at ${frame}`))];

    expect(findDifference(resultOf(of("live (a.js:1:1)")), resultOf(of("replay (b.js:2:2)")), true)).toBeUndefined();
  });

  it("a mark of a patch, which the replay finds in its history", () => {
    const mark: OrchestratorAction = { kind: "RecordPatch", id: -1, patchId: "faster" };

    expect(findDifference(resultOf([mark, task]), resultOf([task]), true)).toBeUndefined();
  });

  it("what is only shown, when it is not to be compared", () => {
    const live = resultOf([end], "1");
    const replayed = resultOf([{ ...end, result: "2" }], "2");

    expect(findDifference(live, replayed, false)).toBeUndefined();
    expect(findDifference(live, { ...replayed, actions: [failed("a")] }, false)).toBeDefined();
  });
});
