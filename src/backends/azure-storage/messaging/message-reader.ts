import { DurableError, isDurableError, messageOf } from "../../../core/errors.ts";
import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { Clock, LogSink } from "../../../core/ports.ts";
import { escapeKey } from "../codec/key-escaping.ts";
import { readLargeMessage } from "../codec/large-message.ts";
import { decodeQueueText, type MessageData, type QueuedMessage } from "../codec/message-data.ts";
import type { HubNames } from "../hub-names.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import type { LargePayloads } from "../tracking/large-payloads.ts";
import { abandonDelayMs, HeldMessage } from "./held-message.ts";
import { admitMessage } from "./message-admission.ts";
import type { MessageQuarantine } from "./message-quarantine.ts";
import { ReadAttempts } from "./read-attempts.ts";
import { RepeatedSends } from "./repeated-sends.ts";

export interface MessageReaderOptions {
  readonly storage: StorageClient;
  readonly payloads: LargePayloads;
  readonly quarantine: MessageQuarantine;
  readonly names: HubNames;
  readonly clock: Clock;
  readonly log: LogSink;
  /** Told of each message that is put into another queue. */
  readonly onSent: (queue: string, visibleAt: number) => void;
  /** How this process is named in notes of runs. */
  readonly ownRun?: string;
}

const maxInBackground = 64;

/**
 * Turns received texts into messages.
 *
 * R1. What cannot be read never stops a queue: it is delivered again later, and put into quarantine after some attempts.
 *     So is what can be read and makes no sense in its queue.
 * R2. Only attempts that met bad data count; an outage of the storage does not.
 * R3. Of a message that was sent twice because an answer got lost, the second is discarded.
 * R4. A message for an instance of another partition goes on into the queue of that, first there, then gone here.
 * R5. A blob is read only for the instance whose folder it lies in: it is deleted with its message.
 * R6. Nobody waits for what is done about a message that is not taken, so that the good ones beside it are not late; at
 *     most {@link maxInBackground} of them at a time, and then the queue waits.
 */
export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #events: EventLog;
  readonly #attempts = new ReadAttempts();
  readonly #sends = new RepeatedSends();
  /** By what is under way: the queue that it is about. */
  readonly #background = new Map<Promise<void>, string>();

  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#events = createEventLog(options.log, { taskHub: options.names.taskHub });
  }

  /** Resolves to `undefined` for a message that cannot be taken now; it is being dealt with. Never rejects. */
  async read(queue: string, received: ReceivedMessage): Promise<HeldMessage | undefined> {
    let queued: QueuedMessage | undefined;
    try {
      queued = decodeQueueText(received.text);
      if (this.#sends.isRepeat(received.messageId, queued)) {
        await this.#inBackground(this.#discardRepeat(queue, received), queue, received); // R3
        return undefined;
      }
      const held = await this.#open(queue, received, queued);
      const admission = admitMessage(held.message, queue, this.#options.names);
      if (admission.kind === "refuse") throw new DurableError("CorruptData", admission.reason);
      if (admission.kind === "forward") {
        await this.#inBackground(this.#forward(queue, received, admission.queue), queue, received);
        return undefined;
      }
      this.#attempts.forget(received.messageId);
      return held;
    } catch (error) {
      await this.#inBackground(this.#fail(error, queue, received, queued), queue, received);
      return undefined;
    }
  }

  /** What this process has put into a queue for itself, as if it had received it. A second one that comes is a repeat. */
  hold(queue: string, received: ReceivedMessage, data: MessageData, blobName: string | undefined): HeldMessage {
    this.#sends.isRepeat(received.messageId, nameInQueue(data, blobName));
    return this.#toHeld(queue, received, data, blobName);
  }

  /**
   * Gives up a message that its receiver failed on, as one that cannot be read: a fault that one message brings about must
   * not come again for ever. Never rejects.
   */
  async refuse(queue: string, received: ReceivedMessage, error: unknown): Promise<void> {
    this.#logFailure(queue, received, error);
    await this.#inBackground(this.#fail(error, queue, received, undefined), queue, received);
  }

  /** For whom the blob is that a message refers to, as its name says; `undefined` when it refers to none. */
  instanceOfBlob({ text }: ReceivedMessage): string | undefined {
    try {
      const queued = decodeQueueText(text);
      return queued.kind === "largeMessage" ? folderOf(queued.blobName) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Resolves once all is done about the messages of a queue that were read until now and not taken. */
  async idle(queue: string): Promise<void> {
    const own = [...this.#background].flatMap(([work, about]) => (about === queue ? work : []));
    await Promise.all(own);
  }

  /** R6. Resolves as soon as there is room for more. */
  async #inBackground(work: Promise<void>, queue: string, received: ReceivedMessage): Promise<void> {
    const quiet = work
      // It comes again when its time runs out.
      .catch((error: unknown) => this.#logFailure(queue, received, error))
      .finally(() => this.#background.delete(quiet));
    this.#background.set(quiet, queue);
    while (this.#background.size > maxInBackground) await Promise.race(this.#background.keys());
  }

  #logFailure(queue: string, { messageId, dequeueCount: deliveryCount }: ReceivedMessage, error: unknown): void {
    const reason = reasonOf(error);
    const text = `a message of ${queue} could not be dealt with: ${reason}`;
    this.#events.write("MessageHandlingFailed", text, { queue, messageId, deliveryCount, reason });
  }

  async #open(queue: string, received: ReceivedMessage, queued: QueuedMessage): Promise<HeldMessage> {
    const { payloads } = this.#options;
    if (queued.kind === "message") return this.#toHeld(queue, received, queued.data, undefined);
    const { blobName } = queued;
    const content = await readLargeMessage(payloads.read(blobName), payloads.mark);
    return this.#toHeld(queue, received, contentOf(blobName, content), blobName);
  }

  #toHeld(queue: string, received: ReceivedMessage, data: MessageData, blobName: string | undefined): HeldMessage {
    const { storage, payloads, ownRun } = this.#options;
    // The instance's row may refer to the blob of a start message for its input.
    const isStart = data.message.event.type === "ExecutionStarted";
    const deleteBlob = isStart || blobName === undefined ? undefined : () => payloads.deleteInBackground([blobName]);
    return new HeldMessage(storage, queue, received, data, deleteBlob, ownRun);
  }

  async #discardRepeat(queue: string, { messageId, popReceipt, dequeueCount }: ReceivedMessage): Promise<void> {
    const fields = { queue, messageId, deliveryCount: dequeueCount };
    this.#events.write("RepeatedSendDiscarded", `discarded a message of ${queue} that was sent twice`, fields);
    await this.#options.storage.perform({ kind: "queue.deleteMessage", queue, messageId, popReceipt });
  }

  /** R4 */
  async #forward(queue: string, received: ReceivedMessage, home: string): Promise<void> {
    const { storage, clock, onSent } = this.#options;
    const { messageId, popReceipt, dequeueCount, text } = received;
    await storage.require({ kind: "queue.send", queue: home, text, visibilityDelayMs: 0 });
    this.#forgetSend(received);
    onSent(home, clock.now());
    const fields = { queue, messageId, deliveryCount: dequeueCount };
    this.#events.write("MessageForwarded", `a message of ${queue} belongs into ${home}, and was put there`, fields);
    await storage.perform({ kind: "queue.deleteMessage", queue, messageId, popReceipt });
  }

  async #fail(
    error: unknown,
    queue: string,
    received: ReceivedMessage,
    queued: QueuedMessage | undefined,
  ): Promise<void> {
    const { messageId, dequeueCount } = received;
    const reason = reasonOf(error);
    if (isOutage(error)) {
      this.#attempts.addOutage(messageId); // R2
      return await this.#hide(queue, received, reason);
    }
    const where = queued?.kind === "largeMessage" ? "blob" : "text";
    if (!this.#attempts.addBadRead(messageId, dequeueCount, where)) return await this.#hide(queue, received, reason);
    // R1
    const id = await this.#options.quarantine.add(queue, received, reason);
    this.#attempts.forget(messageId);
    this.#forgetSend(received);
    if (id === undefined) return;
    const fields = { queue, messageId, deliveryCount: dequeueCount, reason };
    this.#events.write("MessageQuarantined", `put a message of ${queue} into quarantine as ${id}: ${reason}`, fields);
  }

  /** It may come again under another id, and is no repeat of itself then. */
  #forgetSend({ messageId, text }: ReceivedMessage): void {
    try {
      this.#sends.forget(messageId, decodeQueueText(text));
    } catch {
      // What cannot be read has no name that is known.
    }
  }

  async #hide(queue: string, { messageId, popReceipt, dequeueCount }: ReceivedMessage, reason: string): Promise<void> {
    const fields = { queue, messageId, deliveryCount: dequeueCount, reason };
    this.#events.write("MessageUnreadable", `a message in ${queue} cannot be read: ${reason}`, fields);
    const visibilityTimeoutMs = abandonDelayMs(dequeueCount);
    await this.#options.storage.perform({ kind: "queue.update", queue, messageId, popReceipt, visibilityTimeoutMs });
  }
}

function nameInQueue(data: MessageData, blobName: string | undefined): QueuedMessage {
  return blobName === undefined ? { kind: "message", data } : { kind: "largeMessage", blobName };
}

/** One line, whatever names of the message it repeats. */
function reasonOf(error: unknown): string {
  return messageOf(error).replace(/[\p{Cc}\u2028\u2029]/gu, " ");
}

/** What says nothing about the message. Anything but an error of storage is bad data, or a fault that the message shows. */
function isOutage(error: unknown): boolean {
  return ["StorageUnavailable", "StorageRejected", "StorageBeingDeleted", "Aborted"].some(
    (code) => isDurableError(error) && error.code === code,
  );
}

/** R5. @throws DurableError `CorruptData` */
function contentOf(blobName: string, content: QueuedMessage): MessageData {
  if (content.kind === "largeMessage") throw new DurableError("CorruptData", `blob ${blobName} refers to another blob`);
  const { instanceId } = content.data.message.target;
  // Before 2019 names were in lower case, and before that without a folder.
  const folder = folderOf(blobName)?.toLowerCase();
  const isOwn = folder === undefined || [instanceId, escapeKey(instanceId)].some((id) => id.toLowerCase() === folder);
  if (isOwn) return content.data;
  throw new DurableError("CorruptData", `blob ${blobName} is not of the instance that it is a message for`);
}

function folderOf(blobName: string): string | undefined {
  const end = blobName.lastIndexOf("/");
  return end <= 0 ? undefined : blobName.slice(0, end);
}
