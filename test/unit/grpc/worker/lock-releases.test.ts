import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import type { CompleteOrchestration, OrchestratorAction, SendEvent } from "../../../../src/core/orchestrator-action.ts";
import { createRequest, formatRelease, formatRequest } from "../../../../src/entities/entity-message.ts";
import { withLockReleases } from "../../../../src/grpc/worker/lock-releases.ts";
import { at } from "../../../../src/testing/history-builder.ts";

const lockSet = [
  { name: "account", key: "a" },
  { name: "account", key: "b" },
];
const request = formatRequest(createRequest({ id: "lock-1", lockSet }));
const release = formatRelease({ parentInstanceId: "i", id: "lock-1" });
const asked: HistoryEvent = {
  type: "EventSent",
  eventId: 0,
  timestamp: at(1),
  instanceId: "@account@a",
  name: "op",
  input: request,
};

function ends(id: number, status: CompleteOrchestration["status"]): CompleteOrchestration {
  const nothing = { result: undefined, failureDetails: undefined, carryoverEvents: [], newVersion: undefined };
  return { kind: "CompleteOrchestration", id, status, ...nothing };
}

const sends = (id: number, instanceId: string, name: string, input: string): SendEvent => {
  return { kind: "SendEvent", id, instanceId, name, input };
};

it.each(["Failed", "Terminated", "Completed", "ContinuedAsNew"] as const)(
  "an execution that ends as %s gives back what it holds, before its end",
  (status) => {
    const released = withLockReleases([ends(3, status)], [asked], "i");

    expect(released).toEqual([
      sends(3, "@account@a", "release", release),
      sends(4, "@account@b", "release", release),
      ends(5, status),
    ]);
  },
);

it("an execution that ends in the episode in which it asks for a lock takes that back too", () => {
  const actions: readonly OrchestratorAction[] = [sends(0, "@account@a", "op", request), ends(1, "Failed")];

  expect(withLockReleases(actions, [], "i").map(({ id }) => id)).toEqual([0, 1, 2, 3]);
});

it("nothing is added while the execution goes on, or when it holds nothing", () => {
  const goesOn = [sends(1, "other", "go", "1")];
  const freed = [sends(1, "@account@a", "release", release), sends(2, "@account@b", "release", release)];

  expect(withLockReleases(goesOn, [asked], "i")).toBe(goesOn);
  expect(withLockReleases([...freed, ends(3, "Completed")], [asked], "i")).toHaveLength(3);
  expect(withLockReleases([ends(0, "Failed")], [], "i")).toHaveLength(1);
});
