import type { Clock } from "../core/ports.ts";

/** Work whose code was begun this often and never ended may be what takes processes down. */
export const suspectAfterRuns = 3;
/** Work that has not taken its process down in so long is most likely not the one. */
const maxTurnMs = 10_000;

/** Ends a turn. Repeatable. */
export type Leave = () => void;

/**
 * Lets suspects run one at a time: whoever takes the process down then is the only one whose run counts as begun, and
 * neighbours that were only there each time come through.
 *
 * J1. One suspect has the turn, until it leaves or its time is over.
 */
export class SuspectLine {
  readonly #clock: Clock;
  readonly #waiting: ((leave: Leave) => void)[] = [];
  #isTaken = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for a turn. */
  enter(): Promise<Leave> {
    if (!this.#isTaken) return Promise.resolve(this.#take());
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** `undefined` while another has the turn. */
  tryEnter(): Leave | undefined {
    return this.#isTaken ? undefined : this.#take();
  }

  #take(): Leave {
    this.#isTaken = true;
    const turn = new AbortController();
    const leave = (): void => {
      if (turn.signal.aborted) return;
      turn.abort();
      this.#isTaken = false;
      const next = this.#waiting.shift();
      if (next !== undefined) next(this.#take()); // J1
    };
    void this.#clock.sleep(maxTurnMs, turn.signal).then(leave);
    return leave;
  }
}
