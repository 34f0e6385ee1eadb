import type { HistoryEvent } from "../../src/core/history-event.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  eventSent,
  executionStarted,
  subOrchestrationCreated,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../../src/testing/history-builder.ts";

/** One damaged history of an orchestration that calls `hello`, waits a second, and waits for `go`. */
export interface CorruptHistory {
  readonly damage: string;
  readonly events: readonly HistoryEvent[];
  /** What the failure says. */
  readonly reason: string;
}

/** Damage of a kind that the types rule out. */
function broken<T extends HistoryEvent>(event: T, members: Readonly<Record<string, unknown>>): HistoryEvent {
  return { ...event, ...members } as HistoryEvent;
}

const never = new Date(Number.NaN);

export function corruptHistories(instanceId: string, executionId: string): readonly CorruptHistory[] {
  const started = executionStarted("corrupt", { instanceId, executionId });
  const opened = [episodeStarted(), started];
  const asked = [...opened, taskScheduled(0, "hello"), episodeCompleted()];
  const answered = [...asked, episodeStarted(1), taskCompleted(0, "hi")];
  const waiting = [...answered, timerCreated(1, at(2)), episodeCompleted()];
  const fired = [...waiting, episodeStarted(2), timerFired(1, at(2)), episodeCompleted()];
  const bad = (damage: string, events: readonly HistoryEvent[], reason: string): CorruptHistory => ({
    damage,
    events,
    reason,
  });
  return [
    bad("a second start", [...asked, executionStarted("corrupt", { instanceId, executionId })], "is a second start"),
    bad("the start of another execution", [episodeStarted(), started, executionStarted("x")], "is a second start"),
    bad("a start without a name", [episodeStarted(), broken(started, { name: undefined })], "has no name"),
    bad("a start with a number as its name", [episodeStarted(), broken(started, { name: 5 })], "has no name"),
    bad(
      "a start whose input is an object",
      [episodeStarted(), broken(started, { input: {} })],
      "a object as its input",
    ),
    bad("a start whose input is no JSON", [episodeStarted(), { ...started, input: "{oops" }], "is not JSON"),
    bad("a gap in the numbers", [...opened, taskScheduled(1, "hello")], "with id 1"),
    bad("a number recorded twice", [...asked, taskScheduled(0, "hello")], "asks for nothing there"),
    bad("a negative number", [...opened, taskScheduled(-1, "hello")], "has -1 as its eventId"),
    bad("a huge number", [...opened, taskScheduled(2 ** 60, "hello")], "as its eventId"),
    bad("a fractional number", [...opened, taskScheduled(0.5, "hello")], "has 0.5 as its eventId"),
    bad("a number that is a text", [...opened, broken(taskScheduled(0, "hello"), { eventId: "0" })], "as its eventId"),
    bad("an activity without a name", [...opened, broken(taskScheduled(0, "x"), { name: undefined })], "has no name"),
    bad("an activity nobody asked for", [...fired, taskScheduled(2, "hello")], "asks for nothing there"),
    bad("a record before the start", [episodeStarted(), taskScheduled(0, "hello"), started], "comes before the start"),
    bad(
      "a child without an id",
      [...opened, broken(subOrchestrationCreated(0, "c", ""), { instanceId: 7 })],
      "no instance id",
    ),
    bad(
      "a child in place of an activity",
      [...opened, subOrchestrationCreated(0, "hello", "c")],
      "history has SubOrch",
    ),
    bad("a sent event without a name", [...opened, eventSent(0, "x", "")], "has no name"),
    bad("a sent event to nobody", [...opened, broken(eventSent(0, "x", "y"), { instanceId: null })], "no instance id"),
    bad(
      "a result that is no JSON",
      [...asked, episodeStarted(1), { ...taskCompleted(0), result: "<html>" }],
      "is not JSON",
    ),
    bad(
      "a result that is an object",
      [...asked, broken(taskCompleted(0), { result: { a: 1 } })],
      "a object as its result",
    ),
    bad(
      "an answer without a number",
      [...asked, broken(taskCompleted(0), { taskScheduledId: undefined })],
      "taskScheduledId",
    ),
    bad("an answer with a negative number", [...asked, taskCompleted(-3)], "has -3 as its taskScheduledId"),
    bad("an answer with a huge number", [...asked, taskCompleted(1e300)], "as its taskScheduledId"),
    bad(
      "a failure whose reason is a number",
      [...asked, broken(taskFailed(0), { reason: 1 })],
      "a number as its reason",
    ),
    bad(
      "a timer without a time",
      [...answered, broken(timerCreated(1, at(2)), { fireAt: undefined })],
      "no valid fireAt",
    ),
    bad("a timer at no valid time", [...answered, timerCreated(1, never)], "has no valid fireAt"),
    bad("a firing without a number", [...waiting, broken(timerFired(1, at(2)), { timerId: null })], "as its timerId"),
    bad("a firing at no valid time", [...waiting, timerFired(1, never)], "has no valid fireAt"),
    bad("an event without a name", [...asked, broken(eventRaised("x"), { name: undefined })], "has no name"),
    bad("an event whose input is no text", [...asked, broken(eventRaised("x"), { input: 5 })], "a number as its input"),
    bad("an event that is no JSON", [...fired, { ...eventRaised("go"), input: "{" }], "is not JSON"),
    bad("no timestamp", [...asked, broken(episodeStarted(1), { timestamp: undefined })], "has no valid timestamp"),
    bad("no valid timestamp", [...asked, broken(episodeStarted(1), { timestamp: never })], "has no valid timestamp"),
    bad("a text for a timestamp", [...asked, broken(episodeStarted(1), { timestamp: "today" })], "no valid timestamp"),
    bad("an event of no known type", [...asked, broken(episodeStarted(1), { type: "Quantum" })], "is of no known type"),
    bad("an event without a type", [...asked, broken(episodeStarted(1), { type: undefined })], "is of no known type"),
    bad(
      "data that is no text",
      [...asked, broken(episodeStarted(1), { type: "GenericEvent", data: 5 })],
      "as its data",
    ),
    bad("an end that the code did not reach", [...asked, episodeStarted(1), taskScheduled(1, "bye")], "with id 1"),
  ];
}

/** Histories that do not say whose they are. */
export function ownerlessHistories(executionId: string): readonly CorruptHistory[] {
  const reason = "the history cannot be read";
  const foreign = executionStarted("corrupt", { instanceId: "somebody else", executionId });
  return [
    { damage: "no start", events: [episodeStarted(), taskScheduled(0, "hello"), episodeCompleted()], reason },
    { damage: "only answers", events: [episodeStarted(), taskCompleted(0)], reason },
    { damage: "only marks", events: [episodeStarted(), episodeCompleted()], reason },
    { damage: "the start of another instance", events: [episodeStarted(), foreign], reason },
  ];
}
