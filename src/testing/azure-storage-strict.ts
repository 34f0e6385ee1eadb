import { describeForeignError } from "../backends/azure-storage/storage/storage-failure.ts";
import type {
  ReceivedMessage,
  StorageReply,
  StorageRequest,
  StorageRequestKind,
  StorageRequestOf,
  StorageTransport,
} from "../backends/azure-storage/storage/storage-request.ts";
import { fromEntity, toEntity } from "../backends/azure-storage/storage/table-entity.ts";
import type { EdmValue, TableRow } from "../backends/azure-storage/storage/table-row.ts";
import type { Clock } from "../core/ports.ts";
import { listInPages, queryInPages } from "./azure-storage-pages.ts";
import { violationsOf } from "./azure-storage-rules.ts";
import { SeededRandom } from "./seeded-random.ts";

/** How often the service answers in a way that the emulator does not, from 0 (never) to 1 (whenever it could). */
export interface StrictAnswers {
  /** A selected column that a row lacks is `null`, with or without a type; trailing zeros of dates are cut. */
  readonly nulls: number;
  /** A pop receipt that is not valid any more is 404 `MessageNotFound`; otherwise 400 `PopReceiptMismatch`. */
  readonly unknownReceipts: number;
  /** A page without rows, and with a token. */
  readonly emptyPages: number;
  /** A page that ends early, with a token. */
  readonly shortPages: number;
  /** 503 `ServerBusy` with a `Retry-After`; nothing was done. */
  readonly busy: number;
  /**
   * 500 `OperationTimedOut`. A write was done all the same, a read was not. Not for a receive, whose messages would be
   * away for the whole of their visibility timeout.
   */
  readonly timeouts: number;
  /** The same for sends: each makes the message twice. */
  readonly repeatedSends: number;
  /** The same for hiding a message: nobody knows its receipt then, and it comes again after its time. */
  readonly lostReceipts: number;
  /** A received message is delivered again a second later, and the receipt handed out is invalid. */
  readonly redeliveries: number;
  /** A receive has its messages in another order. */
  readonly shuffles: number;
  /** A receive has fewer messages than there are. */
  readonly shortReceives: number;
}

const strictAnswers: StrictAnswers = {
  nulls: 1,
  unknownReceipts: 0.8,
  emptyPages: 0.1,
  shortPages: 0.1,
  busy: 0.01,
  timeouts: 0.01,
  repeatedSends: 0.01,
  lostReceipts: 0.01,
  redeliveries: 0.01,
  shuffles: 0.5,
  shortReceives: 0.2,
};

export interface StrictServiceOptions {
  /** Chooses which requests are answered how. */
  readonly seed: number;
  readonly clock: Clock;
  /** How often, by kind; `0` switches a kind off. @defaultValue often enough for a test of some hundred requests */
  readonly answers?: Partial<StrictAnswers>;
  /** How long a table, queue or container is being deleted, in milliseconds. @defaultValue 3000 */
  readonly deletionMs?: number;
  /** Of a busy service, in milliseconds. @defaultValue 50 */
  readonly retryAfterMs?: number;
}

/**
 * A storage account that is as strict as the service, and answers as it does, over one that is not. To be shared by all
 * hubs of the account; belongs under retries and limits.
 *
 * @example
 * const service = new StrictService({ seed: 1, clock: systemClock });
 * createAzureStorageTaskHub({ ...options, decorateTransport: (transport) => service.decorate(transport) });
 * // ...
 * expect(service.violations).toEqual([]);
 */
export class StrictService {
  /** What the service would have refused, so far. Such requests are answered with 400 and not done. */
  readonly violations: string[] = [];
  readonly #options: StrictServiceOptions;
  readonly #answers: StrictAnswers;
  readonly #random = new Map<StorageRequestKind, SeededRandom>();
  /** When the name of what is being deleted is free again. */
  readonly #deletions = new Map<string, number>();

  constructor(options: StrictServiceOptions) {
    this.#options = options;
    this.#answers = { ...strictAnswers, ...options.answers };
  }

  /** @param answers where they differ from those of the service */
  decorate(transport: StorageTransport, answers: Partial<StrictAnswers> = {}): StorageTransport {
    const chances = { ...this.#answers, ...answers };
    return async (request, context) => {
      const violations = violationsOf(request);
      for (const violation of violations) this.violations.push(`${request.kind}: ${violation}`);
      if (violations.length > 0) return refusal(400, "InvalidInput", violations.join(", "));
      const deletion = this.#deletionOf(request);
      if (deletion !== undefined) return refusal(409, deletion);
      const random = this.#randomOf(request.kind);
      if (random.chance(chances.busy)) {
        return refusal(503, "ServerBusy", "busy", (this.#options.retryAfterMs ?? 50) / 1000);
      }
      const isLost = random.chance(chanceOfTimeout(request, chances));
      if (isLost && isRead(request)) return refusal(500, "OperationTimedOut");
      const reply = await this.#answer(request, context, transport, random, chances);
      this.#noteDeletion(request, reply);
      return isLost && reply.outcome === "done" ? refusal(500, "OperationTimedOut") : reply;
    };
  }

  async #answer(
    request: StorageRequest,
    context: Parameters<StorageTransport>[1],
    transport: StorageTransport,
    random: SeededRandom,
    chances: StrictAnswers,
  ): Promise<StorageReply> {
    const pages = { empty: chances.emptyPages, short: chances.shortPages };
    switch (request.kind) {
      case "table.query": {
        const reply = await queryInPages(request, context, transport, random, pages);
        if (reply.outcome !== "done") return reply;
        const page = reply.value as { readonly rows: readonly TableRow[] };
        const rows = page.rows.map((row) => asRead(row, request.select, random, chances.nulls));
        return { outcome: "done", value: { ...page, rows } };
      }
      case "table.get": {
        const reply = await transport(request, context);
        if (reply.outcome !== "done") return reply;
        return { outcome: "done", value: asRead(reply.value as TableRow, request.select, random, chances.nulls) };
      }
      case "blob.list":
        return listInPages(request, context, transport, random, pages);
      case "queue.receive":
        return receive(request, context, transport, random, chances);
      case "queue.update":
      case "queue.deleteMessage": {
        const reply = await transport(request, context);
        const isStale = reply.outcome === "conflict" && reply.errorCode === "PopReceiptMismatch";
        return isStale && random.chance(chances.unknownReceipts) ? refusal(404, "MessageNotFound") : reply;
      }
      default:
        return transport(request, context);
    }
  }

  #randomOf(kind: StorageRequestKind): SeededRandom {
    let random = this.#random.get(kind);
    if (random === undefined) {
      // One for each kind of request: how often queues are polled must not change what happens to writes.
      const number = [...kind].reduce((hash, char) => Math.imul(hash, 31) + char.charCodeAt(0), this.#options.seed);
      random = new SeededRandom(number);
      this.#random.set(kind, random);
    }
    return random;
  }

  /** Everything that is asked of a table meanwhile is refused, of the others only that they be made again. */
  #deletionOf(request: StorageRequest): string | undefined {
    const until = this.#deletions.get(placeOf(request));
    if (until === undefined || this.#options.clock.now() >= until) return undefined;
    if ("table" in request) return "TableBeingDeleted";
    if (request.kind === "queue.create") return "QueueBeingDeleted";
    return request.kind === "blob.createContainer" ? "ContainerBeingDeleted" : undefined;
  }

  #noteDeletion(request: StorageRequest, reply: StorageReply): void {
    const isDeletion = ["table.delete", "queue.delete", "blob.deleteContainer"].includes(request.kind);
    if (!isDeletion || reply.outcome !== "done") return;
    this.#deletions.set(placeOf(request), this.#options.clock.now() + (this.#options.deletionMs ?? 3000));
  }
}

function placeOf(request: StorageRequest): string {
  if ("table" in request) return `table ${request.table.toLowerCase()}`;
  return "queue" in request ? `queue ${request.queue}` : `container ${request.container}`;
}

function isRead({ kind }: StorageRequest): boolean {
  return ["table.query", "table.get", "blob.get", "blob.list", "blob.listLeases", "queue.exists"].includes(kind);
}

function chanceOfTimeout({ kind }: StorageRequest, chances: StrictAnswers): number {
  switch (kind) {
    case "queue.send":
      return chances.repeatedSends;
    case "queue.update":
      return chances.lostReceipts;
    case "queue.receive":
      return 0;
    default:
      return chances.timeouts;
  }
}

/** An answer of the service, told as the transport tells it. */
function refusal(statusCode: number, code: string, message = code, retryAfterSeconds?: number): StorageReply {
  const get = (name: string) => (name === "retry-after" ? retryAfterSeconds?.toString() : undefined);
  return describeForeignError({ statusCode, code, message, response: { headers: { get } } }, "strict:443");
}

/** A row as the service answers it, read as the transport reads it. */
function asRead(row: TableRow, select: readonly string[] | undefined, random: SeededRandom, nulls: number): TableRow {
  if (!random.chance(nulls)) return row;
  const { etag } = row;
  const columns = new Map([...row.columns].map(([name, value]) => [name, withoutTrailingZeros(value)]));
  const entity: Record<string, unknown> = { ...toEntity({ ...row, columns }), etag };
  for (const column of select ?? []) {
    if (columns.has(column) || column === "PartitionKey" || column === "RowKey") continue;
    entity[column] = random.chance(0.5) ? null : { type: "String", value: null };
  }
  return fromEntity(entity);
}

function withoutTrailingZeros(value: EdmValue): EdmValue {
  if (value.type !== "DateTime") return value;
  return { ...value, value: value.value.replace(/(\.\d*?)0*Z$/, "$1Z").replace(".Z", "Z") };
}

async function receive(
  request: StorageRequestOf<"queue.receive">,
  context: Parameters<StorageTransport>[1],
  transport: StorageTransport,
  random: SeededRandom,
  chances: StrictAnswers,
): Promise<StorageReply> {
  const maxMessages = random.chance(chances.shortReceives)
    ? 1 + random.below(request.maxMessages)
    : request.maxMessages;
  const reply = await transport({ ...request, maxMessages }, context);
  if (reply.outcome !== "done") return reply;
  const messages = reply.value as readonly ReceivedMessage[];
  const { queue } = request;
  for (const { messageId, popReceipt } of messages) {
    if (!random.chance(chances.redeliveries)) continue;
    await transport({ kind: "queue.update", queue, messageId, popReceipt, visibilityTimeoutMs: 1000 }, context);
  }
  return { outcome: "done", value: random.chance(chances.shuffles) ? random.shuffle(messages) : messages };
}
