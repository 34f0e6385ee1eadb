import { expect, it } from "vitest";
import { hubNames } from "../../../../../src/backends/azure-storage/hub-names.ts";
import { admitMessage } from "../../../../../src/backends/azure-storage/messaging/message-admission.ts";
import type { HistoryEvent } from "../../../../../src/core/history-event.ts";

const names = hubNames("MyHub", 4);
const header = { eventId: -1, timestamp: new Date(0) };
const raised: HistoryEvent = { ...header, type: "EventRaised", name: "go", input: "1", parentTraceContext: undefined };
const scheduled: HistoryEvent = {
  ...header,
  type: "TaskScheduled",
  eventId: 0,
  name: "work",
  version: undefined,
  input: undefined,
  parentTraceContext: undefined,
  tags: undefined,
};
const started: HistoryEvent = {
  ...header,
  type: "ExecutionStarted",
  orchestrationInstance: { instanceId: "a", executionId: "x" },
  parentInstance: undefined,
  name: "n",
  version: undefined,
  input: undefined,
  tags: undefined,
  correlation: undefined,
  parentTraceContext: undefined,
  scheduledStartTime: undefined,
  generation: 0,
  generateNewTrace: false,
};

/** `a` belongs to the first partition. */
function admit(event: HistoryEvent, instanceId = "a", queue = "myhub-control-00") {
  return admitMessage({ event, target: { instanceId, executionId: undefined } }, queue, names);
}

it("accepts what belongs into a queue", () => {
  expect(admit(raised)).toEqual({ kind: "accept" });
  expect(admit(started)).toEqual({ kind: "accept" });
  expect(admit(scheduled, "a", "myhub-workitems")).toEqual({ kind: "accept" });
  expect(admit({ ...raised, input: "x".repeat(200_000), name: "n".repeat(40_000) })).toEqual({ kind: "accept" });
  expect(admit({ ...started, input: "x".repeat(200_000) })).toEqual({ kind: "accept" });
});

it("leads a message to the partition of its instance", () => {
  expect(admit(raised, "abc")).toEqual({ kind: "forward", queue: "myhub-control-03" });
  expect(admit(raised, "abc", "myhub-control-03")).toEqual({ kind: "accept" });
});

it.each([
  ["an event among activities", raised, "a", "myhub-workitems"],
  ["an activity among events", scheduled, "a", undefined],
  [
    "an answer to no question",
    { ...header, type: "TaskCompleted", taskScheduledId: -1, result: undefined },
    "a",
    undefined,
  ],
  ["a timer without a number", { ...header, type: "TimerFired", timerId: -1, fireAt: new Date(0) }, "a", undefined],
  ["an activity without a number", { ...scheduled, eventId: -1 }, "a", "myhub-workitems"],
  ["what is in histories only", { ...header, type: "OrchestratorStarted" }, "a", undefined],
  [
    "the end of another execution",
    {
      ...header,
      type: "ExecutionCompleted",
      orchestrationStatus: "Completed",
      result: undefined,
      failureDetails: undefined,
    },
    "a",
    undefined,
  ],
  ["a start of another instance", started, "e", undefined],
  ["an id longer than a key", raised, "i".repeat(513), undefined],
  ["an id that is longer than a key when it is escaped", raised, "/".repeat(257), undefined],
  ["an id with half a character", raised, "\ud800", undefined],
  ["an id with U+FFFF", raised, "a\uffff", undefined],
  ["a name longer than a column", { ...started, name: "n".repeat(32_769) }, "a", undefined],
  ["a version longer than a column", { ...started, version: "n".repeat(32_769) }, "a", undefined],
  ["tags longer than a column", { ...started, tags: { a: "n".repeat(32_769) } }, "a", undefined],
  ["data longer than a column", { ...header, type: "GenericEvent", data: "n".repeat(32_769) }, "a", undefined],
] as readonly (readonly [string, HistoryEvent, string, string | undefined])[])("refuses %s", (_, event, id, queue) => {
  expect(admit(event, id, queue)).toMatchObject({ kind: "refuse", reason: expect.any(String) as string });
});
