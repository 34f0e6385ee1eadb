import type { TaskMessage } from "../../../core/task-message.ts";
import type { DeliveredMessage } from "../../../engine/backend.ts";
import type { MessageData } from "../codec/message-data.ts";
import { countRuns, fatalRun, type MessageNotes, notesOfOthers, writeMessageNotes } from "../codec/message-notes.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";

/** Delay before an abandoned message is delivered again. */
export function abandonDelayMs(dequeueCount: number): number {
  return 1000 * (dequeueCount > 30 ? 600 : Math.min(2 ** dequeueCount, 600));
}

/**
 * What became of a call that needs the pop receipt. `refused`: the receipt is not valid any more, because someone else
 * has received the message, or it is gone; the service says 404 for either. `likelyDone`: refused too, after an attempt
 * without an answer, which most likely did what was asked.
 */
type ReceiptOutcome = "done" | "likelyDone" | "refused";

/** What this worker holds of an instance: messages of a queue, and answers that were never put into one. */
export interface HeldDelivery extends DeliveredMessage {
  readonly instanceId: string;
  readonly unfinishedRuns: number;
  /** It starts an instance that has no history, as whoever has sent it knows. @defaultValue false */
  readonly isFirstOfInstance?: boolean;
  readonly data: MessageData;
  /** By the clock of the service. */
  readonly insertedOn: Date;
  /** Delay before it is delivered again when it is abandoned, in milliseconds. */
  readonly abandonDelayMs: number;
  /** It was received once more. */
  adopt(newer: ReceivedMessage): void;
  /** Keeps it away from others for `ms`. Resolves to `false` when it is not ours any more. */
  hideFor(ms: number): Promise<boolean>;
  /** Resolves to `false` when this call has not deleted it: it may be delivered to others. */
  delete(): Promise<boolean>;
  /** Delivers it again after `ms`, its run taken out. */
  giveBack(ms: number): Promise<boolean>;
  /** Lets any worker have it at once; it was not begun here. */
  putBack(): Promise<boolean>;
  noteRun(note: "begun" | "fatal", hideForMs: number): Promise<void>;
}

/**
 * A message that this worker has received, or sent for itself, and not yet given up.
 *
 * H1. Calls to the queue are made one after the other, each with the newest pop receipt.
 * H2. A second receipt of the same message replaces the first; a call that was refused with the first is repeated once.
 * H3. What belongs to the message is given up only when it is certain that this call has deleted it.
 * H4. A message that is delivered for the first time carries no note of its run and costs no request for it: its second
 *     delivery says that the first one has not ended, unless it was handed over and never received. Whoever gives it back
 *     takes the own run out.
 * H5. Details of a heartbeat stand in the message until another heartbeat replaces them, whoever runs it.
 */
export class HeldMessage implements HeldDelivery {
  readonly id: string;
  readonly queue: string;
  readonly data: MessageData;
  isFirstOfInstance?: boolean;
  readonly #storage: StorageClient;
  readonly #onDeleted: (() => void) | undefined;
  #received: ReceivedMessage;
  #popReceipt: string;
  readonly #ownRun: string;
  /** This process has sent it for itself, and it was never received: a `dequeueCount` of 0. */
  readonly #isHandedOver: boolean;
  #isFatal = false;
  #heartbeat: string | undefined;
  #calls: Promise<unknown> = Promise.resolve();

  /**
   * @param onDeleted called once the message is certain to be deleted
   * @param ownRun how this process is named in notes of runs
   */
  constructor(
    storage: StorageClient,
    queue: string,
    received: ReceivedMessage,
    data: MessageData,
    onDeleted?: () => void,
    ownRun = "",
  ) {
    this.#storage = storage;
    this.#onDeleted = onDeleted;
    this.queue = queue;
    this.id = received.messageId;
    this.data = data;
    this.#ownRun = ownRun;
    this.#isHandedOver = received.dequeueCount === 0;
    this.#received = received;
    this.#popReceipt = received.popReceipt;
  }

  get message(): TaskMessage {
    return this.data.message;
  }

  get instanceId(): string {
    return this.data.message.target.instanceId;
  }

  /** The queue counts from its first receipt; what was handed over before is one more. */
  get deliveryCount(): number {
    return this.#received.dequeueCount + (this.#notes.wasHandedOver ? 1 : 0);
  }

  get #notes(): MessageNotes {
    const notes = notesOfOthers(this.#received, this.#ownRun);
    return this.#isHandedOver ? { ...notes, wasHandedOver: true } : notes;
  }

  /** By other processes; without end once one was seen to take its process down. */
  get unfinishedRuns(): number {
    return countRuns(this.#notes.unfinishedRuns);
  }

  /** Details that the last heartbeat has stored, of an earlier delivery at first. */
  get lastHeartbeat(): string | undefined {
    return this.#heartbeat ?? this.#notes.lastHeartbeat;
  }

  /** It was delivered before, or so long after it was sent that it may have been handed over to a process that died. */
  mayHaveRun(visibilityTimeoutMs: number): boolean {
    const { nextVisibleOn, insertedOn, dequeueCount } = this.#received;
    if (this.deliveryCount > 1) return true;
    // The service gives times in whole seconds.
    const waitedMs = nextVisibleOn.getTime() - visibilityTimeoutMs - insertedOn.getTime() + 1000;
    return dequeueCount === 1 && waitedMs >= visibilityTimeoutMs;
  }

  get received(): ReceivedMessage {
    return this.#received;
  }

  get insertedOn(): Date {
    return this.#received.insertedOn;
  }

  adopt(newer: ReceivedMessage): void {
    this.#received = newer;
    this.#popReceipt = newer.popReceipt;
  }

  /**
   * Delivers it again after `ms`, unless hidden anew. Resolves to `false` when the message is not ours any more.
   *
   * @param text what the queue holds of it from now on. @defaultValue what it holds
   */
  async hideFor(ms: number, text?: string): Promise<boolean> {
    const outcome = await this.#withReceipt(async (popReceipt) => {
      const { queue, id } = this;
      const request = {
        kind: "queue.update",
        queue,
        messageId: id,
        popReceipt,
        visibilityTimeoutMs: ms,
        text,
      } as const;
      const reply = await this.#storage.perform(request);
      // The lost attempt has hidden it, under a receipt that nobody was told.
      if (reply.outcome !== "done") return reply.afterLostAnswer ? "likelyDone" : "refused";
      // A receipt taken over meanwhile is newer than the one that this call was made with.
      if (this.#popReceipt === popReceipt) this.#popReceipt = reply.value.popReceipt;
      return "done";
    });
    return outcome !== "refused";
  }

  /** Resolves to `false` when someone else has it by now, or had: nothing was deleted by this call. */
  async delete(): Promise<boolean> {
    const outcome = await this.#withReceipt(async (popReceipt) => {
      const { queue, id } = this;
      const reply = await this.#storage.perform({ kind: "queue.deleteMessage", queue, messageId: id, popReceipt });
      if (reply.outcome === "done") return "done";
      return reply.outcome === "notFound" && reply.afterLostAnswer ? "likelyDone" : "refused";
    });
    if (outcome === "done") this.#onDeleted?.(); // H3
    return outcome !== "refused";
  }

  get abandonDelayMs(): number {
    return abandonDelayMs(this.deliveryCount);
  }

  abandon(): Promise<boolean> {
    return this.#isHandedOver ? this.giveBack(this.abandonDelayMs) : this.hideFor(this.abandonDelayMs);
  }

  putBack(): Promise<boolean> {
    return this.#isHandedOver ? this.hideFor(0) : this.giveBack(0);
  }

  /** Notes that code begins to run for it, or takes this process down. Never rejects. */
  async noteRun(note: "begun" | "fatal", hideForMs: number): Promise<void> {
    this.#isFatal ||= note === "fatal";
    if (note === "begun" && this.deliveryCount === 1) return; // H4
    // Without the note it is only run once more than it would be.
    await this.hideFor(hideForMs, this.#textWith(this.#isFatal ? fatalRun : this.#ownRun)).catch(() => false);
  }

  /** Stores details of a heartbeat. Resolves to `false` when the message is not ours any more. */
  async noteHeartbeat(details: string, hideForMs: number): Promise<boolean> {
    const before = this.#heartbeat;
    this.#heartbeat = details; // H5
    const isHeld = await this.hideFor(hideForMs, this.#textWith(this.#isFatal ? fatalRun : this.#ownRun));
    if (!isHeld) this.#heartbeat = before;
    return isHeld;
  }

  /** Delivers it again after `ms`, and takes the own run out (H4). */
  async giveBack(ms: number): Promise<boolean> {
    return await this.hideFor(ms, this.#textWith(this.#isFatal ? fatalRun : undefined));
  }

  /** @param run beside those of others */
  #textWith(run: string | undefined): string {
    const { unfinishedRuns, wasHandedOver } = this.#notes;
    return writeMessageNotes(this.#received.text, {
      wasHandedOver,
      unfinishedRuns: run === undefined ? unfinishedRuns : [...unfinishedRuns, run],
      lastHeartbeat: this.lastHeartbeat,
    });
  }

  #withReceipt(call: (popReceipt: string) => Promise<ReceiptOutcome>): Promise<ReceiptOutcome> {
    const run = async () => {
      const popReceipt = this.#popReceipt;
      const outcome = await call(popReceipt);
      if (outcome === "done" || this.#popReceipt === popReceipt) return outcome;
      // Received once more meanwhile: the message is there, and the newer receipt is the one that counts.
      return await call(this.#popReceipt); // H2
    };
    const result = this.#calls.then(run, run); // H1
    this.#calls = result.catch(() => undefined);
    return result;
  }
}

/**
 * Insertion time, in the service's whole seconds; then when the event was made; then the sender's counter, which tells the
 * order within one process, of messages of one moment. So the events of a sender keep their order when they went through
 * several hosts within a second, as far as their clocks agree.
 */
export function compareArrival(left: HeldDelivery, right: HeldDelivery): number {
  const byInsertion = left.insertedOn.getTime() - right.insertedOn.getTime();
  if (byInsertion !== 0) return byInsertion;
  const byTime = left.message.event.timestamp.getTime() - right.message.event.timestamp.getTime();
  return byTime !== 0 ? byTime : left.data.sequenceNumber - right.data.sequenceNumber;
}
