import { DurableError } from "../../../core/errors.ts";
import type { HistoryEvent } from "../../../core/history-event.ts";
import { redactSecrets } from "../../../core/redact-secrets.ts";
import { type EdmValue, edm, readBoolean, readDate, readInt, readString, type TableRow } from "../storage/table-row.ts";
import { buildEvent, formatNested, readNested, readStatus } from "./event-json.ts";
import { type EventMember, eventMembers, isEventType } from "./event-members.ts";
import { JsonReader } from "./nested-json.ts";
import { formatDate } from "./wire-text.ts";

export const sentinelRowKey = "sentinel";

/** Texts in these columns move to a blob when they are long. */
export const offloadableColumns: readonly string[] = [
  "Name",
  "Input",
  "Result",
  "Output",
  "Reason",
  "Details",
  "Correlation",
  "FailureDetails",
  "Tags",
];

export interface HistoryRowOptions {
  /** Keep the inputs of activities and sub-orchestrations in the rows of the events that scheduled them. */
  readonly storeTaskInputs: boolean;
}

/** Row key of the event at a position of its execution's history. */
export function historyRowKey(index: number): string {
  return index.toString(16).toUpperCase().padStart(16, "0");
}

export function toHistoryRow(
  event: HistoryEvent,
  key: { readonly partitionKey: string; readonly rowKey: string; readonly executionId: string },
  options: HistoryRowOptions,
): TableRow {
  const values = event as unknown as Readonly<Record<string, unknown>>;
  const columns = new Map<string, EdmValue>();
  for (const member of eventMembers[event.type]) {
    if (member.taskInput === true && !options.storeTaskInputs) continue;
    const value = toColumn(member, values[member.property]);
    if (value !== undefined) columns.set(member.name, value);
  }
  columns.set("EventId", edm.int32(event.eventId));
  columns.set("IsPlayed", edm.boolean(false));
  columns.set("_Timestamp", edm.dateTime(formatDate(event.timestamp)));
  columns.set("ExecutionId", edm.string(key.executionId));
  return { partitionKey: key.partitionKey, rowKey: key.rowKey, columns };
}

function toColumn({ kind }: EventMember, value: unknown): EdmValue | undefined {
  switch (kind) {
    case "eventType":
    case "status":
      return edm.string(value as string);
    case "version":
      return edm.string((value as string | undefined) ?? "");
    case "text":
      return value === undefined ? undefined : edm.string(value as string);
    case "int":
    case "optionalInt":
      return value === undefined ? undefined : edm.int32(value as number);
    case "boolean":
      return edm.boolean(value as boolean);
    case "date":
      return value === undefined ? undefined : edm.dateTime(formatDate(value as Date));
    default:
      // Nothing is the text `null` here, not an absent column.
      return edm.string(formatNested(kind, value, "plain"));
  }
}

/** Offloaded columns must have been put back. @throws DurableError `CorruptData` */
export function fromHistoryRow(row: TableRow): HistoryEvent {
  const type = readString(row, "EventType") ?? "";
  if (!isEventType(type)) {
    throw new DurableError(
      "CorruptData",
      `history row ${row.rowKey} has the unknown event type "${type.slice(0, 60)}"`,
    );
  }
  try {
    const event = buildEvent(type, (member) => fromColumn(member, row), {
      eventId: readInt(row, "EventId") ?? -1,
      timestamp: readDate(row, "_Timestamp") ?? new Date(0),
    });
    // What a rewind has undone says so in its reason.
    if (event.type !== "GenericEvent" || event.data !== undefined) return event;
    return { ...event, data: readString(row, "Reason") };
  } catch (cause) {
    // A parser shows a part of the payload in its error, which is no cause to hand on.
    const reason = redactSecrets((cause as Error).message);
    throw new DurableError("CorruptData", `history row ${row.rowKey} cannot be read: ${reason}`);
  }
}

function fromColumn({ name, kind }: EventMember, row: TableRow): unknown {
  switch (kind) {
    case "eventType":
    case "text":
      return readString(row, name);
    case "version":
      return readString(row, name) || undefined;
    case "int":
      return readInt(row, name) ?? 0;
    case "optionalInt":
      return readInt(row, name);
    case "boolean":
      return readBoolean(row, name) ?? false;
    case "date":
      return readDate(row, name);
    case "status":
      return readStatus(readString(row, name));
    default: {
      const json = readString(row, name);
      const value: unknown = json ? JSON.parse(json) : null;
      return value === null ? undefined : readNested(kind, new JsonReader(value, name));
    }
  }
}

/** The row that fences an instance: every write of history is conditional on its ETag. */
export interface Sentinel {
  readonly executionId: string;
  readonly isCheckpointComplete: boolean;
  /** Seven fraction digits; the last four are random, so that a writer knows its own checkpoint again. */
  readonly completedTimestamp: string | undefined;
  /**
   * Names the part of an unfinished checkpoint that was written last, so that its writer knows it again. A column of
   * ours too.
   */
  readonly part?: string | undefined;
  /**
   * The execution under way was not begun by a message: were its first rows dropped, nothing would begin it again. A
   * column of ours, which other workers keep and ignore.
   */
  readonly startedWithoutMessage: boolean;
  /**
   * Events in the last complete checkpoint; absent when another kind of worker wrote it. Rows beyond are what an
   * unfinished checkpoint left. Also a column of ours, tied to the checkpoint that it was written with.
   */
  readonly eventCount: number | undefined;
  /**
   * Ids of messages that the history has taken in and that may still be in their queue. Written with a complete
   * checkpoint; another column of ours.
   */
  readonly acceptedMessageIds: readonly string[];
}

export function toSentinelRow(partitionKey: string, sentinel: Sentinel): TableRow {
  const columns = new Map<string, EdmValue>([
    ["ExecutionId", edm.string(sentinel.executionId)],
    ["IsCheckpointComplete", edm.boolean(sentinel.isCheckpointComplete)],
  ]);
  if (sentinel.completedTimestamp !== undefined) {
    columns.set("AcceptedMessageIds", edm.string(sentinel.acceptedMessageIds.join(" ")));
    columns.set("CheckpointCompletedTimestamp", edm.dateTime(sentinel.completedTimestamp));
    if (sentinel.eventCount !== undefined) {
      columns.set("EventCount", edm.int32(sentinel.eventCount));
      columns.set("EventCountOf", edm.string(checkpointName(sentinel.executionId, sentinel.completedTimestamp)));
    }
  }
  if (sentinel.part !== undefined) columns.set("CheckpointPart", edm.string(sentinel.part));
  if (!sentinel.isCheckpointComplete) {
    columns.set("StartedWithoutMessage", edm.boolean(sentinel.startedWithoutMessage));
  }
  return { partitionKey, rowKey: sentinelRowKey, columns };
}

export function fromSentinelRow(row: TableRow): Sentinel {
  const executionId = readString(row, "ExecutionId") ?? "";
  const completedTimestamp = readString(row, "CheckpointCompletedTimestamp");
  const isCountValid = readString(row, "EventCountOf") === checkpointName(executionId, completedTimestamp);
  return {
    executionId,
    eventCount: isCountValid ? readInt(row, "EventCount") : undefined,
    // Writers that never split a checkpoint may not say so.
    isCheckpointComplete: readBoolean(row, "IsCheckpointComplete") ?? true,
    completedTimestamp,
    part: readString(row, "CheckpointPart"),
    startedWithoutMessage: readBoolean(row, "StartedWithoutMessage") ?? false,
    acceptedMessageIds: (readString(row, "AcceptedMessageIds") ?? "").split(" ").filter((id) => id !== ""),
  };
}

/** Stands in place of the sentinel while a history is being purged: of the rows beside it none counts any more. */
export function toPurgedSentinelRow(partitionKey: string): TableRow {
  const columns = new Map<string, EdmValue>([
    ["ExecutionId", edm.string("")],
    ["IsCheckpointComplete", edm.boolean(true)],
    ["EventCount", edm.int32(0)],
    ["EventCountOf", edm.string(checkpointName("", undefined))],
  ]);
  return { partitionKey, rowKey: sentinelRowKey, columns };
}

/** Names a checkpoint by its time, of which the service may cut trailing zeros. */
export function checkpointName(executionId: string, time: string | undefined): string {
  const digits = time?.replace(/Z$/, "").replace(/(\.\d*?)0+$/, "$1");
  return `${executionId}@${digits?.replace(/\.$/, "") ?? ""}`;
}
