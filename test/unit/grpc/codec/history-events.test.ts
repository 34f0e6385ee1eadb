import { describe, expect, it } from "vitest";
import type { HistoryEvent, HistoryEventType } from "../../../../src/core/history-event.ts";
import { formatPatchMark } from "../../../../src/core/orchestrator-action.ts";
import { eventOverTheWire, readHistory, writeHistory } from "./over-the-wire.ts";

const header = { eventId: -1, timestamp: new Date("2026-01-02T03:04:05.678Z") };
const failureDetails = {
  errorType: "TypeError",
  errorMessage: "no",
  stackTrace: "at x",
  isNonRetriable: true,
  properties: { code: 7 },
};
const traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const parentTraceContext = {
  traceParent,
  traceState: undefined,
  id: undefined,
  spanId: "00f067aa0ba902b7",
  activityStartTime: undefined,
};
const started = {
  ...header,
  type: "ExecutionStarted",
  orchestrationInstance: { instanceId: "i", executionId: "e" },
  parentInstance: undefined,
  name: "hello",
  version: undefined,
  input: undefined,
  tags: undefined,
  correlation: undefined,
  parentTraceContext: undefined,
  scheduledStartTime: undefined,
  generation: undefined,
  generateNewTrace: false,
} as const;
const scheduled = {
  ...header,
  type: "TaskScheduled",
  eventId: 0,
  name: "greet",
  version: undefined,
  input: '["Tokyo"]',
  parentTraceContext: undefined,
  tags: undefined,
} as const;
const created = {
  ...header,
  type: "SubOrchestrationInstanceCreated",
  eventId: 3,
  name: "child",
  version: undefined,
  instanceId: "i:3",
  input: "{}",
  clientSpanId: undefined,
  tags: { FireAndForget: "" },
} as const;

const events: readonly HistoryEvent[] = [
  started,
  {
    ...started,
    version: "1.2",
    input: "null",
    tags: { a: "", b: "x" },
    scheduledStartTime: new Date(5),
    parentTraceContext,
    parentInstance: {
      name: "parent",
      version: "",
      orchestrationInstance: { instanceId: "p", executionId: undefined },
      taskScheduleId: 0,
    },
  },
  { ...started, version: undefined, input: "" },
  {
    ...started,
    parentTraceContext: { ...parentTraceContext, id: traceParent.replace("00f0", "abcd"), spanId: "abcd67aa0ba902b7" },
  },
  {
    ...header,
    type: "ExecutionCompleted",
    eventId: 9,
    orchestrationStatus: "Completed",
    result: "1",
    failureDetails: undefined,
  },
  { ...header, type: "ExecutionCompleted", orchestrationStatus: "Failed", result: undefined, failureDetails },
  {
    ...header,
    type: "ExecutionCompleted",
    orchestrationStatus: "Terminated",
    result: "over",
    failureDetails: undefined,
  },
  { ...header, type: "ExecutionTerminated", input: undefined },
  { ...header, type: "ExecutionTerminated", input: '"as it came"' },
  { ...header, type: "ExecutionSuspended", reason: "" },
  { ...header, type: "ExecutionResumed", reason: "go on" },
  { ...header, type: "ExecutionRewound", reason: "r", parentExecutionId: "pe", instanceId: "i", parentTraceContext },
  scheduled,
  { ...scheduled, input: undefined, version: "2", tags: { "durable.attempt": "2" }, parentTraceContext },
  { ...header, type: "TaskCompleted", taskScheduledId: 0, result: undefined },
  { ...header, type: "TaskCompleted", taskScheduledId: 2_147_483_647, result: "" },
  { ...header, type: "TaskFailed", taskScheduledId: 1, reason: "no", details: undefined, failureDetails },
  created,
  { ...header, type: "SubOrchestrationInstanceCompleted", taskScheduledId: 3, result: "null" },
  {
    ...header,
    type: "SubOrchestrationInstanceFailed",
    taskScheduledId: 3,
    reason: "no",
    details: undefined,
    failureDetails,
  },
  { ...header, type: "TimerCreated", eventId: 4, fireAt: new Date(1) },
  { ...header, type: "TimerFired", timerId: 4, fireAt: new Date("9999-12-31T23:59:59.999Z") },
  { ...header, type: "EventSent", eventId: 5, instanceId: "other", name: "go", input: undefined },
  { ...header, type: "EventRaised", name: "go", input: '{"result":1}', parentTraceContext: undefined },
  { ...header, type: "ContinueAsNew", orchestrationStatus: "ContinuedAsNew", result: "2", failureDetails: undefined },
  { ...header, type: "GenericEvent", data: undefined },
  { ...header, type: "GenericEvent", data: formatPatchMark("change 1") },
  { ...header, type: "OrchestratorStarted" },
  { ...header, type: "OrchestratorCompleted" },
  { ...header, type: "HistoryState" },
];

describe.each(["messages", "events"] as const)("with entity %s", (encoding) => {
  it.each(events.map((event) => [event.type, event] as const))("%s is read as it was written", (_type, event) => {
    expect(readHistory(writeHistory([event], encoding))).toEqual([event]);
  });
});

it("every type of event is among them", () => {
  const types: Record<HistoryEventType, true> = {
    ExecutionStarted: true,
    ExecutionCompleted: true,
    ExecutionTerminated: true,
    ExecutionSuspended: true,
    ExecutionResumed: true,
    ExecutionRewound: true,
    TaskScheduled: true,
    TaskCompleted: true,
    TaskFailed: true,
    SubOrchestrationInstanceCreated: true,
    SubOrchestrationInstanceCompleted: true,
    SubOrchestrationInstanceFailed: true,
    TimerCreated: true,
    TimerFired: true,
    EventSent: true,
    EventRaised: true,
    ContinueAsNew: true,
    GenericEvent: true,
    OrchestratorStarted: true,
    OrchestratorCompleted: true,
    HistoryState: true,
  };
  expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(Object.keys(types).sort());
});

it("the input of an activity is on the wire without the array around it", () => {
  const [wire] = writeHistory([scheduled], "messages");
  expect(wire?.eventType).toMatchObject({ case: "taskScheduled", value: { input: '"Tokyo"' } });
});

it("a start has on the wire what workers ask of it", () => {
  const [wire] = writeHistory([events[3]!], "messages");
  expect(wire?.eventType).toMatchObject({
    case: "executionStarted",
    value: {
      orchestrationInstance: { instanceId: "i", executionId: "e" },
      // The span that asked, and its own.
      parentTraceContext: { traceParent, spanID: "00f067aa0ba902b7" },
      orchestrationSpanID: "abcd67aa0ba902b7",
    },
  });
});

it("a child keeps the span that asked for it, as one of the trace of its parent", () => {
  const child = { ...created, clientSpanId: "1111111111111111" };
  const history = [{ ...started, parentTraceContext }, child];
  const wire = writeHistory(history, "messages");
  expect(wire[1]?.eventType.value).toMatchObject({
    parentTraceContext: { traceParent: traceParent.replace("00f067aa0ba902b7", "1111111111111111") },
  });
  expect(readHistory(wire)).toEqual(history);
});

it("an old failure that is told by texts gets details made of them", () => {
  const old = { ...header, type: "TaskFailed", taskScheduledId: 0, failureDetails: undefined } as const;
  const history = [
    { ...old, reason: "it broke", details: "at line 1" },
    { ...old, reason: undefined, details: "all that is known" },
    { ...old, reason: undefined, details: undefined },
  ];
  expect(readHistory(writeHistory(history, "events"))).toMatchObject([
    { reason: "it broke", failureDetails: { errorType: "Error", errorMessage: "it broke", stackTrace: "at line 1" } },
    { reason: "all that is known", failureDetails: { errorMessage: "all that is known" } },
    { reason: "", failureDetails: { errorMessage: "" } },
  ]);
});

describe("what foreign servers write", () => {
  it("a failure without details says that there are none", () => {
    const failed = eventOverTheWire({ case: "subOrchestrationInstanceFailed", value: { taskScheduledId: 2 } });
    expect(readHistory([failed])).toMatchObject([
      { type: "SubOrchestrationInstanceFailed", taskScheduledId: 2, failureDetails: { errorType: "Error" } },
    ]);
  });

  it("an event without a time is of 1970, and one without a kind is a generic event", () => {
    const wire = eventOverTheWire({ case: "timerCreated", value: {} }, 4);
    expect(readHistory([{ ...wire, timestamp: undefined }])).toEqual([
      { type: "TimerCreated", eventId: 4, timestamp: new Date(0), fireAt: new Date(0) },
    ]);
    expect(readHistory([{ ...wire, eventType: { case: undefined } }])).toMatchObject([
      { type: "GenericEvent", eventId: 4, data: "an event of a kind that is not known" },
    ]);
  });

  it("an end with a status that is not known is a generic event that says so", () => {
    const wire = eventOverTheWire({ case: "executionCompleted", value: { orchestrationStatus: 77 as never } });
    expect(readHistory([wire])).toMatchObject([{ type: "GenericEvent", data: expect.stringContaining("77") }]);
  });

  it("a start without an instance is read all the same", () => {
    const wire = eventOverTheWire({ case: "executionStarted", value: { name: "x", parentInstance: {} } });
    expect(readHistory([wire])).toMatchObject([
      {
        orchestrationInstance: { instanceId: "", executionId: "" },
        parentInstance: { name: "", orchestrationInstance: { instanceId: "", executionId: undefined } },
      },
    ]);
  });
});

it("an execution without a version has an empty one for workers, of which .NET demands one", () => {
  const started = events.find((event) => event.type === "ExecutionStarted" && event.version === undefined)!;

  expect(writeHistory([started], "messages")[0]?.eventType.value).toMatchObject({ version: "" });
  expect(readHistory(writeHistory([{ ...started, version: "" } as HistoryEvent], "messages"))).toEqual([started]);
});
