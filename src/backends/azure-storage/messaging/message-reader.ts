import { isDurableError, messageOf } from "../../../core/errors.ts";
import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { LogSink } from "../../../core/ports.ts";
import { decodeQueueText, parseMessageData } from "../codec/message-data.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import type { LargePayloads } from "../tracking/large-payloads.ts";
import { abandonDelayMs, HeldMessage } from "./held-message.ts";
import { RepeatedSends } from "./repeated-sends.ts";

export interface MessageReaderOptions {
  readonly storage: StorageClient;
  readonly payloads: LargePayloads;
  readonly log: LogSink;
  readonly taskHub: string;
  /** How this process is named in notes of runs. */
  readonly ownRun?: string;
}

/** A message that could not be read this often is moved aside. */
const maxAttempts = 5;
const maxRemembered = 10_000;

/**
 * Turns received texts into messages.
 *
 * R1. What cannot be read never stops a queue: it is delivered again later, and moved to a blob after some attempts.
 * R2. Only attempts that met bad data count; an outage of the storage does not.
 * R3. Of a message that was sent twice because an answer got lost, the second is discarded.
 */
export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #events: EventLog;
  readonly #attempts = new Map<string, number>();
  readonly #sends = new RepeatedSends();

  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#events = createEventLog(options.log, { taskHub: options.taskHub });
  }

  /** Resolves to `undefined` for a message that cannot be read now; it has been dealt with. */
  async read(queue: string, received: ReceivedMessage): Promise<HeldMessage | undefined> {
    const { storage, payloads, ownRun } = this.#options;
    try {
      const queued = decodeQueueText(received.text);
      if (this.#sends.isRepeat(received.messageId, queued)) {
        // R3
        await this.#discardRepeat(queue, received);
        return undefined;
      }
      if (queued.kind === "message") return new HeldMessage(storage, queue, received, queued.data, undefined, ownRun);
      const content = parseMessageData(await payloads.get(queued.blobName));
      if (content.kind === "message") {
        // The instance's row may refer to the blob of a start message for its input.
        const isStart = content.data.message.event.type === "ExecutionStarted";
        const deleteBlob = isStart ? undefined : () => payloads.deleteInBackground([queued.blobName]);
        return new HeldMessage(storage, queue, received, content.data, deleteBlob, ownRun);
      }
      await this.#giveUp(queue, received, `blob ${queued.blobName} refers to another blob`);
    } catch (error) {
      const isBadData = isDurableError(error, "CorruptData"); // R2
      await this.#giveUp(queue, received, messageOf(error), isBadData).catch(() => undefined);
    }
    return undefined;
  }

  async #discardRepeat(queue: string, { messageId, popReceipt, dequeueCount }: ReceivedMessage): Promise<void> {
    const fields = { queue, messageId, deliveryCount: dequeueCount };
    this.#events.write("RepeatedSendDiscarded", `discarded a message of ${queue} that was sent twice`, fields);
    await this.#options.storage.perform({ kind: "queue.deleteMessage", queue, messageId, popReceipt });
  }

  async #giveUp(queue: string, received: ReceivedMessage, reason: string, isBadData = true): Promise<void> {
    const { storage } = this.#options;
    const { messageId, popReceipt, dequeueCount } = received;
    const attempts = (this.#attempts.get(messageId) ?? 0) + (isBadData ? 1 : 0);
    if (this.#attempts.size >= maxRemembered) this.#attempts.clear();
    this.#attempts.set(messageId, attempts);
    const fields = { queue, messageId, deliveryCount: dequeueCount, reason };
    if (attempts < maxAttempts) {
      this.#events.write("MessageUnreadable", `a message in ${queue} cannot be read: ${reason}`, fields);
      const visibilityTimeoutMs = abandonDelayMs(dequeueCount);
      await storage.perform({ kind: "queue.update", queue, messageId, popReceipt, visibilityTimeoutMs });
      return;
    }
    await this.#quarantine(queue, received, reason); // R1
    this.#attempts.delete(messageId);
    this.#events.write("MessageQuarantined", `moved an unreadable message of ${queue} aside: ${reason}`, fields);
  }

  /** First the copy, then the deletion: a crash between leaves both. */
  async #quarantine(queue: string, received: ReceivedMessage, reason: string): Promise<void> {
    const { messageId, popReceipt, dequeueCount, insertedOn, text } = received;
    const note = { queue, messageId, reason, dequeueCount, insertedOn: insertedOn.toISOString(), text };
    const content = Buffer.from(JSON.stringify(note, undefined, 2), "utf8");
    await this.#options.payloads.putRaw(`quarantine/${queue}/${messageId}.json`, content);
    await this.#options.storage.perform({ kind: "queue.deleteMessage", queue, messageId, popReceipt });
  }
}
