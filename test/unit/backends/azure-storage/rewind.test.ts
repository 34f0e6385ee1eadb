import { expect, it } from "vitest";
import { planRewind } from "../../../../src/backends/azure-storage/rewind.ts";
import {
  type EdmValue,
  edm,
  readString,
  type TableRow,
} from "../../../../src/backends/azure-storage/storage/table-row.ts";

const row = (rowKey: string, type: string, columns: Record<string, EdmValue> = {}): TableRow => ({
  partitionKey: "i",
  rowKey,
  etag: `etag-${rowKey}`,
  columns: new Map([["EventType", edm.string(type)], ...Object.entries(columns)]),
});
const id = (value: number) => ({ EventId: edm.int32(value) });
const answers = (value: number) => ({ TaskScheduledId: edm.int32(value) });

it("takes failures out of a history, with what they answer, and finds the children to rewind", () => {
  const plan = planRewind([
    row("0", "ExecutionStarted"),
    row("1", "TaskScheduled", id(0)),
    row("2", "TaskScheduled", id(1)),
    row("3", "SubOrchestrationInstanceCreated", { ...id(2), InstanceId: edm.string("child") }),
    row("4", "TaskCompleted", answers(0)),
    row("5", "TaskFailed", { ...answers(1), Reason: edm.string("old") }),
    row("6", "SubOrchestrationInstanceFailed", answers(2)),
    row("7", "ExecutionCompleted", { OrchestrationStatus: edm.string("Failed") }),
  ]);
  expect(plan.failedChildren).toEqual(["child"]);
  const changes = plan.rows.map((found) => [found.rowKey, readString(found, "EventType"), readString(found, "Reason")]);
  expect(changes).toEqual([
    ["2", "GenericEvent", "Rewound: TaskScheduled"],
    ["5", "GenericEvent", "Rewound: TaskFailed"],
    ["3", "SubOrchestrationInstanceCreated", "Rewound: SubOrchestrationInstanceCreated"],
    ["6", "GenericEvent", "Rewound: SubOrchestrationInstanceFailed"],
    ["7", "GenericEvent", "Rewound: ExecutionCompleted"],
  ]);
  expect(plan.rows.every((found) => found.etag === `etag-${found.rowKey}`)).toBe(true);
});

it("changes nothing in a history without failures", () => {
  expect(planRewind([row("0", "TaskScheduled", id(0)), row("1", "TaskCompleted", answers(0))])).toEqual({
    rows: [],
    failedChildren: [],
  });
});

it("changes a row once, however often the failure was recorded", () => {
  const rows = [
    row("0", "TaskScheduled", id(0)),
    row("1", "TaskFailed", answers(0)),
    row("2", "TaskFailed", answers(0)),
  ];
  expect(planRewind(rows).rows.map(({ rowKey }) => rowKey)).toEqual(["0", "1", "2"]);
});
