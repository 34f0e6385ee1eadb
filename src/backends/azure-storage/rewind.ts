import { DurableError } from "../../core/errors.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import { clientOrigin } from "./message-sender.ts";
import { edm, readInt, readString, type TableRow, type TableWrite } from "./storage/table-row.ts";

export interface RewindRequest {
  readonly instanceId: string;
  readonly reason: string | undefined;
  readonly at: Date;
  readonly table: string;
  readonly parts: TaskHubParts;
}

interface RewindPlan {
  /** Rows in their new form, with the ETag of the old one. */
  readonly rows: readonly TableRow[];
  /** Sub-orchestrations that failed and are to be rewound as well. */
  readonly failedChildren: readonly string[];
}

/**
 * Which rows of a failed execution change, and how. A failure becomes a generic event, which replay ignores. So does the
 * scheduling of a failed activity, which is therefore scheduled anew; that of a failed child stays, because the parent
 * waits for the child's next answer.
 */
export function planRewind(rows: readonly TableRow[]): RewindPlan {
  const changed: TableRow[] = [];
  const failedChildren: string[] = [];
  const findOpened = (failure: TableRow, type: string) => {
    const id = readInt(failure, "TaskScheduledId");
    return rows.find((row) => typeOf(row) === type && readInt(row, "EventId") === id);
  };
  for (const row of rows) {
    const type = typeOf(row);
    if (type === "TaskFailed") {
      const scheduled = findOpened(row, "TaskScheduled");
      if (scheduled !== undefined) changed.push(toGeneric(scheduled));
    } else if (type === "SubOrchestrationInstanceFailed") {
      const created = findOpened(row, "SubOrchestrationInstanceCreated");
      if (created !== undefined) changed.push(withColumns(created, [["Reason", `Rewound: ${typeOf(created)}`]]));
      const child = created && readString(created, "InstanceId");
      if (child) failedChildren.push(child);
    } else if (readString(row, "OrchestrationStatus") !== "Failed") continue;
    changed.push(toGeneric(row));
  }
  // An activity may have answered twice; a batch takes each row once.
  const distinct = new Map(changed.map((row) => [row.rowKey, row]));
  return { rows: [...distinct.values()], failedChildren };
}

/** Rewinds the instance and its failed children, and wakes those that have none. */
export async function rewindInstance(request: RewindRequest): Promise<void> {
  await rewind(request, new Set());
}

async function rewind(request: RewindRequest, seen: Set<string>): Promise<void> {
  const { instanceId, reason, at, table, parts } = request;
  if (seen.has(instanceId)) return;
  seen.add(instanceId);
  const { rows } = await parts.history.readRows(instanceId);
  if (rows.length === 0) {
    throw new DurableError("InstanceNotFound", `${instanceId} has no history that could be rewound`);
  }
  const plan = planRewind(rows);
  await replaceRows(plan.rows, table, parts);
  for (const child of plan.failedChildren) await rewind({ ...request, instanceId: child }, seen);
  await parts.instances.markPending(instanceId);
  if (plan.failedChildren.length > 0) return;
  const event = { type: "GenericEvent", data: reason, eventId: -1, timestamp: at } as const;
  const target = { instanceId, executionId: undefined };
  await parts.sender.send({ message: { event, target } }, clientOrigin);
}

const maxBatchRows = 100;

async function replaceRows(rows: readonly TableRow[], table: string, parts: TaskHubParts): Promise<void> {
  for (let start = 0; start < rows.length; start += maxBatchRows) {
    const writes = rows.slice(start, start + maxBatchRows).map((row): TableWrite => {
      return { write: "update", mode: "replace", row, etag: row.etag ?? "*" };
    });
    const reply = await parts.storage.perform({ kind: "table.batch", table, writes });
    if (reply.outcome === "done" || reply.afterLostAnswer === true) continue;
    throw new DurableError("WorkItemLockLost", "the history changed while it was being rewound; try again");
  }
}

function toGeneric(row: TableRow): TableRow {
  return withColumns(row, [
    ["EventType", "GenericEvent"],
    ["Reason", `Rewound: ${typeOf(row)}`],
  ]);
}

function withColumns(row: TableRow, texts: readonly (readonly [string, string])[]): TableRow {
  const columns = new Map(row.columns);
  for (const [column, text] of texts) columns.set(column, edm.string(text));
  return { ...row, columns };
}

function typeOf(row: TableRow): string {
  return readString(row, "EventType") ?? "";
}
