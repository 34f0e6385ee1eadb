import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { HistorySummary } from "../../../src/engine/history-summary.ts";
import { describeInstance } from "../../../src/engine/instance-change.ts";
import {
  at,
  episodeStarted,
  executionStarted,
  executionSuspended,
  patchMark,
  taskCompleted,
} from "../../../src/testing/history-builder.ts";

const header = { eventId: -1, timestamp: at(7) };
const started = [episodeStarted(), executionStarted("Test")];
const woken: HistoryEvent = { type: "GenericEvent", ...header, data: "rewound" };
const resumed: HistoryEvent = { type: "ExecutionResumed", ...header, reason: "go on" };
const ended: HistoryEvent = {
  type: "ExecutionCompleted",
  eventId: 1,
  timestamp: at(7),
  orchestrationStatus: "Completed",
  result: undefined,
  failureDetails: undefined,
};

it.each<[string, readonly HistoryEvent[], object]>([
  ["a start runs", started, { runtimeStatus: "Running" }],
  ["an answer changes nothing", [...started, taskCompleted(0)], { runtimeStatus: "Running" }],
  [
    "a suspension shows its reason",
    [...started, executionSuspended("hold on")],
    { runtimeStatus: "Suspended", output: "hold on" },
  ],
  [
    "what wakes a rewound instance sets it running",
    [...started, executionSuspended(), woken],
    { runtimeStatus: "Running" },
  ],
  [
    "the mark of a patch changes nothing",
    [...started, executionSuspended(), patchMark("faster")],
    {
      runtimeStatus: "Suspended",
    },
  ],
  [
    "an end without output shows none, whatever was shown before",
    [...started, executionSuspended("hold on"), resumed, ended],
    { runtimeStatus: "Completed", output: undefined, completedTime: at(7) },
  ],
])("%s", (_, events, expected) => {
  const custom = { customStatus: undefined };
  expect(describeInstance("execution", HistorySummary.of(events), custom)).toMatchObject({
    executionId: "execution",
    started: { name: "Test" },
    ...expected,
  });
});
