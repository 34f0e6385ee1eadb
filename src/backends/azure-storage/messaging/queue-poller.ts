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
   * Takes what was received, which may be nothing. Should it reject, the poller pauses and goes on: what it has not taken
   * comes again.
   *
   * @param isMore as many as were asked for: if there is room, the next receive follows at once
   */
  readonly onReceived: (messages: readonly ReceivedMessage[], isMore: boolean) => Promise<void>;
  /** Told right before each receive. */
  readonly onReceive?: () => void;
  /**
   * Ends a receive under way. Later than the poller's own signal, because messages of a receive that is broken off stay
   * hidden without anyone having them.
   */
  readonly cutOff: AbortSignal;
}

const restartMs = { first: 1000, max: 60_000 };

/** Longest pause while messages of a dead worker may become visible, in milliseconds. */
const alertPauseMs = 500;

/**
 * Receives from one queue until stopped.
 *
 * L1. Nothing ends it but its signal: a storage that fails slows it down, and so does a fault in what takes the messages.
 */
export class QueuePoller {
  readonly #options: QueuePollerOptions;
  #alertUntil = Number.NEGATIVE_INFINITY;
  readonly #events: EventLog;
  readonly #signal: WakeSignal;
  #lastPolledAt: number | undefined;
  #isFull = false;
  #hasFailed = false;

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

  /** When storage answered a receive last, in milliseconds since the epoch; `undefined` before the first time. */
  get lastPolledAt(): number | undefined {
    return this.#lastPolledAt;
  }

  /** Storage has not answered the last receive. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** There is no room for messages, so that nothing is received: {@link lastPolledAt} stands still for a reason. */
  get isFull(): boolean {
    return this.#isFull;
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

  /** Resolves once `signal` aborts and the receive under way has ended; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { queue, clock } = this.#options;
    let pauseMs = restartMs.first;
    while (!signal.aborted) {
      const startedAt = clock.now();
      try {
        await this.#poll(signal);
      } catch (error) {
        // L1
        this.#events.write("QueuePollingFailed", `polling of ${queue} goes on in ${pauseMs} ms: ${messageOf(error)}`, {
          queue,
        });
        await clock.sleep(pauseMs, signal);
        const wentWell = clock.now() - startedAt > restartMs.max + pauseMs;
        pauseMs = wentWell ? restartMs.first : Math.min(pauseMs * 2, restartMs.max);
      }
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { random, clock, maxPollingIntervalMs, capacity, onReceived, onReceive } = this.#options;
    const backoff = new PollingBackoff(maxPollingIntervalMs, () => random.number());
    let isWoken = false;
    while (!signal.aborted) {
      const maxMessages = Math.min(32, capacity());
      this.#isFull = maxMessages <= 0;
      if (this.#isFull) {
        isWoken = await this.#signal.wait(1000, signal);
        continue;
      }
      onReceive?.();
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
    const { queue, storage, clock, visibilityTimeoutMs, cutOff } = this.#options;
    try {
      const request = { kind: "queue.receive", queue, maxMessages, visibilityTimeoutMs } as const;
      const messages = await storage.require(request, cutOff);
      this.#lastPolledAt = clock.now();
      this.#hasFailed = false;
      return messages;
    } catch (error) {
      this.#hasFailed = true;
      if (!cutOff.aborted) this.#events.write("QueueReceiveFailed", messageOf(error), { queue });
      return [];
    }
  }
}
