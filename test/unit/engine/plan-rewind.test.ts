import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { isFailedChild, planRewind } from "../../../src/engine/plan-rewind.ts";
import {
  at,
  episodeCompleted as done,
  episodeStarted,
  eventSent,
  executionStarted,
  executionSuspended,
  subOrchestrationCreated,
  subOrchestrationFailed,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../../../src/testing/history-builder.ts";

const start = episodeStarted();
const fails = (id: number, errorMessage = `${id} failed`) => taskFailed(id, { errorMessage });
const generic = (eventId = -1): HistoryEvent => ({ type: "GenericEvent", eventId, timestamp: at(0), data: "Rewound" });
const ended = (errorMessage: string): HistoryEvent => ({
  type: "ExecutionCompleted",
  eventId: 99,
  timestamp: at(1),
  orchestrationStatus: "Failed",
  result: undefined,
  failureDetails: {
    errorType: "Wrapped",
    errorMessage: "no",
    isNonRetriable: false,
    innerFailure: { errorType: "Error", errorMessage, isNonRetriable: false },
  },
});
const opening = [start, executionStarted("test")];

/** Names what is undone, and the children that are open. */
function plan(...events: HistoryEvent[]): readonly string[] {
  const history = [...opening, ...events];
  const { undone, openChildren } = planRewind(history);
  return [
    ...undone.map((index) => nameOf(history[index]!)),
    ...openChildren.map(({ created, index }) => {
      expect(history[index]).toBe(created);
      return created.instanceId;
    }),
  ];
}

function nameOf(event: HistoryEvent): string {
  if ("taskScheduledId" in event) return `${event.type} ${event.taskScheduledId}`;
  return event.eventId < 0 || event.eventId === 99 ? event.type : `${event.type} ${event.eventId}`;
}

it("undoes the failure that ended the execution, with its task", () => {
  const undone = plan(
    taskScheduled(0, "a"),
    taskScheduled(1, "b"),
    done(),
    start,
    taskCompleted(0),
    done(),
    ...[start, fails(1), ended("1 failed"), done()],
  );
  expect(undone).toEqual(["TaskScheduled 1", "TaskFailed 1", "ExecutionCompleted"]);
});

it("undoes what nothing has answered, but no event that was sent", () => {
  const undone = plan(
    ...[taskScheduled(0, "a"), taskScheduled(1, "b"), timerCreated(2, at(9)), eventSent(3, "x", "go")],
    ...[subOrchestrationCreated(4, "child", "child"), done(), start, fails(1), ended("1 failed"), done()],
  );
  expect(undone).toEqual([
    "TaskScheduled 0",
    "TaskScheduled 1",
    "TimerCreated 2",
    "TaskFailed 1",
    "ExecutionCompleted",
    "child",
  ]);
});

it("repeats the last attempt only of exhausted retries", () => {
  const undone = plan(
    ...[taskScheduled(0, "a"), done(), start, fails(0, "x"), timerCreated(1, at(1)), done()],
    ...[start, timerFired(1, at(1)), taskScheduled(2, "a"), done(), start, fails(2, "x"), ended("x"), done()],
  );
  expect(undone).toEqual(["TaskScheduled 2", "TaskFailed 2", "ExecutionCompleted"]);
});

it("leaves a failure alone that the code has handled, also when the code fails by itself", () => {
  const handled = [taskScheduled(0, "a"), done(), start, fails(0), taskScheduled(1, "echo"), done(), start];

  expect(plan(...handled, taskCompleted(1), taskScheduled(2, "a"), done(), start, fails(2), ended("2 failed"))).toEqual(
    ["TaskScheduled 2", "TaskFailed 2", "ExecutionCompleted"],
  );
  expect(plan(...handled, taskCompleted(1), ended("0 failed, says the code"))).toEqual(["ExecutionCompleted"]);
});

it("undoes what the last episode decided when a failure was among its events", () => {
  const undone = plan(
    ...[taskScheduled(0, "a"), taskScheduled(1, "b"), taskScheduled(2, "c"), done()],
    ...[start, fails(0), taskCompleted(1), fails(2), timerCreated(3, at(1)), eventSent(4, "x", "failed")],
    ...[ended("2 failed"), done()],
  );
  expect(undone).toEqual([
    "TaskScheduled 0",
    "TaskScheduled 2",
    "TaskFailed 0",
    "TaskFailed 2",
    "TimerCreated 3",
    "EventSent 4",
    "ExecutionCompleted",
  ]);
});

it("keeps an event that the last episode sent when no failure was among its events", () => {
  expect(plan(taskScheduled(0, "a"), done(), start, taskCompleted(0), eventSent(1, "x", "go"), ended("own"))).toEqual([
    "ExecutionCompleted",
  ]);
});

it("undoes what the last episode decided when it had only learned that nothing more is to come", () => {
  const waits = [taskScheduled(0, "a"), taskScheduled(1, "b"), done(), start, fails(0), done()];
  const last = [start, taskCompleted(1), eventSent(2, "x", "go")];

  expect(plan(...waits, ...last, ended("activity 'a' failed: 0 failed"))).toEqual([
    "TaskScheduled 0",
    "TaskFailed 0",
    "EventSent 2",
    "ExecutionCompleted",
  ]);
  expect(plan(...waits, ...last, ended("own"))).toEqual(["ExecutionCompleted"]);
});

it("undoes all failures that were waited for together", () => {
  const undone = plan(
    ...[taskScheduled(0, "a"), taskScheduled(1, "b"), done(), start, fails(0), done()],
    ...[start, fails(1), ended("2 of 2 tasks failed: 0 failed; 1 failed")],
  );
  expect(undone).toEqual(["TaskScheduled 0", "TaskScheduled 1", "TaskFailed 0", "TaskFailed 1", "ExecutionCompleted"]);
});

it("finds an early failure among other decisions when the end names it, as often as it does", () => {
  // Two tasks, each with one retry, of which the first has given up before the second made its last attempt.
  const together = [
    ...[taskScheduled(0, "a"), taskScheduled(1, "a"), done()],
    ...[start, fails(0, "x"), timerCreated(2, at(1)), done(), start, fails(1, "x"), timerCreated(3, at(1)), done()],
    ...[start, timerFired(2, at(1)), taskScheduled(4, "a"), done(), start, fails(4, "x"), done()],
    ...[start, timerFired(3, at(1)), taskScheduled(5, "a"), done()],
  ];
  expect(plan(...together, start, fails(5, "x"), ended("2 of 2 tasks failed: x; x"))).toEqual([
    "TaskScheduled 4",
    "TaskFailed 4",
    "TaskScheduled 5",
    "TaskFailed 5",
    "ExecutionCompleted",
  ]);
  expect(plan(...together, start, taskCompleted(5), ended("activity 'a' failed: x"))).toEqual([
    "TaskScheduled 4",
    "TaskFailed 4",
    "ExecutionCompleted",
  ]);
  expect(plan(...together, start, fails(5, "x"), ended("activity 'a' failed: x"))).toEqual([
    "TaskScheduled 5",
    "TaskFailed 5",
    "ExecutionCompleted",
  ]);
});

it("finds an early failure whose episode decided something because of another event", () => {
  const together = [
    ...[taskScheduled(0, "a"), taskScheduled(1, "a"), done(), start, fails(1, "y"), timerCreated(2, at(1)), done()],
    ...[start, timerFired(2, at(1)), fails(0, "x"), taskScheduled(3, "a"), done(), start, taskCompleted(3)],
  ];

  expect(plan(...together, ended("x"))).toEqual(["TaskScheduled 0", "TaskFailed 0", "ExecutionCompleted"]);
  expect(plan(...together, ended("own"))).toEqual(["ExecutionCompleted"]);
});

it("takes a failure that came during a suspension for handled", () => {
  const resumed: HistoryEvent = { type: "ExecutionResumed", eventId: -1, timestamp: at(1), reason: undefined };
  const undone = plan(
    ...[taskScheduled(0, "a"), done(), start, executionSuspended(), done(), start, fails(0, "x"), done()],
    ...[start, resumed, taskScheduled(1, "a"), done(), start, taskCompleted(1), ended("x")],
  );
  expect(undone).toEqual(["ExecutionCompleted"]);
});

it("takes a decision that an earlier rewind has undone for a decision", () => {
  const undone = plan(
    ...[taskScheduled(0, "a"), taskScheduled(1, "a"), done(), start, fails(0, "x"), generic(2), done()],
    ...[start, generic(), timerCreated(2, at(1)), done(), start, timerFired(2, at(1)), taskScheduled(3, "a"), done()],
    ...[start, taskCompleted(1), taskCompleted(3), ended("x")],
  );
  expect(undone).toEqual(["ExecutionCompleted"]);
});

it("undoes every answer to a task that is repeated, and an answer to what was undone before", () => {
  expect(plan(taskScheduled(0, "a"), done(), start, fails(0), fails(0), ended("0 failed"))).toEqual([
    "TaskScheduled 0",
    "TaskFailed 0",
    "TaskFailed 0",
    "ExecutionCompleted",
  ]);
  expect(plan(generic(0), done(), start, generic(), fails(0), taskScheduled(0, "a"), ended("0 failed"))).toEqual([
    "TaskFailed 0",
    "TaskScheduled 0",
    "ExecutionCompleted",
  ]);
});

it("is not misled by a repeated answer of another outcome", () => {
  expect(plan(taskScheduled(0, "a"), done(), start, taskCompleted(0), fails(0), ended("own"))).toEqual([
    "ExecutionCompleted",
  ]);
});

it("opens a failed child, and leaves alone one that answers nobody", () => {
  const silent = { ...subOrchestrationCreated(1, "child", "silent"), tags: { FireAndForget: "" } };
  const undone = plan(
    ...[subOrchestrationCreated(0, "child", "failed"), silent, done()],
    ...[start, subOrchestrationFailed(0, { errorMessage: "x" }), ended("x")],
  );
  expect(undone).toEqual(["SubOrchestrationInstanceFailed 0", "ExecutionCompleted", "failed"]);
});

it("undoes nothing in a history without a failed end but what waits for an answer", () => {
  expect(plan(taskScheduled(0, "a"), taskCompleted(0))).toEqual([]);
  expect(plan(taskScheduled(0, "a"), fails(0), taskScheduled(1, "b"))).toEqual(["TaskScheduled 1"]);
});

it("rewinds a child only if it failed and its answer is for this task", () => {
  const parent = executionStarted("parent", { instanceId: "p", executionId: "x" });
  const { orchestrationInstance, name, version } = parent;
  const link = { name, version, orchestrationInstance, taskScheduleId: 3 };
  const child = executionStarted("child", { instanceId: "c", parent: link });
  const created = subOrchestrationCreated(3, "child", "c");
  const completed = { ...ended("x"), orchestrationStatus: "Terminated" } as HistoryEvent;

  expect(isFailedChild([child, ended("x")], created, parent)).toBe(true);
  expect(isFailedChild([child], created, parent)).toBe(false);
  expect(isFailedChild([], created, parent)).toBe(false);
  expect(isFailedChild([child, completed], created, parent)).toBe(false);
  expect(isFailedChild([child, ended("x")], { ...created, eventId: 4 }, parent)).toBe(false);
  expect(isFailedChild([{ ...child, tags: { FireAndForget: "" } }, ended("x")], created, parent)).toBe(false);
  expect(isFailedChild([executionStarted("c"), ended("x")], created, parent)).toBe(false);
  const another = { ...parent, orchestrationInstance: { instanceId: "p", executionId: "y" } };
  expect(isFailedChild([child, ended("x")], created, another)).toBe(false);
});
