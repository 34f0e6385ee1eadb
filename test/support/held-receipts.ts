import type { StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";

interface Receipt {
  readonly queue: string;
  readonly popReceipt: string;
}

/**
 * The messages that the workers of a hub hold, received or sent for themselves, with their newest receipts: whoever has these can end a lock before its
 * time, as nobody else can.
 */
export class HeldReceipts {
  readonly #lockMs: number;
  readonly #receipts = new Map<string, Receipt>();
  #transport: StorageTransport | undefined;

  /** @param lockMs what tells a lock from the delay of a message that was given back */
  constructor(lockMs: number) {
    this.#lockMs = lockMs;
  }

  /** Notes what passes. */
  watch(transport: StorageTransport): StorageTransport {
    this.#transport = transport;
    return async (request, context) => {
      const reply = await transport(request, context);
      if (reply.outcome !== "done") return reply;
      if (request.kind === "queue.receive") {
        for (const { messageId, popReceipt } of reply.value as readonly { messageId: string; popReceipt: string }[]) {
          this.#receipts.set(messageId, { queue: request.queue, popReceipt });
        }
      } else if (request.kind === "queue.send") {
        const { messageId, popReceipt } = reply.value as { messageId: string; popReceipt: string };
        // Hidden for the sender itself.
        if (request.isHeld === true) this.#receipts.set(messageId, { queue: request.queue, popReceipt });
      } else if (request.kind === "queue.update") {
        const { queue, messageId, visibilityTimeoutMs } = request;
        const { popReceipt } = reply.value as { popReceipt: string };
        if (visibilityTimeoutMs === this.#lockMs) this.#receipts.set(messageId, { queue, popReceipt });
        else this.#receipts.delete(messageId);
      } else if (request.kind === "queue.deleteMessage") {
        this.#receipts.delete(request.messageId);
      }
      return reply;
    };
  }

  /** Makes all of them visible. A receipt that is older than its message's newest one has no effect. */
  async expire(): Promise<void> {
    const receipts = [...this.#receipts];
    this.#receipts.clear();
    await Promise.all(
      receipts.map(async ([messageId, held]) => {
        await this.#transport!({ kind: "queue.update", messageId, ...held, visibilityTimeoutMs: 0 }, {});
      }),
    );
  }
}
