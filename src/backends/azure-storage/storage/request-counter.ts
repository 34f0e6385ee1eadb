import type { StorageRequestKind, StorageTransport } from "./storage-request.ts";

/** Counts storage requests as they are billed: every attempt is one, also one that failed. */
export class RequestCounter {
  readonly #counts = new Map<StorageRequestKind, number>();

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Requests so far by kind, for example `queue.send`; kinds never asked for are absent. */
  get byKind(): ReadonlyMap<StorageRequestKind, number> {
    return new Map(this.#counts);
  }

  /** Requests so far to one service. */
  of(service: "queue" | "table" | "blob"): number {
    return [...this.#counts].reduce((sum, [kind, count]) => (kind.startsWith(`${service}.`) ? sum + count : sum), 0);
  }

  reset(): void {
    this.#counts.clear();
  }

  add(kind: StorageRequestKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }
}

export function withRequestCount(transport: StorageTransport, counter: RequestCounter): StorageTransport {
  return (request, context) => {
    counter.add(request.kind);
    return transport(request, context);
  };
}
