import { WaitingLine } from "../../../core/waiting-line.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import type { HeldMessage } from "./held-message.ts";
import type { MessageReader } from "./message-reader.ts";
import { QueuePoller, type QueuePollerOptions } from "./queue-poller.ts";

export interface WorkItemQueueOptions extends Omit<QueuePollerOptions, "capacity" | "onReceived"> {
  readonly reader: MessageReader;
}

/**
 * Requests for activities, received only while someone waits for one, as many as are wanted.
 *
 * W1. A request is held from its receipt until `forget`; a second receipt of a held one only renews the first.
 */
export class WorkItemQueue {
  readonly #options: WorkItemQueueOptions;
  readonly #poller: QueuePoller;
  readonly #stopping = new AbortController();
  readonly #held = new Map<string, HeldMessage>();
  readonly #line = new WaitingLine<HeldMessage>();
  /** Received for someone who has left since, or ahead of the next call. */
  readonly #spare: HeldMessage[] = [];
  #demand: () => number = () => 1;
  #running: Promise<void> | undefined;

  constructor(options: WorkItemQueueOptions) {
    this.#options = options;
    this.#poller = new QueuePoller({
      ...options,
      capacity: () => (this.#line.length === 0 ? 0 : Math.max(1, this.#demand())),
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
    await this.#options.reader.idle(this.#options.queue);
    const spare = this.#spare.splice(0);
    await Promise.all(spare.map((message) => this.#giveBack(message, 0).catch(() => false)));
  }

  /** Resolves to `undefined` when `signal` aborts. @param demand how many are wanted at the moment */
  fetch(signal: AbortSignal, demand: () => number): Promise<HeldMessage | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    this.#demand = demand;
    const spare = this.#spare.shift();
    if (spare !== undefined) return Promise.resolve(spare);
    const waiting = this.#line.wait(signal);
    // The first to wait ends the pause of a poller that had nobody to poll for.
    if (this.#line.length === 1) this.#poller.wake();
    return waiting;
  }

  forget(message: HeldMessage): void {
    if (this.#held.get(message.id) === message) this.#held.delete(message.id);
  }

  /** The message comes again after its delay, and is looked for then. */
  async abandon(message: HeldMessage): Promise<boolean> {
    const { abandonDelayMs } = message;
    this.#poller.wakeAt(this.#options.clock.now() + abandonDelayMs);
    return await this.#giveBack(message, abandonDelayMs);
  }

  async #giveBack(message: HeldMessage, delayMs: number): Promise<boolean> {
    this.forget(message);
    return await message.giveBack(delayMs);
  }

  async #receive(received: readonly ReceivedMessage[]): Promise<void> {
    const { reader, queue } = this.#options;
    const fresh = received.filter((message) => {
      const held = this.#held.get(message.messageId);
      held?.adopt(message); // W1
      return held === undefined;
    });
    await Promise.all(
      fresh.map(async (received) => {
        const message = await reader.read(queue, received);
        if (message === undefined) return;
        this.#held.set(message.id, message);
        if (!this.#line.offer(message)) this.#spare.push(message);
      }),
    );
  }
}
