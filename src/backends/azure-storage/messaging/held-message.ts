import type { TaskMessage } from "../../../core/task-message.ts";
import type { DeliveredMessage } from "../../../engine/backend.ts";
import type { MessageData } from "../codec/message-data.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";

/** Delay before an abandoned message is delivered again. */
export function abandonDelayMs(dequeueCount: number): number {
  return 1000 * (dequeueCount > 30 ? 600 : Math.min(2 ** dequeueCount, 600));
}

/**
 * A message that this worker has received and not yet given up.
 *
 * H1. Calls to the queue are made one after the other, each with the newest pop receipt.
 * H2. A second receipt of the same message replaces the first.
 */
export class HeldMessage implements DeliveredMessage {
  readonly id: string;
  readonly queue: string;
  readonly data: MessageData;
  readonly #storage: StorageClient;
  readonly #onDeleted: (() => void) | undefined;
  #received: ReceivedMessage;
  #popReceipt: string;
  #calls: Promise<unknown> = Promise.resolve();

  /** @param onDeleted called once the queue has let go of the message */
  constructor(
    storage: StorageClient,
    queue: string,
    received: ReceivedMessage,
    data: MessageData,
    onDeleted?: () => void,
  ) {
    this.#storage = storage;
    this.#onDeleted = onDeleted;
    this.queue = queue;
    this.id = received.messageId;
    this.data = data;
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
  hideFor(ms: number, text?: string): Promise<boolean> {
    return this.#withReceipt(async (popReceipt) => {
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
      if (reply.outcome === "done") {
        // A receipt taken over meanwhile is newer than the one that this call was made with.
        if (this.#popReceipt === popReceipt) this.#popReceipt = reply.value.popReceipt;
        return "done";
      }
      // The lost attempt has hidden it, under a receipt that nobody was told.
      if (reply.outcome === "conflict" && reply.afterLostAnswer) return "done";
      return reply.outcome;
    });
  }

  /** Resolves to `false` when someone else has it by now, so that it will be delivered again. */
  async delete(): Promise<boolean> {
    const isDeleted = await this.#withReceipt(async (popReceipt) => {
      const { queue, id } = this;
      const reply = await this.#storage.perform({ kind: "queue.deleteMessage", queue, messageId: id, popReceipt });
      return reply.outcome === "notFound" ? "done" : reply.outcome;
    });
    if (isDeleted) this.#onDeleted?.();
    return isDeleted;
  }

  get abandonDelayMs(): number {
    return abandonDelayMs(this.deliveryCount);
  }

  abandon(): Promise<boolean> {
    return this.hideFor(this.abandonDelayMs);
  }

  #withReceipt(call: (popReceipt: string) => Promise<"done" | "conflict" | "notFound">): Promise<boolean> {
    const run = async () => {
      const popReceipt = this.#popReceipt;
      const outcome = await call(popReceipt);
      if (outcome === "conflict" && this.#popReceipt !== popReceipt) return (await call(this.#popReceipt)) === "done";
      return outcome === "done";
    };
    const result = this.#calls.then(run, run);
    this.#calls = result.catch(() => undefined);
    return result;
  }
}

/** Insertion time, in the service's whole seconds, then the sender's counter. */
export function compareArrival(left: HeldMessage, right: HeldMessage): number {
  const byTime = left.received.insertedOn.getTime() - right.received.insertedOn.getTime();
  return byTime !== 0 ? byTime : left.data.sequenceNumber - right.data.sequenceNumber;
}
