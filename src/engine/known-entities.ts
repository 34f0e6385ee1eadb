import type { SchedulerState } from "../entities/scheduler-state.ts";

/** An entity as this worker knows it, before its next batch. */
export interface KnownEntity {
  readonly scheduler: SchedulerState;
  /** Of its text, in characters. */
  readonly length: number;
  /** Of its last checkpoint; absent before the first. */
  readonly executionId: string | undefined;
  readonly historyVersion: string | undefined;
  /** When the last execution began: the next one begins later. */
  readonly startedAt: Date | undefined;
  /** Accepted messages that may come again: see `HistoryAppend.acceptedMessageIds`. */
  readonly acceptedIds: readonly string[];
}

/**
 * The recently active entities of this worker. One is taken out while it is in a work item and put back after a
 * committed checkpoint. Only a cache: whoever has been overtaken by another worker is told at the checkpoint.
 */
export class KnownEntities {
  /** In order of use. */
  readonly #entries = new Map<string, KnownEntity>();
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes of the states, about */
  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  take(instanceId: string): KnownEntity | undefined {
    const entity = this.#entries.get(instanceId);
    if (entity === undefined) return undefined;
    this.#entries.delete(instanceId);
    this.#bytes -= weightOf(entity);
    return entity;
  }

  put(instanceId: string, entity: KnownEntity): void {
    this.take(instanceId);
    this.#entries.set(instanceId, entity);
    this.#bytes += weightOf(entity);
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxCount && this.#bytes <= this.#maxBytes) return;
      this.take(id);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

const entityBytes = 1000;

/** The text, and what was made of it. */
function weightOf({ length }: KnownEntity): number {
  return entityBytes + 4 * length;
}
