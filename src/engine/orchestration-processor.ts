import { DurableError, isDurableError, messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import { describeFailure } from "../core/failure-details.ts";
import type { ExecutionRef, ExecutionStarted } from "../core/history-event.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import { wakeEventName } from "../core/reserved-names.ts";
import type { OrchestrationSession, TaskExecutor } from "../core/task-executor.ts";
import type { Backend, DeliveredMessage, InstanceChange, OrchestrationWorkItem, TaskHubStore } from "./backend.ts";
import { failingSession } from "./failing-session.ts";
import { HistorySummary } from "./history-summary.ts";
import { describeInstance } from "./instance-change.ts";
import { type InstanceLimits, unfinishedRunsOf } from "./instance-limits.ts";
import { type KnownExecution, KnownExecutions } from "./known-executions.ts";
import { LifeLog } from "./life-log.ts";
import type { KeptLock } from "./lock-keeper.ts";
import { nextInstanceWrite } from "./next-instance-write.ts";
import { mayBeAhead, type Reconciliation, reconcileMessages, withoutIdleTimers } from "./reconcile-messages.ts";
import { type ExecutionsInput, type ExecutionsOutcome, runExecutions } from "./run-executions.ts";
import { settleEpisode, settleOrphans, settleUnreadable, settleWithoutEpisode } from "./settlements.ts";
import { UnknownNames } from "./unknown-names.ts";
import type { InstanceProgress } from "./wanted-activities.ts";

export interface OrchestrationProcessorOptions {
  readonly backend: Backend;
  readonly store: TaskHubStore;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly maxSessions: number;
  readonly maxSessionBytes: number;
  readonly maxSessionIdleMs: number;
  readonly limits: InstanceLimits;
  readonly unknownNames: UnknownNames;
  /** Told of every instance whose activities may have become unwanted by a checkpoint. @defaultValue nobody */
  readonly onProgress?: ((instanceId: string, progress: InstanceProgress) => void) | undefined;
}

/** Deliveries of a message until a history that cannot be decoded is given up. */
const deliveriesBeforeUnreadable = 4;
/** A session that is lost this often in one work item has a worker that does not come back. */
const maxLostSessions = 3;

/**
 * Takes one orchestration work item from its messages to its checkpoint.
 *
 * P2. A session survives only a committed checkpoint.
 * P3. Nothing is discarded or put off on the word of a cached session alone: its history is read again first.
 */
export class OrchestrationProcessor {
  readonly #options: OrchestrationProcessorOptions;
  readonly #executions: KnownExecutions;
  readonly #events: EventLog;
  readonly #lifeLog: LifeLog;
  #isClosed = false;

  constructor(options: OrchestrationProcessorOptions) {
    this.#options = options;
    const { backend, clock, log, maxSessions, maxSessionBytes: maxBytes, maxSessionIdleMs: maxIdleMs } = options;
    this.#executions = new KnownExecutions({ backend, clock, maxSessions, maxBytes, maxIdleMs });
    this.#events = createEventLog(log, { taskHub: backend.taskHub });
    this.#lifeLog = new LifeLog(this.#events);
  }

  /** Drops all live sessions. */
  close(): void {
    this.#isClosed = true;
    this.#executions.clear();
  }

  /** Settles the work item, or rejects and has settled nothing. */
  async run(workItem: OrchestrationWorkItem, lock: KeptLock): Promise<void> {
    let execution = await this.#executions.take(workItem);
    try {
      for (let losses = 0; ; losses++) {
        try {
          await this.#settle(workItem, execution, lock);
          return;
        } catch (error) {
          if (!isDurableError(error, "SessionLost") || losses >= maxLostSessions) throw error;
          execution.session?.close();
          execution = await this.#executions.load(workItem);
        }
      }
    } catch (error) {
      execution.session?.close(); // P2
      throw error;
    }
  }

  async #settle(workItem: OrchestrationWorkItem, known: KnownExecution, lock: KeptLock): Promise<void> {
    let execution = known;
    let messages = this.#reconcile(workItem, execution);
    if (execution.isCached && needsFreshHistory(messages)) {
      execution.session?.close();
      execution = await this.#executions.load(workItem); // P3
      messages = this.#reconcile(workItem, execution);
    }
    const { session } = execution;
    if (session?.waitsForTimer !== undefined && messages.start === undefined) {
      messages = withoutIdleTimers(messages, (timerId) => session.waitsForTimer?.(timerId) !== false);
    }
    if (execution.problem !== undefined && isWorthAnotherTry(workItem)) {
      throw new DurableError("CorruptData", execution.problem);
    }
    const problem =
      execution.problem ??
      (messages.start === undefined ? execution.history.describeProblem(workItem.instanceId) : undefined);
    if (problem !== undefined) return await this.#failUnreadable(workItem, execution, problem);
    this.#logReconciled(workItem.instanceId, messages);
    if (messages.orphaned.length > 0) await this.#settleOrphans(workItem);
    else if (messages.accepted.length === 0) await this.#settleWithoutEpisode(workItem, execution, messages, lock);
    else await this.#settleEpisode(workItem, execution, messages, lock);
  }

  #reconcile({ messages }: OrchestrationWorkItem, { history, acceptedIds }: KnownExecution): Reconciliation {
    return reconcileMessages(history, messages, acceptedIds);
  }

  async #settleEpisode(
    workItem: OrchestrationWorkItem,
    execution: KnownExecution,
    messages: Reconciliation,
    lock: KeptLock,
  ): Promise<void> {
    const { clock, backend } = this.#options;
    const isNewExecution = messages.start !== undefined;
    const started = messages.start ?? execution.history.started!;
    const before = isNewExecution ? new HistorySummary() : execution.history;
    const { length, weight } = before;
    const excess = this.#options.limits.describeExcess(workItem.instanceId, messages.accepted, before);
    const runsNoCode = excess !== undefined || isTerminatedSuspect(messages);
    if (isNewExecution || runsNoCode) execution.session?.close();
    const failing = (reason: unknown) => failingSession(describeFailure(reason), before.nextActionId);
    const session = runsNoCode
      ? failing(excess)
      : ((isNewExecution ? undefined : execution.session) ?? this.#openSession(started.orchestrationInstance));
    let outcome: ExecutionsOutcome | undefined;
    const isFirstDelivery = workItem.messages.every(({ deliveryCount }) => deliveryCount === 1);
    const isToldAhead = messages.start !== undefined && !runsNoCode && isFirstDelivery;
    if (isToldAhead) this.#lifeLog.tellStart(started);
    try {
      const input: Omit<ExecutionsInput, "session"> = {
        started,
        unseenPastEvents: isNewExecution ? [] : execution.unseen,
        acceptedEvents: messages.accepted.map(({ message }) => message.event),
        isNewExecution,
        openLocks: isNewExecution ? [] : execution.history.openLocks,
        openSession: (next) => this.#openSession(next),
        now: () => clock.now(),
        work: lock,
      };
      try {
        outcome = await runExecutions({ ...input, session });
      } catch (error) {
        if (!UnknownNames.isUnknownName(error)) throw error;
        const { instanceId } = workItem;
        if (this.#options.unknownNames.isLeftToOthers(instanceId, instanceId, error)) throw error;
        session.close();
        outcome = await runExecutions({ ...input, session: failing(error) });
      }
      // What is sent now would only be refused later, or repeated.
      if (lock.isLost) throw new DurableError("WorkItemLockLost", `the lock of ${workItem.instanceId} is lost`);
      const { checkpoint, history, acceptedIds } = settleEpisode(
        workItem,
        execution,
        outcome,
        messages,
        new Date(clock.now()),
      );
      const { historyVersion, undeleted } = await backend.completeOrchestrationWorkItem(checkpoint);
      this.#options.onProgress?.(workItem.instanceId, progressOf(outcome.started, checkpoint.instance));
      this.#lifeLog.tell({ start: isToldAhead ? undefined : messages.start, outcome });
      const isOther = outcome.isNewExecution && !isNewExecution;
      const approach = this.#options.limits.describeApproach(
        isOther ? { length: 0, weight: 0 } : { length, weight },
        history,
      );
      if (approach !== undefined) this.#events.write("HistoryLong", approach, { instanceId: workItem.instanceId });
      if (history.completed !== undefined) outcome.session.close();
      else {
        this.#executions.put(workItem.instanceId, {
          history,
          executionId: outcome.started.orchestrationInstance.executionId,
          historyVersion,
          session: outcome.session,
          unseen: outcome.unseen,
          acceptedIds: stillOpen(acceptedIds, checkpoint.settled, undeleted),
          isCached: true,
        });
      }
    } catch (error) {
      (outcome?.session ?? session).close(); // P2
      throw error;
    }
  }

  async #settleWithoutEpisode(
    workItem: OrchestrationWorkItem,
    execution: KnownExecution,
    messages: Reconciliation,
    lock: KeptLock,
  ): Promise<void> {
    const { clock, backend } = this.#options;
    // A repeat is the sign of a crash, which may have left the row behind.
    const mayLag = messages.discarded.length > 0 && execution.history.started !== undefined;
    const instance = mayLag ? await this.#describeLaggingRow(workItem, execution, lock) : undefined;
    const checkpoint = settleWithoutEpisode(workItem, execution, messages, instance, new Date(clock.now()));
    const { undeleted } = await backend.completeOrchestrationWorkItem(checkpoint);
    const { session, history, acceptedIds } = execution;
    if (session === undefined || history.completed !== undefined) return session?.close();
    this.#executions.put(workItem.instanceId, {
      ...execution,
      acceptedIds: stillOpen(acceptedIds, checkpoint.settled, undeleted),
    });
  }

  /** What the row has to show, if it is behind the history. Its custom status is what the replayed code sets. */
  async #describeLaggingRow(
    workItem: OrchestrationWorkItem,
    { history, historyVersion, unseen }: KnownExecution,
    lock: KeptLock,
  ): Promise<InstanceChange | undefined> {
    const { instanceId } = workItem;
    const row = await this.#options.store.getInstance(instanceId, { fetchInput: false });
    const { started } = history;
    if (started === undefined) return undefined;
    const { executionId } = started.orchestrationInstance;
    const change = describeInstance(executionId, history, { customStatus: undefined, keepsCustomStatus: true });
    if (shows(row, change) || nextInstanceWrite(change, row) === "none") return undefined;
    const excess = this.#options.limits.describeExcess(instanceId, workItem.messages, history);
    if (excess !== undefined) return { ...change, historyVersion };
    const session = this.#openSession(started.orchestrationInstance);
    try {
      const { customStatus, keepsCustomStatus } = await session.execute({ pastEvents: unseen, newEvents: [] }, lock);
      return { ...change, customStatus, keepsCustomStatus, eventWaits: session.eventWaits?.(), historyVersion };
    } catch {
      return { ...change, historyVersion };
    } finally {
      session.close();
    }
  }

  async #failUnreadable(workItem: OrchestrationWorkItem, execution: KnownExecution, problem: string): Promise<void> {
    const { backend, clock } = this.#options;
    const { instanceId } = workItem;
    this.#events.write("HistoryUnreadable", problem, { instanceId });
    const error = new DurableError("CorruptData", problem);
    await backend.completeOrchestrationWorkItem(settleUnreadable(workItem, execution, error, new Date(clock.now())));
    execution.session?.close();
  }

  /**
   * Messages for an instance that has no history. While its row says `Pending` the start message is still on its way,
   * so they wait for it; a termination ends it right there. Without such a row nobody will ever receive them, but for what
   * an entity answers to a child whose first checkpoint was lost.
   */
  async #settleOrphans(workItem: OrchestrationWorkItem): Promise<void> {
    const { store, backend, clock } = this.#options;
    const row = await store.getInstance(workItem.instanceId, { fetchInput: false });
    const isPending = row?.runtimeStatus === "Pending";
    const termination = workItem.messages.find(({ message }) => message.event.type === "ExecutionTerminated");
    if (isPending && row.executionId !== undefined && termination?.message.event.type === "ExecutionTerminated") {
      const reason = termination.message.event.input;
      await store.terminatePending(workItem.instanceId, row.executionId, reason, new Date(clock.now()));
    }
    const isAwaited = isPending && termination === undefined;
    const endedId = row !== undefined && isTerminalStatus(row.runtimeStatus) ? row.executionId : undefined;
    const awaited = workItem.messages.filter((delivered) => {
      return isAwaited || (mayBeAhead(delivered) && delivered.message.target.executionId !== endedId);
    });
    const checkpoint = settleOrphans(workItem, awaited, new Date(clock.now()));
    this.#logDiscarded(workItem.instanceId, checkpoint.settled);
    await backend.completeOrchestrationWorkItem(checkpoint);
  }

  #openSession(execution: ExecutionRef): OrchestrationSession {
    return this.#options.executor.openSession(execution, () => void this.#wake(execution));
  }

  /** Brings about the episode that fails an execution; what it waits for may never come. */
  async #wake(target: ExecutionRef): Promise<void> {
    if (this.#isClosed) return;
    const timestamp = new Date(this.#options.clock.now());
    const event = { type: "EventRaised", eventId: -1, timestamp, name: wakeEventName, input: undefined } as const;
    try {
      await this.#options.store.sendMessage({
        message: { event: { ...event, parentTraceContext: undefined }, target },
      });
    } catch (error) {
      this.#events.write("OrchestrationNotWoken", messageOf(error), { instanceId: target.instanceId });
    }
  }

  #logReconciled(instanceId: string, { refused, discarded }: Reconciliation): void {
    if (refused.length > 0) {
      const text = `a sub-orchestration was not started: the id ${instanceId} is in use`;
      this.#events.write("InstanceIdInUse", text, { instanceId });
    }
    this.#logDiscarded(instanceId, discarded);
  }

  #logDiscarded(instanceId: string, discarded: readonly DeliveredMessage[]): void {
    for (const { id: messageId, message, deliveryCount } of discarded) {
      const text = `a ${message.event.type} for ${instanceId} has no effect`;
      this.#events.write("MessageDiscarded", text, { instanceId, messageId, deliveryCount });
    }
  }
}

/** What may take its process down need not run to be terminated. */
function isTerminatedSuspect({ accepted }: Reconciliation): boolean {
  return unfinishedRunsOf(accepted) > 0 && accepted.some(({ message }) => message.event.type === "ExecutionTerminated");
}

function progressOf(
  { orchestrationInstance, timestamp }: ExecutionStarted,
  change: InstanceChange | undefined,
): InstanceProgress {
  return {
    executionId: orchestrationInstance.executionId,
    runtimeStatus: change?.runtimeStatus ?? "Running",
    createdTime: timestamp,
    unwantedTasks: change?.unwantedTasks ?? [],
  };
}

/** `true` when the row is as late as the change. */
function shows(row: OrchestrationState | undefined, change: InstanceChange): boolean {
  if (row === undefined) return false;
  const isSame = row.executionId === change.executionId && row.runtimeStatus === change.runtimeStatus;
  return isSame && row.lastUpdatedTime >= change.lastUpdatedTime;
}

/** A row or blob that cannot be read may be on its way still. */
function isWorthAnotherTry({ messages }: OrchestrationWorkItem): boolean {
  return messages.every(({ deliveryCount }) => deliveryCount < deliveriesBeforeUnreadable);
}

function needsFreshHistory(messages: Reconciliation): boolean {
  const { start, discarded, refused, deferred } = messages;
  return start !== undefined || discarded.length > 0 || refused.length > 0 || deferred.length > 0;
}

/** Of the accepted messages, those that may be delivered once more. */
function stillOpen(
  acceptedIds: readonly string[],
  settled: readonly DeliveredMessage[],
  undeleted: readonly string[] = [],
): readonly string[] {
  if (acceptedIds.length === 0) return acceptedIds;
  const gone = new Set(settled.map(({ id }) => id));
  for (const id of undeleted) gone.delete(id);
  return acceptedIds.filter((id) => !gone.has(id));
}
