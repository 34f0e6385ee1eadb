import { expect, it } from "vitest";
import { judgeHub } from "../support/hub-audit.ts";
import type { HubSnapshot, StoredRow } from "../support/hub-snapshot.ts";

/** The auditor sees what is wrong with an entity. */
const entity = "@tally@a";
const at = new Date("2026-11-01T10:00:00.000Z");
const atRest = { state: "8", sorter: { ReceivedFromInstance: { root: { Last: "2026-11-01T10:00:00Z" } } } };

function hubOf(scheduler: object = atRest, row: object = {}, events: readonly string[] = eventsAtRest): HubSnapshot {
  const Input = JSON.stringify(scheduler);
  const common = { partitionKey: entity, ExecutionId: "e1", _Timestamp: at };
  const history = events.map((EventType, index): StoredRow => {
    const started = EventType === "ExecutionStarted" ? { Name: entity, Input } : {};
    return { ...common, rowKey: index.toString(16).padStart(16, "0"), EventType, ...started };
  });
  const stored = {
    RuntimeStatus: "Running",
    Name: entity,
    Input,
    CustomStatus: '{"entityExists":true}',
    CreatedTime: at,
  };
  return {
    rows: new Map([[entity, { ...common, rowKey: "", ...stored, ...row }]]),
    histories: new Map([[entity, [...history, { ...common, rowKey: "sentinel", IsCheckpointComplete: true }]]]),
    visibleMessages: [],
    messageCounts: new Map(),
    blobs: [],
    missingBlobs: [],
  };
}

const eventsAtRest = ["OrchestratorStarted", "ExecutionStarted", "OrchestratorCompleted"];
const judge = (hub: HubSnapshot) => judgeHub(hub, [{ entity, state: "8" }]).violations;

it("finds nothing wrong with an entity at rest", () => {
  expect(judge(hubOf())).toEqual([]);
});

it.each<[string, HubSnapshot, string]>([
  ["no row", { ...hubOf(), rows: new Map() }, "has no row"],
  ["no history", { ...hubOf(), histories: new Map() }, "has no history"],
  ["another state", hubOf({ ...atRest, state: "9" }), "history: the state is 9, not 8"],
  ["a lock that is left", hubOf({ ...atRest, lockedBy: "root" }), "the holder of the lock is root, not undefined"],
  ["what waits", hubOf({ ...atRest, queue: [{}] }), "history: the queue is"],
  ["what waits for its order", hubOf({ ...atRest, sorter: { Buffered: {} } }), "waits for its predecessor is true"],
  ["a scheduler state that is none", hubOf([]), "history: the state is undefined, not 8"],
  ["more events", hubOf(atRest, {}, [...eventsAtRest, "EventRaised"]), "history: its events is Orchestrator"],
  ["a row that is behind", hubOf(atRest, { ExecutionId: "e0" }), "row: ExecutionId is e0, not e1"],
  ["a row with another state", hubOf(atRest, { Input: "{}" }), "row: Input is {}, not"],
  ["a row that waits", hubOf(atRest, { CustomStatus: '{"entityExists":true,"queueSize":1}' }), "row: CustomStatus is"],
  ["a row that has ended", hubOf(atRest, { RuntimeStatus: "Completed" }), "row: RuntimeStatus is Completed"],
])("sees %s", (_, hub, violation) => {
  expect(judge(hub).join("\n")).toContain(violation);
});
