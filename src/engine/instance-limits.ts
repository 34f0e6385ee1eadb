import { DurableError } from "../core/errors.ts";
import type { DeliveredMessage } from "./backend.ts";
import type { HistorySummary } from "./history-summary.ts";

export interface InstanceLimitOptions {
  /** Code that was begun this often and never ended is not begun again. @defaultValue 10 */
  readonly maxUnfinishedRuns?: number | undefined;
  /** An orchestration with so many events fails with its next episode. @defaultValue 200,000 */
  readonly maxHistoryEvents?: number | undefined;
  /** About how many bytes the events of an orchestration may hold. @defaultValue 512 MiB */
  readonly maxHistoryBytes?: number | undefined;
}

/** Of a limit, from where on it is worth a warning. */
const warningShare = 0.8;

/** What ends one instance before it ends the process that runs it. */
export class InstanceLimits {
  readonly maxUnfinishedRuns: number;
  readonly #maxHistoryEvents: number;
  readonly #maxHistoryBytes: number;

  constructor(options: InstanceLimitOptions = {}) {
    this.maxUnfinishedRuns = options.maxUnfinishedRuns ?? 10;
    this.#maxHistoryEvents = options.maxHistoryEvents ?? 200_000;
    this.#maxHistoryBytes = options.maxHistoryBytes ?? 512 * 1024 * 1024;
  }

  /** Why no code may run for these messages any more. Repeats do not count: what they have begun is committed. */
  describeExcess(
    instanceId: string,
    messages: readonly DeliveredMessage[],
    history: HistorySummary,
  ): DurableError | undefined {
    const [maxHistoryEvents, maxHistoryBytes] = [this.#maxHistoryEvents, this.#maxHistoryBytes];
    const unfinishedRuns = unfinishedRunsOf(messages);
    if (unfinishedRuns >= this.maxUnfinishedRuns) {
      const runs = Number.isFinite(unfinishedRuns)
        ? `was begun ${unfinishedRuns} times and never ended; does it end its process, loop without end or run out of memory?`
        : "has blocked its process until that had to be ended; does it loop without end?";
      return new DurableError("OrchestrationPoisoned", `the code of '${instanceId}' ${runs}`);
    }
    if (history.length >= maxHistoryEvents) return tooLong(`${history.length} events (at most ${maxHistoryEvents})`);
    if (history.weight >= maxHistoryBytes) return tooLong(`about ${history.weight} bytes (at most ${maxHistoryBytes})`);
    return undefined;
  }

  /** What to say of a history that has come near to a limit in its last episode. */
  describeApproach(
    before: { readonly length: number; readonly weight: number },
    after: HistorySummary,
  ): string | undefined {
    const [maxHistoryEvents, maxHistoryBytes] = [this.#maxHistoryEvents, this.#maxHistoryBytes];
    const crosses = (from: number, to: number, limit: number) =>
      from < limit * warningShare && to >= limit * warningShare;
    if (crosses(before.length, after.length, maxHistoryEvents)) {
      return `the history has ${after.length} events, of at most ${maxHistoryEvents}; ${remedy}`;
    }
    if (!crosses(before.weight, after.weight, maxHistoryBytes)) return undefined;
    return `the history has about ${after.weight} bytes, of at most ${maxHistoryBytes}; ${remedy}`;
  }
}

/** The most of any of the messages. */
export function unfinishedRunsOf(messages: readonly DeliveredMessage[]): number {
  return Math.max(0, ...messages.map(({ unfinishedRuns = 0 }) => unfinishedRuns));
}

const remedy = "begin anew with continueAsNew from time to time, or split the work into sub-orchestrations";

function tooLong(size: string): DurableError {
  return new DurableError("HistoryTooLong", `the history has ${size}; ${remedy}`);
}
