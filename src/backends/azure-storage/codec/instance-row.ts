import type { EventWaits, NamedEvents, WaitNote } from "../../../core/event-waits.ts";
import type { InstanceQuery, OrchestrationState } from "../../../core/orchestration-state.ts";
import type { InstanceChange, InstanceStart } from "../../../engine/backend.ts";
import type { InstanceProgress } from "../../../engine/wanted-activities.ts";
import { type EdmValue, edm, readDate, readInt, readString, type TableRow } from "../storage/table-row.ts";
import { readStatus } from "./event-json.ts";
import { unescapeKey } from "./key-escaping.ts";
import { formatTags, JsonReader, readTags } from "./nested-json.ts";
import { formatDate } from "./wire-text.ts";

const plainColumns: readonly string[] = [
  "PartitionKey",
  "RowKey",
  "ExecutionId",
  "Name",
  "Version",
  "CustomStatus",
  "CreatedTime",
  "LastUpdatedTime",
  "CompletedTime",
  "ScheduledStartTime",
  "RuntimeStatus",
  "Generation",
  "Tags",
  "ParentInstanceId",
  "TagsBlobName",
  "TaskHubName",
  // Of ours, below.
  "UnwantedTasks",
  "EventWaits",
];

/** The columns to read of an instance, or `undefined` for all. */
export function instanceColumns(
  fetch: Pick<InstanceQuery, "fetchInput" | "fetchOutput">,
): readonly string[] | undefined {
  const { fetchInput = true, fetchOutput = true } = fetch;
  if (fetchInput !== false && fetchOutput !== false) return undefined;
  return [
    ...plainColumns,
    ...(fetchInput ? ["Input", "InputBlobName"] : []),
    ...(fetchOutput ? ["Output", "OutputBlobName"] : []),
  ];
}

type Columns = (readonly [string, EdmValue])[];

/** A payload column as it is stored: the text, or what refers to the blob that holds it. */
export interface StoredPayload {
  readonly text: string;
  /** Path of the blob in the hub's container; empty when `text` only looks like a reference; else absent. */
  readonly blobName: string | undefined;
}

interface StoredPayloads {
  readonly input?: StoredPayload | undefined;
  readonly output?: StoredPayload | undefined;
}

interface Payloads {
  readonly input?: string | undefined;
  readonly output?: string | undefined;
}

/** What one episode merges into the row of its instance. Members that are absent keep what is stored. */
export function toInstanceChangeRow(
  change: InstanceChange,
  row: { readonly partitionKey: string; readonly taskHub: string },
  stored: StoredPayloads,
): TableRow {
  const columns: Columns = [
    ["ExecutionId", edm.string(change.executionId)],
    ["LastUpdatedTime", edm.dateTime(formatDate(change.lastUpdatedTime))],
    ["TaskHubName", edm.string(row.taskHub)],
  ];
  if (change.parentInstanceId !== undefined) columns.push(["ParentInstanceId", edm.string(change.parentInstanceId)]);
  if (change.keepsCustomStatus !== true) columns.push(["CustomStatus", edm.string(change.customStatus ?? "null")]);
  if (change.started) columns.push(...startColumns(change.started, stored.input));
  if (change.runtimeStatus !== undefined) columns.push(["RuntimeStatus", edm.string(change.runtimeStatus)]);
  columns.push(...payloadColumns("Output", stored.output));
  if (change.completedTime) columns.push(["CompletedTime", edm.dateTime(formatDate(change.completedTime))]);
  if (change.unwantedTasks)
    columns.push([unwantedColumn, edm.string(formatUnwanted(change.executionId, change.unwantedTasks))]);
  if (change.eventWaits) {
    const text = formatEventWaits(change.executionId, change.lastUpdatedTime, change.eventWaits);
    columns.push([eventWaitsColumn, edm.string(text)]);
  }
  return { partitionKey: row.partitionKey, rowKey: "", columns: new Map(columns) };
}

/**
 * The execution that a client has started here; a continue-as-new leaves it as it is, so that the client knows its own
 * row. A column of ours, which other workers keep and ignore.
 */
const startedAsColumn = "StartedAs";

/**
 * Activities that nobody waits for: the execution that asked for them, and their numbers. A column of ours too; of another
 * execution it says nothing, so that nobody has to clear it.
 */
const unwantedColumn = "UnwantedTasks";
/** The rest are not told: a column holds no more, and who is not told goes on working. */
const maxUnwanted = 2000;

function formatUnwanted(executionId: string, tasks: readonly number[]): string {
  return `${executionId} ${tasks.slice(0, maxUnwanted).join(",")}`;
}

function readUnwanted(text: string | undefined, executionId: string | undefined): readonly number[] {
  const end = text?.lastIndexOf(" ") ?? -1;
  if (text === undefined || executionId === undefined || text.slice(0, end) !== executionId) return [];
  return text
    .slice(end + 1)
    .split(",")
    .flatMap((part) => (/^\d+$/.test(part) ? Number(part) : []));
}

/**
 * The external events that the code waits for, and those that wait for it: execution and time of the change that says so,
 * then JSON. A column of ours as well; after any later change, also by another worker, it says nothing.
 */
const eventWaitsColumn = "EventWaits";
/** Of each list, in characters of JSON; a column holds 32,768. Names beyond are not told, nor the ends of long ones. */
const maxListLength = 8_000;
const maxNameLength = 200;

function formatEventWaits(executionId: string, at: Date, { awaited, kept }: EventWaits): string {
  return `${executionId} ${at.getTime()} {"awaited":${formatNamedEvents(awaited)},"kept":${formatNamedEvents(kept)}}`;
}

function formatNamedEvents(events: readonly NamedEvents[]): string {
  const rows: string[] = [];
  let length = 0;
  for (const { name, since, count } of events) {
    const row = JSON.stringify([name.slice(0, maxNameLength).toWellFormed(), since.getTime(), count]);
    length += row.length + 1;
    if (length > maxListLength) break;
    rows.push(row);
  }
  return `[${rows.join(",")}]`;
}

function readEventWaits(row: TableRow): EventWaits | undefined {
  const text = readString(row, eventWaitsColumn);
  const head = `${readString(row, "ExecutionId")} ${readDate(row, "LastUpdatedTime")?.getTime()} `;
  if (text?.startsWith(head) !== true) return undefined;
  try {
    const { awaited, kept } = JSON.parse(text.slice(head.length)) as Readonly<Record<string, unknown>>;
    return { awaited: readNamedEvents(awaited), kept: readNamedEvents(kept) };
  } catch {
    return undefined;
  }
}

function readNamedEvents(rows: unknown): readonly NamedEvents[] {
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) => {
    const [name, since, count] = Array.isArray(row) ? (row as unknown[]) : [];
    if (typeof name !== "string" || typeof since !== "number" || typeof count !== "number") return [];
    return { name, since: new Date(since), count };
  });
}

function noteOf(row: TableRow): { readonly waitNote?: WaitNote } {
  const events = readEventWaits(row);
  const unwantedTasks = readUnwanted(readString(row, unwantedColumn), readString(row, "ExecutionId"));
  return events === undefined && unwantedTasks.length === 0 ? {} : { waitNote: { events, unwantedTasks } };
}

/** The columns that {@link readProgress} reads. */
export const progressColumns: readonly string[] = [
  "PartitionKey",
  "RowKey",
  "ExecutionId",
  "RuntimeStatus",
  "CreatedTime",
  unwantedColumn,
];

export function readProgress(row: TableRow): InstanceProgress {
  const executionId = readString(row, "ExecutionId");
  return {
    executionId,
    runtimeStatus: readStatus(readString(row, "RuntimeStatus")) ?? "Pending",
    createdTime: readDate(row, "CreatedTime") ?? new Date(0),
    unwantedTasks: readUnwanted(readString(row, unwantedColumn), executionId),
  };
}

/** What a creator of the instance has to know of its row. */
export function readCreation(row: TableRow): { executionId: string | undefined; startedAs: string | undefined } {
  return { executionId: readString(row, "ExecutionId"), startedAs: readString(row, startedAsColumn) };
}

interface PendingInstance extends InstanceStart {
  readonly executionId: string;
  readonly lastUpdatedTime: Date;
  /** The empty text for nobody. */
  readonly parentInstanceId: string;
}

/** The row of an instance that a client has just asked for. */
export function toPendingRow(
  start: PendingInstance,
  row: { readonly partitionKey: string; readonly taskHub: string },
  stored: StoredPayloads,
): TableRow {
  const columns: Columns = [
    ...startColumns({ ...start, generation: start.generation ?? 0 }, stored.input),
    ["RuntimeStatus", edm.string("Pending")],
    ["LastUpdatedTime", edm.dateTime(formatDate(start.lastUpdatedTime))],
    ["TaskHubName", edm.string(row.taskHub)],
    ["ExecutionId", edm.string(start.executionId)],
    ["ParentInstanceId", edm.string(start.parentInstanceId)],
    [startedAsColumn, edm.string(start.executionId)],
  ];
  return { partitionKey: row.partitionKey, rowKey: "", columns: new Map(columns) };
}

function payloadColumns(column: "Input" | "Output", stored: StoredPayload | undefined): Columns {
  if (stored === undefined) return [];
  const columns: Columns = [[column, edm.string(stored.text)]];
  if (stored.blobName !== undefined) columns.push([`${column}BlobName`, edm.string(stored.blobName)]);
  return columns;
}

function startColumns(start: InstanceStart, input: StoredPayload | undefined): Columns {
  const columns: Columns = [
    ["Name", edm.string(start.name)],
    ["Version", edm.string(start.version ?? "")],
    ["CreatedTime", edm.dateTime(formatDate(start.createdTime))],
    ["Tags", edm.string(start.tags ? formatTags(start.tags, "plain") : "null")],
  ];
  columns.push(...payloadColumns("Input", input));
  if (start.generation !== undefined) columns.push(["Generation", edm.int32(start.generation)]);
  if (start.scheduledStartTime) {
    columns.push(["ScheduledStartTime", edm.dateTime(formatDate(start.scheduledStartTime))]);
  }
  return columns;
}

/** Payloads are given because a row may hold only where they are. */
export function fromInstanceRow(row: TableRow, payloads: Payloads): OrchestrationState {
  const customStatus = readString(row, "CustomStatus");
  const createdTime = readDate(row, "CreatedTime") ?? new Date(0);
  return {
    instanceId: unescapeKey(row.partitionKey),
    executionId: readString(row, "ExecutionId"),
    name: readString(row, "Name") ?? "",
    version: readString(row, "Version") || undefined,
    runtimeStatus: readStatus(readString(row, "RuntimeStatus")) ?? "Pending",
    input: payloads.input,
    output: payloads.output,
    customStatus: customStatus === undefined || customStatus === "null" ? undefined : customStatus,
    createdTime,
    lastUpdatedTime: readDate(row, "LastUpdatedTime") ?? createdTime,
    completedTime: readDate(row, "CompletedTime"),
    scheduledStartTime: readDate(row, "ScheduledStartTime"),
    generation: readInt(row, "Generation") ?? 0,
    tags: readTagsColumn(readString(row, "Tags")),
    // Empty for nobody; absent in rows of DurableTask.AzureStorage up to 2.9.1.
    parentInstanceId: readString(row, "ParentInstanceId") || undefined,
    ...noteOf(row),
  };
}

function readTagsColumn(json: string | undefined): OrchestrationState["tags"] {
  if (!json) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return value === null ? undefined : readTags(new JsonReader(value, "Tags"));
  } catch {
    // Someone else's row must not make a whole query fail.
    return undefined;
  }
}
