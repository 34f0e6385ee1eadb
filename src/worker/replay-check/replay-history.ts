import { DurableError, isDurableError, messageOf } from "../../core/errors.ts";
import { formatFailure } from "../../core/failure-details.ts";
import type { ExecutionCompleted, ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import type { CompleteOrchestration, OrchestratorAction } from "../../core/orchestrator-action.ts";
import type { TaskExecutor } from "../../core/task-executor.ts";
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

/** A recorded history as it can be replayed. */
export interface ReplayPlan {
  readonly started: ExecutionStarted;
  /** All events but the end. */
  readonly events: readonly HistoryEvent[];
  readonly end: ExecutionCompleted | undefined;
}

/** Why there is nothing to replay, or what. */
export function planReplay(history: readonly HistoryEvent[]): ReplayPlan | string {
  const started = history.find((event): event is ExecutionStarted => event.type === "ExecutionStarted");
  if (started === undefined) return "it has no start: no worker has taken it up yet";
  const endAt = history.findLastIndex(({ type }) => type === "ExecutionCompleted");
  const end = history[endAt] as ExecutionCompleted | undefined;
  return { started, events: end === undefined ? history : history.slice(0, endAt), end };
}

/** The code of the failure, if the engine has failed the execution, and not its code. */
export function engineFailureOf(end: ExecutionCompleted | undefined): string | undefined {
  const failure = end?.failureDetails?.errorType;
  return failure !== undefined && engineFailures.has(failure) ? failure : undefined;
}

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
  const plan = planReplay(history);
  if (typeof plan === "string") return { kind: "not replayed", reason: plan };
  const { started, events, end } = plan;
  const failure = engineFailureOf(end);
  if (failure !== undefined) return { kind: "not replayed", reason: `it was failed by the engine: ${failure}` };
  const session = executor.openSession(started.orchestrationInstance);
  try {
    const { actions } = await session.execute({ pastEvents: events, newEvents: [] });
    return compareEnd(actions, end, events.length);
  } catch (error) {
    return describeRejection(error);
  } finally {
    session.close();
  }
}

/** What an error means by which a whole replay was refused. */
export function describeRejection(error: unknown): HistoryReplay {
  // Workers of another version run it.
  const isElsewhere = isDurableError(error, "VersionMismatch");
  return { kind: isElsewhere ? "not replayed" : "breaks", reason: messageOf(error) };
}

/**
 * Compares what code asks for after all of its history with what that history has.
 *
 * @param recorded the end that the history has
 * @param length number of its events before that
 */
export function compareEnd(
  actions: readonly OrchestratorAction[],
  recorded: ExecutionCompleted | undefined,
  length: number,
): HistoryReplay {
  const reason = describeBreak(actions, recorded, length);
  return reason === undefined ? { kind: "fits" } : { kind: "breaks", reason };
}

/** Why the engine fails what code asks for now; `undefined` when that is what the code has decided. */
export function describeRefusal(actions: readonly OrchestratorAction[]): string | undefined {
  const end = actions.find((action) => action.kind === "CompleteOrchestration");
  const { errorType, errorMessage } = end?.failureDetails ?? {};
  if (errorType === undefined || !engineFailures.has(errorType)) return undefined;
  return errorType === "NondeterministicOrchestration" ? errorMessage : formatFailure(end!.failureDetails!);
}

function describeBreak(
  actions: readonly OrchestratorAction[],
  recorded: ExecutionCompleted | undefined,
  length: number,
): string | undefined {
  const refusal = describeRefusal(actions);
  if (refusal !== undefined) return refusal;
  const end = actions.find((action) => action.kind === "CompleteOrchestration");
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
