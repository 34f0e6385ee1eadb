import type { Clock } from "../core/ports.ts";

/** Work whose code was begun this often and never ended may be what takes processes down. */
export const suspectAfterRuns = 3;
/** How many may run at a time, by how often they were begun: from once on, from twice, and so on. */
const places = [32, 8, 1];
/** Work that has not taken its process down in so long is most likely not the one. */
const maxTurnMs = 10_000;

/** Ends a turn. Repeatable. */
export type Leave = () => void;

/**
 * Lets suspects run few at a time, the fewer the oftener they were begun, and at last alone: whoever takes the process down
 * then is the only one whose run counts as begun, and neighbours that were only there each time come through.
 *
 * J1. Of suspects that were begun equally often no more have a turn than there are places, until they leave or their time
 *     is over.
 */
export class SuspectLine {
  readonly #levels: readonly Level[];

  constructor(clock: Clock) {
    this.#levels = places.map((count) => new Level(clock, count));
  }

  /** Waits for a turn. @param unfinishedRuns at least 1 */
  enter(unfinishedRuns: number): Promise<Leave> {
    return this.#levels[Math.min(unfinishedRuns, places.length) - 1]!.enter();
  }
}

class Level {
  readonly #clock: Clock;
  readonly #waiting: ((leave: Leave) => void)[] = [];
  #free: number;

  constructor(clock: Clock, places: number) {
    this.#clock = clock;
    this.#free = places;
  }

  enter(): Promise<Leave> {
    if (this.#free > 0) return Promise.resolve(this.#take());
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  #take(): Leave {
    this.#free--;
    const turn = new AbortController();
    const leave = (): void => {
      if (turn.signal.aborted) return;
      turn.abort();
      this.#free++;
      const next = this.#waiting.shift();
      if (next !== undefined) next(this.#take()); // J1
    };
    void this.#clock.sleep(maxTurnMs, turn.signal).then(leave);
    return leave;
  }
}
