import type { RemoteWorker } from "./remote-worker.ts";
import type { WorkKind, WorkName } from "./work-item-filter.ts";

/** Who gets a work item. */
export type Choice =
  | { readonly kind: "worker"; readonly worker: RemoteWorker }
  /** Those who take it have no room now. */
  | { readonly kind: "full" }
  /** None of those who are connected takes it. */
  | { readonly kind: "untaken" }
  | { readonly kind: "empty" };

/** The workers that are connected, each in its turn. */
export class WorkerPool {
  readonly #workers: RemoteWorker[] = [];
  /** Whose turn it is. */
  #next = 0;

  get size(): number {
    return this.#workers.length;
  }

  get workers(): readonly RemoteWorker[] {
    return this.#workers;
  }

  add(worker: RemoteWorker): void {
    this.#workers.push(worker);
  }

  remove(worker: RemoteWorker): void {
    const index = this.#workers.indexOf(worker);
    if (index < 0) return;
    this.#workers.splice(index, 1);
    if (index < this.#next) this.#next--;
  }

  /** @param prefers whom to take of several who have room */
  choose(work: WorkName, prefers: (worker: RemoteWorker) => boolean = () => true): Choice {
    const count = this.#workers.length;
    if (count === 0) return { kind: "empty" };
    let isTaken = false;
    let found: number | undefined;
    for (let step = 0; step < count; step++) {
      const index = (this.#next + step) % count;
      const worker = this.#workers[index]!;
      if (!worker.takes(work)) continue;
      isTaken = true;
      if (worker.room(work.kind) <= 0) continue;
      found ??= index;
      if (!prefers(worker)) continue;
      found = index;
      break;
    }
    if (found === undefined) return { kind: isTaken ? "full" : "untaken" };
    this.#next = (found + 1) % count;
    return { kind: "worker", worker: this.#workers[found]! };
  }

  /** How many more work items of a kind all of them take. */
  room(kind: WorkKind): number {
    let room = 0;
    for (const worker of this.#workers) room += Math.max(0, worker.room(kind));
    return room;
  }
}
