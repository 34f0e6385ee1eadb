import { readFileSync } from "node:fs";
import type { EdmValue, TableRow } from "../../src/backends/azure-storage/storage/table-row.ts";

/** What the genuine DurableTask.AzureStorage has written: see `test/fixtures/dtfx/README.md`. */
export interface Recording {
  readonly file: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly messages: readonly RecordedMessage[];
  /** By moment, then by instance. */
  readonly snapshots: Readonly<Record<string, Readonly<Record<string, RecordedInstance>>>>;
  readonly derivedInstances: Readonly<Record<string, RecordedInstance>>;
  readonly blobs: readonly { readonly name: string; readonly content: string | CutText }[];
}

export interface RecordedMessage {
  readonly queue: string;
  readonly raw: string | CutText;
}

interface RecordedInstance {
  readonly instances: readonly RecordedRow[];
  readonly history: readonly RecordedRow[];
}

interface RecordedRow {
  readonly PartitionKey: string;
  readonly RowKey: string;
  readonly columns: Readonly<Record<string, { readonly type: string; readonly value: unknown }>>;
}

/** What was too long to be recorded. */
interface CutText {
  readonly cut: string;
  readonly length: number;
}

/** Rows of one instance at one moment. */
export interface Snapshot {
  readonly recording: Recording;
  /** For the name of a test. */
  readonly title: string;
  readonly instanceId: string;
  readonly instance: TableRow | undefined;
  /** Of the execution that the sentinel names, in order. */
  readonly history: readonly TableRow[];
}

const lines = readFileSync(new URL("../fixtures/dtfx/recordings.jsonl", import.meta.url), "utf8")
  .trim()
  .split(/\r?\n/);
const all = lines.map((line) => JSON.parse(line) as Recording);

/** Those of scenarios, which the files of whole hubs are not. */
export const recordings: readonly Recording[] = all.filter(({ snapshots }) => snapshots !== undefined);
export const recordingCount: number = all.length;

/** Every instance at every moment. */
export const snapshots: readonly Snapshot[] = recordings.flatMap((recording) => {
  const moments = [...Object.entries(recording.snapshots), ["at the end", recording.derivedInstances] as const];
  return moments.flatMap(([moment, instances]) =>
    Object.entries(instances ?? {}).map(([instanceId, { instances: rows, history }]) => {
      const sentinel = history.find(({ RowKey }) => RowKey === "sentinel");
      const executionId = sentinel?.columns["ExecutionId"]?.value;
      const isOfExecution = ({ RowKey, columns }: RecordedRow) =>
        RowKey !== "sentinel" && columns["ExecutionId"]?.value === executionId;
      return {
        recording,
        title: `${recording.file}: ${instanceId} ${moment}`,
        instanceId,
        instance: rows[0] && toRow(rows[0], recording),
        history: history.filter(isOfExecution).map((row) => toRow(row, recording)),
      };
    }),
  );
});

/** Columns that DurableTask.AzureStorage 1.x did not write. */
const laterColumns = [
  "FailureDetails",
  "Tags",
  "ParentTraceContext",
  "ClientSpanId",
  "Correlation",
  "Generation",
  "ScheduledStartTime",
  "ParentInstanceId",
  "CompletedTime",
];

/** The row as version 1.x would have written it. */
export function withoutLaterColumns(row: TableRow): TableRow {
  const columns = [...row.columns].filter(([name]) => !laterColumns.includes(name));
  return { ...row, columns: new Map(columns) };
}

/**
 * A recorded text as it was: those that were cut repeat one character between quotation marks.
 *
 * @returns `undefined` for a text that was cut and is of another kind
 */
export function wholeText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || !("cut" in value)) return undefined;
  const { cut, length } = value as CutText;
  const [quote, first = ""] = cut;
  const rest = cut.slice(1).replace(/(?:\.\.\.|…)$/, "");
  const isRepeated = quote === '"' && rest === first.repeat(rest.length);
  return isRepeated ? `"${first.repeat(length - 2)}"` : undefined;
}

/** With the texts in their columns that the library has put into blobs. */
function toRow({ PartitionKey, RowKey, columns }: RecordedRow, { blobs }: Recording): TableRow {
  const read = new Map<string, EdmValue>();
  for (const [name, { type, value }] of Object.entries(columns)) {
    const blobName = columns[`${name}BlobName`]?.value;
    const stored = blobName === undefined ? value : blobs.find((blob) => blob.name === blobName)?.content;
    const whole = typeof stored === "object" ? wholeText(stored) : stored;
    // Of a recording that ends with a purge the blobs are gone.
    const text = whole ?? (stored === undefined ? String(value) : undefined);
    if (text === undefined) throw new Error(`${PartitionKey} ${RowKey} ${name} was cut`);
    if (!name.endsWith("BlobName")) read.set(name, { type: type.replace("Edm.", ""), value: text } as EdmValue);
  }
  return { partitionKey: PartitionKey, rowKey: RowKey, columns: read };
}
