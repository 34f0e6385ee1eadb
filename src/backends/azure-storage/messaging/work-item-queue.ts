import { WaitingLine } from "../../../core/waiting-line.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import type { HeldMessage } from "./held-message.ts";
import { type LocalReceiver, putBack } from "./local-dispatch.ts";
import type { MessageReader } from "./message-reader.ts";
import { QueuePoller, type QueuePollerOptions } from "./queue-poller.ts";
import { RequestPace } from "./request-pace.ts";

export interface WorkItemQueueOptions extends Omit<QueuePollerOptions, "capacity" | "onReceived"> {
  readonly reader: MessageReader;
}

/**
 * Requests for activities, received while someone waits for one, as many as are wanted; and some ahead, while activities
 * are short and there are more.
 *
 * W1. A request is held from its receipt until `forget`; a second receipt of a held one only renews the first.
 * W2. What this process has sent for itself takes free slots before what is in the queue.
 * W3. What was received ahead and nobody could take soon is for other workers.
 */
export class WorkItemQueue implements LocalReceiver {
  readonly #options: WorkItemQueueOptions;
  readonly #poller: QueuePoller;
  readonly #stopping = new AbortController();
  readonly #held = new Map<string, HeldMessage>();
  readonly #line = new WaitingLine<HeldMessage>();
  /** Received for someone who has left since, or ahead of the next call. */
  readonly #spare: { readonly message: HeldMessage; readonly since: number }[] = [];
  /** When the activities that run began. */
  readonly #begun = new Map<HeldMessage, number>();
  readonly #pace = new RequestPace();
  #slots = 0;
  /** There are more in the queue, as far as is known. */
  #isMore = false;
  #isWatchingSpare = false;
  #demand: () => number = () => 0;
  #reserved = 0;
  #running: Promise<void> | undefined;

  constructor(options: WorkItemQueueOptions) {
    this.#options = options;
    this.#poller = new QueuePoller({
      ...options,
      capacity: () => this.#capacity,
      onReceived: (messages, isMore) => {
        this.#isMore = isMore;
        return this.#receive(messages);
      },
    });
  }

  get poller(): QueuePoller {
    return this.#poller;
  }

  start(): void {
    this.#running ??= this.#poller.run(this.#stopping.signal);
  }

  /** How many requests more would be run at once, or soon. */
  get #room(): number {
    return Math.max(0, this.#demand() + this.#ahead - this.#reserved - this.#spare.length);
  }

  get #ahead(): number {
    return this.#pace.ahead(this.#slots);
  }

  /** Ahead of those who will ask, only many at a time are received, and only where there are many. */
  get #capacity(): number {
    if (this.#line.length > 0) return this.#room;
    const ahead = this.#ahead;
    return this.#isMore && ahead > 0 && this.#room > ahead / 2 ? this.#room : 0;
  }

  /** This process has put a message into the queue. */
  onSent(visibleAt: number): void {
    if (visibleAt > this.#options.clock.now()) return this.#poller.wakeAt(visibleAt);
    this.#isMore = true;
    if (this.#capacity > 0) this.#poller.wake();
  }

  reserve(): boolean {
    if (this.#stopping.signal.aborted || this.#room === 0) return false;
    this.#reserved++;
    return true;
  }

  release(): void {
    this.#reserved--;
    if (this.#line.length > 0) this.#poller.wake();
  }

  accept(message: HeldMessage): boolean {
    this.#reserved--;
    if (this.#stopping.signal.aborted) return false;
    this.#take(message); // W2
    return true;
  }

  /** Makes what nobody has taken visible again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#options.reader.idle(this.#options.queue);
    const spare = this.#spare.splice(0);
    await Promise.all(spare.map(({ message }) => this.#putBack(message)));
  }

  /** Resolves to `undefined` when `signal` aborts. @param demand how many are wanted at the moment */
  fetch(signal: AbortSignal, demand: () => number): Promise<HeldMessage | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    this.#demand = demand;
    this.#slots = Math.max(this.#slots, demand());
    const spare = this.#spare.shift();
    if (spare !== undefined) {
      this.#begin(spare.message);
      if (this.#isMore && this.#capacity > 0) this.#poller.wake();
      return Promise.resolve(spare.message);
    }
    const waiting = this.#line.wait(signal);
    // The first to wait ends the pause of a poller that had nobody to poll for, or that has left something behind.
    if (this.#line.length === 1 && (this.#poller.isFull || this.#isMore)) this.#poller.wake();
    return waiting;
  }

  /** The activity has run. */
  end(message: HeldMessage): void {
    const begunAt = this.#begun.get(message);
    if (begunAt === undefined) return;
    this.#begun.delete(message);
    this.#pace.add(this.#options.clock.now() - begunAt);
  }

  forget(message: HeldMessage): void {
    this.end(message);
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
        this.#take(message);
      }),
    );
  }

  #take(message: HeldMessage): void {
    this.#held.set(message.id, message);
    if (this.#line.offer(message)) return this.#begin(message);
    this.#spare.push({ message, since: this.#options.clock.now() });
    if (!this.#isWatchingSpare) void this.#watchSpare();
  }

  #begin(message: HeldMessage): void {
    this.#begun.set(message, this.#options.clock.now());
  }

  /** W3 */
  async #watchSpare(): Promise<void> {
    const { clock, visibilityTimeoutMs } = this.#options;
    const { signal } = this.#stopping;
    const maxSpareMs = visibilityTimeoutMs / 6;
    this.#isWatchingSpare = true;
    while (this.#spare.length > 0 && !signal.aborted) {
      await clock.sleep(maxSpareMs / 2, signal);
      const before = clock.now() - maxSpareMs;
      const isStale = ({ since }: { readonly since: number }) => since < before;
      while (this.#spare[0] !== undefined && isStale(this.#spare[0])) {
        this.#pace.reset();
        void this.#putBack(this.#spare.shift()!.message);
      }
    }
    this.#isWatchingSpare = false;
  }

  async #putBack(message: HeldMessage): Promise<void> {
    this.forget(message);
    await putBack(message);
  }
}
