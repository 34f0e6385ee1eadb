import { describe, expect, it } from "vitest";
import type { Tags } from "../../../src/core/history-event.ts";
import type { CompleteOrchestration, OrchestratorAction } from "../../../src/core/orchestrator-action.ts";
import { applyActions } from "../../../src/engine/apply-actions.ts";
import { at, executionStarted } from "../../../src/testing/history-builder.ts";

const started = executionStarted("Test", { instanceId: "i", executionId: "x" });
const target = { instanceId: "i", executionId: "x" };
const parent = {
  name: "Parent",
  version: undefined,
  orchestrationInstance: { instanceId: "parent", executionId: "p" },
  taskScheduleId: 3,
};
const child = executionStarted("Child", { parent });
const completion: CompleteOrchestration = {
  kind: "CompleteOrchestration",
  id: 4,
  status: "Completed",
  result: '"out"',
  failureDetails: undefined,
  carryoverEvents: [],
  newVersion: undefined,
};
const startChild: OrchestratorAction = {
  kind: "CreateSubOrchestration",
  id: 2,
  name: "Child",
  version: undefined,
  instanceId: "c",
  input: "1",
  tags: undefined,
  fireAndForget: false,
};

function apply(action: OrchestratorAction, from = started) {
  return applyActions(from, [action], at(1));
}

describe("an action becomes a fact and a message", () => {
  it("activity", () => {
    const applied = apply({
      kind: "ScheduleTask",
      id: 0,
      name: "Hello",
      version: undefined,
      input: '"x"',
      tags: undefined,
    });

    expect(applied.events).toMatchObject([{ type: "TaskScheduled", eventId: 0, name: "Hello", input: '["x"]' }]);
    expect(applied.outgoing).toMatchObject([{ message: { event: { type: "TaskScheduled", eventId: 0 }, target } }]);
  });

  it("timer", () => {
    const applied = apply({ kind: "CreateTimer", id: 1, fireAt: at(60) });

    expect(applied.events).toMatchObject([{ type: "TimerCreated", eventId: 1, fireAt: at(60) }]);
    expect(applied.outgoing).toMatchObject([
      {
        message: { event: { type: "TimerFired", eventId: -1, timerId: 1, fireAt: at(60) }, target },
        deliverAt: at(60),
      },
    ]);
  });

  it("sub-orchestration", () => {
    const applied = apply(startChild);

    expect(applied.events).toMatchObject([{ type: "SubOrchestrationInstanceCreated", eventId: 2, instanceId: "c" }]);
    expect(applied.outgoing[0]?.message.event).toMatchObject({
      type: "ExecutionStarted",
      name: "Child",
      input: "1",
      generation: undefined,
      parentInstance: { name: "Test", taskScheduleId: 2, orchestrationInstance: target },
    });
  });

  it("event to another instance", () => {
    const applied = apply({ kind: "SendEvent", id: 3, instanceId: "other", name: "ping", input: "1" });

    expect(applied.events).toMatchObject([{ type: "EventSent", eventId: 3, instanceId: "other", name: "ping" }]);
    expect(applied.outgoing).toMatchObject([
      { message: { event: { type: "EventRaised" }, target: { instanceId: "other", executionId: undefined } } },
    ]);
  });

  it("completion", () => {
    const applied = apply(completion);

    expect(applied.events).toMatchObject([
      { type: "ExecutionCompleted", eventId: 4, orchestrationStatus: "Completed", result: '"out"' },
    ]);
    expect(applied.outgoing).toEqual([]);
  });
});

it("a repeated episode starts the same execution of its child", () => {
  const first = apply(startChild).outgoing[0]?.message.target;
  const again = apply(startChild).outgoing[0]?.message.target;
  const another = apply({ ...startChild, id: 5 }).outgoing[0]?.message.target;

  expect(first?.executionId).toMatch(/^[0-9a-f]{32}$/);
  expect(again).toEqual(first);
  expect(another).not.toEqual(first);
});

it("a child answers its parent with its output", () => {
  expect(apply(completion, child).outgoing).toMatchObject([
    {
      message: {
        event: { type: "SubOrchestrationInstanceCompleted", taskScheduledId: 3, result: '"out"' },
        target: { instanceId: "parent", executionId: "p" },
      },
    },
  ]);
});

it("a failure has its message beside its details, without the type, also in the answer to a parent", () => {
  const failureDetails = { errorType: "RangeError", errorMessage: "no luck", isNonRetriable: false };
  const applied = apply({ ...completion, status: "Failed", result: undefined, failureDetails }, child);

  expect(applied.events).toMatchObject([{ type: "ExecutionCompleted", result: "no luck", failureDetails }]);
  expect(applied.outgoing).toMatchObject([
    { message: { event: { type: "SubOrchestrationInstanceFailed", reason: "no luck", failureDetails } } },
  ]);
});

it("a failure that nobody has handled has the message of the task's error, however deep that is", () => {
  const innermost = { errorType: "RangeError", errorMessage: "no luck", isNonRetriable: false };
  const ofTask = {
    ...innermost,
    errorType: "TaskFailedError",
    errorMessage: "activity 'a' failed",
    innerFailure: innermost,
  };
  const ofChild = { ...ofTask, errorMessage: "sub-orchestration 'b' failed", innerFailure: ofTask };
  const applied = apply({ ...completion, status: "Failed", result: undefined, failureDetails: ofChild }, child);

  expect(applied.events).toMatchObject([{ result: "no luck", failureDetails: ofChild }]);
  expect(applied.outgoing).toMatchObject([{ message: { event: { reason: "no luck", failureDetails: ofChild } } }]);
});

it("a worker's own text of a failure stays", () => {
  const failureDetails = { errorType: "E", errorMessage: "m", isNonRetriable: false };

  expect(apply({ ...completion, status: "Failed", result: "its text", failureDetails }).events).toMatchObject([
    { result: "its text" },
  ]);
});

it("history tells the tags with which a child starts: the parent's, and its own in front of them", () => {
  const tagged = { ...started, tags: { region: "eu", tier: "1" } };
  const { events, outgoing } = apply({ ...startChild, tags: { tier: "2" } }, tagged);

  expect(events).toMatchObject([{ tags: { region: "eu", tier: "2" } }]);
  expect(outgoing).toMatchObject([{ message: { event: { tags: { region: "eu", tier: "2" } } } }]);
});

it("a terminated child answers its parent with a failure that says so", () => {
  const terminated = apply({ ...completion, status: "Terminated", result: "enough" }, child);

  expect(terminated.outgoing[0]?.message.event).toMatchObject({
    type: "SubOrchestrationInstanceFailed",
    reason: "enough",
    failureDetails: { errorType: "Terminated", errorMessage: "enough" },
  });
});

it("nothing that a terminated execution still asked for begins", () => {
  const mark: OrchestratorAction = { kind: "RecordPatch", id: -1, patchId: "p" };
  const timer: OrchestratorAction = { kind: "CreateTimer", id: 1, fireAt: at(60) };
  const event: OrchestratorAction = { kind: "SendEvent", id: 3, instanceId: "other", name: "ping", input: "1" };
  const end = { ...completion, status: "Terminated" } as const;

  const { events, outgoing } = applyActions(child, [mark, timer, startChild, event, end], at(1));

  expect(events.map(({ type }) => type)).toEqual(["GenericEvent", "ExecutionCompleted"]);
  expect(outgoing.map(({ message }) => message.event.type)).toEqual(["SubOrchestrationInstanceFailed"]);
});

it("a fire-and-forget child answers nobody", () => {
  const applied = apply({ ...startChild, fireAndForget: true });
  const start = applied.outgoing[0]!.message.event;

  expect(start).toMatchObject({ tags: { FireAndForget: "" } });
  expect(apply(completion, start as typeof started).outgoing).toEqual([]);
});

it("a fire-and-forget start is known by its mark in history too", () => {
  const applied = apply({ ...startChild, fireAndForget: true, tags: { colour: "blue" } });

  expect(applied.events).toMatchObject([{ tags: { colour: "blue", FireAndForget: "" } }]);
});

it.each([
  ["that was itself started to answer nobody", { parent, tags: { FireAndForget: "" } }, undefined],
  ["whose own tag has that name", { tags: { FireAndForget: "x" } }, undefined],
  ["that gives it a tag of that name", {}, { FireAndForget: "x" }],
])("a child answers a caller %s", (_, { tags, ...options }: { tags?: Tags; parent?: typeof parent }, childTags) => {
  const caller = { ...executionStarted("Test", options), tags };

  const start = apply({ ...startChild, tags: childTags }, caller).outgoing[0]!.message.event as typeof started;

  expect(start.tags).toBeUndefined();
  expect(apply(completion, start).outgoing).toHaveLength(1);
});

it("continue-as-new is no event but a wish", () => {
  const applied = apply({ ...completion, status: "ContinuedAsNew", result: "2" });

  expect(applied).toMatchObject({ events: [], outgoing: [], continueAsNew: { result: "2" } });
});

it("hands the trace context of a call on to whoever answers it", () => {
  const traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const spanId = "b7ad6b7169203331";
  const trace = { traceParent, traceState: "a=b", id: undefined, spanId, activityStartTime: undefined };
  const call: OrchestratorAction = {
    kind: "ScheduleTask",
    id: 0,
    name: "work",
    version: undefined,
    input: undefined,
    tags: undefined,
    parentTraceContext: trace,
  };

  const activity = apply(call);
  const orchestration = apply({ ...startChild, parentTraceContext: trace });

  expect(activity.outgoing[0]?.message.event).toMatchObject({ type: "TaskScheduled", parentTraceContext: trace });
  expect(orchestration.outgoing[0]?.message.event).toMatchObject({
    type: "ExecutionStarted",
    parentTraceContext: trace,
  });
  expect(orchestration.events[0]).toMatchObject({ clientSpanId: spanId });
});
