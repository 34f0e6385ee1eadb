import type { Clock } from "../core/ports.ts";

export interface ActivityHeartbeatOptions {
  readonly clock: Clock;
  /** Prolongs the lock of the activity, and stores what {@link ActivityHeartbeat.take} gives. Never rejects. */
  readonly renew: () => Promise<void>;
  /** A beat without new details prolongs the lock at most so often, in milliseconds. */
  readonly idleIntervalMs: number;
}

/** New details are stored at most so often, in milliseconds. */
const detailsIntervalMs = 500;

/**
 * The heartbeat of one activity.
 *
 * H1. Details are stored at most every half second; of several meanwhile the last are.
 * H2. Details whose storing has failed are stored with the next renewal.
 * H3. A beat without new details costs nothing while the lock is fresh.
 */
export class ActivityHeartbeat {
  readonly #options: ActivityHeartbeatOptions;
  #hasEnded = false;
  /** Made by the first beat: most activities never beat. */
  #pause: AbortController | undefined;
  #details: string | undefined;
  #isStored = true;
  #beatAt = Number.NEGATIVE_INFINITY;
  #isWriting = false;

  constructor(options: ActivityHeartbeatOptions) {
    this.#options = options;
  }

  /** @param details JSON text. @defaultValue those of the last beat stay */
  beat(details: string | undefined): void {
    if (this.#hasEnded) return;
    if (details !== undefined && details !== this.#details) {
      this.#details = details;
      this.#isStored = false;
    } else if (this.#options.clock.now() - this.#beatAt < this.#options.idleIntervalMs) return; // H3
    if (!this.#isWriting) void this.#write();
  }

  /** Details that are to be stored now; `undefined` when they are. */
  take(): string | undefined {
    if (this.#isStored) return undefined;
    this.#isStored = true;
    return this.#details;
  }

  /** What was taken could not be stored. */
  giveBack(): void {
    this.#isStored = false; // H2
  }

  /** There are details that are not stored. */
  get isUnsaved(): boolean {
    return !this.#isStored;
  }

  /** The activity has ended: it beats no more. */
  end(): void {
    this.#hasEnded = true;
    this.#pause?.abort();
  }

  async #write(): Promise<void> {
    const { clock, renew } = this.#options;
    this.#isWriting = true;
    this.#pause ??= new AbortController();
    const { signal } = this.#pause;
    do {
      this.#beatAt = clock.now();
      await renew();
      await clock.sleep(detailsIntervalMs, signal); // H1
    } while (!this.#isStored && !this.#hasEnded);
    this.#isWriting = false;
  }
}
