import { StorageClient } from "../../../src/backends/azure-storage/storage/storage-client.ts";
import type { StorageReply, StorageRequest } from "../../../src/backends/azure-storage/storage/storage-request.ts";
import {
  type EdmValue,
  edm,
  readString,
  type TableRow,
  type TableWrite,
} from "../../../src/backends/azure-storage/storage/table-row.ts";

/** A Partitions table with versions of its rows, one page per row. */
export class PartitionsTable {
  readonly storage: StorageClient = new StorageClient(async (request) => this.#answer(request));
  /** Asked so far, by kind. */
  readonly requests = new Map<string, number>();
  /** Called once a reader has the last row. */
  onQuery: () => void = () => {};
  readonly #rows = new Map<string, TableRow>();
  #tags = 0;
  #exists = true;

  constructor(queues: readonly string[]) {
    for (const queue of queues) this.put({ partitionKey: "", rowKey: queue, columns: new Map() });
  }

  get rows(): readonly TableRow[] {
    return [...this.#rows.values()];
  }

  put(row: TableRow): string {
    const etag = `W/"datetime'${++this.#tags}'"`;
    this.#rows.set(keyOf(row), { ...row, etag });
    return etag;
  }

  /** As somebody would who edits the table by hand. */
  change(queue: string, columns: Readonly<Record<string, string | EdmValue>>): void {
    const row = this.rowOf(queue);
    const changed = Object.entries(columns).map(([name, value]) => {
      return [name, typeof value === "string" ? edm.string(value) : value] as const;
    });
    this.put({ partitionKey: "", rowKey: queue, columns: new Map([...(row?.columns ?? []), ...changed]) });
  }

  delete(queue: string): void {
    this.#rows.delete(`/${queue}`);
  }

  drop(): void {
    this.#rows.clear();
    this.#exists = false;
  }

  rowOf(queue: string): TableRow | undefined {
    return this.#rows.get(`/${queue}`);
  }

  ownerOf(queue: string): string | undefined {
    const row = this.rowOf(queue);
    return row && readString(row, "CurrentOwner");
  }

  /** Resolves to `false` when the row is at another version. */
  replace(row: TableRow, etag: string): boolean {
    if (this.rowOf(row.rowKey)?.etag !== etag) return false;
    this.put(row);
    return true;
  }

  #answer(request: StorageRequest): StorageReply {
    this.requests.set(request.kind, (this.requests.get(request.kind) ?? 0) + 1);
    // Of a hub that was not deleted.
    if (request.kind === "queue.exists") return { outcome: "done", value: undefined };
    if (request.kind === "table.create") {
      this.#exists = true;
      return { outcome: "done", value: undefined };
    }
    if (!this.#exists) return { outcome: "notFound", errorCode: "TableNotFound" };
    if (request.kind === "table.query") {
      const index = Number(request.continuationToken ?? 0);
      const continuationToken = index + 1 < this.#rows.size ? String(index + 1) : undefined;
      const rows = this.rows.slice(index, index + 1);
      if (continuationToken === undefined) this.onQuery();
      return { outcome: "done", value: { rows, continuationToken } };
    }
    const writes = writesOf(request);
    for (const write of writes) {
      const current = this.#rows.get(keyOf(write.row));
      if (write.write === "insert" && current !== undefined) {
        return { outcome: "conflict", errorCode: "EntityAlreadyExists" };
      }
      if (write.write !== "update") continue;
      if (current === undefined) return { outcome: "notFound", errorCode: "ResourceNotFound" };
      if (current.etag !== write.etag) return { outcome: "conflict", errorCode: "UpdateConditionNotSatisfied" };
    }
    const etags = writes.map(({ row }) => this.put(row));
    return { outcome: "done", value: request.kind === "table.batch" ? { etags } : { etag: etags[0] } };
  }
}

function keyOf({ partitionKey, rowKey }: TableRow): string {
  return `${partitionKey}/${rowKey}`;
}

function writesOf(request: StorageRequest): readonly TableWrite[] {
  if (request.kind === "table.batch") return request.writes;
  if (request.kind === "table.update") return [{ write: "update", ...request }];
  return request.kind === "table.insert" ? [{ write: "insert", row: request.row }] : [];
}
