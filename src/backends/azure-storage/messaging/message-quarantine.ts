import { DurableError } from "../../../core/errors.ts";
import { mapConcurrently } from "../../../core/map-concurrently.ts";
import type { Clock } from "../../../core/ports.ts";
import type { Quarantine, QuarantinedContent, QuarantinePage, QuarantineQuery } from "../../../core/quarantine.ts";
import { decodeQueueText } from "../codec/message-data.ts";
import { describeQueueText, formatQuarantineNote, parseQuarantineNote } from "../codec/quarantine-note.ts";
import type { HubNames } from "../hub-names.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import type { LargePayloads } from "../tracking/large-payloads.ts";
import { queueOf } from "./message-admission.ts";
import { maxReadAttempts } from "./read-attempts.ts";

export interface MessageQuarantineOptions {
  readonly storage: StorageClient;
  readonly payloads: Pick<LargePayloads, "putRaw">;
  readonly names: HubNames;
  readonly clock: Clock;
  /** Told of each message that is put back, with the time from which it can be received. */
  readonly onSent: (queue: string, visibleAt: number) => void;
}

const prefix = "quarantine/";
const noteSuffix = ".json";
/** The queue, and the message with the number of its delivery; the number is missing in notes of earlier versions. */
const idPattern = /^([a-z0-9-]{3,63})\/([A-Za-z0-9-]{1,80})$/;
/** A queue message has 64 KiB, which as JSON are six times as many at most. */
const maxNoteBytes = 1024 * 1024;
const maxConcurrentReads = 16;
const defaultPageSize = 100;

/**
 * Messages that were put aside, one blob each below `quarantine/` in the hub's container for large payloads.
 *
 * Q1. The copy is written before the message is deleted: a crash between leaves both, and the message comes again.
 * Q2. The message is deleted with the receipt of the delivery that was read. When that is refused, somebody else has the
 *     message by now and decides about it, so the copy is taken back. Each delivery has a blob of its own, so that this
 *     never is the copy of another.
 * Q3. Who puts a message back sends it before the copy is deleted.
 */
export class MessageQuarantine implements Quarantine {
  readonly #options: MessageQuarantineOptions;

  constructor(options: MessageQuarantineOptions) {
    this.#options = options;
  }

  /**
   * Moves a message aside. Resolves to its id here, or to `undefined` when somebody else has it.
   *
   * @throws DurableError what storage throws: the message comes again, and its copy is replaced
   */
  async add(queue: string, received: ReceivedMessage, reason: string): Promise<string | undefined> {
    const { storage, payloads, clock } = this.#options;
    const { messageId, popReceipt, dequeueCount, insertedOn, text } = received;
    const id = `${queue}/${messageId}-${dequeueCount}`;
    const note = formatQuarantineNote({
      queue,
      messageId,
      reason,
      deliveryCount: dequeueCount,
      insertedAt: insertedOn,
      quarantinedAt: new Date(clock.now()),
      ...describeQueueText(text),
      text,
    });
    await payloads.putRaw(blobOf(id), Buffer.from(note, "utf8")); // Q1
    const reply = await storage.perform({ kind: "queue.deleteMessage", queue, messageId, popReceipt });
    const isDeleted = reply.outcome === "done" || reply.afterLostAnswer === true;
    if (!isDeleted)
      await this.#delete(id); // Q2
    else if (dequeueCount > maxReadAttempts) await this.#deleteOlder(id).catch(() => undefined);
    return isDeleted ? id : undefined;
  }

  /** Copies of earlier deliveries, whose message could not be deleted. Before the last attempt there are none. */
  async #deleteOlder(id: string): Promise<void> {
    const ofMessage = id.slice(0, id.lastIndexOf("-") + 1);
    for await (const other of this.#ids(ofMessage)) if (other !== id) await this.#delete(other);
  }

  async list({ pageSize = defaultPageSize, continuationToken }: QuarantineQuery = {}): Promise<QuarantinePage> {
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 1000) {
      throw new DurableError("InvalidOption", `pageSize must be 1 to 1000, but got ${String(pageSize)}`);
    }
    if (continuationToken !== undefined && !idPattern.test(continuationToken)) {
      throw new DurableError("InvalidOption", "continuationToken is not one that a page of the quarantine had");
    }
    const ids: string[] = [];
    for await (const id of this.#ids("")) {
      // Names come in their order.
      if (continuationToken !== undefined && id <= continuationToken) continue;
      ids.push(id);
      if (ids.length > pageSize) break;
    }
    const shown = ids.slice(0, pageSize);
    const read = await mapConcurrently(shown, maxConcurrentReads, (id) => this.get(id));
    return {
      // What was dropped meanwhile is left out.
      messages: read.flatMap((message) => (message === undefined ? [] : withoutText(message))),
      continuationToken: ids.length > pageSize ? shown.at(-1) : undefined,
    };
  }

  async get(id: string): Promise<QuarantinedContent | undefined> {
    if (!idPattern.test(id)) return undefined;
    const { storage, names } = this.#options;
    const container = names.largeMessagesContainer;
    const reply = await storage.perform({ kind: "blob.get", container, blob: blobOf(id), maxBytes: maxNoteBytes });
    if (reply.outcome !== "done") return undefined;
    return parseQuarantineNote(id, Buffer.from(reply.value).toString("utf8"));
  }

  async requeue(id: string): Promise<boolean> {
    const { storage, clock, onSent } = this.#options;
    const message = await this.get(id);
    if (message === undefined) return false;
    const queue = this.#homeOf(message);
    await storage.require({ kind: "queue.send", queue, text: message.text, visibilityDelayMs: 0 }); // Q3
    onSent(queue, clock.now());
    await this.#delete(id);
    return true;
  }

  async drop(id: string): Promise<boolean> {
    return idPattern.test(id) && (await this.#delete(id));
  }

  #homeOf({ queue, text }: QuarantinedContent): string {
    const { names } = this.#options;
    try {
      const queued = decodeQueueText(text);
      if (queued.kind === "message") return queueOf(queued.data.message, names);
    } catch {
      // As unreadable as before.
    }
    if (queue === names.workItemQueue || names.controlQueues.includes(queue)) return queue;
    throw new DurableError("CorruptData", `the quarantined message came from ${queue}, which is no queue of this hub`);
  }

  async #delete(id: string): Promise<boolean> {
    const { storage, names } = this.#options;
    const request = { kind: "blob.delete", container: names.largeMessagesContainer, blob: blobOf(id) } as const;
    const reply = await storage.perform(request);
    return reply.outcome === "done" || reply.afterLostAnswer === true;
  }

  async *#ids(ofPrefix: string): AsyncGenerator<string> {
    const { storage, names } = this.#options;
    const container = names.largeMessagesContainer;
    let continuationToken: string | undefined;
    do {
      const request = { kind: "blob.list", container, prefix: prefix + ofPrefix, continuationToken } as const;
      const page = await storage.perform(request);
      if (page.outcome !== "done") return;
      for (const name of page.value.names) {
        const id = name.endsWith(noteSuffix) ? name.slice(prefix.length, -noteSuffix.length) : "";
        if (idPattern.test(id)) yield id;
      }
      continuationToken = page.value.continuationToken;
    } while (continuationToken !== undefined);
  }
}

function blobOf(id: string): string {
  return `${prefix}${id}${noteSuffix}`;
}

function withoutText({ text: _, ...message }: QuarantinedContent): QuarantinePage["messages"][number] {
  return message;
}
