import { createHash } from "node:crypto";
import type { EntityBatchResult, EntityOutcome } from "../core/entity-batch.ts";
import { type EntityRef, entityOfInstanceId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import { describeFailure } from "../core/failure-details.ts";
import { formatFailureTrace } from "../core/failure-trace.ts";
import type { EventRaised, ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import type { EntityRequest } from "../entities/entity-message.ts";
import { type EntityPlan, finishEntityBatch, planEntityBatch } from "../entities/entity-scheduler.ts";
import { type OutboxEntry, type OwedMessages, toOutgoingMessage } from "../entities/outbox.ts";
import {
  formatEntityStatus,
  formatSchedulerState,
  noSchedulerState,
  parseSchedulerState,
  type SchedulerState,
} from "../entities/scheduler-state.ts";
import type { Backend, DeliveredMessage, OrchestrationCheckpoint, OrchestrationWorkItem } from "./backend.ts";
import { type InstanceLimits, unfinishedRunsOf } from "./instance-limits.ts";
import { KnownEntities, type KnownEntity } from "./known-entities.ts";
import type { KeptLock } from "./lock-keeper.ts";
import { fireAndForgetTag } from "./parent-answers.ts";
import { suspectAfterRuns } from "./suspect-line.ts";

export interface EntityProcessorOptions {
  readonly backend: Backend;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly maxSessions: number;
  readonly maxSessionBytes: number;
  readonly maxEntityOperations: number;
  readonly limits: InstanceLimits;
}

/** More would not fit into a table column. */
const maxAcceptedIds = 500;
/**
 * The messages of a checkpoint that has not sent all come again sooner, whatever clocks say: locks have run out by then,
 * and so have delays.
 */
const maxUnsentMs = 30 * 60_000;

/**
 * Takes a work item of an entity from its messages to its checkpoint. An entity is an instance whose history has one
 * execution, begun anew at each checkpoint, with the scheduler state for its input.
 *
 * N1. Whatever an entity sends is in its committed state first, so nobody sees an answer of operations that are then
 *     run in another order. It stays there until it was surely sent, and is sent again when a message comes again that
 *     was accepted before: messages are settled last.
 * N2. A message that was accepted before is not accepted again.
 * N3. An entity that nobody here knows is left to others, and its messages with it.
 * N4. An operation that takes its process down is found by running those that wait one at a time, and is failed alone.
 */
export class EntityProcessor {
  readonly #options: EntityProcessorOptions;
  readonly #known: KnownEntities;
  readonly #events: EventLog;

  constructor(options: EntityProcessorOptions) {
    this.#options = options;
    const { backend, log, maxSessions, maxSessionBytes } = options;
    this.#known = new KnownEntities(maxSessions, maxSessionBytes);
    this.#events = createEventLog(log, { taskHub: backend.taskHub });
  }

  close(): void {
    this.#known.clear();
  }

  /** Settles the work item, or rejects and has settled nothing. */
  async run(workItem: OrchestrationWorkItem, lock: KeptLock): Promise<void> {
    const { backend, clock, maxEntityOperations, limits } = this.#options;
    const { instanceId } = workItem;
    const entity = entityOfInstanceId(instanceId);
    if (entity === undefined) return await this.#discard(workItem);
    const known = this.#known.take(instanceId) ?? (await this.#load(workItem));
    const fresh = freshMessages(workItem, known);
    const unfinishedRuns = unfinishedRunsOf(fresh);
    const now = new Date(clock.now());
    // N1: a message of an earlier checkpoint would not come again, had that sent all.
    const mayOwe = workItem.messages.some(({ id }) => known.acceptedIds.includes(id));
    const isUnsure = ({ madeAt }: OwedMessages) => now.getTime() - madeAt.getTime() < maxUnsentMs;
    const outbox = mayOwe ? known.scheduler.outbox : known.scheduler.outbox.filter(isUnsure);
    const before = { ...known.scheduler, outbox };
    const planFor = (maxOperations: number) =>
      planEntityBatch(instanceId, before, fresh.map(eventOf), { now, maxOperations });
    let plan = planFor(before.isSuspect ? 1 : maxEntityOperations);
    // N4: first it is noted that they are to be run singly.
    const isNewSuspect = unfinishedRuns >= suspectAfterRuns && operationsOf(plan).length > 1;
    if (isNewSuspect) plan = planFor(0);
    const isNobody = known.executionId === undefined && plan.refused.length === fresh.length;
    if (isNobody) return await this.#discard(workItem);
    const result =
      unfinishedRuns >= limits.maxUnfinishedRuns
        ? this.#quarantine(instanceId, unfinishedRuns, plan)
        : await this.#execute(instanceId, entity, plan, lock);
    const finished = finishEntityBatch(instanceId, plan, result, now);
    const isSuspect = isNewSuspect || (before.isSuspect === true && finished.queue.length > 0);
    const scheduler = { ...finished, isSuspect };
    // What is sent now would only be repeated.
    if (lock.isLost) throw new DurableError("WorkItemLockLost", `the lock of ${instanceId} is lost`);

    const unsure = mayOwe ? [] : outbox;
    const executionId = nextExecutionId(instanceId, known.executionId ?? workItem.messages[0]!.id);
    const acceptedIds = [...known.acceptedIds, ...fresh.map(({ id }) => id)].slice(-maxAcceptedIds);
    const sent = scheduler.outbox.slice(unsure.length).flatMap(({ entries }) => entries);
    // Executions of one id are ordered by this time.
    const startedAt = new Date(Math.max(now.getTime(), known.startedAt?.getTime() ?? 0));
    const checkpoint = checkpointOf(workItem, { known, scheduler, sent, executionId, acceptedIds, startedAt });
    const { historyVersion, undeleted = [], isUnsent } = await backend.completeOrchestrationWorkItem(checkpoint);
    this.#report(workItem, fresh, plan, result);
    if (isUnsent === true) return; // N1: the next one loads what is to be sent
    const gone = new Set(workItem.messages.map(({ id }) => id));
    for (const id of undeleted) gone.delete(id);
    this.#known.put(instanceId, {
      scheduler: { ...scheduler, outbox: unsure },
      length: checkpoint.history.events[1].input.length,
      executionId,
      historyVersion,
      startedAt,
      acceptedIds: acceptedIds.filter((id) => !gone.has(id)),
    });
  }

  /** Messages that are no requests, for an entity that is not there. */
  async #discard(workItem: OrchestrationWorkItem): Promise<void> {
    const { messages } = workItem;
    for (const delivered of messages) this.#logDiscarded(workItem.instanceId, delivered);
    await this.#options.backend.completeOrchestrationWorkItem({
      workItem,
      history: undefined,
      outgoing: [],
      instance: undefined,
      settled: messages,
      deferred: [],
    });
  }

  async #load(workItem: OrchestrationWorkItem): Promise<KnownEntity> {
    const { events, executionId, historyVersion, problem, acceptedMessageIds } =
      await this.#options.backend.loadHistory(workItem);
    const started = events.find((event): event is ExecutionStarted => event.type === "ExecutionStarted");
    const isNew = events.length === 0;
    const scheduler = isNew ? noSchedulerState : started && parseSchedulerState(started.input);
    if (problem !== undefined || scheduler === undefined) {
      const reason = problem ?? "the input of its execution is no scheduler state";
      throw new DurableError("CorruptData", `the state of ${workItem.instanceId} cannot be read: ${reason}`);
    }
    const acceptedIds = acceptedMessageIds ?? [];
    const length = started?.input?.length ?? 0;
    return { scheduler, length, executionId, historyVersion, startedAt: started?.timestamp, acceptedIds };
  }

  async #execute(instanceId: string, entity: EntityRef, plan: EntityPlan, lock: KeptLock): Promise<EntityBatchResult> {
    const { state } = plan.scheduler;
    const operations = operationsOf(plan).map(({ id, operation = "", input, isSignal, parentInstanceId }) => {
      return { id, operation, input, isSignal, parentInstanceId };
    });
    if (operations.length === 0) return { outcomes: [], state };
    const batch = { instanceId, entity, state, operations };
    const result = await this.#options.executor.executeEntityBatch({
      ...batch,
      get signal() {
        return lock.signal;
      },
    }); // N3
    if (result.outcomes.length === operations.length) return result;
    const counts = `${result.outcomes.length} outcomes for ${operations.length} operations`;
    throw new DurableError("InternalError", `the executor gave ${counts} of ${instanceId}`);
  }

  /** Fails the operations without running them; the state stays. */
  #quarantine(instanceId: string, unfinishedRuns: number, plan: EntityPlan): EntityBatchResult {
    const outcomes = operationsOf(plan).map(({ operation }): EntityOutcome => {
      const text = Number.isFinite(unfinishedRuns)
        ? `operation '${operation}' of ${instanceId} was begun ${unfinishedRuns} times and never ended; does it end its process?`
        : `operation '${operation}' of ${instanceId} has blocked its process until that had to be ended; does it loop without end?`;
      this.#events.write("EntityOperationQuarantined", text, { instanceId });
      return { kind: "failed", failureDetails: describeFailure(new DurableError("EntityOperationPoisoned", text)) };
    });
    return { outcomes, state: plan.scheduler.state };
  }

  #report(
    { instanceId, messages }: OrchestrationWorkItem,
    fresh: readonly DeliveredMessage[],
    plan: EntityPlan,
    result: EntityBatchResult,
  ) {
    const useful = new Set(fresh);
    const refused = new Set(plan.refused);
    for (const delivered of messages) {
      const { event } = delivered.message;
      if (!useful.has(delivered) || refused.has(event as EventRaised)) this.#logDiscarded(instanceId, delivered);
    }
    const operations = operationsOf(plan);
    for (const [index, outcome] of result.outcomes.entries()) {
      const request = operations[index]!;
      if (outcome.kind !== "failed") continue;
      const text = `operation '${request.operation}' of ${instanceId} failed: ${formatFailureTrace(outcome.failureDetails)}`;
      const isAwaited = !request.isSignal && request.parentInstanceId !== undefined;
      if (!isAwaited) this.#events.write("EntitySignalFailed", text, { instanceId });
      else
        this.#events.write("EntityOperationFailed", text, {
          instanceId,
          functionName: entityOfInstanceId(instanceId)?.name,
        });
    }
  }

  #logDiscarded(instanceId: string, { id: messageId, message, deliveryCount }: DeliveredMessage): void {
    const text = `a ${message.event.type} for ${instanceId} has no effect`;
    this.#events.write("MessageDiscarded", text, { instanceId, messageId, deliveryCount });
  }
}

/** N2 */
function freshMessages({ messages }: OrchestrationWorkItem, { acceptedIds }: KnownEntity): readonly DeliveredMessage[] {
  const accepted = new Set(acceptedIds);
  return messages.filter(({ id, message }) => {
    if (message.event.type !== "EventRaised" || accepted.has(id)) return false;
    accepted.add(id);
    return true;
  });
}

interface EntityCheckpoint {
  readonly known: KnownEntity;
  readonly scheduler: SchedulerState;
  readonly sent: readonly OutboxEntry[];
  readonly executionId: string;
  readonly acceptedIds: readonly string[];
  readonly startedAt: Date;
}

function checkpointOf(
  workItem: OrchestrationWorkItem,
  { known, scheduler, sent, executionId, acceptedIds, startedAt }: EntityCheckpoint,
) {
  const { instanceId, messages } = workItem;
  const input = formatSchedulerState(scheduler);
  const start = { name: instanceId, version: "", input, tags: undefined, generation: undefined } as const;
  const sender = { instanceId, executionId };
  return {
    workItem,
    history: {
      executionId,
      expectedHistoryVersion: known.historyVersion,
      firstIndex: 0,
      events: historyOf(sender, input, startedAt),
      episode: 1,
      acceptedMessageIds: acceptedIds,
    },
    outgoing: [],
    outgoingAfterCommit: sent.map((entry) => toOutgoingMessage(entry, sender, startedAt, { [fireAndForgetTag]: "" })),
    instance: {
      executionId,
      lastUpdatedTime: startedAt,
      customStatus: formatEntityStatus(scheduler),
      started: { ...start, createdTime: startedAt, scheduledStartTime: undefined },
      parentInstanceId: "",
      runtimeStatus: "Running",
    },
    settled: messages,
    deferred: [],
  } satisfies OrchestrationCheckpoint;
}

function historyOf(execution: { readonly instanceId: string; readonly executionId: string }, input: string, now: Date) {
  const header = { eventId: -1, timestamp: now };
  return [
    { ...header, type: "OrchestratorStarted" },
    {
      ...header,
      type: "ExecutionStarted",
      orchestrationInstance: execution,
      parentInstance: undefined,
      name: execution.instanceId,
      version: "",
      input,
      tags: undefined,
      correlation: undefined,
      parentTraceContext: undefined,
      scheduledStartTime: undefined,
      generation: undefined,
      generateNewTrace: false,
    },
    { ...header, type: "OrchestratorCompleted" },
  ] as const satisfies readonly HistoryEvent[];
}

/** The same for every repeat of the checkpoint. */
function nextExecutionId(instanceId: string, before: string): string {
  return createHash("sha256").update(`${instanceId}\n${before}\nnext`).digest("hex").slice(0, 32);
}

function operationsOf({ steps }: EntityPlan): readonly EntityRequest[] {
  return steps.flatMap((step) => (step.kind === "operation" ? step.request : []));
}

function eventOf({ message }: DeliveredMessage): EventRaised {
  return message.event as EventRaised;
}
