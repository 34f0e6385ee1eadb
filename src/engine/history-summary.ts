import type { ExecutionCompleted, ExecutionStarted, HistoryEvent } from "../core/history-event.ts";

/**
 * What the engine needs to know of an execution's history to judge the next messages: a fold over its events, small
 * enough to keep beside a live session.
 */
export class HistorySummary {
  #started: ExecutionStarted | undefined;
  #completed: ExecutionCompleted | undefined;
  #length = 0;
  #episodes = 0;
  readonly #recordedIds = new Set<number>();

  static of(events: readonly HistoryEvent[]): HistorySummary {
    const summary = new HistorySummary();
    summary.append(events);
    return summary;
  }

  append(events: readonly HistoryEvent[]): void {
    for (const event of events) {
      this.#length++;
      if (event.type === "ExecutionStarted") this.#started ??= event;
      else if (event.type === "ExecutionCompleted") this.#completed = event;
      else if (event.type === "OrchestratorStarted") this.#episodes++;
      if (event.eventId >= 0) this.#recordedIds.add(event.eventId);
    }
  }

  get started(): ExecutionStarted | undefined {
    return this.#started;
  }

  /** Set once the execution has ended. */
  get completed(): ExecutionCompleted | undefined {
    return this.#completed;
  }

  /** Number of events. */
  get length(): number {
    return this.#length;
  }

  /** Number of episodes, the one in progress included once its `OrchestratorStarted` is appended. */
  get episodes(): number {
    return this.#episodes;
  }

  /** `true` once history holds an action of that number: an answer to it is in order. */
  hasRecorded(id: number): boolean {
    return this.#recordedIds.has(id);
  }

  /** Why these events cannot be a history of this instance that is still under way. */
  describeProblem(instanceId: string): string | undefined {
    if (this.#length === 0 || this.#completed !== undefined) return undefined;
    if (this.#started === undefined) return "the history cannot be read: it has no ExecutionStarted event";
    const owner = this.#started.orchestrationInstance?.instanceId;
    return owner === instanceId ? undefined : `the history cannot be read: it belongs to the instance '${owner}'`;
  }
}
