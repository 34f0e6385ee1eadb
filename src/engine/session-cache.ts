import type { HistoryEvent } from "../core/history-event.ts";
import type { OrchestrationSession } from "../core/task-executor.ts";
import type { HistorySummary } from "./history-summary.ts";

/** A live execution between two episodes. */
export interface CachedSession {
  readonly executionId: string;
  readonly session: OrchestrationSession;
  readonly history: HistorySummary;
  /** Version of the history that the last checkpoint left. */
  readonly version: string | undefined;
  /** Committed events that the session has not seen: those that recorded its last actions. */
  readonly unseen: readonly HistoryEvent[];
}

/**
 * The live executors of recently active instances. An entry is taken out while its instance is in a work item and put
 * back after a committed checkpoint; whatever goes wrong in between, dropping it is safe.
 */
export class SessionCache {
  readonly #maxSessions: number;
  readonly #sessions = new Map<string, CachedSession>();

  constructor(maxSessions: number) {
    this.#maxSessions = maxSessions;
  }

  get size(): number {
    return this.#sessions.size;
  }

  take(instanceId: string): CachedSession | undefined {
    const cached = this.#sessions.get(instanceId);
    this.#sessions.delete(instanceId);
    return cached;
  }

  put(instanceId: string, cached: CachedSession): void {
    this.#sessions.set(instanceId, cached);
    if (this.#sessions.size <= this.#maxSessions) return;
    // Map order is order of use: the first entry has been idle longest.
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined) this.take(oldest)?.session.close();
  }

  clear(): void {
    for (const { session } of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }
}
