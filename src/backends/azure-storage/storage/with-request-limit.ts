import type { StorageReply, StorageRequest, StorageTransport } from "./storage-request.ts";

/**
 * How a request is let through when many want to be, the most urgent lane first: `lease` keeps a partition, `message`
 * receives messages or keeps, hides and deletes received ones, `work` is all else.
 */
export type RequestLane = "lease" | "message" | "work";

const lanes: readonly RequestLane[] = ["lease", "message", "work"];

export interface RequestLimitOptions {
  readonly limiter: RequestLimiter;
  /** Most requests under way at a time; a quarter of them is out of reach of the lane `work`. */
  readonly maxConcurrency: number;
  readonly laneOf: (request: StorageRequest) => RequestLane;
}

interface Waiter {
  readonly maxConcurrency: number;
  readonly admit: () => void;
}

/**
 * Counts the requests that are under way and keeps others waiting. To be shared by all that use one storage account.
 *
 * L1. A lane never waits behind a less urgent one, and there is always a place that the less urgent cannot take.
 * L2. Within a lane the first to come goes first.
 */
export class RequestLimiter {
  readonly #underWay = { lease: 0, message: 0, work: 0 };
  readonly #waiting = { lease: new Set<Waiter>(), message: new Set<Waiter>(), work: new Set<Waiter>() };

  get underWay(): number {
    const { lease, message, work } = this.#underWay;
    return lease + message + work;
  }

  get waiting(): number {
    return lanes.reduce((sum, lane) => sum + this.#waiting[lane].size, 0);
  }

  /** Resolves to `false` when `signal` aborts before the request's turn; to `true` then, and {@link leave} must follow. */
  enter(lane: RequestLane, maxConcurrency: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    if (this.#waiting[lane].size === 0 && this.#hasRoom(lane, maxConcurrency)) {
      this.#underWay[lane]++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const waiter: Waiter = {
        maxConcurrency,
        admit: () => {
          this.#waiting[lane].delete(waiter);
          signal?.removeEventListener("abort", giveUp);
          this.#underWay[lane]++;
          resolve(true);
        },
      };
      const giveUp = () => {
        this.#waiting[lane].delete(waiter);
        resolve(false);
      };
      this.#waiting[lane].add(waiter);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  leave(lane: RequestLane): void {
    this.#underWay[lane]--;
    for (const lane of lanes) {
      for (const waiter of this.#waiting[lane]) {
        // L2
        if (!this.#hasRoom(lane, waiter.maxConcurrency)) break;
        waiter.admit();
      }
    }
  }

  #hasRoom(lane: RequestLane, maxConcurrency: number): boolean {
    const forLeases = Math.ceil(maxConcurrency / 32);
    const forMessages = Math.ceil(maxConcurrency / 4) - forLeases;
    if (lane === "lease") return this.underWay < maxConcurrency;
    if (this.underWay >= maxConcurrency - forLeases) return false; // L1
    return lane === "message" || this.#underWay.work < maxConcurrency - forLeases - forMessages;
  }
}

/** Lets a bounded number of requests through at a time. Waiting ends when the signal of the request aborts. */
export function withRequestLimit(transport: StorageTransport, options: RequestLimitOptions): StorageTransport {
  const { limiter, maxConcurrency, laneOf } = options;
  return async (request, context) => {
    const lane = laneOf(request);
    if (!(await limiter.enter(lane, maxConcurrency, context.signal))) return neverAsked;
    try {
      return await transport(request, context);
    } finally {
      limiter.leave(lane);
    }
  };
}

const neverAsked: StorageReply = {
  outcome: "failed",
  failure: {
    httpStatus: undefined,
    errorCode: "Aborted",
    message: "the request was aborted before its turn",
    host: "",
    transient: true,
    answerLost: false,
    retryAfterMs: undefined,
    cause: undefined,
  },
};

const limiters = new Map<string, RequestLimiter>();

/** The one limiter of this process for a storage account, by whatever names it. */
export function limiterOf(account: string): RequestLimiter {
  const limiter = limiters.get(account) ?? new RequestLimiter();
  limiters.set(account, limiter);
  return limiter;
}
