import { expect, it } from "vitest";
import {
  nextStartStep,
  type StartedInstance,
} from "../../../../../src/backends/azure-storage/messaging/start-deduplication.ts";

const time = (seconds: number) => new Date(Date.UTC(2026, 5, 24, 10, 0, seconds));

const start = { executionId: "e1", generation: 0, timestamp: time(10), dequeueCount: 1, dequeuedOn: time(11) };
const row = (change: Partial<StartedInstance>): StartedInstance => ({
  executionId: "e1",
  generation: 0,
  runtimeStatus: "Pending",
  createdTime: time(10),
  ...change,
});

it.each([
  ["accepts the start that the row tells of", start, row({}), "accept"],
  ["compares execution ids ignoring case", start, row({ executionId: "E1" }), "accept"],
  ["accepts when the row names no execution", start, row({ executionId: undefined }), "accept"],
  ["discards a start that was terminated before it ran", start, row({ runtimeStatus: "Terminated" }), "discard"],
  ["discards the loser of a race", start, row({ executionId: "e2", createdTime: time(9) }), "discard"],
  [
    "gives the row time when the other start is younger",
    start,
    row({ executionId: "e2", createdTime: time(10) }),
    "defer",
  ],
  [
    "discards a start that comes again after the other's row",
    { ...start, dequeueCount: 2, dequeuedOn: time(13) },
    row({ executionId: "e2", createdTime: time(10), runtimeStatus: "Running" }),
    "discard",
  ],
  [
    "gives a re-creation time to replace the row",
    { ...start, generation: 1 },
    row({ executionId: "e0", createdTime: time(1) }),
    "defer",
  ],
  [
    "gives a slow client time to replace the row of an instance that has ended",
    { ...start, dequeueCount: 3, dequeuedOn: time(17) },
    row({ executionId: "e0", createdTime: time(1), runtimeStatus: "Terminated" }),
    "defer",
  ],
  [
    "discards a start that was before an instance which has ended",
    { ...start, dequeueCount: 2, dequeuedOn: time(13) },
    row({ executionId: "e2", createdTime: time(11), runtimeStatus: "Completed" }),
    "discard",
  ],
  ["gives time when there is no row", start, undefined, "defer"],
  ["gives up on a row after ten deliveries", { ...start, dequeueCount: 10 }, undefined, "discard"],
  ["accepts at the tenth delivery too", { ...start, dequeueCount: 10 }, row({}), "accept"],
] as const)("%s", (_, message, instance, expected) => {
  expect(nextStartStep(message, instance)).toBe(expected);
});
