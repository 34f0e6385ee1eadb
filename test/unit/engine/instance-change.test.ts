import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { describeInstanceChange } from "../../../src/engine/instance-change.ts";
import {
  episodeStarted,
  executionStarted,
  executionSuspended,
  patchMark,
  taskCompleted,
} from "../../../src/testing/history-builder.ts";

const woken: HistoryEvent = { type: "GenericEvent", eventId: -1, timestamp: new Date(0), data: "rewound" };

it.each<[string, readonly HistoryEvent[], string | undefined]>([
  ["a start runs", [episodeStarted(), executionStarted("Test")], "Running"],
  ["an answer changes nothing", [episodeStarted(), taskCompleted(0)], undefined],
  ["what wakes a rewound instance sets it running", [episodeStarted(), woken], "Running"],
  ["the mark of a patch changes nothing", [episodeStarted(), patchMark("faster")], undefined],
  ["a suspension after all of that counts", [episodeStarted(), woken, executionSuspended()], "Suspended"],
])("%s", (_, events, status) => {
  expect(describeInstanceChange("execution", events, undefined).runtimeStatus).toBe(status);
});
