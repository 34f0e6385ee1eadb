import type { HistoryEvent } from "../core/history-event.ts";
import type { Clock } from "../core/ports.ts";
import type { OrchestrationSession } from "../core/task-executor.ts";
import type { Backend, OrchestrationWorkItem } from "./backend.ts";
import { HistorySummary } from "./history-summary.ts";

/** An execution as this worker knows it, before its next episode. */
export interface KnownExecution {
  readonly history: HistorySummary;
  readonly executionId: string | undefined;
  /** Version of the stored history. */
  readonly historyVersion: string | undefined;
  readonly session: OrchestrationSession | undefined;
  /** Committed events that the session has not seen: those that recorded its last actions, or all of them. */
  readonly unseen: readonly HistoryEvent[];
  /** Accepted messages that may come again: see `HistoryAppend.acceptedMessageIds`. */
  readonly acceptedIds: readonly string[];
  /** Kept since an earlier work item, so possibly overtaken by another worker. */
  readonly isCached: boolean;
  /** Why its history cannot be decoded. */
  readonly problem?: string | undefined;
}

export interface KnownExecutionsOptions {
  readonly backend: Pick<Backend, "loadHistory">;
  readonly clock: Clock;
  /** Most live sessions kept. */
  readonly maxSessions: number;
  /** Most bytes that the histories of kept sessions may stand for, about. */
  readonly maxBytes: number;
  /** A session that had no episode for so long is let go at the next look, in milliseconds. */
  readonly maxIdleMs: number;
}

/** Should it be wrong, the checkpoint is refused, and the history is read for the next try. */
function neverStarted(): KnownExecution {
  const [executionId, historyVersion, session] = [undefined, undefined, undefined];
  const history = HistorySummary.of([]);
  return { history, executionId, historyVersion, session, unseen: [], acceptedIds: [], isCached: false };
}

interface Entry {
  readonly execution: KnownExecution;
  readonly keptAt: number;
}

/**
 * The live sessions of recently active instances. One is taken out while its instance is in a work item and put back
 * after a committed checkpoint; whatever goes wrong in between, letting it go is safe.
 *
 * C1. What is kept is limited in number, in weight and in age; the longest idle goes first.
 * C2. What is let go is closed.
 */
export class KnownExecutions {
  readonly #options: KnownExecutionsOptions;
  /** In order of use: the first entry has been idle longest. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: KnownExecutionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The execution of the instance as it was kept, or as its stored history tells. */
  async take(workItem: OrchestrationWorkItem): Promise<KnownExecution> {
    const kept = this.#remove(workItem.instanceId)?.execution;
    if (kept !== undefined) return kept;
    return workItem.isFirstOfInstance === true ? neverStarted() : await this.load(workItem);
  }

  /** Reads the stored history, whatever is kept. */
  async load(workItem: OrchestrationWorkItem): Promise<KnownExecution> {
    const { events, executionId, historyVersion, problem, acceptedMessageIds } =
      await this.#options.backend.loadHistory(workItem);
    return {
      history: HistorySummary.of(events),
      executionId,
      historyVersion,
      session: undefined,
      unseen: events,
      acceptedIds: acceptedMessageIds ?? [],
      isCached: false,
      problem,
    };
  }

  put(instanceId: string, execution: KnownExecution): void {
    this.#remove(instanceId);
    const keptAt = this.#options.clock.now();
    this.#entries.set(instanceId, { execution: { ...execution, isCached: true }, keptAt });
    this.#bytes += execution.history.weight;
    const { maxSessions, maxBytes, maxIdleMs } = this.#options;
    for (const [id, oldest] of this.#entries) {
      const isTooMuch = this.#entries.size > maxSessions || this.#bytes > maxBytes;
      if (!isTooMuch && keptAt - oldest.keptAt <= maxIdleMs) return;
      this.#remove(id)?.execution.session?.close(); // C1, C2
    }
  }

  clear(): void {
    for (const { execution } of this.#entries.values()) execution.session?.close();
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(instanceId: string): Entry | undefined {
    const entry = this.#entries.get(instanceId);
    if (entry === undefined) return undefined;
    this.#entries.delete(instanceId);
    this.#bytes -= entry.execution.history.weight;
    return entry;
  }
}
