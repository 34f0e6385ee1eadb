import { DurableError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { RemoteWorker } from "./remote-worker.ts";
import type { WorkKind, WorkName } from "./work-item-filter.ts";
import { type Choice, WorkerPool } from "./worker-pool.ts";

/** Work that wants a place at a worker. */
export interface PlaceRequest extends WorkName {
  readonly instanceId: string;
  readonly signal: AbortSignal;
  prefers?(worker: RemoteWorker): boolean;
}

interface Waiter {
  readonly request: PlaceRequest;
  readonly give: (worker: RemoteWorker) => void;
  readonly refuse: (error: DurableError) => void;
}

const notRegistered = {
  orchestration: "OrchestratorNotRegistered",
  activity: "ActivityNotRegistered",
  entity: "EntityNotRegistered",
} as const satisfies Readonly<Record<WorkKind, string>>;

/**
 * Gives work its place at a worker, first come, first served.
 *
 * Q1. Work waits while those who take it have no room, and for a while when nobody is connected at all. What nobody who
 *     is connected takes does not wait.
 * Q2. A place is taken when it is given: `begin` of its worker was called.
 */
export class WorkerQueue {
  readonly #clock: Clock;
  readonly #noWorkerGraceMs: number;
  readonly #pool = new WorkerPool();
  readonly #waiters = new Set<Waiter>();
  readonly #roomWaiters = new Set<() => void>();
  #grace: AbortController | undefined;
  #interruption = new AbortController();
  #isClosed = false;

  constructor(clock: Clock, noWorkerGraceMs: number) {
    this.#clock = clock;
    this.#noWorkerGraceMs = noWorkerGraceMs;
  }

  get workers(): readonly RemoteWorker[] {
    return this.#pool.workers;
  }

  add(worker: RemoteWorker): void {
    this.#pool.add(worker);
    this.#endGrace();
    this.hasChanged();
  }

  /** `false` when it was not there. */
  remove(worker: RemoteWorker): boolean {
    if (!this.#pool.workers.includes(worker)) return false;
    this.#pool.remove(worker);
    if (this.#pool.size === 0) this.interrupt();
    this.hasChanged();
    return true;
  }

  /** A place, at once if there is one. @throws DurableError when the work cannot wait, or does so in vain */
  take(request: PlaceRequest): RemoteWorker | Promise<RemoteWorker> {
    if (request.signal.aborted || this.#isClosed) throw aborted(request);
    const choice = this.#pool.choose(request, request.prefers?.bind(request));
    if (choice.kind === "worker") {
      choice.worker.begin(request.kind); // Q2
      return choice.worker;
    }
    if (choice.kind === "untaken") throw untaken(request);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        // Later work is to wait for as long.
        if (this.#waiters.size === 0) this.#endGrace();
        request.signal.removeEventListener("abort", unwanted);
      };
      const unwanted = () => waiter.refuse(aborted(request));
      const waiter: Waiter = {
        request,
        give(worker) {
          leave();
          resolve(worker);
        },
        refuse(error) {
          leave();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      request.signal.addEventListener("abort", unwanted, { once: true });
      if (choice.kind === "empty") this.#startGrace();
    });
  }

  /** A worker has come or gone, or has room again: whoever waits is looked at. */
  hasChanged(): void {
    // Kinds in which nobody has room any more need no further look.
    const full = new Set<WorkKind>();
    for (const waiter of this.#waiters) {
      const { request } = waiter;
      if (full.has(request.kind)) continue;
      const choice: Choice = this.#pool.choose(request, request.prefers?.bind(request));
      if (choice.kind === "empty") {
        this.#startGrace();
        break;
      }
      if (choice.kind === "worker") {
        choice.worker.begin(request.kind); // Q2
        waiter.give(choice.worker);
      } else if (choice.kind === "untaken")
        waiter.refuse(untaken(request)); // Q1
      else if (this.#pool.room(request.kind) <= 0) full.add(request.kind);
    }
    for (const look of [...this.#roomWaiters]) look();
  }

  /** How much more work of a kind can be given now, besides what waits already. */
  room(kind: WorkKind): number {
    const room = this.#pool.room(kind);
    if (room === 0 || this.#waiters.size === 0) return room;
    let waiting = 0;
    for (const { request } of this.#waiters) if (request.kind === kind) waiting++;
    return Math.max(0, room - waiting);
  }

  /** Resolves when there is room for work of the kind, or `signal` aborts. */
  waitForRoom(kind: WorkKind, signal: AbortSignal): Promise<void> {
    const hasRoom = () => this.room(kind) > 0;
    if (signal.aborted || hasRoom()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#roomWaiters.delete(look);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const look = () => {
        if (hasRoom()) done();
      };
      this.#roomWaiters.add(look);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  /** Aborts when the last worker has gone, and by {@link interrupt}; another one stands for what comes then. */
  whenInterrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  /** Whoever fetches work begins anew: what is waited for has been taken away. */
  interrupt(): void {
    this.#interruption.abort();
    this.#interruption = new AbortController();
  }

  /** Nobody gets a place any more. */
  close(): void {
    this.#isClosed = true;
    this.#grace?.abort();
    for (const waiter of this.#waiters) waiter.refuse(aborted(waiter.request));
  }

  #endGrace(): void {
    this.#grace?.abort();
    this.#grace = undefined;
  }

  /** Q1 */
  #startGrace(): void {
    if (this.#grace !== undefined) return;
    const grace = new AbortController();
    this.#grace = grace;
    void this.#clock.sleep(this.#noWorkerGraceMs, grace.signal).then(() => {
      if (grace.signal.aborted) return;
      this.#grace = undefined;
      for (const waiter of this.#waiters) waiter.refuse(nobody(waiter.request));
    });
  }
}

function aborted({ instanceId }: PlaceRequest): DurableError {
  return new DurableError("Aborted", `the work of ${instanceId} is not wanted any more`);
}

function nobody({ instanceId }: PlaceRequest): DurableError {
  return new DurableError("Aborted", `no worker is connected for the work of ${instanceId}`);
}

function untaken({ kind, name, version }: PlaceRequest): DurableError {
  const which = version === undefined || version === "" ? `'${name}'` : `'${name}' of version '${version}'`;
  return new DurableError(notRegistered[kind], `no connected worker takes the ${kind} ${which}`);
}
