/** What is received ahead shall be begun within so long, in milliseconds. */
const aheadMs = 250;
/** As many as one receive brings. */
const maxAhead = 32;
/** How much of what was known each new duration replaces. */
const weight = 0.2;

/** How fast activities go here, as the last ones did, and so how many requests can be received before they are wanted. */
export class RequestPace {
  #averageMs = Number.POSITIVE_INFINITY;

  /** An activity has taken so long, or a request has waited so long for one to end. */
  add(ms: number): void {
    const isFirst = this.#averageMs === Number.POSITIVE_INFINITY;
    this.#averageMs = isFirst ? ms : this.#averageMs * (1 - weight) + ms * weight;
  }

  /** Nothing goes as it did: nothing is received ahead until an activity has ended again. */
  reset(): void {
    this.#averageMs = Number.POSITIVE_INFINITY;
  }

  /** @param slots how many activities run at a time */
  ahead(slots: number): number {
    return Math.min(maxAhead, Math.floor((slots * aheadMs) / Math.max(1, this.#averageMs)));
  }
}
