import type { TaskMessage } from "../../../core/task-message.ts";
import type { DeliveredMessage } from "../../../engine/backend.ts";
import type { MessageData } from "../codec/message-data.ts";
import { countRuns, fatalRun, notesOfOthers, writeMessageNotes } from "../codec/message-notes.ts";
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

/**
 * A message that this worker has received and not yet given up.
 *
 * H1. Calls to the queue are made one after the other, each with the newest pop receipt.
 * H2. A second receipt of the same message replaces the first; a call that was refused with the first is repeated once.
 * H3. What belongs to the message is given up only when it is certain that this call has deleted it.
 * H4. A message that is delivered for the first time carries no note of its run and costs no request for it: its second
 *     delivery says that the first one has not ended. Whoever gives it back takes the own run out.
 * H5. Details of a heartbeat stand in the message until another heartbeat replaces them, whoever runs it.
 */
export class HeldMessage implements DeliveredMessage {
  readonly id: string;
  readonly queue: string;
  readonly data: MessageData;
  readonly #storage: StorageClient;
  readonly #onDeleted: (() => void) | undefined;
  #received: ReceivedMessage;
  #popReceipt: string;
  readonly #ownRun: string;
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
    this.#received = received;
    this.#popReceipt = received.popReceipt;
  }

  get message(): TaskMessage {
    return this.data.message;
  }

  get instanceId(): string {
    return this.data.message.target.instanceId;
  }

  get deliveryCount(): number {
    return this.#received.dequeueCount;
  }

  /** By other processes; without end once one was seen to take its process down. */
  get unfinishedRuns(): number {
    return countRuns(notesOfOthers(this.#received, this.#ownRun).unfinishedRuns);
  }

  /** Details that the last heartbeat has stored, of an earlier delivery at first. */
  get lastHeartbeat(): string | undefined {
    return this.#heartbeat ?? notesOfOthers(this.#received, this.#ownRun).lastHeartbeat;
  }

  get received(): ReceivedMessage {
    return this.#received;
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
    return this.hideFor(this.abandonDelayMs);
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
    const { unfinishedRuns } = notesOfOthers(this.#received, this.#ownRun);
    return writeMessageNotes(this.#received.text, {
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
export function compareArrival(left: HeldMessage, right: HeldMessage): number {
  const byInsertion = left.received.insertedOn.getTime() - right.received.insertedOn.getTime();
  if (byInsertion !== 0) return byInsertion;
  const byTime = left.message.event.timestamp.getTime() - right.message.event.timestamp.getTime();
  return byTime !== 0 ? byTime : left.data.sequenceNumber - right.data.sequenceNumber;
}
