import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { TableClient } from "@azure/data-tables";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { describeMessage } from "./storage-write.ts";

/** A table row as the storage SDK reads it, dates as `Date`. */
export type StoredRow = Readonly<Record<string, unknown>> & { readonly partitionKey: string; readonly rowKey: string };

/** What a task hub holds, read without the engine. */
export interface HubSnapshot {
  /** By partition key; large texts are put back into their columns. */
  readonly rows: ReadonlyMap<string, StoredRow>;
  /** By partition key, in the order of the row keys, the sentinel among them. */
  readonly histories: ReadonlyMap<string, readonly StoredRow[]>;
  /** What can be received now. */
  readonly visibleMessages: readonly string[];
  /** By queue, hidden messages too; queues that are empty are left out. */
  readonly messageCounts: ReadonlyMap<string, number>;
  /** Names of all blobs. */
  readonly blobs: readonly string[];
  /** What a row refers to and is not there. */
  readonly missingBlobs: readonly string[];
}

export interface HubLocation {
  readonly connectionString: string;
  readonly taskHub: string;
}

const payloadColumns = ["Input", "Output"];
const historyPayloadColumns = ["Name", "Input", "Result", "Output", "Reason", "Details", "FailureDetails", "Tags"];

export async function readHub({ connectionString, taskHub }: HubLocation): Promise<HubSnapshot> {
  const payloads = new StoredPayloads(connectionString, `${taskHub.toLowerCase()}-largemessages`);
  const [instanceRows, historyRows, queues, blobs] = await Promise.all([
    readTable(connectionString, `${taskHub}Instances`),
    readTable(connectionString, `${taskHub}History`),
    readQueues(connectionString, taskHub.toLowerCase()),
    payloads.list(),
  ]);
  const rows = new Map<string, StoredRow>();
  for (const row of instanceRows) rows.set(row.partitionKey, await payloads.restoreReferences(row));
  const histories = new Map<string, StoredRow[]>();
  for (const row of historyRows) {
    const history = histories.get(row.partitionKey) ?? [];
    histories.set(row.partitionKey, history);
    history.push(await payloads.restoreOffloaded(row));
  }
  return { rows, histories, ...queues, blobs, missingBlobs: payloads.missing };
}

async function readTable(connectionString: string, table: string): Promise<StoredRow[]> {
  const client = TableClient.fromConnectionString(connectionString, table, { allowInsecureConnection: true });
  const rows: StoredRow[] = [];
  for await (const row of client.listEntities()) rows.push(row as StoredRow);
  return rows;
}

async function readQueues(connectionString: string, prefix: string) {
  const service = QueueServiceClient.fromConnectionString(connectionString);
  const messageCounts = new Map<string, number>();
  const visibleMessages: string[] = [];
  for await (const { name } of service.listQueues({ prefix: `${prefix}-` })) {
    const queue = service.getQueueClient(name);
    const { approximateMessagesCount = 0 } = await queue.getProperties();
    if (approximateMessagesCount === 0) continue;
    messageCounts.set(name, approximateMessagesCount);
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
    visibleMessages.push(...peekedMessageItems.map(({ messageText }) => describeMessage(messageText)));
  }
  return { messageCounts, visibleMessages };
}

/** The hub's blobs, each read once. */
class StoredPayloads {
  readonly missing: string[] = [];
  readonly #container: ContainerClient;
  readonly #texts = new Map<string, string | undefined>();

  constructor(connectionString: string, container: string) {
    this.#container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(container);
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    if (!(await this.#container.exists())) return names;
    for await (const { name } of this.#container.listBlobsFlat()) names.push(name);
    return names;
  }

  /** Columns of an instance's row hold either a text or what names its blob, whichever form that has. */
  async restoreReferences(row: StoredRow): Promise<StoredRow> {
    const restored: Record<string, unknown> = { ...row };
    for (const column of payloadColumns) {
      const text = row[column];
      const blob = typeof text === "string" ? this.#referredBlob(text) : undefined;
      const content = blob === undefined ? undefined : await this.#read(blob);
      if (content !== undefined) restored[column] = content;
    }
    return restored as StoredRow;
  }

  async restoreOffloaded(row: StoredRow): Promise<StoredRow> {
    const restored: Record<string, unknown> = { ...row };
    for (const column of historyPayloadColumns) {
      const blob = row[`${column}BlobName`];
      if (typeof blob === "string" && blob !== "") restored[column] = await this.#read(blob);
    }
    return restored as StoredRow;
  }

  /** A URL, a path with the container, or the name of the blob alone. */
  #referredBlob(text: string): string | undefined {
    if (text.length > 2048 || !text.endsWith(".json.gz")) return undefined;
    const marker = `${this.#container.containerName}/`;
    const start = text.indexOf(marker);
    const name = start < 0 ? text : text.slice(start + marker.length);
    return name.split("/").map(decodeURIComponent).join("/");
  }

  async #read(blob: string): Promise<string | undefined> {
    if (!this.#texts.has(blob)) this.#texts.set(blob, await this.#download(blob));
    return this.#texts.get(blob);
  }

  async #download(blob: string): Promise<string | undefined> {
    try {
      const content = await this.#container.getBlobClient(blob).downloadToBuffer();
      const text = (await promisify(gunzip)(content)).toString("utf8");
      // The input of an instance may be its whole start message.
      return blob.endsWith("ExecutionStarted.json.gz") ? readStartInput(text) : text;
    } catch {
      this.missing.push(blob);
      return undefined;
    }
  }
}

function readStartInput(json: string): string | undefined {
  const { TaskMessage } = JSON.parse(json) as { TaskMessage: { Event: { Input?: string } } };
  return TaskMessage.Event.Input;
}
