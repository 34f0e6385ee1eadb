import { DurableError } from "../../core/errors.ts";
import { HistorySummary } from "../../engine/history-summary.ts";
import { isFailedChild, type OpenChild, planRewind, type RewindPlan } from "../../engine/plan-rewind.ts";
import { fromHistoryRow } from "./codec/history-row.ts";
import { mapConcurrently } from "./concurrency.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import { clientOrigin } from "./messaging/message-sender.ts";
import { edm, readString, type TableRow, type TableWrite } from "./storage/table-row.ts";
import { restoreRows } from "./tracking/history-offload.ts";

export interface RewindRequest {
  readonly instanceId: string;
  readonly reason: string | undefined;
  readonly at: Date;
  readonly table: string;
  readonly parts: TaskHubParts;
}

/** A child of a rewound execution, as it was found. */
interface ReadChild {
  readonly child: OpenChild;
  readonly isFailed: boolean;
}

/**
 * The rows that change, in their new form with the ETag of the old one. What is undone becomes a generic event, which
 * replay ignores; the creation of a failed child keeps its type, because the parent waits for the child's next answer.
 */
export function rewindRows(
  rows: readonly TableRow[],
  { undone }: Pick<RewindPlan, "undone">,
  children: readonly ReadChild[],
): readonly TableRow[] {
  const kept = new Set(children.filter(({ isFailed }) => isFailed).map(({ child }) => child.index));
  const changed = new Set([...undone, ...children.map(({ child }) => child.index)]);
  return rows.flatMap((row, index) => {
    if (!changed.has(index)) return [];
    return [kept.has(index) ? withColumns(row, [["Reason", `Rewound: ${typeOf(row)}`]]) : toGeneric(row)];
  });
}

/** Rewinds the instance and its failed children, and wakes them. */
export async function rewindInstance(request: RewindRequest): Promise<void> {
  await rewind(request, new Set());
}

const maxConcurrentReads = 16;

async function rewind(request: RewindRequest, seen: Set<string>): Promise<void> {
  const { instanceId, reason, at, table, parts } = request;
  if (seen.has(instanceId)) return;
  seen.add(instanceId);
  const [row, { rows }] = await Promise.all([parts.instances.readRow(instanceId), parts.history.readRows(instanceId)]);
  if (rows.length === 0) {
    throw new DurableError("InstanceNotFound", `${instanceId} has no history that could be rewound`);
  }
  const events = (await restoreRows(rows, parts.payloads)).map(fromHistoryRow);
  const plan = planRewind(events);
  const { started } = HistorySummary.of(events);
  const children = await mapConcurrently(plan.openChildren, maxConcurrentReads, async (child): Promise<ReadChild> => {
    const { events: childEvents } = await parts.history.load(child.created.instanceId);
    return { child, isFailed: isFailedChild(childEvents, child.created, started) };
  });
  await replaceRows(rewindRows(rows, plan, children), table, parts);
  for (const { child, isFailed } of children) {
    if (isFailed) await rewind({ ...request, instanceId: child.created.instanceId }, seen);
  }
  // Last, because only an instance whose row says that it failed can be rewound once more, should this break off.
  if (row !== undefined) await parts.instances.markPending(row);
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
