import { WaitingLine } from "../../../core/waiting-line.ts";
import { readUnfinishedRuns, runOf, unknownRun, writeUnfinishedRuns } from "../codec/unfinished-runs.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import type { HeldMessage } from "./held-message.ts";
import type { MessageReader } from "./message-reader.ts";
import { QueuePoller, type QueuePollerOptions } from "./queue-poller.ts";

export interface WorkItemQueueOptions extends Omit<QueuePollerOptions, "capacity" | "onReceived"> {
  readonly reader: MessageReader;
  readonly workerId: string;
}

/** A request for an activity, held by this worker. */
export interface HeldRequest {
  readonly message: HeldMessage;
  /** Runs by others that have begun and not ended, as far as the message tells. */
  readonly unfinishedRuns: readonly string[];
}

/**
 * Requests for activities, received only while someone waits for one, as many as are wanted.
 *
 * W1. A request is held from its receipt until `forget`; a second receipt of a held one only renews the first.
 * W2. From its second delivery on a request says who has begun to run it. Whoever gives it back takes that back, and so
 *     does a worker that receives a request which it has lost: it is there, so the run has not taken it down.
 */
export class WorkItemQueue {
  readonly #options: WorkItemQueueOptions;
  readonly #poller: QueuePoller;
  readonly #run: string;
  readonly #stopping = new AbortController();
  readonly #held = new Map<string, HeldMessage>();
  readonly #line = new WaitingLine<HeldRequest>();
  /** Received for someone who has left since, or ahead of the next call. */
  readonly #spare: HeldRequest[] = [];
  #demand: () => number = () => 1;
  #running: Promise<void> | undefined;

  constructor(options: WorkItemQueueOptions) {
    this.#options = options;
    this.#run = runOf(options.workerId);
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
    await Promise.all(spare.map((request) => this.#giveBack(request, 0).catch(() => false)));
  }

  /** Resolves to `undefined` when `signal` aborts. @param demand how many are wanted at the moment */
  fetch(signal: AbortSignal, demand: () => number): Promise<HeldRequest | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    this.#demand = demand;
    const spare = this.#spare.shift();
    if (spare !== undefined) return Promise.resolve(spare);
    const waiting = this.#line.wait(signal);
    // The first to wait ends the pause of a poller that had nobody to poll for.
    if (this.#line.length === 1) this.#poller.wake();
    return waiting;
  }

  forget({ message }: HeldRequest): void {
    if (this.#held.get(message.id) === message) this.#held.delete(message.id);
  }

  /** The message comes again after its delay, and is looked for then. */
  async abandon(request: HeldRequest): Promise<boolean> {
    const { abandonDelayMs } = request.message;
    this.#poller.wakeAt(this.#options.clock.now() + abandonDelayMs);
    return await this.#giveBack(request, abandonDelayMs);
  }

  async #giveBack(request: HeldRequest, delayMs: number): Promise<boolean> {
    const { message, unfinishedRuns } = request;
    this.forget(request);
    return await message.hideFor(delayMs, writeUnfinishedRuns(message.received.text, unfinishedRuns)); // W2
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
        try {
          const request = await this.#begin(message);
          if (!this.#line.offer(request)) this.#spare.push(request);
        } catch (error) {
          this.#held.delete(message.id);
          await reader.refuse(queue, message.received, error);
        }
      }),
    );
  }

  /** Notes in the message that this worker begins to run it, from the second delivery on: most are delivered once. */
  async #begin(message: HeldMessage): Promise<HeldRequest> {
    const { text, dequeueCount } = message.received;
    if (dequeueCount === 1) return { message, unfinishedRuns: [] };
    const known = readUnfinishedRuns(text) ?? [unknownRun];
    const unfinishedRuns = known.filter((run) => run !== this.#run); // W2
    const noted = writeUnfinishedRuns(text, [...unfinishedRuns, this.#run]);
    // Without the note it is only run once more than it would be.
    await message.hideFor(this.#options.visibilityTimeoutMs, noted).catch(() => false);
    return { message, unfinishedRuns };
  }
}
