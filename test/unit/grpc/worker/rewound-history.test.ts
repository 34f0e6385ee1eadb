import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import { HistoryReader } from "../../../../src/grpc/codec/history-reader.ts";
import type { WireHistoryEvent } from "../../../../src/grpc/codec/wire-types.ts";
import { HistoryEventSchema } from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { isRewindRequest, rewindHistory } from "../../../../src/grpc/worker/rewound-history.ts";
import {
  at,
  episodeStarted,
  executionCompleted,
  executionStarted,
  subOrchestrationCreated,
  subOrchestrationFailed,
  taskCompleted,
  taskFailed,
  taskScheduled,
} from "../../../../src/testing/history-builder.ts";
import { toWire } from "./scripted-server.ts";

const failure = { errorType: "Error", errorMessage: "no stock", isNonRetriable: false };
const failed: HistoryEvent = {
  type: "ExecutionCompleted",
  eventId: 9,
  timestamp: at(9),
  orchestrationStatus: "Failed",
  result: "no stock",
  failureDetails: failure,
};

function rewound(value: { readonly reason?: string; readonly parentExecutionId?: string } = {}): WireHistoryEvent[] {
  const event: MessageInitShape<typeof HistoryEventSchema> = {
    eventId: -1,
    eventType: { case: "executionRewound", value },
  };
  return [...toWire([episodeStarted(10)]), create(HistoryEventSchema, event)];
}

function rewind(events: readonly HistoryEvent[], newEvents: readonly WireHistoryEvent[] = rewound()) {
  const past = toWire(events);
  const reader = new HistoryReader();
  const read = past.map((event) => reader.read(event));
  return rewindHistory(past, read, newEvents, "fresh");
}

const typesOf = (events: readonly WireHistoryEvent[]) => events.map(({ eventType }) => eventType.case);

it("a rewind is asked for when an ended execution is rewound", () => {
  const ended = toWire([executionStarted("order"), failed]);
  const running = toWire([executionStarted("order")]);

  expect(isRewindRequest(ended, rewound())).toBe(true);
  expect(isRewindRequest(running, rewound())).toBe(false);
  expect(isRewindRequest(ended, toWire([episodeStarted(3)]))).toBe(false);
});

it("failed activities are gone with what asked for them, and the end is gone", () => {
  const history = rewind([
    episodeStarted(),
    executionStarted("order"),
    taskScheduled(0, "reserve"),
    taskScheduled(1, "charge"),
    episodeStarted(1),
    taskCompleted(0, "ok"),
    taskFailed(1, failure),
    failed,
  ]);

  expect(typesOf(history)).toEqual([
    "orchestratorStarted",
    "executionStarted",
    "taskScheduled",
    "orchestratorStarted",
    "taskCompleted",
    "orchestratorStarted",
    "executionRewound",
  ]);
  expect(history[2]!.eventId).toBe(0);
});

it("a failed child keeps its creation", () => {
  const history = rewind([
    episodeStarted(),
    executionStarted("order"),
    subOrchestrationCreated(0, "child", "child-1"),
    episodeStarted(1),
    subOrchestrationFailed(0, failure),
    failed,
  ]);

  expect(typesOf(history)).toEqual([
    "orchestratorStarted",
    "executionStarted",
    "subOrchestrationInstanceCreated",
    "orchestratorStarted",
    "orchestratorStarted",
    "executionRewound",
  ]);
});

it("a failure that the code has handled stays, with what followed from it", () => {
  const history = rewind([
    episodeStarted(),
    executionStarted("order"),
    taskScheduled(0, "reserve"),
    episodeStarted(1),
    taskFailed(0, { ...failure, errorMessage: "handled" }),
    taskScheduled(1, "reserveElsewhere"),
    episodeStarted(2),
    taskFailed(1, failure),
    failed,
  ]);

  expect(typesOf(history)).toEqual([
    "orchestratorStarted",
    "executionStarted",
    "taskScheduled",
    "orchestratorStarted",
    "taskFailed",
    "orchestratorStarted",
    "orchestratorStarted",
    "executionRewound",
  ]);
});

it("an activity that nobody has answered is asked for again", () => {
  const history = rewind([
    episodeStarted(),
    executionStarted("order"),
    taskScheduled(0, "slow"),
    taskScheduled(1, "charge"),
    episodeStarted(1),
    taskFailed(1, failure),
    failed,
  ]);

  expect(typesOf(history)).not.toContain("taskScheduled");
});

it("the end is gone, whatever it was", () => {
  const history = rewind([executionStarted("order"), executionCompleted(1, "Terminated")]);

  expect(typesOf(history)).toEqual(["executionStarted", "orchestratorStarted", "executionRewound"]);
});

it("the execution has a new id, and a child knows the new id of its parent", () => {
  const parent = {
    name: "parent",
    version: undefined,
    orchestrationInstance: { instanceId: "p", executionId: "old" },
    taskScheduleId: 3,
  };
  const started = (newEvents: readonly WireHistoryEvent[], isChild: boolean) => {
    const [first] = rewind(
      [executionStarted("order", isChild ? { parent } : {}), executionCompleted(9, "Failed")],
      newEvents,
    );
    if (first?.eventType.case !== "executionStarted") throw new Error("it has no start");
    return first.eventType.value;
  };

  const child = started(rewound({ parentExecutionId: "new parent" }), true);
  expect(child.orchestrationInstance).toMatchObject({ instanceId: "instance", executionId: "fresh" });
  expect(child.parentInstance?.orchestrationInstance).toMatchObject({ instanceId: "p", executionId: "new parent" });
  expect(child.parentInstance?.taskScheduledId).toBe(3);
  expect(started(rewound(), true).parentInstance?.orchestrationInstance?.executionId).toBe("old");
  expect(started(rewound({ parentExecutionId: "new parent" }), false).parentInstance).toBeUndefined();
});

it("the events that were handed over are left as they were", () => {
  const past = toWire([executionStarted("order"), failed]);
  const before = structuredClone(past);
  const reader = new HistoryReader();

  rewindHistory(
    past,
    past.map((event) => reader.read(event)),
    rewound(),
    "fresh",
  );

  expect(past).toEqual(before);
});
