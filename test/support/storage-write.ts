import type { StorageRequest } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { readBoolean, readString, type TableRow } from "../../src/backends/azure-storage/storage/table-row.ts";
import type { ProxiedAnswer, ProxiedRequest } from "./storage-proxy.ts";

/** A request that changes a task hub, as far as a fault may be aimed at it. */
export type StorageWrite =
  | { readonly to: "queue"; readonly verb: "send"; readonly message: string }
  | { readonly to: "queue"; readonly verb: "delete" | "hide"; readonly messageId: string }
  | {
      readonly to: "history";
      readonly verb: "write" | "delete";
      readonly instanceId: string;
      readonly eventTypes: readonly string[];
      /** `false` when more batches of the checkpoint follow. */
      readonly isWhole: boolean;
    }
  | { readonly to: "row"; readonly verb: "write" | "delete"; readonly instanceId: string; readonly status?: string }
  | { readonly to: "blob"; readonly verb: "put" | "delete"; readonly blob: string };

/** `undefined` for reads, for what creates the hub and for the leases of its partitions. */
export function parseHttpWrite({ service, method, path, body }: ProxiedRequest): StorageWrite | undefined {
  const url = new URL(path, "http://localhost");
  if (method === "GET" || method === "HEAD" || url.searchParams.has("restype")) return undefined;
  const place = decodeURIComponent(url.pathname).replace(/^\/[^/]+\//, "");
  if (isOfLeases(place.slice(0, place.indexOf("/")))) return undefined;
  if (service === "queue") return parseQueueWrite(method, place, body);
  if (service === "table") return parseTableWrite(method, place, body.toString("utf8"));
  return { to: "blob", verb: method === "DELETE" ? "delete" : "put", blob: place.slice(place.indexOf("/") + 1) };
}

/** The containers of `taskhub.json`, of leases of partitions and of the app lease. */
function isOfLeases(container: string): boolean {
  return /-(?:leases|applease)$/.test(container);
}

function parseQueueWrite(method: string, place: string, body: Buffer): StorageWrite | undefined {
  const [, messageId] = /\/messages(?:\/(.+))?$/.exec(place) ?? [undefined, undefined];
  if (messageId !== undefined) return { to: "queue", verb: method === "DELETE" ? "delete" : "hide", messageId };
  const text = /<MessageText>([\s\S]*)<\/MessageText>/.exec(body.toString("utf8"))?.[1];
  return method === "POST" && text !== undefined
    ? { to: "queue", verb: "send", message: describeMessage(text) }
    : undefined;
}

function parseTableWrite(method: string, place: string, body: string): StorageWrite | undefined {
  // All writes of a batch have one table and one partition key: that of its first one stands in its URL, or in its row.
  const [, url = "", inBatch = ""] = /^[A-Z]+ (\S*\/([A-Za-z0-9]+)(?:\([^)\s]*\))?) HTTP/m.exec(body) ?? [];
  const table = place.startsWith("$batch") ? inBatch : place;
  const target = place.startsWith("$batch") ? decodeURIComponent(url) : place;
  const key = /PartitionKey='([^']*)'/.exec(target)?.[1] ?? /"PartitionKey":"([^"]*)"/.exec(body)?.[1] ?? "";
  if (/Instances(?:\(|$)/.test(table)) {
    const status = /"RuntimeStatus":"(\w+)"/.exec(body)?.[1];
    const verb = method === "DELETE" ? "delete" : "write";
    return { to: "row", verb, instanceId: key, ...(status === undefined ? {} : { status }) };
  }
  if (!/History(?:\(|$)/.test(table)) return undefined;
  const eventTypes = [...body.matchAll(/"EventType":"(\w+)"/g)].map(([, type]) => type!);
  const isDeletion = method === "DELETE" || /^DELETE /m.test(body);
  const isWhole = !body.includes('"IsCheckpointComplete":false');
  return { to: "history", verb: isDeletion ? "delete" : "write", instanceId: key, eventTypes, isWhole };
}

/** The same for a request at the storage seam of the backend. */
export function parseSeamWrite(request: StorageRequest): StorageWrite | undefined {
  switch (request.kind) {
    case "queue.send":
      return { to: "queue", verb: "send", message: describeMessage(request.text) };
    case "queue.deleteMessage":
      return { to: "queue", verb: "delete", messageId: request.messageId };
    case "queue.update":
      return { to: "queue", verb: "hide", messageId: request.messageId };
    case "blob.put":
    case "blob.putBlock":
    case "blob.putBlockList":
    case "blob.delete":
      if (isOfLeases(request.container)) return undefined;
      return { to: "blob", verb: request.kind === "blob.delete" ? "delete" : "put", blob: request.blob };
    case "table.insert":
    case "table.upsert":
    case "table.update":
      return rowWrite(request.table, "write", [request.row]);
    case "table.deleteRow":
      return rowWrite(request.table, "delete", [{ ...request, columns: new Map() }]);
    case "table.batch": {
      const isDeletion = request.writes.some(({ write }) => write === "delete");
      return rowWrite(
        request.table,
        isDeletion ? "delete" : "write",
        request.writes.map(({ row }) => row),
      );
    }
    default:
      return undefined;
  }
}

function rowWrite(table: string, verb: "write" | "delete", rows: readonly TableRow[]): StorageWrite | undefined {
  const instanceId = rows[0]?.partitionKey ?? "";
  const status = rows[0] && readString(rows[0], "RuntimeStatus");
  if (table.endsWith("Instances")) return { to: "row", verb, instanceId, ...(status === undefined ? {} : { status }) };
  if (!table.endsWith("History")) return undefined;
  const eventTypes = rows.flatMap((row) => readString(row, "EventType") ?? []);
  const isWhole = rows.every((row) => readBoolean(row, "IsCheckpointComplete") !== false);
  return { to: "history", verb, instanceId, eventTypes, isWhole };
}

/** Names writes, so that the same write of another run has the same name: what it is, and its number among the like. */
export class WriteLabels {
  readonly #counts = new Map<string, number>();
  readonly #messages = new Map<string, string>();

  label(write: StorageWrite): string {
    const text = this.#describe(write).replace(/[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/gi, "*");
    const count = (this.#counts.get(text) ?? 0) + 1;
    this.#counts.set(text, count);
    return `${text} #${count}`;
  }

  /** A message is deleted by an id that its sending or its receipt tells. */
  learn(messageId: string, message: string): void {
    this.#messages.set(messageId, message);
  }

  /** Messages that were seen and not deleted. */
  get open(): readonly string[] {
    return [...this.#messages.values()];
  }

  forget(messageId: string): void {
    this.#messages.delete(messageId);
  }

  learnFrom(request: ProxiedRequest, answer: ProxiedAnswer): void {
    if (request.service !== "queue" || answer.status >= 300) return;
    const body = answer.body.toString("utf8");
    const sentText = /<MessageText>([\s\S]*)<\/MessageText>/.exec(request.body.toString("utf8"))?.[1];
    for (const [, message = ""] of body.matchAll(/<QueueMessage>([\s\S]*?)<\/QueueMessage>/g)) {
      const id = /<MessageId>(.*?)<\/MessageId>/.exec(message)?.[1];
      const text = /<MessageText>([\s\S]*)<\/MessageText>/.exec(message)?.[1] ?? sentText;
      if (id !== undefined && text !== undefined) this.learn(id, describeMessage(text));
    }
  }

  #describe(write: StorageWrite): string {
    switch (write.to) {
      case "queue":
        return write.verb === "send"
          ? `send ${write.message}`
          : `${write.verb} ${this.#messages.get(write.messageId) ?? "a message"}`;
      case "row":
        return `${write.verb} row of ${write.instanceId} ${write.status ?? "with no status"}`;
      case "blob":
        return `${write.verb} blob ${write.blob.replace(/(?<=-)[0-9A-F]{8}(?=-)/, "*")}`;
      case "history":
        return `${write.verb} history of ${write.instanceId} ${describeEvents(write.eventTypes)}${write.isWhole ? "" : " in part"}`;
    }
  }
}

/** How an episode that took several answers together differs from one that took one is no matter of the label. */
function describeEvents(eventTypes: readonly string[]): string {
  const ends = [
    eventTypes.includes("ExecutionStarted") && "begins",
    eventTypes.includes("ExecutionCompleted") && "ends",
  ].filter((end) => end !== false);
  return ends.length === 0 ? "goes on" : ends.join(" and ");
}

/** @param text of a queue message: JSON, or Base64 of it */
export function describeMessage(text: string): string {
  try {
    const json = text.trimStart().startsWith("{") ? text : Buffer.from(text, "base64").toString("utf8");
    const { TaskMessage, CompressedBlobName } = JSON.parse(json) as QueueText;
    if (TaskMessage === null) return `large ${/-(\w+)\.json\.gz$/.exec(CompressedBlobName ?? "")?.[1] ?? "message"}`;
    const { Event, OrchestrationInstance } = TaskMessage;
    const type = /History\.(\w+?)Event\b/.exec(Event.$type)?.[1] ?? "unknown";
    const id = Event.TaskScheduledId ?? Event.TimerId ?? (Event.EventId === -1 ? Event.Name : Event.EventId);
    return `${type}(${id ?? ""}) to ${OrchestrationInstance.InstanceId}`;
  } catch {
    return "unreadable message";
  }
}

interface QueueText {
  readonly TaskMessage: {
    readonly Event: {
      readonly $type: string;
      readonly EventId?: number;
      readonly TaskScheduledId?: number;
      readonly TimerId?: number;
      readonly Name?: string;
    };
    readonly OrchestrationInstance: { readonly InstanceId: string };
  } | null;
  readonly CompressedBlobName?: string | null;
}
