import { expect, it } from "vitest";
import { OtherWorkers } from "../../../../../src/backends/azure-storage/partitions/other-workers.ts";
import { createEventLog } from "../../../../../src/core/event-log.ts";

it("tells of each other worker once, and what to do when it is of another app", () => {
  const told: string[] = [];
  const others = new OtherWorkers(
    createEventLog({ log: (_level, event, message) => void told.push(`${event}: ${message}`) }),
  );

  others.tell("Orders", []);
  others.tell("Orders", ["billing"]);
  others.tell("Orders", ["billing", "shipping"]);
  others.tell("TestHubName", ["tax"]);

  expect(told).toEqual([
    expect.stringMatching(/^OtherWorkerFound: another worker, billing, works on the task hub 'Orders' too.*hubName/),
    expect.stringMatching(/^OtherWorkerFound: another worker, shipping/),
    expect.stringMatching(/^UnnamedHubShared: another worker, tax/),
  ]);
});
