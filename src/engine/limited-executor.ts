import type { EntityAction, EntityBatch, EntityBatchResult, EntityOutcome } from "../core/entity-batch.ts";
import { DurableError } from "../core/errors.ts";
import type { EventWaits } from "../core/event-waits.ts";
import { describeFailure, type FailureDetails } from "../core/failure-details.ts";
import type { ExecutionRef, HistoryEvent } from "../core/history-event.ts";
import type { CompleteOrchestration, OrchestratorAction } from "../core/orchestrator-action.ts";
import { describeOversize, describeOversizeTags, maxRowTextUnits } from "../core/payloads/payload-limit.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  Episode,
  EpisodeResult,
  OrchestrationSession,
  TaskExecutor,
} from "../core/task-executor.ts";

/**
 * An executor whose code hands over nothing that cannot be stored, wherever the code runs. What is too large fails the
 * one orchestration, activity or batch of operations, with the reason: a checkpoint with it would be refused by storage
 * again and again.
 */
export class LimitedExecutor implements TaskExecutor {
  readonly #executor: TaskExecutor;
  readonly #maxBytes: number;

  /** @param maxBytes of a payload as UTF-8 */
  constructor(executor: TaskExecutor, maxBytes: number) {
    this.#executor = executor;
    this.#maxBytes = maxBytes;
  }

  openSession(execution: ExecutionRef, onMisuse?: () => void): OrchestrationSession {
    const session = this.#executor.openSession(execution, onMisuse);
    return new LimitedSession(session, this.#maxBytes);
  }

  async executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome> {
    const outcome = await this.#executor.executeActivity(invocation);
    if (outcome.kind === "failed") return outcome;
    const what = `the result of activity '${invocation.name}'`;
    const reason = describeOversize(outcome.result, what, this.#maxBytes);
    return reason === undefined ? outcome : { kind: "failed", failureDetails: tooLarge(reason) };
  }

  async executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    const result = await this.#executor.executeEntityBatch(batch);
    const reason =
      describeOversize(result.state, `the state of ${batch.instanceId}`, this.#maxBytes) ??
      firstReason(result.outcomes, (outcome) => describeOutcome(outcome, batch.instanceId, this.#maxBytes));
    if (reason === undefined) return result;
    // Which state each of the operations had found is not known here: as if none of them had been.
    const failed: EntityOutcome = { kind: "failed", failureDetails: tooLarge(reason) };
    return { outcomes: result.outcomes.map(() => failed), state: batch.state };
  }
}

class LimitedSession implements OrchestrationSession {
  readonly #session: OrchestrationSession;
  readonly #maxBytes: number;
  readonly waitsForTimer?: (timerId: number) => boolean;
  readonly eventWaits?: () => EventWaits | undefined;
  readonly newlyAwaitedEvents?: () => readonly string[];
  /** The greatest number of an action so far. */
  #lastId = -1;

  constructor(session: OrchestrationSession, maxBytes: number) {
    this.#session = session;
    this.#maxBytes = maxBytes;
    if (session.eventWaits !== undefined) this.eventWaits = () => session.eventWaits?.();
    if (session.newlyAwaitedEvents !== undefined) this.newlyAwaitedEvents = () => session.newlyAwaitedEvents?.() ?? [];
    if (session.waitsForTimer === undefined) return;
    this.waitsForTimer = (timerId) => session.waitsForTimer?.(timerId) !== false;
  }

  async execute(episode: Episode, work?: { readonly signal: AbortSignal }): Promise<EpisodeResult> {
    const result = await this.#session.execute(episode, work);
    for (const { eventId } of episode.pastEvents) this.#lastId = Math.max(this.#lastId, eventId);
    for (const { id } of result.actions) this.#lastId = Math.max(this.#lastId, id);
    const reason = this.#describeExcess(result);
    return reason === undefined ? result : this.#failed(result, reason);
  }

  close(): void {
    this.#session.close();
  }

  #describeExcess({ actions, customStatus }: EpisodeResult): string | undefined {
    const ends = actions.some((action) => action.kind === "CompleteOrchestration" && action.status === "Terminated");
    if (ends) return undefined;
    if (customStatus !== undefined && customStatus.length > maxRowTextUnits) {
      return `the custom status has ${customStatus.length} characters as JSON; at most ${maxRowTextUnits} are allowed`;
    }
    return firstReason(actions, (action) => describeAction(action, this.#maxBytes));
  }

  /** Nothing that the episode asked for begins; the marks of what its code has met stay. */
  #failed(result: EpisodeResult, reason: string): EpisodeResult {
    const end: CompleteOrchestration = {
      kind: "CompleteOrchestration",
      id: result.actions.find(({ kind }) => kind === "CompleteOrchestration")?.id ?? this.#lastId + 1,
      status: "Failed",
      result: undefined,
      failureDetails: tooLarge(reason),
      carryoverEvents: [],
      newVersion: undefined,
    };
    const marks = result.actions.filter(({ kind }) => kind === "RecordPatch");
    return { ...result, actions: [...marks, end], customStatus: undefined, keepsCustomStatus: true };
  }
}

function describeAction(action: OrchestratorAction, maxBytes: number): string | undefined {
  switch (action.kind) {
    case "ScheduleTask":
      return describeOversize(action.input, `the input of activity '${action.name}'`, maxBytes);
    case "CreateSubOrchestration": {
      const { input, name, tags } = action;
      const what = `of sub-orchestration '${name}'`;
      return describeOversize(input, `the input ${what}`, maxBytes) ?? describeOversizeTags(tags, `the tags ${what}`);
    }
    case "SendEvent":
      return describeOversize(action.input, `what is sent to '${action.instanceId}'`, maxBytes);
    case "CompleteOrchestration": {
      const what = action.status === "ContinuedAsNew" ? "the input of continueAsNew" : "the output";
      return (
        describeOversize(action.result, what, maxBytes) ??
        firstReason(action.carryoverEvents, (event) => describeOversize(textOf(event), "an event", maxBytes))
      );
    }
    default:
      return undefined;
  }
}

function textOf(event: HistoryEvent): string | undefined {
  return event.type === "EventRaised" ? event.input : undefined;
}

function describeOutcome(outcome: EntityOutcome, entity: string, maxBytes: number): string | undefined {
  if (outcome.kind === "failed") return undefined;
  const ofActions = (action: EntityAction) => describeOversize(action.input, `what ${entity} has sent`, maxBytes);
  return describeOversize(outcome.result, `a result of ${entity}`, maxBytes) ?? firstReason(outcome.actions, ofActions);
}

function firstReason<T>(items: readonly T[], describe: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const reason = describe(item);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function tooLarge(reason: string): FailureDetails {
  return { ...describeFailure(new DurableError("InvalidPayload", reason)), isNonRetriable: true };
}
