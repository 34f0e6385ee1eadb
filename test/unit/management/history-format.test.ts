import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { formatHistory } from "../../../src/management/history-format.ts";

const whole = { showInput: true, showOutput: true, readInput: (text: string) => text, readResult: JSON.parse };
const at = (second: number) => new Date(Date.UTC(2024, 4, 1, 10, 0, second));
const Timestamp = "2024-05-01T10:00:01.000Z";
const header = { eventId: -1, timestamp: at(1) } as const;
const failure = { errorType: "TypeError", errorMessage: "no", stackTrace: "at x", isNonRetriable: false } as const;

const started: HistoryEvent = {
  ...header,
  type: "ExecutionStarted",
  orchestrationInstance: { instanceId: "abc", executionId: "e1" },
  parentInstance: undefined,
  name: "seq",
  version: "1.0",
  input: '"World"',
  tags: { team: "a" },
  correlation: undefined,
  parentTraceContext: undefined,
  scheduledStartTime: at(0),
  generation: 0,
  generateNewTrace: false,
};
const scheduled = {
  type: "TaskScheduled",
  version: undefined,
  parentTraceContext: undefined,
  tags: undefined,
} as const;
const created = {
  type: "SubOrchestrationInstanceCreated",
  version: undefined,
  clientSpanId: undefined,
  tags: undefined,
} as const;

it.each<[string, HistoryEvent, object | undefined]>([
  [
    "start",
    started,
    {
      FunctionName: "seq",
      Input: '"World"',
      ScheduledStartTime: "2024-05-01T10:00:00.000Z",
      Correlation: null,
      ParentTraceContext: null,
      Generation: 0,
      GenerateNewTrace: false,
    },
  ],
  [
    "completion",
    {
      ...header,
      type: "ExecutionCompleted",
      orchestrationStatus: "Completed",
      result: "[1]",
      failureDetails: undefined,
    },
    { OrchestrationStatus: "Completed", Result: [1], FailureDetails: null },
  ],
  ["termination", { ...header, type: "ExecutionTerminated", input: "by hand" }, { Input: "by hand" }],
  ["suspension", { ...header, type: "ExecutionSuspended", reason: "rest" }, { Reason: "rest" }],
  ["resumption", { ...header, type: "ExecutionResumed", reason: undefined }, { Reason: null }],
  [
    "open activity",
    { ...header, ...scheduled, eventId: 0, name: "greet", input: '["Tokyo"]' },
    { FunctionName: "greet", Input: '"Tokyo"' },
  ],
  [
    "open child",
    { ...header, ...created, eventId: 0, name: "child", instanceId: "abc:0", input: undefined },
    { FunctionName: "child", InstanceId: "abc:0", Input: null },
  ],
  [
    "answer without its call",
    { ...header, type: "TaskCompleted", taskScheduledId: 7, result: undefined },
    { Result: null },
  ],
  [
    "failed activity",
    { ...header, type: "TaskFailed", taskScheduledId: 7, reason: "no", details: "at x", failureDetails: failure },
    {
      Reason: "no",
      Details: "at x",
      FailureDetails: { ErrorType: "TypeError", ErrorMessage: "no", StackTrace: "at x", IsNonRetriable: false },
    },
  ],
  ["timer", { ...header, type: "TimerCreated", eventId: 2, fireAt: at(9) }, { FireAt: "2024-05-01T10:00:09.000Z" }],
  ["fired timer", { ...header, type: "TimerFired", timerId: 2, fireAt: at(9) }, { FireAt: "2024-05-01T10:00:09.000Z" }],
  [
    "sent event",
    { ...header, type: "EventSent", eventId: 3, instanceId: "other", name: "Go", input: "1" },
    { InstanceId: "other", Name: "Go", Input: "1" },
  ],
  [
    "raised event",
    { ...header, type: "EventRaised", name: "Go", input: "true", parentTraceContext: undefined },
    { Name: "Go", Input: "true", ParentTraceContext: null },
  ],
  ["start of an episode", { ...header, type: "OrchestratorStarted" }, undefined],
  ["end of an episode", { ...header, type: "OrchestratorCompleted" }, undefined],
])("shows a %s", (_, event, fields) => {
  const entries = formatHistory([event], whole);

  expect(entries).toEqual(fields === undefined ? [] : [{ EventType: event.type, Timestamp, ...fields }]);
});

it("makes one entry of a call and its answer, and keeps the order of the answers", () => {
  const events: HistoryEvent[] = [
    { ...scheduled, eventId: 0, timestamp: at(2), name: "greet", input: '["Tokyo"]' },
    { ...created, eventId: 1, timestamp: at(3), name: "child", instanceId: "abc:1", input: "5" },
    { ...header, type: "SubOrchestrationInstanceCompleted", taskScheduledId: 1, result: "6" },
    { ...header, type: "TaskCompleted", taskScheduledId: 0, result: '"Hello Tokyo"' },
  ];

  expect(formatHistory(events, whole)).toEqual([
    {
      EventType: "SubOrchestrationInstanceCompleted",
      Timestamp,
      ScheduledTime: "2024-05-01T10:00:03.000+00:00",
      FunctionName: "child",
      InstanceId: "abc:1",
      Input: "5",
      Result: 6,
    },
    {
      EventType: "TaskCompleted",
      Timestamp,
      ScheduledTime: "2024-05-01T10:00:02.000+00:00",
      FunctionName: "greet",
      Input: '"Tokyo"',
      Result: "Hello Tokyo",
    },
  ]);
});

it("leaves inputs and results out when told to", () => {
  const events: HistoryEvent[] = [
    started,
    { ...scheduled, eventId: 0, timestamp: at(2), name: "greet", input: '["Tokyo"]' },
    { ...header, type: "TaskFailed", taskScheduledId: 0, reason: "no", details: "at x", failureDetails: failure },
    { ...header, type: "ExecutionCompleted", orchestrationStatus: "Failed", result: "no", failureDetails: failure },
  ];

  const text = JSON.stringify(formatHistory(events, { ...whole, showInput: false, showOutput: false }));

  for (const hidden of ["World", "Tokyo", "Input", "Result"]) expect(text).not.toContain(hidden);
  expect(text).toContain('"Reason":"no"');
});
