import { DurableError, isDurableError, messageOf } from "../../core/errors.ts";
import { formatFailure } from "../../core/failure-details.ts";
import type { ExecutionCompleted, ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import type { CompleteOrchestration } from "../../core/orchestrator-action.ts";
import type { EpisodeResult, TaskExecutor } from "../../core/task-executor.ts";
import { describeAction } from "../../orchestration/replay/action-ledger.ts";

/** What the present code makes of a history that was recorded. */
export type HistoryReplay =
  | { readonly kind: "fits" }
  /** The instance could not go on with this code. */
  | { readonly kind: "breaks"; readonly reason: string }
  /** There is nothing to compare. */
  | { readonly kind: "not replayed"; readonly reason: string };

/** Failures of the engine's own making: not what the code of that time had decided, or decides now. */
const engineFailures: ReadonlySet<string> = new Set<DurableError["code"]>([
  "NondeterministicOrchestration",
  "OrchestrationMisuse",
  "OrchestratorNotRegistered",
  "OrchestrationPoisoned",
  "HistoryTooLong",
  "TooManyActions",
  "VersionMismatch",
  "CorruptData",
]);

/**
 * Replays a recorded history with the code that an executor has, and compares. Nothing has an effect: activities do not
 * run, and nothing is written.
 *
 * @param history of one execution: of an instance that is under way, or that has ended
 */
export async function replayHistory(
  executor: Pick<TaskExecutor, "openSession">,
  history: readonly HistoryEvent[],
): Promise<HistoryReplay> {
  const started = history.find((event): event is ExecutionStarted => event.type === "ExecutionStarted");
  if (started === undefined) return { kind: "not replayed", reason: "it has no start: no worker has taken it up yet" };
  const endAt = history.findLastIndex(({ type }) => type === "ExecutionCompleted");
  const end = history[endAt] as ExecutionCompleted | undefined;
  const failure = end?.failureDetails?.errorType;
  if (failure !== undefined && engineFailures.has(failure)) {
    return { kind: "not replayed", reason: `it was failed by the engine: ${failure}` };
  }
  const pastEvents = end === undefined ? history : history.slice(0, endAt);
  const session = executor.openSession(started.orchestrationInstance);
  try {
    const result = await session.execute({ pastEvents, newEvents: [] });
    const reason = describeBreak(result, end, pastEvents.length);
    return reason === undefined ? { kind: "fits" } : { kind: "breaks", reason };
  } catch (error) {
    // Workers of another version run it.
    if (isDurableError(error, "VersionMismatch")) return { kind: "not replayed", reason: error.message };
    return { kind: "breaks", reason: messageOf(error) };
  } finally {
    session.close();
  }
}

function describeBreak(
  { actions }: EpisodeResult,
  recorded: ExecutionCompleted | undefined,
  length: number,
): string | undefined {
  const end = actions.find((action) => action.kind === "CompleteOrchestration");
  const { errorType, errorMessage } = end?.failureDetails ?? {};
  if (errorType !== undefined && engineFailures.has(errorType)) {
    return errorType === "NondeterministicOrchestration" ? errorMessage : formatFailure(end!.failureDetails!);
  }
  // Of a terminated instance nothing happens that its code still asked for.
  const isTerminated = recorded?.orchestrationStatus === "Terminated";
  const asked = actions.find(({ kind }) => kind !== "CompleteOrchestration" && kind !== "RecordPatch");
  if (asked !== undefined && !isTerminated) {
    return `after its ${length} events history has nothing more, but the orchestrator now asks for ${describeAction(asked)}`;
  }
  if (recorded === undefined && end === undefined) return undefined;
  if (recorded === undefined) return `after its ${length} events history goes on, but ${describeEnd(end!)}`;
  const had = `at event ${length} history has its end (${recorded.orchestrationStatus})`;
  if (end === undefined) return `${had}, but the orchestrator now waits for something more`;
  return end.status === recorded.orchestrationStatus ? undefined : `${had}, but ${describeEnd(end)}`;
}

function describeEnd({ status, failureDetails }: CompleteOrchestration): string {
  const cause = failureDetails === undefined ? "" : `: ${formatFailure(failureDetails)}`;
  return `the orchestrator now ends (${status}${cause})`;
}

/** @throws DurableError `NondeterministicOrchestration` that says where the two part */
export function assertFits(outcome: HistoryReplay): void {
  if (outcome.kind === "breaks") throw new DurableError("NondeterministicOrchestration", outcome.reason);
}
