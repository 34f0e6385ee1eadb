import type { Clock } from "../../../core/ports.ts";

/** How long a lease is kept for its queue to be let go of. What comes from the queue later is put back. */
const letGoGraceMs = 2000;

export interface QueueListenersOptions {
  readonly clock: Clock;
  readonly listen: (queue: string) => void;
  readonly unlisten: (queue: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Which queues are received from: turns them on and off, and knows which are still being let go of. */
export class QueueListeners {
  readonly #options: QueueListenersOptions;
  readonly #listening = new Set<string>();
  readonly #lettingGo = new Map<string, Promise<void>>();

  constructor(options: QueueListenersOptions) {
    this.#options = options;
  }

  isLettingGo(queue: string): boolean {
    return this.#lettingGo.has(queue);
  }

  /** Repeatable. One that is still being let go of is turned on by a later call. */
  listen(queue: string): void {
    if (this.#lettingGo.has(queue)) return;
    this.#listening.add(queue);
    this.#options.listen(queue);
  }

  /** Repeatable. */
  letGo(queue: string): void {
    if (!this.#listening.delete(queue)) return;
    const end = this.#options
      .unlisten(queue)
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => this.#lettingGo.delete(queue));
    this.#lettingGo.set(queue, end);
  }

  /** Resolves once the queues are let go of, or after a time that the other leases can do without. */
  async waitFor(queues: readonly string[]): Promise<void> {
    const waits = queues.flatMap((queue) => this.#lettingGo.get(queue) ?? []);
    if (waits.length === 0) return;
    const over = new AbortController();
    await Promise.race([Promise.all(waits), this.#options.clock.sleep(letGoGraceMs, over.signal)]);
    over.abort();
  }

  async waitForAll(): Promise<void> {
    await this.waitFor([...this.#lettingGo.keys()]);
  }
}
