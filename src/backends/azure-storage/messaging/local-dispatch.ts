import type { TaskMessage } from "../../../core/task-message.ts";
import type { HubNames } from "../hub-names.ts";
import type { HeldDelivery, HeldMessage } from "./held-message.ts";
import { admitMessage } from "./message-admission.ts";

/** A place of this process for messages of one queue. */
export interface LocalReceiver {
  /** Keeps a place for one more message. `false` when it has to go through the queue. */
  reserve(): boolean;
  /** Gives a reserved place up. */
  release(): void;
  /** Takes what a place was reserved for. `false` when this process is done with the queue. */
  accept(message: HeldMessage): boolean;
}

export interface LocalDispatchOptions {
  readonly names: HubNames;
  /** What was kept from others for longer is handed to none, in milliseconds: its time would run out under the work. */
  readonly maxHeldMs: number;
  /** @returns `undefined` for a queue that this process does not receive from */
  readonly receiverOf: (queue: string) => LocalReceiver | undefined;
}

/** A place that is kept for a message on its way. */
export interface LocalPlace {
  /** Hands the message over; what is not taken any more is for any worker. */
  handOver(message: HeldMessage, heldForMs: number): void;
  release(): void;
}

/**
 * Messages that this process would receive itself: they are put into their queue hidden, and handed over in memory once
 * whatever sends them is durable. A process that dies in between leaves them to whoever sees them next.
 *
 * D1. Only messages that a receiver would take: what it would put aside goes through its queue.
 * D2. A place that is reserved is handed over or released, once.
 */
export class LocalDispatch {
  readonly #options: LocalDispatchOptions;

  constructor(options: LocalDispatchOptions) {
    this.#options = options;
  }

  reserve(queue: string, message: TaskMessage): LocalPlace | undefined {
    const { names, receiverOf, maxHeldMs } = this.#options;
    const receiver = receiverOf(queue);
    if (receiver === undefined || admitMessage(message, queue, names).kind !== "accept") return undefined; // D1
    if (!receiver.reserve()) return undefined;
    return {
      handOver: (held, heldForMs) => {
        if (heldForMs <= maxHeldMs && receiver.accept(held)) return; // D2
        if (heldForMs > maxHeldMs) receiver.release();
        void putBack(held);
      },
      release: () => receiver.release(),
    };
  }
}

/** Never rejects: what cannot be put back comes again when its time runs out. */
export function putBack(message: HeldDelivery): Promise<unknown> {
  return message.putBack().catch(() => false);
}
