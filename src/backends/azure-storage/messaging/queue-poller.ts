import { messageOf } from "../../../core/errors.ts";
import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { Clock, LogSink, Random } from "../../../core/ports.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import { PollingBackoff, WakeSignal } from "./polling-backoff.ts";

export interface QueuePollerOptions {
  readonly queue: string;
  readonly storage: StorageClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LogSink;
  readonly taskHub: string;
  readonly visibilityTimeoutMs: number;
  readonly maxPollingIntervalMs: number;
  /** How many messages may be received now; 0 pauses until the next wake-up, at most a second. */
  readonly capacity: () => number;
  /**
   * Takes what was received, which may be nothing. Never rejects.
   *
   * @param isMore as many as were asked for: if there is room, the next receive follows at once
   */
  readonly onReceived: (messages: readonly ReceivedMessage[], isMore: boolean) => Promise<void>;
  /**
   * Ends a receive under way. Later than the poller's own signal, because messages of a receive that is broken off stay
   * hidden without anyone having them.
   */
  readonly cutOff: AbortSignal;
}

/** Longest pause while messages of a dead worker may become visible, in milliseconds. */
const alertPauseMs = 500;

/** Receives from one queue until stopped. A failing storage slows it down and never ends it. */
export class QueuePoller {
  readonly #options: QueuePollerOptions;
  #alertUntil = Number.NEGATIVE_INFINITY;
  readonly #events: EventLog;
  readonly #signal: WakeSignal;

  constructor(options: QueuePollerOptions) {
    this.#options = options;
    this.#events = createEventLog(options.log, { taskHub: options.taskHub });
    this.#signal = new WakeSignal(options.clock);
  }

  /** The queue is polled at once: there is something in it, or room for more. */
  wake(): void {
    this.#signal.wake();
  }

  wakeAt(time: number): void {
    this.#signal.wakeAt(time);
  }

  /**
   * Polls without long pauses for as long as messages are hidden: what a worker had received that is not there any more
   * comes back in that time, and nobody tells of it.
   */
  expectReturns(): void {
    const { clock, visibilityTimeoutMs } = this.#options;
    this.#alertUntil = clock.now() + visibilityTimeoutMs + alertPauseMs;
    this.#signal.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { random, clock, maxPollingIntervalMs, capacity, onReceived } = this.#options;
    const backoff = new PollingBackoff(maxPollingIntervalMs, () => random.number());
    let isWoken = false;
    while (!signal.aborted) {
      const maxMessages = Math.min(32, capacity());
      if (maxMessages <= 0) {
        isWoken = await this.#signal.wait(1000, signal);
        continue;
      }
      const messages = await this.#receive(maxMessages);
      if (messages.length > 0) {
        if (isWoken) backoff.foundOwn();
        else backoff.foundForeign();
      }
      await onReceived(messages, messages.length >= maxMessages);
      // A full batch is seldom all there is.
      if (messages.length >= maxMessages) continue;
      const pauseMs = clock.now() < this.#alertUntil ? Math.min(backoff.next(), alertPauseMs) : backoff.next();
      isWoken = await this.#signal.wait(pauseMs, signal);
    }
  }

  async #receive(maxMessages: number): Promise<readonly ReceivedMessage[]> {
    const { queue, storage, visibilityTimeoutMs, cutOff } = this.#options;
    try {
      const request = { kind: "queue.receive", queue, maxMessages, visibilityTimeoutMs } as const;
      return await storage.require(request, cutOff);
    } catch (error) {
      if (!cutOff.aborted) this.#events.write("QueueReceiveFailed", messageOf(error), { queue });
      return [];
    }
  }
}
