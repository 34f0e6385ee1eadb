import type { Clock } from "../core/ports.ts";

/** Work whose code was begun this often and never ended may be what takes processes down. */
export const suspectAfterRuns = 3;
/** Room that suspects share, and how much of it one takes: begun once, twice, or oftener. */
const room = 32;
const shares = [1, 4, room];
/** Work that has not taken its process down in so long is most likely not the one. */
const maxTurnMs = 10_000;

/** Ends a turn. Repeatable. */
export type Leave = () => void;

interface Waiting {
  readonly share: number;
  readonly admit: (leave: Leave) => void;
}

/**
 * Lets suspects run few at a time, the fewer the oftener they were begun, and at last alone: whoever takes the process down
 * then is the only one whose run counts as begun, and neighbours that were only there each time come through.
 *
 * J1. Who has a turn keeps its share of the room until it leaves or its time is over. Turns are given in order of arrival.
 */
export class SuspectLine {
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  #free = room;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for a turn. @param unfinishedRuns at least 1 */
  enter(unfinishedRuns: number): Promise<Leave> {
    const share = shares[Math.min(unfinishedRuns, shares.length) - 1]!;
    return new Promise((admit) => {
      this.#waiting.push({ share, admit });
      this.#admit();
    });
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.share <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.admit(this.#take(next.share)); // J1
    }
  }

  #take(share: number): Leave {
    this.#free -= share;
    const turn = new AbortController();
    const leave = (): void => {
      if (turn.signal.aborted) return;
      turn.abort();
      this.#free += share;
      this.#admit();
    };
    void this.#clock.sleep(maxTurnMs, turn.signal).then(leave);
    return leave;
  }
}
