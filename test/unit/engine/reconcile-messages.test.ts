import { describe, expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { DeliveredMessage } from "../../../src/engine/backend.ts";
import { HistorySummary } from "../../../src/engine/history-summary.ts";
import { reconcileMessages } from "../../../src/engine/reconcile-messages.ts";
import { createRequest, formatRequest } from "../../../src/entities/entity-message.ts";
import {
  at,
  episodeStarted,
  eventRaised,
  eventSent,
  executionStarted,
  subOrchestrationCreated,
  subOrchestrationFailed,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../../../src/testing/history-builder.ts";

const ended: HistoryEvent = {
  type: "ExecutionCompleted",
  eventId: 1,
  timestamp: at(1),
  orchestrationStatus: "Completed",
  result: undefined,
  failureDetails: undefined,
};
const parent = {
  name: "Parent",
  version: undefined,
  orchestrationInstance: { instanceId: "parent", executionId: "p" },
  taskScheduleId: 3,
};

function delivered(
  event: HistoryEvent,
  executionId: string | undefined = "execution",
  deliveryCount = 1,
): DeliveredMessage {
  return { id: event.type, message: { event, target: { instanceId: "instance", executionId } }, deliveryCount };
}

const none: HistoryEvent[] = [];
const running = [episodeStarted(), executionStarted("Test"), taskScheduled(0, "Hello"), timerCreated(1, at(5))];
const finished = [...running, ended];
const child = [episodeStarted(), executionStarted("Child", { parent }), ended];

const childOf = (id: number, instanceId = "parent") =>
  executionStarted("Child", {
    parent: { ...parent, taskScheduleId: id, orchestrationInstance: { instanceId, executionId: "p" } },
    executionId: `child ${id}`,
  });
const runningChild = child.slice(0, -1);

type Fate = "accepted" | "discarded" | "refused" | "deferred" | "orphaned";

describe("a message of an instance", () => {
  it.each<[string, readonly HistoryEvent[], DeliveredMessage, Fate]>([
    ["that starts it is accepted", none, delivered(executionStarted("Test")), "accepted"],
    [
      "that starts it again while it runs is a repeat",
      running,
      delivered(executionStarted("Test", { executionId: "other" })),
      "discarded",
    ],
    [
      "that starts it again after its end is accepted",
      finished,
      delivered(executionStarted("Test", { executionId: "other" }), "other"),
      "accepted",
    ],
    ["that started the ended execution is a repeat", finished, delivered(executionStarted("Test")), "discarded"],
    [
      "that starts a child again after its end, for the same task, is a repeat",
      child,
      delivered(executionStarted("Child", { parent, executionId: "x" }), "x"),
      "discarded",
    ],
    [
      "that starts a child of another task is accepted",
      child,
      delivered(executionStarted("Child", { parent: { ...parent, taskScheduleId: 4 }, executionId: "x" }), "x"),
      "accepted",
    ],
    ["that starts a child under an id in use is refused", running, delivered(childOf(3), "x"), "refused"],
    ["that starts a child again while it runs is a repeat", runningChild, delivered(childOf(3), "x"), "discarded"],
    [
      "that starts the id of a running child for a later task of its parent waits, as that may have answered",
      runningChild,
      delivered({ ...childOf(4), timestamp: at(9) }),
      "deferred",
    ],
    [
      "that starts the id of a running child for a task of the same episode is refused, as nothing was answered meanwhile",
      runningChild,
      delivered(childOf(4)),
      "refused",
    ],
    [
      "that starts the id of a child that goes on running for a later task is refused in the end",
      runningChild,
      delivered(childOf(4), "x", 5),
      "refused",
    ],
    [
      "that starts the id of a running child for an earlier task is refused",
      runningChild,
      delivered(childOf(2)),
      "refused",
    ],
    [
      "that starts the id of a running child for another parent is refused",
      runningChild,
      delivered(childOf(3, "stranger"), "x"),
      "refused",
    ],
    [
      "that starts a child under an id in use, to answer nobody, is discarded",
      running,
      delivered({ ...childOf(3), tags: { FireAndForget: "" } }, "x"),
      "discarded",
    ],
    ["that answers a recorded activity is accepted", running, delivered(taskCompleted(0)), "accepted"],
    ["that answers an activity not recorded yet waits", running, delivered(taskCompleted(7)), "deferred"],
    [
      "that answers what is never recorded is given up",
      running,
      delivered(taskCompleted(7), "execution", 10),
      "discarded",
    ],
    ["that fires a timer not recorded yet waits", running, delivered(timerFired(0 + 9, at(5))), "deferred"],
    ["for another execution is discarded", running, delivered(taskCompleted(0), "earlier"), "discarded"],
    ["for whatever execution is current is accepted", running, delivered(eventRaised("go"), undefined), "accepted"],
    ["that comes after the end is discarded", finished, delivered(eventRaised("go"), undefined), "discarded"],
    ["of an unknown instance is left undecided", none, delivered(eventRaised("go"), undefined), "orphaned"],
  ])("%s", (_, history, message, fate) => {
    const fates = reconcileMessages(HistorySummary.of(history), [message]);

    expect(fates[fate]).toEqual([message]);
    const all = [fates.accepted, fates.discarded, fates.refused, fates.deferred, fates.orphaned];
    expect(all.flat()).toHaveLength(1);
  });
});

it("a start comes first, whatever was delivered before it", () => {
  const event = delivered(eventRaised("go"), undefined);
  const start = delivered(executionStarted("Test"));

  const { accepted, start: started } = reconcileMessages(new HistorySummary(), [event, start]);

  expect(accepted).toEqual([start, event]);
  expect(started).toBe(start.message.event);
});

it.each([
  ["no execution", none],
  ["an ended execution", finished],
])("of two children under one id, started at once after %s, the second is refused", (_, history) => {
  const [first, second] = [delivered(childOf(3), "x"), delivered(childOf(4), "y")];

  const { accepted, refused } = reconcileMessages(HistorySummary.of(history), [first, second]);

  expect({ accepted, refused }).toEqual({ accepted: [first], refused: [second] });
});

it.each([
  ["an event", delivered(eventRaised("go"), undefined), running],
  [
    "a start whose execution was followed by one that has ended",
    delivered(executionStarted("Test", { executionId: "first" }), "first"),
    finished,
  ],
])("%s that has been accepted before is a repeat", (_, message, history) => {
  expect(reconcileMessages(HistorySummary.of(history), [message], [message.id]).discarded).toEqual([message]);
  expect(reconcileMessages(HistorySummary.of(history), [message], ["other"]).accepted).toEqual([message]);
});

it("of two answers to one question, and of one message delivered twice, the second is a repeat", () => {
  const answer = delivered(taskCompleted(0));
  const again = { ...answer, id: "again" };
  const event = delivered(eventRaised("go"), undefined);

  const { accepted, discarded } = reconcileMessages(HistorySummary.of(running), [answer, again, event, event]);

  expect({ accepted, discarded }).toEqual({ accepted: [answer, event], discarded: [again, event] });
});

it.each([
  ["an answer of another kind", delivered(timerFired(0, at(5)))],
  ["an answer of a timer that was due before the one in history", delivered(timerFired(1, at(4)))],
])("%s has no effect, and leaves the question open", (_, message) => {
  const history = HistorySummary.of(running);
  expect(reconcileMessages(history, [message]).discarded).toEqual([message]);
  history.append([message.message.event]);
  const right = [delivered(taskCompleted(0)), delivered(timerFired(1, at(5)))];
  expect(reconcileMessages(history, right).accepted).toEqual(right);
});

it("an answer finds its question beyond the numbers of what was cancelled", () => {
  const history = HistorySummary.of([episodeStarted(), executionStarted("Test"), taskScheduled(9, "Hello")]);
  const answer = delivered(taskCompleted(9));
  expect(reconcileMessages(history, [answer]).accepted).toEqual([answer]);
});

describe("answers of entities", () => {
  const id = "38785649-4a9b-55a3-585a-2b1c539f095e";
  const request = createRequest({ id, operation: "get", parentInstanceId: "instance", parentExecutionId: "execution" });
  const asked = { ...eventSent(0, "@counter@k", "op"), input: formatRequest(request) } as HistoryEvent;
  const answer = (name = id, input = '{"result":"1"}'): HistoryEvent =>
    ({ ...eventRaised(name), input }) as HistoryEvent;
  const begun = [episodeStarted(), executionStarted("Test")];
  const fateOf = (history: readonly HistoryEvent[], ...messages: readonly DeliveredMessage[]) => {
    const { accepted, discarded, deferred } = reconcileMessages(HistorySummary.of(history), messages);
    return [accepted, discarded, deferred].map((each) => each.map((message) => messages.indexOf(message)));
  };

  it("wait for their question, and are given up when it never comes", () => {
    expect(fateOf(begun, delivered(answer()))).toEqual([[], [], [0]]);
    expect(fateOf([...begun, asked], delivered(answer()))).toEqual([[0], [], []]);
    expect(fateOf(begun, delivered(answer(), "execution", 10))).toEqual([[], [0], []]);
  });

  it("count once, in one work item or over several", () => {
    const again = { ...delivered(answer()), id: "another message" };
    expect(fateOf([...begun, asked], delivered(answer()), again)).toEqual([[0], [1], []]);
    expect(fateOf([...begun, asked, answer()], again)).toEqual([[], [0], []]);
  });

  it("are for the execution that has asked", () => {
    expect(fateOf([...begun, asked, ended], delivered(answer()))).toEqual([[], [0], []]);
    expect(fateOf([...begun, asked], delivered(answer(), "another execution", 10))).toEqual([[], [0], []]);
  });

  it("wait for an execution that is not known yet: its first checkpoint may be lost", () => {
    expect(fateOf([...begun, asked], delivered(answer(), "another execution"))).toEqual([[], [], [0]]);
    expect(fateOf([...begun, asked, ended], delivered(answer(), "another execution"))).toEqual([[], [], [0]]);
  });

  it("are not what a signal waits for, nor an operation of another id", () => {
    const signal = { ...asked, input: formatRequest({ ...request, isSignal: true }) } as HistoryEvent;
    expect(fateOf([...begun, signal], delivered(answer()))).toEqual([[], [], [0]]);
    expect(fateOf([...begun, asked], delivered(answer("00000000-0000-4000-8000-000000000000")))).toEqual([[], [], [0]]);
  });

  it("are known whatever the case of their id", () => {
    expect(fateOf([...begun, asked], delivered(answer(id.toUpperCase())))).toEqual([[0], [], []]);
  });

  it("are no events of users, which have the name of a GUID and no execution, or say something else", () => {
    const ofUser: DeliveredMessage = {
      id: "a",
      message: { event: answer(), target: { instanceId: "instance", executionId: undefined } },
      deliveryCount: 1,
    };
    expect(fateOf(begun, ofUser)).toEqual([[0], [], []]);
    expect(fateOf([...begun, asked, answer()], ofUser)).toEqual([[0], [], []]);
    expect(fateOf(begun, delivered(answer(id, '{"value":1}')))).toEqual([[0], [], []]);
    expect(fateOf(begun, delivered(answer("approved")))).toEqual([[0], [], []]);
  });
});

describe("another child under the number that a lost episode has given away", () => {
  const other = { ...childOf(3), name: "Other", timestamp: at(9) } as HistoryEvent;
  const fateIn = (history: readonly HistoryEvent[], deliveryCount = 1) =>
    reconcileMessages(HistorySummary.of(history), [delivered(other, "child 3", deliveryCount)]);

  it("begins when the first one has ended", () => {
    expect(fateIn(child).start).toBe(other);
  });

  it("waits for the first one while it runs, and is refused in the end", () => {
    expect(fateIn(runningChild).deferred).toHaveLength(1);
    expect(fateIn(runningChild, 5).refused).toHaveLength(1);
  });
});

describe("a failure that a rewind has undone", () => {
  const failure = { ...taskFailed(0), timestamp: at(3) };
  const undone = (type: string, eventId: number, seconds: number): HistoryEvent => {
    return { type: "GenericEvent", eventId, timestamp: at(seconds), data: `Rewound: ${type}` };
  };
  const rewound = [
    episodeStarted(),
    executionStarted("Test"),
    undone("TaskScheduled", 0, 1),
    undone("TaskFailed", -1, 3),
    undone("ExecutionCompleted", 1, 4),
  ];
  const askedAgain = [...rewound, episodeStarted(5), taskScheduled(0, "Hello")];
  const childFailure = { ...subOrchestrationFailed(0), timestamp: at(3) };
  const reopened = [
    episodeStarted(),
    executionStarted("Test"),
    subOrchestrationCreated(0, "Child", "child"),
    undone("SubOrchestrationInstanceFailed", -1, 3),
    undone("ExecutionCompleted", 1, 4),
  ];

  it.each<[string, readonly HistoryEvent[], HistoryEvent, Fate]>([
    ["before its question is asked again", rewound, failure, "discarded"],
    ["after its question was asked again", askedAgain, failure, "discarded"],
    ["of a child that runs on", reopened, childFailure, "discarded"],
  ])("is no answer when its message comes again, whoever accepted it: %s", (_, history, event, fate) => {
    const { accepted, discarded, deferred } = reconcileMessages(HistorySummary.of(history), [delivered(event)]);
    expect({ accepted, discarded, deferred }[fate as "discarded"]).toHaveLength(1);
  });

  it.each<[string, readonly HistoryEvent[], HistoryEvent]>([
    ["another failure", askedAgain, { ...failure, timestamp: at(7) }],
    ["a success, even of the same moment", askedAgain, { ...taskCompleted(0), timestamp: at(3) }],
    ["a failure of the child that runs on", reopened, { ...childFailure, timestamp: at(7) }],
  ])("does not take the place of the next answer: %s", (_, history, event) => {
    expect(reconcileMessages(HistorySummary.of(history), [delivered(event)]).accepted).toHaveLength(1);
  });
});
