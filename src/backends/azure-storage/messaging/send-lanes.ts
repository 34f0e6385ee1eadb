import type { Clock } from "../../../core/ports.ts";

const maxLanes = 64;
const minLanes = 16;
/** A send may take so many times what the quickest ones take, and so much more, before it counts as waiting in line. */
const patience = { factor: 4, ms: 100 };
/** How fast the memory of quick sends fades: a storage that has become slow for good is not waited out. */
const fading = 1.0005;

/**
 * How many messages of large checkpoints are on their way at a time: as many as storage takes without keeping them in
 * line. More would be sent no sooner, and whatever else the process asks for would stand in the same line.
 *
 * N1. While sends take about as long as the quickest of late, there is a lane more now and then, up to a limit.
 * N2. When they take much longer, lanes are closed, down to a few.
 */
export class SendLanes {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #limit = maxLanes;
  #underWay = 0;
  #quickestMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many may be under way now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  async use<T>(send: () => Promise<T>): Promise<T> {
    while (this.#underWay >= this.limit) await new Promise<void>((admit) => this.#waiting.push(admit));
    this.#underWay++;
    const begin = this.#clock.now();
    try {
      return await send();
    } finally {
      this.#underWay--;
      this.#learn(this.#clock.now() - begin);
      for (let free = this.limit - this.#underWay; free > 0; free--) this.#waiting.shift()?.();
    }
  }

  #learn(ms: number): void {
    this.#quickestMs = Math.min(ms, Math.max(1, this.#quickestMs) * fading);
    const isInLine = ms > this.#quickestMs * patience.factor + patience.ms;
    const next = isInLine ? this.#limit * 0.97 : this.#limit + 1 / this.#limit; // N2, N1
    this.#limit = Math.min(maxLanes, Math.max(minLanes, next));
  }
}
