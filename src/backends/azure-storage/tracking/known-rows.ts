import type { InstanceChange } from "../../../engine/backend.ts";
import type { InstanceWrite, StoredInstance } from "../../../engine/next-instance-write.ts";
import { fromInstanceRow } from "../codec/instance-row.ts";
import { readString, type TableRow } from "../storage/table-row.ts";

/** A row of the instances table as this process last saw or wrote it. */
export interface KnownRow extends StoredInstance {
  readonly etag: string;
  readonly generation: number;
  /** It tells how the execution began, as the execution has it. */
  readonly showsStart: boolean;
  /** Its `Output` column holds something. */
  readonly hasOutput: boolean;
  /** What this process has written to it last, but for the time. @defaultValue somebody else has written it */
  readonly shown?: string | undefined;
}

const maxRows = 10_000;

/**
 * Rows by instance id, so that a write need not read first. Only a guess: whoever writes on its word does so on the
 * condition of its ETag.
 */
export class KnownRows {
  readonly #rows = new Map<string, KnownRow>();

  get(instanceId: string): KnownRow | undefined {
    return this.#rows.get(instanceId);
  }

  set(instanceId: string, row: KnownRow): void {
    this.#rows.delete(instanceId);
    this.#rows.set(instanceId, row);
    if (this.#rows.size <= maxRows) return;
    const [oldest] = this.#rows.keys();
    if (oldest !== undefined) this.#rows.delete(oldest);
  }

  delete(instanceId: string): void {
    this.#rows.delete(instanceId);
  }
}

/** What to write, and how. */
export interface RowWrite {
  readonly change: InstanceChange;
  readonly mode: "merge" | "replace";
}

/** How a change gets into the row, given what `nextInstanceWrite` has decided: no column is written that is there. */
export function planRowWrite(
  write: Exclude<InstanceWrite, "none">,
  change: InstanceChange,
  known: KnownRow | undefined,
): RowWrite {
  const { started } = change;
  if (write !== "merge" || known === undefined) {
    const generation = started?.generation ?? (known?.generation || undefined);
    return { change: { ...change, started: started && { ...started, generation } }, mode: "replace" };
  }
  // A merge would leave an output that an end without output does not have, and an end that was taken back.
  const isReopened = known.completedTime !== undefined && change.completedTime === undefined;
  const isStale = isReopened || (known.hasOutput && change.completedTime !== undefined && change.output === undefined);
  if (isStale && started !== undefined && change.keepsCustomStatus !== true) {
    const generation = started.generation ?? (known.generation || undefined);
    return { change: { ...change, started: { ...started, generation } }, mode: "replace" };
  }
  const isShown = known.showsStart && known.executionId === change.executionId;
  return { change: isShown ? { ...change, started: undefined } : change, mode: "merge" };
}

/** A change that shows what the row has: only the time of its last update would be new. */
export function isOnlyLater(write: InstanceWrite, change: InstanceChange, known: KnownRow | undefined): boolean {
  if (write !== "merge" || known?.shown === undefined || change.keepsCustomStatus === true) return false;
  return known.executionId === change.executionId && known.showsStart && known.shown === shownBy(change);
}

function shownBy({ runtimeStatus, customStatus, eventWaits, unwantedTasks, ...change }: InstanceChange): string {
  const { output, completedTime, rewoundTime } = change;
  return JSON.stringify([runtimeStatus, customStatus, eventWaits, unwantedTasks, output, completedTime, rewoundTime]);
}

/** The row after a write. */
export function nextKnownRow(change: InstanceChange, before: KnownRow | undefined, etag: string): KnownRow {
  const isSame = before?.executionId === change.executionId;
  return {
    etag,
    executionId: change.executionId,
    runtimeStatus: change.runtimeStatus ?? before?.runtimeStatus ?? "Running",
    createdTime: change.started?.createdTime ?? before?.createdTime ?? change.lastUpdatedTime,
    completedTime: change.completedTime,
    generation: change.started?.generation ?? before?.generation ?? 0,
    showsStart: change.started !== undefined || (isSame && before.showsStart),
    shown: shownBy(change),
    hasOutput: change.output !== undefined || (before?.hasOutput === true && change.completedTime === undefined),
  };
}

export function toKnownRow(row: TableRow): KnownRow {
  const state = fromInstanceRow(row, {});
  const { executionId, runtimeStatus, createdTime, completedTime, generation } = state;
  return {
    etag: row.etag ?? "*",
    executionId,
    runtimeStatus,
    createdTime,
    completedTime,
    generation,
    // A client writes it before the execution begins.
    showsStart: runtimeStatus !== "Pending",
    hasOutput: (readString(row, "Output") ?? "") !== "",
  };
}
