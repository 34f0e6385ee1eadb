import { createHash } from "node:crypto";
import type { EntityBatchResult } from "../core/entity-batch.ts";
import { EntityId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import { formatFailureChain } from "../core/failure-details.ts";
import type { EventRaised, ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import { type EntityPlan, finishEntityBatch, planEntityBatch } from "../entities/entity-scheduler.ts";
import { toOutgoingMessage } from "../entities/outbox.ts";
import {
  formatEntityStatus,
  formatSchedulerState,
  noSchedulerState,
  parseSchedulerState,
  type SchedulerState,
} from "../entities/scheduler-state.ts";
import type { Backend, DeliveredMessage, OrchestrationCheckpoint, OrchestrationWorkItem } from "./backend.ts";
import { KnownEntities, type KnownEntity } from "./known-entities.ts";
import type { KeptLock } from "./lock-keeper.ts";
import { fireAndForgetTag } from "./parent-answers.ts";

export interface EntityProcessorOptions {
  readonly backend: Backend;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly maxSessions: number;
  readonly maxSessionBytes: number;
  readonly maxEntityOperations: number;
}

/** More would not fit into a table column. */
const maxAcceptedIds = 500;

/**
 * Takes a work item of an entity from its messages to its checkpoint. An entity is an instance whose history has one
 * execution, begun anew at each checkpoint, with the scheduler state for its input.
 *
 * N1. Whatever an entity sends is in its committed state first, and is sent again by whoever finds it there unsent. So
 *     nobody sees an answer of operations that are then run in another order.
 * N2. A message that was accepted before is not accepted again.
 * N3. An entity that nobody here knows is left to others, and its messages with it.
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
    const { backend, clock } = this.#options;
    const { instanceId } = workItem;
    const known = this.#known.take(instanceId) ?? (await this.#load(workItem));
    const accepted = new Set(known.acceptedIds);
    // N2
    const fresh = workItem.messages.filter(
      ({ id, message }) => !accepted.has(id) && message.event.type === "EventRaised",
    );
    const isNobody = !isEntity(instanceId) || (fresh.length === 0 && known.executionId === undefined);
    if (isNobody) return await this.#discard(workItem);
    // Executions of one id are ordered by this time.
    const now = new Date(Math.max(clock.now(), known.startedAt?.getTime() ?? 0));
    const plan = planEntityBatch(instanceId, known.scheduler, fresh.map(eventOf), {
      now,
      maxOperations: this.#options.maxEntityOperations,
    });
    const result = await this.#execute(instanceId, known.scheduler, plan, lock);
    const scheduler = finishEntityBatch(instanceId, plan, result, now);
    // What is sent now would only be repeated.
    if (lock.isLost) throw new DurableError("WorkItemLockLost", `the lock of ${instanceId} is lost`);

    const executionId = nextExecutionId(instanceId, known.executionId ?? workItem.messages[0]!.id);
    const acceptedIds = [...known.acceptedIds, ...fresh.map(({ id }) => id)].slice(-maxAcceptedIds);
    const checkpoint = checkpointOf(workItem, { known, scheduler, executionId, acceptedIds, now });
    const { historyVersion, undeleted = [], isUnsent } = await backend.completeOrchestrationWorkItem(checkpoint);
    this.#report(workItem, known, plan, result);
    if (isUnsent === true) return; // N1: the next one loads what is to be sent
    const gone = new Set(workItem.messages.map(({ id }) => id));
    for (const id of undeleted) gone.delete(id);
    this.#known.put(instanceId, {
      scheduler: { ...scheduler, outbox: [] },
      executionId,
      historyVersion,
      startedAt: now,
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
    const scheduler = started === undefined ? noSchedulerState : parseSchedulerState(started.input);
    if (problem !== undefined || scheduler === undefined) {
      const reason = problem ?? "the input of its execution is no scheduler state";
      throw new DurableError("CorruptData", `the state of ${workItem.instanceId} cannot be read: ${reason}`);
    }
    const acceptedIds = acceptedMessageIds ?? [];
    return { scheduler, executionId, historyVersion, startedAt: started?.timestamp, acceptedIds };
  }

  async #execute(
    instanceId: string,
    { state }: SchedulerState,
    { steps }: EntityPlan,
    lock: KeptLock,
  ): Promise<EntityBatchResult> {
    const operations = steps.flatMap((step) => {
      if (step.kind !== "operation") return [];
      const { id, operation = "", input, isSignal } = step.request;
      return { id, operation, input, isSignal };
    });
    if (operations.length === 0) return { outcomes: [], state };
    const entity = EntityId.parse(instanceId);
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

  #report(
    { instanceId, messages }: OrchestrationWorkItem,
    known: KnownEntity,
    plan: EntityPlan,
    result: EntityBatchResult,
  ) {
    const accepted = new Set(known.acceptedIds);
    for (const delivered of messages) {
      const { event } = delivered.message;
      const isUseful = event.type === "EventRaised" && !accepted.has(delivered.id) && !plan.refused.includes(event);
      if (!isUseful) this.#logDiscarded(instanceId, delivered);
    }
    const operations = plan.steps.flatMap((step) => (step.kind === "operation" ? step.request : []));
    for (const [index, outcome] of result.outcomes.entries()) {
      const request = operations[index]!;
      if (outcome.kind !== "failed" || !(request.isSignal || request.parentInstanceId === undefined)) continue;
      const text = `operation '${request.operation}' of ${instanceId} failed: ${formatFailureChain(outcome.failureDetails)}`;
      this.#events.write("EntitySignalFailed", text, { instanceId });
    }
  }

  #logDiscarded(instanceId: string, { id: messageId, message, deliveryCount }: DeliveredMessage): void {
    const text = `a ${message.event.type} for ${instanceId} has no effect`;
    this.#events.write("MessageDiscarded", text, { instanceId, messageId, deliveryCount });
  }
}

function isEntity(instanceId: string): boolean {
  return instanceId.indexOf("@", 1) > 1;
}

interface EntityCheckpoint {
  readonly known: KnownEntity;
  readonly scheduler: SchedulerState;
  readonly executionId: string;
  readonly acceptedIds: readonly string[];
  readonly now: Date;
}

function checkpointOf(
  workItem: OrchestrationWorkItem,
  { known, scheduler, executionId, acceptedIds, now }: EntityCheckpoint,
): OrchestrationCheckpoint {
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
      events: historyOf(sender, input, now),
      episode: 1,
      acceptedMessageIds: acceptedIds,
    },
    outgoing: [],
    outgoingAfterCommit: scheduler.outbox.map((entry) =>
      toOutgoingMessage(entry, sender, now, { [fireAndForgetTag]: "" }),
    ),
    instance: {
      executionId,
      lastUpdatedTime: now,
      customStatus: formatEntityStatus(scheduler),
      started: { ...start, createdTime: now, scheduledStartTime: undefined },
      runtimeStatus: "Running",
    },
    settled: messages,
    deferred: [],
  };
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
  ] satisfies readonly HistoryEvent[];
}

/** The same for every repeat of the checkpoint. */
function nextExecutionId(instanceId: string, before: string): string {
  return createHash("sha256").update(`${instanceId}\n${before}\nnext`).digest("hex").slice(0, 32);
}

function eventOf({ message }: DeliveredMessage): EventRaised {
  return message.event as EventRaised;
}
