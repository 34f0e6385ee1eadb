import { describe, expect, it } from "vitest";
import type { EventRaised, EventSent, ExecutionStarted, HistoryEvent } from "../../../../src/core/history-event.ts";
import {
  createRequest,
  type EntityRequest,
  formatAnswer,
  formatRelease,
  formatRequestEvent,
  lockGrantedResult,
  readAnswer,
  readRequest,
} from "../../../../src/entities/entity-message.ts";
import { executionStarted } from "../../../../src/testing/history-builder.ts";
import { eventOverTheWire, readHistory, writeHistory } from "./over-the-wire.ts";

const timestamp = new Date("2026-01-02T03:04:05.678Z");
const started: ExecutionStarted = {
  ...executionStarted("shopper", { instanceId: "i", executionId: "e" }),
  generation: undefined,
};
const lockSet = [
  { name: "counter", key: "a" },
  { name: "counter", key: "B@c" },
];
const ids = {
  call: "11111111-1111-5111-8111-11111111111a",
  signal: "22222222-2222-5222-8222-22222222222b",
  lock: "33333333-3333-5333-8333-33333333333c",
};

function sent(eventId: number, request: Partial<EntityRequest> & { id: string }, instanceId = "@counter@a"): EventSent {
  const full = createRequest({ parentInstanceId: "i", parentExecutionId: "e", ...request });
  const { name, input } = formatRequestEvent(full, timestamp.getTime());
  return { type: "EventSent", eventId, timestamp, instanceId, name, input };
}

function raised(name: string, input: string): EventRaised {
  return { type: "EventRaised", eventId: -1, timestamp, name, input, parentTraceContext: undefined };
}

const dueAt = new Date("2026-01-03T00:00:00.001Z");
const history: readonly HistoryEvent[] = [
  started,
  sent(0, { id: ids.call, operation: "get", input: '{"a":1}' }),
  sent(1, { id: ids.signal, operation: "add", isSignal: true, input: undefined }),
  sent(2, { id: "later", operation: "add", isSignal: true, input: '""', dueAt }),
  raised(ids.call, formatAnswer({ kind: "completed", result: "7" })),
  sent(3, { id: ids.lock, lockSet }),
  raised(ids.lock, formatAnswer({ kind: "completed", result: lockGrantedResult, lockSet })),
  { type: "EventSent", eventId: 4, timestamp, instanceId: "@counter@B@c", name: "release", input: release(ids.lock) },
];

function release(id: string): string {
  return formatRelease({ parentInstanceId: "i", id });
}

const kinds = (events: readonly HistoryEvent[], encoding: "messages" | "events") =>
  writeHistory(events, encoding).map(({ eventType }) => eventType.case);

describe("what was said to entities", () => {
  it("is told by messages, and read as it was written", () => {
    const wire = writeHistory(history, "messages");
    expect(wire.map(({ eventId, eventType }) => [eventId, eventType.case])).toEqual([
      [-1, "executionStarted"],
      [0, "entityOperationCalled"],
      [1, "entityOperationSignaled"],
      [2, "entityOperationSignaled"],
      [-1, "entityOperationCompleted"],
      [3, "entityLockRequested"],
      [-1, "entityLockGranted"],
      [4, "entityUnlockSent"],
    ]);
    expect(wire[1]?.eventType.value).toMatchObject({
      requestId: ids.call,
      operation: "get",
      input: '{"a":1}',
      parentInstanceId: "i",
      parentExecutionId: "e",
      targetInstanceId: "@counter@a",
    });
    expect(wire[3]?.eventType.value).toMatchObject({ input: '""', scheduledTime: { nanos: 1_000_000 } });
    expect(wire[5]?.eventType.value).toMatchObject({
      criticalSectionId: ids.lock,
      lockSet: ["@counter@a", "@counter@B@c"],
      position: 0,
      parentInstanceId: "i",
    });
    expect(wire[7]?.eventType.value).toMatchObject({ targetInstanceId: "@counter@B@c", parentInstanceId: "i" });
    expect(readHistory(wire)).toEqual(history);
  });

  it("may be a lock request on its way to another entity of its set", () => {
    const events = [started, sent(0, { id: ids.lock, lockSet, lockPosition: 1 }, "@counter@B@c")];
    expect(readHistory(writeHistory(events, "messages"))).toEqual(events);
  });

  it("is told to plain .NET workers by the events that it is", () => {
    const wire = writeHistory(history, "events");
    expect(wire.slice(1).map(({ eventType }) => eventType.case)).toEqual([
      "eventSent",
      "eventSent",
      "eventSent",
      "eventRaised",
      "eventSent",
      "eventRaised",
      "eventSent",
    ]);
    expect(wire[3]?.eventType.value).toMatchObject({ name: "op@2026-01-03T00:00:00.0010000Z" });
    expect(readHistory(wire)).toEqual(history);
  });

  it("is not what an event merely looks like", () => {
    const answer = formatAnswer({ kind: "completed", result: "7" });
    const user = { type: "EventSent", eventId: 0, timestamp } as const;
    const events: HistoryEvent[] = [
      started,
      // Raised by a user, or come before its question.
      raised(ids.call, answer),
      { ...user, instanceId: "@counter@a", name: "op", input: "no JSON" },
      { ...user, instanceId: "@counter@a", name: "other", input: undefined },
      { ...user, instanceId: "someone", name: "op", input: (history[1] as EventSent).input },
      { ...user, instanceId: "someone", name: "release", input: release(ids.lock) },
      history[2]!,
      raised(ids.signal, answer),
      history[1]!,
      raised(ids.call, "no answer"),
    ];
    const wire = writeHistory(events, "messages");
    const plain = wire.map(({ eventType }) => eventType.case).filter((kind) => kind?.startsWith("event"));
    expect(plain).toHaveLength(7);
    expect(readHistory(wire)).toEqual(events);
  });

  it("has ids that are the same in either case", () => {
    const answer = raised(ids.call.toUpperCase(), formatAnswer({ kind: "completed", result: undefined }));
    const wire = writeHistory([started, history[1]!, answer], "messages");
    expect(wire[2]?.eventType).toMatchObject({
      case: "entityOperationCompleted",
      value: { requestId: ids.call.toUpperCase() },
    });
    expect(readAnswer((readHistory(wire)[2] as EventRaised).input)).toEqual({ kind: "completed", result: undefined });
  });

  it.each([undefined, "", "null", '""'])("keeps the result %j of an operation apart from others", (result) => {
    const answer = raised(ids.call, formatAnswer({ kind: "completed", result }));
    const events = [started, history[1]!, answer];
    expect(readHistory(writeHistory(events, "messages"))).toEqual(events);
  });

  it("tells why an operation failed", () => {
    const inner = { errorType: "B", errorMessage: "", isNonRetriable: true, properties: { a: [1] } };
    const failureDetails = { errorType: "A", errorMessage: "m", isNonRetriable: false, innerFailure: inner };
    const answer = raised(ids.call, formatAnswer({ kind: "failed", failureDetails }));
    const events = [started, history[1]!, answer];
    expect(kinds(events, "messages")[2]).toBe("entityOperationFailed");
    expect(readHistory(writeHistory(events, "messages"))).toEqual(events);
  });
});

describe("what foreign servers tell of entities", () => {
  it("counts the execution as the sender where they are silent", () => {
    const [start] = writeHistory([started], "messages");
    const called = eventOverTheWire({ case: "entityOperationCalled", value: { requestId: "A", operation: "get" } }, 7);
    const lock = eventOverTheWire({
      case: "entityLockRequested",
      value: { criticalSectionId: "L", lockSet: ["@counter@a"] },
    });
    const events = readHistory([start!, called, lock]);
    expect(events[1]).toMatchObject({ type: "EventSent", eventId: 7, name: "op" });
    expect(readRequest((events[1] as EventSent).input)).toMatchObject({
      id: "A",
      operation: "get",
      isSignal: false,
      parentInstanceId: "i",
      parentExecutionId: "e",
    });
    expect(events[2]).toMatchObject({ instanceId: "@counter@a" });
    expect(readRequest((events[2] as EventSent).input)).toMatchObject({ lockSet: [{ name: "counter", key: "a" }] });
  });

  it("is a generic event where a lock request names no entity", () => {
    const wrong = [{ lockSet: [] }, { lockSet: ["counter"] }, { lockSet: ["@counter@a"], position: 1 }];
    for (const value of wrong) {
      const wire = eventOverTheWire({ case: "entityLockRequested", value: { criticalSectionId: "L", ...value } }, 3);
      expect(readHistory([wire])).toMatchObject([{ type: "GenericEvent", eventId: 3 }]);
    }
  });
});
