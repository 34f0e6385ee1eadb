/** A signal that follows others for a while. */
export interface LinkedSignal {
  /** Aborts when the first of the others does, for the same reason. */
  readonly signal: AbortSignal;
  /** Lets go of the others, which hold nothing of it afterwards. Repeated calls do nothing. */
  unlink(): void;
}

/**
 * What `AbortSignal.any` does, for signals that outlive the work: those would keep a part of every signal that was ever
 * made of them. Here nothing is left once the work has ended and was unlinked.
 *
 * @example
 * const linked = linkSignals(workerStops, lockLost);
 * try {
 *   await work(linked.signal);
 * } finally {
 *   linked.unlink();
 * }
 */
export function linkSignals(...sources: readonly AbortSignal[]): LinkedSignal {
  const controller = new AbortController();
  const unlinks: (() => void)[] = [];
  const unlink = () => {
    for (const each of unlinks.splice(0)) each();
  };
  for (const source of sources) {
    const follow = () => {
      unlink();
      controller.abort(source.reason);
    };
    if (source.aborted) {
      follow();
      break;
    }
    source.addEventListener("abort", follow, { once: true });
    unlinks.push(() => source.removeEventListener("abort", follow));
  }
  return { signal: controller.signal, unlink };
}
