import { DurableError, isDurableError } from "../core/errors.ts";
import { describeFailure, formatFailureChain } from "../core/failure-details.ts";
import type { ExecutionCompleted, ExecutionRef, HistoryEvent } from "../core/history-event.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import { wakeEventName } from "../core/reserved-names.ts";
import type { OrchestrationSession, TaskExecutor } from "../core/task-executor.ts";
import type { OutgoingMessage } from "../core/task-message.ts";
import type {
  Backend,
  DeliveredMessage,
  InstanceChange,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
  TaskHubStore,
} from "./backend.ts";
import { type EpisodeOutcome, runEpisode } from "./episode.ts";
import { HistorySummary } from "./history-summary.ts";
import { describeInstanceChange } from "./instance-change.ts";
import { withLockRenewal } from "./lock-renewal.ts";
import { answerOf, refusalOf } from "./parent-answers.ts";
import { type Reconciliation, reconcileMessages } from "./reconcile-messages.ts";
import { SessionCache } from "./session-cache.ts";

export interface OrchestrationProcessorOptions {
  readonly backend: Backend;
  readonly store: TaskHubStore;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly maxSessions: number;
}

/** Deliveries of a message until a history that cannot be decoded is given up. */
const deliveriesBeforeUnreadable = 4;

/** An execution as this worker knows it, before its next episode. */
interface KnownExecution {
  readonly history: HistorySummary;
  readonly executionId: string | undefined;
  readonly version: string | undefined;
  readonly session: OrchestrationSession | undefined;
  readonly unseen: Awaited<ReturnType<Backend["loadHistory"]>>["events"];
  /** From the session cache, so possibly overtaken by another worker. */
  readonly isCached: boolean;
  /** Why its history cannot be decoded. */
  readonly problem?: string | undefined;
}

/**
 * Takes one orchestration work item from its messages to its checkpoint.
 *
 * P1. A work item is settled exactly once: completed or abandoned. `process` never rejects.
 * P2. A session survives only a committed checkpoint.
 * P3. Nothing is discarded or put off on the word of a cached session alone: its history is read again first.
 */
export class OrchestrationProcessor {
  readonly #options: OrchestrationProcessorOptions;
  readonly #sessions: SessionCache;
  #isClosed = false;

  constructor(options: OrchestrationProcessorOptions) {
    this.#options = options;
    this.#sessions = new SessionCache(options.maxSessions);
  }

  async process(workItem: OrchestrationWorkItem): Promise<void> {
    const { backend, clock, log } = this.#options;
    const { instanceId } = workItem;
    let lost = false;
    try {
      await withLockRenewal(
        {
          renew: () => backend.renewOrchestrationWorkItem(workItem),
          intervalMs: workItem.renewIntervalMs,
          onLost: () => {
            lost = true;
          },
          onError: (error) => this.#logFailure("OrchestrationLockNotRenewed", instanceId, error),
          clock,
        },
        () => this.#run(workItem, () => lost),
      );
    } catch (error) {
      if (isDurableError(error, "WorkItemLockLost")) {
        log.log("warn", "OrchestrationLockLost", `another worker has taken ${instanceId} over`, { instanceId });
        return;
      }
      this.#logFailure("OrchestrationWorkItemFailed", instanceId, error);
      await backend
        .abandonOrchestrationWorkItem(workItem)
        .catch((abandonError) => this.#logFailure("OrchestrationNotAbandoned", instanceId, abandonError));
    }
  }

  /** Drops all live sessions. */
  close(): void {
    this.#isClosed = true;
    this.#sessions.clear();
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
      this.#logFailure("OrchestrationNotWoken", target.instanceId, error);
    }
  }

  async #run(workItem: OrchestrationWorkItem, isLost: () => boolean): Promise<void> {
    let execution = this.#fromCache(workItem.instanceId) ?? (await this.#load(workItem));
    try {
      let messages = reconcileMessages(execution.history, workItem.messages);
      if (execution.isCached && needsFreshHistory(messages)) {
        execution.session?.close();
        execution = await this.#load(workItem);
        messages = reconcileMessages(execution.history, workItem.messages);
      }
      if (execution.problem !== undefined && isWorthAnotherTry(workItem)) {
        throw new DurableError("CorruptData", execution.problem);
      }
      const problem =
        execution.problem ??
        (messages.start === undefined ? execution.history.describeProblem(workItem.instanceId) : undefined);
      if (problem !== undefined) return await this.#failUnreadable(workItem, execution, problem);
      this.#logDiscarded(workItem.instanceId, messages.discarded);
      this.#logRefused(workItem.instanceId, messages.refused);
      if (messages.orphaned.length > 0) await this.#settleOrphans(workItem);
      else if (messages.accepted.length === 0) await this.#settleWithoutEpisode(workItem, execution, messages);
      else execution = await this.#runEpisode(workItem, execution, messages, isLost);
    } catch (error) {
      execution.session?.close();
      throw error;
    }
  }

  #fromCache(instanceId: string): KnownExecution | undefined {
    const cached = this.#sessions.take(instanceId);
    return cached === undefined ? undefined : { ...cached, isCached: true };
  }

  async #load(workItem: OrchestrationWorkItem): Promise<KnownExecution> {
    const { events, executionId, version, problem } = await this.#options.backend.loadHistory(workItem);
    const history = HistorySummary.of(events);
    return { history, executionId, version, session: undefined, unseen: events, isCached: false, problem };
  }

  async #runEpisode(
    workItem: OrchestrationWorkItem,
    execution: KnownExecution,
    messages: Reconciliation,
    isLost: () => boolean,
  ): Promise<KnownExecution> {
    const { clock, backend, log } = this.#options;
    const isNewExecution = messages.start !== undefined;
    const started = messages.start ?? execution.history.started!;
    if (isNewExecution) execution.session?.close();
    const session =
      (isNewExecution ? undefined : execution.session) ?? this.#openSession(started.orchestrationInstance);
    let outcome: EpisodeOutcome | undefined;
    try {
      outcome = await runEpisode({
        started,
        session,
        unseenPastEvents: isNewExecution ? [] : execution.unseen,
        acceptedEvents: messages.accepted.map(({ message }) => message.event),
        isNewExecution,
        openSession: (next) => this.#openSession(next),
        now: () => clock.now(),
      });
      if (isLost()) {
        log.log(
          "warn",
          "OrchestrationLockLost",
          `the lock of ${workItem.instanceId} ran out`,
          workItemFields(workItem),
        );
      }
      const history = outcome.isNewExecution ? new HistorySummary() : execution.history;
      const firstIndex = history.length;
      history.append(outcome.events);
      const { version } = await backend.completeOrchestrationWorkItem(
        checkpointOf(workItem, execution.version, outcome, history, firstIndex, messages, this.#refuse(messages)),
      );
      const executionId = executionIdOf(outcome);
      const next = { history, executionId, version, session: outcome.session, unseen: outcome.unseen, isCached: true };
      this.#logFailedExecution(outcome, history.completed);
      if (history.completed !== undefined) outcome.session.close();
      else this.#sessions.put(workItem.instanceId, next);
      return next;
    } catch (error) {
      (outcome?.session ?? session).close();
      throw error;
    }
  }

  /** Ends an instance whose history does not even say what it is; its messages have nobody to go to. */
  async #failUnreadable(workItem: OrchestrationWorkItem, execution: KnownExecution, problem: string): Promise<void> {
    const { backend, clock, log } = this.#options;
    const { instanceId } = workItem;
    const executionId = execution.executionId ?? "";
    log.log("error", "HistoryUnreadable", `${instanceId}: ${problem}`, { instanceId });
    const firstIndex = execution.history.length;
    const events = failureEvents(new DurableError("CorruptData", problem), new Date(clock.now()));
    execution.history.append(events);
    await backend.completeOrchestrationWorkItem({
      workItem,
      history: {
        executionId,
        expectedVersion: execution.version,
        firstIndex,
        events,
        episode: execution.history.episodes,
      },
      outgoing: [],
      instance: { ...describeInstanceChange(executionId, events, undefined), keepsCustomStatus: true },
      settled: workItem.messages,
      deferred: [],
    });
  }

  /**
   * Messages without effect go; a finished instance's row is written again, in case a crash left it behind. A finished
   * child that is started again tells its result again: the parent that repeats the start may have been too early for it.
   */
  async #settleWithoutEpisode(
    workItem: OrchestrationWorkItem,
    execution: KnownExecution,
    messages: Reconciliation,
  ): Promise<void> {
    const { completed, started } = execution.history;
    const mayLag = completed !== undefined && messages.discarded.length > 0;
    const instance =
      mayLag && started !== undefined
        ? {
            ...describeInstanceChange(started.orchestrationInstance.executionId, [started, completed], undefined),
            keepsCustomStatus: true,
          }
        : undefined;
    const isStartedAgain = messages.discarded.some(({ message }) => message.event.type === "ExecutionStarted");
    const answer =
      isStartedAgain && started !== undefined && completed !== undefined ? answerOf(started, completed) : undefined;
    await this.#options.backend.completeOrchestrationWorkItem({
      workItem,
      history: undefined,
      outgoing: [...(answer === undefined ? [] : [answer]), ...this.#refuse(messages)],
      instance: (await this.#rowLags(workItem.instanceId, instance)) ? instance : undefined,
      settled: [...messages.discarded, ...messages.refused],
      deferred: messages.deferred,
    });
    const { session, version, unseen, history } = execution;
    if (session !== undefined && started !== undefined && completed === undefined) {
      const { executionId } = started.orchestrationInstance;
      this.#sessions.put(workItem.instanceId, { executionId, session, history, version, unseen });
    }
  }

  /** `true` when the row tells of the same execution as `expected`, but not how it ended. */
  async #rowLags(instanceId: string, expected: InstanceChange | undefined): Promise<boolean> {
    if (expected === undefined) return false;
    const row = await this.#options.store.getInstance(instanceId, { fetchInput: false });
    return row?.executionId === expected.executionId && row.runtimeStatus !== expected.runtimeStatus;
  }

  /**
   * Messages for an instance that has no history. While its row says `Pending` the start message is still on its way,
   * so they wait for it; a termination ends it right there. Without such a row nobody will ever receive them.
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
    const waits = isPending && termination === undefined;
    if (!waits) this.#logDiscarded(workItem.instanceId, workItem.messages);
    await backend.completeOrchestrationWorkItem({
      workItem,
      history: undefined,
      outgoing: [],
      instance: undefined,
      settled: waits ? [] : workItem.messages,
      deferred: waits ? workItem.messages : [],
    });
  }

  #refuse({ refused }: Reconciliation): OutgoingMessage[] {
    const timestamp = new Date(this.#options.clock.now());
    return refused.flatMap(({ message: { event } }) => {
      return (event.type === "ExecutionStarted" && refusalOf(event, timestamp)) || [];
    });
  }

  #logRefused(instanceId: string, refused: readonly DeliveredMessage[]): void {
    if (refused.length === 0) return;
    const text = `a sub-orchestration was not started: the id ${instanceId} is in use`;
    this.#options.log.log("warn", "InstanceIdInUse", text, { instanceId });
  }

  #logFailedExecution({ started }: EpisodeOutcome, completed: ExecutionCompleted | undefined): void {
    if (completed?.failureDetails === undefined) return;
    const text = `'${started.name}' failed: ${formatFailureChain(completed.failureDetails)}`;
    const { instanceId } = started.orchestrationInstance;
    this.#options.log.log("error", "OrchestrationFailed", text, { instanceId });
  }

  #logDiscarded(instanceId: string, discarded: readonly DeliveredMessage[]): void {
    for (const { id, message, deliveryCount } of discarded) {
      this.#options.log.log("info", "MessageDiscarded", `a ${message.event.type} for ${instanceId} has no effect`, {
        instanceId,
        messageId: id,
        deliveryCount,
      });
    }
  }

  #logFailure(event: string, instanceId: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#options.log.log("error", event, `${instanceId}: ${text}`, {
      instanceId,
      taskHub: this.#options.backend.taskHub,
    });
  }
}

/** A row or blob that cannot be read may be on its way still. */
function isWorthAnotherTry({ messages }: OrchestrationWorkItem): boolean {
  return messages.every(({ deliveryCount }) => deliveryCount < deliveriesBeforeUnreadable);
}

function needsFreshHistory(messages: Reconciliation): boolean {
  const { start, discarded, refused, deferred } = messages;
  return start !== undefined || discarded.length > 0 || refused.length > 0 || deferred.length > 0;
}

function checkpointOf(
  workItem: OrchestrationWorkItem,
  expectedVersion: string | undefined,
  outcome: EpisodeOutcome,
  history: HistorySummary,
  firstIndex: number,
  messages: Reconciliation,
  refusals: readonly OutgoingMessage[],
): OrchestrationCheckpoint {
  const executionId = executionIdOf(outcome);
  return {
    workItem,
    history: { executionId, expectedVersion, firstIndex, events: outcome.events, episode: history.episodes },
    outgoing: [...outcome.outgoing, ...refusals],
    instance: describeInstanceChange(executionId, outcome.events, outcome.customStatus),
    settled: [...messages.accepted, ...messages.discarded, ...messages.refused],
    deferred: messages.deferred,
  };
}

/** An episode that did nothing but fail. */
function failureEvents(error: DurableError, timestamp: Date): HistoryEvent[] {
  const header = { eventId: -1, timestamp };
  return [
    { ...header, type: "OrchestratorStarted" },
    {
      ...header,
      type: "ExecutionCompleted",
      orchestrationStatus: "Failed",
      result: undefined,
      failureDetails: describeFailure(error),
    },
    { ...header, type: "OrchestratorCompleted" },
  ];
}

function executionIdOf(outcome: EpisodeOutcome): string {
  return outcome.started.orchestrationInstance.executionId;
}

function workItemFields(workItem: OrchestrationWorkItem): Record<string, unknown> {
  return { instanceId: workItem.instanceId, messages: workItem.messages.length };
}
