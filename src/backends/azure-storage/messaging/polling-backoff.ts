import type { Clock } from "../../../core/ports.ts";

/**
 * Pauses between polls of a queue, in milliseconds: about 50, 100, 150, 250, 450, ... up to a maximum, after a message of
 * another process was found; from 150 on after one of our own, because we are told of the next one too.
 */
export class PollingBackoff {
  readonly #maxMs: number;
  readonly #random: () => number;
  #step = 0;

  constructor(maxMs: number, random: () => number) {
    this.#maxMs = maxMs;
    this.#random = random;
  }

  next(): number {
    const step = this.#step++;
    if (step === 0) return Math.min(this.#maxMs, 50);
    const jitter = 0.8 + 0.4 * this.#random();
    return Math.min(this.#maxMs, 50 + 50 * 2 ** (step - 1) * jitter);
  }

  /** Something has come that nobody has told us of: more may. */
  foundForeign(): void {
    this.#step = 0;
  }

  /** What we were told of has come. */
  foundOwn(): void {
    this.#step = ownStep;
  }
}

const ownStep = 2;

const maxDueTimes = 1000;

/** Ends a pause early: at once, or at a time when there will be something to see. */
export class WakeSignal {
  readonly #clock: Clock;
  #woken = false;
  #dueTimes: number[] = [];
  #interrupt: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The current pause, or the next one if there is none, ends now. */
  wake(): void {
    this.#woken = true;
    this.#interrupt?.();
  }

  /** A pause under way at that time ends then. A hint: it may be forgotten when there are very many. */
  wakeAt(time: number): void {
    if (this.#dueTimes.length >= maxDueTimes) return;
    this.#dueTimes.push(time);
    if (time <= Math.min(...this.#dueTimes)) this.#interrupt?.();
  }

  /** Resolves to `true` when woken, `false` after `ms` or when `signal` aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    const end = this.#clock.now() + ms;
    for (;;) {
      if (signal.aborted) return false;
      if (this.#takeWake()) return true;
      const now = this.#clock.now();
      if (now >= end) return false;
      await this.#sleep(Math.min(end, ...this.#dueTimes) - now, signal);
    }
  }

  #takeWake(): boolean {
    const now = this.#clock.now();
    const pending = this.#dueTimes.filter((time) => time > now);
    const due = pending.length < this.#dueTimes.length;
    this.#dueTimes = pending;
    const woken = this.#woken || due;
    this.#woken = false;
    return woken;
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const pause = new AbortController();
    const interrupt = () => pause.abort("woken");
    this.#interrupt = interrupt;
    signal.addEventListener("abort", interrupt, { once: true });
    await this.#clock.sleep(Math.max(1, ms), pause.signal);
    signal.removeEventListener("abort", interrupt);
    this.#interrupt = undefined;
  }
}
