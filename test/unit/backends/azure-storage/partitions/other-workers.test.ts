import { expect, it } from "vitest";
import { OtherWorkers } from "../../../../../src/backends/azure-storage/partitions/other-workers.ts";
import { createEventLog } from "../../../../../src/core/event-log.ts";

it("tells of each other worker once, and what to do when it is of another app", () => {
  const told: string[] = [];
  const others = new OtherWorkers(
    createEventLog({ log: (_level, event, message) => void told.push(`${event}: ${message}`) }),
  );

  others.tell("TestHubName", []);
  others.tell("TestHubName", ["billing"]);
  others.tell("TestHubName", ["billing", "shipping"]);

  expect(told).toEqual([
    expect.stringMatching(
      /^OtherWorkerFound: another worker, billing, works on the task hub 'TestHubName' too.*hubName/,
    ),
    expect.stringMatching(/^OtherWorkerFound: another worker, shipping/),
  ]);
});
