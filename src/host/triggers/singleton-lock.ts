import { messageOf } from "../../core/errors.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { TriggerBlob } from "./trigger-storage.ts";

/** Whoever holds it may listen; of several hosts on one storage one does. */
export interface SingletonLock {
  /**
   * Waits until the lock is held. Resolves to the signal of its loss, or `undefined` when `signal` aborted. Storage that
   * does not answer is waited for.
   */
  acquire(signal: AbortSignal): Promise<AbortSignal | undefined>;
  /** Never rejects. */
  release(): Promise<void>;
}

/** For storage that nobody else uses. */
export const noLock: SingletonLock = {
  async acquire(signal) {
    return signal.aborted ? undefined : new AbortController().signal;
  },
  async release() {},
};

export interface LeaseLockOptions {
  readonly blob: TriggerBlob;
  readonly clock: Clock;
  readonly random: Random;
  /** Told once for each time that somebody else has the lock, or that storage does not answer. */
  readonly onWait: (reason: string) => void;
}

/** As long as the Functions host of a development machine has it. */
const leaseSeconds = 15;
const renewEveryMs = 5_000;
const retryEveryMs = 5_000;

/**
 * A lock by the lease of a blob.
 *
 * L1. Held means: the lease was taken or renewed less than its length ago, counted from before the request.
 */
export class LeaseLock implements SingletonLock {
  readonly #options: LeaseLockOptions;
  readonly #leaseId: string;
  #held: AbortController | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
    this.#leaseId = options.random.guid();
  }

  async acquire(signal: AbortSignal): Promise<AbortSignal | undefined> {
    const { blob, clock, onWait } = this.#options;
    let told: string | undefined;
    while (!signal.aborted) {
      const askedAt = clock.now();
      let problem: string;
      try {
        if (await blob.acquireLease(this.#leaseId, leaseSeconds)) return this.#hold(askedAt);
        problem = "another host has it";
      } catch (error) {
        problem = messageOf(error);
      }
      if (problem !== told) onWait(problem);
      told = problem;
      await clock.sleep(retryEveryMs, signal);
    }
    return undefined;
  }

  async release(): Promise<void> {
    if (this.#held === undefined) return;
    this.#lose();
    await this.#renewing;
    await this.#options.blob.releaseLease(this.#leaseId).catch(() => {});
  }

  #hold(askedAt: number): AbortSignal {
    const held = new AbortController();
    this.#held = held;
    this.#renewing = this.#renew(held.signal, askedAt);
    return held.signal;
  }

  async #renew(held: AbortSignal, askedAt: number): Promise<void> {
    const { blob, clock } = this.#options;
    let lastsUntil = askedAt + leaseSeconds * 1000;
    while (!held.aborted) {
      await clock.sleep(Math.min(renewEveryMs, lastsUntil - clock.now()), held);
      if (held.aborted) return;
      const renewedAt = clock.now();
      if (renewedAt >= lastsUntil) return this.#lose(); // L1
      const isRenewed = await this.#tryRenew(blob, lastsUntil - renewedAt, held);
      if (isRenewed === false) return this.#lose();
      if (isRenewed === true) lastsUntil = renewedAt + leaseSeconds * 1000;
    }
  }

  /** Resolves to `undefined` when storage did not answer in time: the lease may still be held. */
  async #tryRenew(blob: TriggerBlob, timeoutMs: number, held: AbortSignal): Promise<boolean | undefined> {
    const renewed = blob.renewLease(this.#leaseId).catch(() => undefined);
    return await Promise.race([renewed, this.#options.clock.sleep(timeoutMs, held).then(() => undefined)]);
  }

  #lose(): void {
    this.#held?.abort("the lock is lost");
    this.#held = undefined;
  }
}
