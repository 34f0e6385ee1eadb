import { setMaxListeners } from "node:events";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import type { HeldMessage } from "./held-message.ts";
import type { MessageReader } from "./message-reader.ts";
import { QueuePoller, type QueuePollerOptions } from "./queue-poller.ts";

export interface WorkItemQueueOptions extends Omit<QueuePollerOptions, "capacity" | "onReceived"> {
  readonly reader: MessageReader;
}

/** Requests for activities. Received only while someone waits for one, as many as there are waiting. */
export class WorkItemQueue {
  readonly #options: WorkItemQueueOptions;
  readonly #poller: QueuePoller;
  readonly #stopping = new AbortController();
  readonly #held = new Map<string, HeldMessage>();
  readonly #waiters = new Set<(message: HeldMessage) => void>();
  /** Received for a waiter who has left since. */
  readonly #spare: HeldMessage[] = [];
  #running: Promise<void> | undefined;

  constructor(options: WorkItemQueueOptions) {
    this.#options = options;
    this.#poller = new QueuePoller({
      ...options,
      capacity: () => this.#waiters.size,
      onReceived: (messages) => this.#receive(messages),
    });
  }

  get poller(): QueuePoller {
    return this.#poller;
  }

  start(): void {
    this.#running ??= this.#poller.run(this.#stopping.signal);
  }

  /** Makes what nobody has taken visible again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    const spare = this.#spare.splice(0);
    for (const message of spare) this.#held.delete(message.id);
    await Promise.all(spare.map((message) => message.hideFor(0).catch(() => false)));
  }

  /** Resolves to `undefined` when `signal` aborts. */
  fetch(signal: AbortSignal): Promise<HeldMessage | undefined> {
    // Everyone who waits for work may wait on one signal.
    setMaxListeners(0, signal);
    if (signal.aborted) return Promise.resolve(undefined);
    const spare = this.#spare.shift();
    if (spare !== undefined) return Promise.resolve(spare);
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiters.delete(take);
        resolve(undefined);
      };
      const take = (message: HeldMessage) => {
        this.#waiters.delete(take);
        signal.removeEventListener("abort", leave);
        resolve(message);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiters.add(take);
      // The first to wait ends the pause of a poller that had nobody to poll for.
      if (this.#waiters.size === 1) this.#poller.wake();
    });
  }

  forget(message: HeldMessage): void {
    this.#held.delete(message.id);
  }

  /** The message comes again after its delay, and is looked for then. */
  async abandon(message: HeldMessage): Promise<boolean> {
    this.#poller.wakeAt(this.#options.clock.now() + message.abandonDelayMs);
    return await message.abandon();
  }

  async #receive(received: readonly ReceivedMessage[]): Promise<void> {
    const { reader, queue } = this.#options;
    const fresh = received.filter((message) => {
      const held = this.#held.get(message.messageId);
      held?.adopt(message);
      return held === undefined;
    });
    await Promise.all(
      fresh.map(async (received) => {
        const message = await reader.read(queue, received);
        if (message === undefined) return;
        this.#held.set(message.id, message);
        const [waiter] = this.#waiters;
        if (waiter === undefined) this.#spare.push(message);
        else waiter(message);
      }),
    );
  }
}
