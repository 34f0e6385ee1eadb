import { expect, it } from "vitest";
import { edm, readString, type TableRow } from "../../../../../src/backends/azure-storage/storage/table-row.ts";
import { editRows } from "../../../../../src/backends/azure-storage/tracking/history-edit.ts";

const row = (rowKey: string, type: string): TableRow => ({
  partitionKey: "i",
  rowKey,
  etag: `etag-${rowKey}`,
  columns: new Map([
    ["EventType", edm.string(type)],
    ["Reason", edm.string("old")],
  ]),
});
const rows = [
  row("0", "ExecutionStarted"),
  row("1", "TaskScheduled"),
  row("2", "SubOrchestrationInstanceCreated"),
  row("3", "SubOrchestrationInstanceCreated"),
  row("4", "TaskFailed"),
  row("5", "ExecutionCompleted"),
];

it("turns what is undone into generic events, but keeps the creation of a failed child", () => {
  const changed = editRows(rows, { undone: [1, 3, 4, 5], reopened: [2] });

  expect(changed.map((found) => [found.rowKey, readString(found, "EventType"), readString(found, "Reason")])).toEqual([
    ["1", "GenericEvent", "Rewound: TaskScheduled"],
    ["2", "SubOrchestrationInstanceCreated", "Rewound: SubOrchestrationInstanceCreated"],
    ["3", "GenericEvent", "Rewound: SubOrchestrationInstanceCreated"],
    ["4", "GenericEvent", "Rewound: TaskFailed"],
    ["5", "GenericEvent", "Rewound: ExecutionCompleted"],
  ]);
  expect(changed.every((found) => found.etag === `etag-${found.rowKey}`)).toBe(true);
});

it("changes nothing where nothing is undone", () => {
  expect(editRows(rows, { undone: [], reopened: [] })).toEqual([]);
});
