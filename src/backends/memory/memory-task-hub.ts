import { isEntityInstanceId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import { matchesConditions } from "../../core/instance-conditions.ts";
import { assertKind, assertOptions } from "../../core/option-names.ts";
import type {
  InstanceConditions,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "../../core/orchestration-state.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import type { Clock } from "../../core/ports.ts";
import { emptyQuarantine, type Quarantine } from "../../core/quarantine.ts";
import type { OutgoingMessage, TaskMessage } from "../../core/task-message.ts";
import type {
  ActivityWorkItem,
  Backend,
  CheckpointReceipt,
  FetchOptions,
  HistoryAppend,
  HistoryEdit,
  LoadedHistory,
  NewInstance,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
  PurgeConditions,
  RunNote,
  TaskHubStore,
  WorkerPresence,
} from "../../engine/backend.ts";
import { nextCreationStep } from "../../engine/creation-race.ts";
import { defaultPageSize, formatPageToken, PageBudget, parsePageToken } from "../../engine/instance-page.ts";
import type { InstanceProgress } from "../../engine/wanted-activities.ts";
import { applyInstanceChange, createPendingState, showState } from "./instance-state.ts";
import {
  asActivity,
  asOrchestration,
  lockLost,
  MemoryActivityWorkItem,
  MemoryOrchestrationWorkItem,
  retryDelayMs,
} from "./memory-work-items.ts";
import { MessageQueue } from "./message-queue.ts";
import { WaitingQueue } from "./waiting-queue.ts";

/** What a task hub in memory is made of. */
export interface MemoryTaskHubOptions {
  /** What it goes by: locks, delays and the times that it stores. */
  readonly clock: Clock;
  /** @defaultValue "MemoryHub" */
  readonly taskHub?: string;
  /** How long a fetched work item is kept from others, in milliseconds. @defaultValue 60,000 */
  readonly lockMs?: number;
}

interface StoredHistory {
  readonly executionId: string;
  /** Grows in place: readers get copies. */
  readonly events: HistoryEvent[];
  readonly version: number;
  readonly acceptedMessageIds: readonly string[];
}

/** The ports that workers and clients share with it may stand beside its own options. */
const hubKinds = {
  clock: "object",
  taskHub: "text",
  lockMs: "number",
  random: "any",
  log: "any",
  maxPayloadBytes: "any",
} as const;

/**
 * A task hub in memory: the reference for what {@link Backend} and {@link TaskHubStore} promise. Deterministic under a
 * stepped clock; shared by any number of workers of one process.
 */
export class MemoryTaskHub implements Backend, TaskHubStore {
  /** Name of the hub. */
  readonly taskHub: string;
  /** Messages are never written as texts here, so that all can be read. */
  readonly quarantine: Quarantine = emptyQuarantine;
  readonly #clock: Clock;
  readonly #lockMs: number;
  #orchestrations!: WaitingQueue<MemoryOrchestrationWorkItem>;
  #entities!: WaitingQueue<MemoryOrchestrationWorkItem>;
  #workItems!: WaitingQueue<MemoryActivityWorkItem>;
  readonly #instances = new Map<string, OrchestrationState>();
  readonly #histories = new Map<string, StoredHistory>();
  #versions = 0;
  /** Executions that were purged while their start was held. */
  readonly #purgedStarts = new Set<string>();
  /** Workers that have started and not stopped. */
  #starts = 0;

  /** @throws DurableError `InvalidOption` */
  constructor(options: MemoryTaskHubOptions) {
    assertOptions(options, hubKinds, "new MemoryTaskHub");
    assertKind(options.clock, "object", "'clock' of new MemoryTaskHub");
    this.#clock = options.clock;
    this.taskHub = options.taskHub ?? "MemoryHub";
    this.#lockMs = options.lockMs ?? 60_000;
    this.#createQueues();
  }

  #createQueues(): void {
    const renewIntervalMs = this.#lockMs / 3;
    const open = (name: string) => new MessageQueue(name, this.#clock, this.#lockMs);
    const isWanted = (message: TaskMessage) => !this.#isRepeatedStart(message) && !this.#wasPurged(message); // B5
    const openControl = (name: string) =>
      new WaitingQueue(this.#clock, open(name), (queue) => {
        const hold = queue.take(isWanted);
        return hold && new MemoryOrchestrationWorkItem(hold, renewIntervalMs);
      });
    this.#orchestrations = openControl("control");
    this.#entities = openControl("entity");
    this.#workItems = new WaitingQueue(this.#clock, open("work-item"), (queue) => {
      const hold = queue.take();
      return hold && new MemoryActivityWorkItem(hold, renewIntervalMs);
    });
  }

  async start(): Promise<void> {
    this.#starts++;
  }

  async stop(): Promise<void> {
    this.#starts = Math.max(0, this.#starts - 1);
    for (const queue of this.#queues) queue.rest();
  }

  async createTaskHub(): Promise<void> {}

  async deleteTaskHub(): Promise<void> {
    for (const queue of this.#queues) queue.rest();
    this.#createQueues();
    this.#instances.clear();
    this.#histories.clear();
    this.#purgedStarts.clear();
  }

  /** When the next message is due, in milliseconds since the epoch; `Infinity` when none waits for its time. For tests. */
  get nextDueAt(): number {
    return Math.min(...this.#queues.map(({ messages }) => messages.nextChangeAt));
  }

  /** Ends all locks as if their time had passed; for tests. */
  expireLocks(): void {
    for (const queue of this.#queues) {
      queue.messages.expireHolds();
      queue.hasChanged();
    }
  }

  fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    return this.#orchestrations.take(signal);
  }

  fetchEntityWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    return this.#entities.take(signal);
  }

  fetchActivityWorkItem(signal: AbortSignal): Promise<ActivityWorkItem | undefined> {
    return this.#workItems.take(signal);
  }

  async noteRun(workItem: OrchestrationWorkItem | ActivityWorkItem, note: RunNote): Promise<void> {
    const held =
      workItem instanceof MemoryActivityWorkItem ? workItem : asOrchestration(workItem as OrchestrationWorkItem);
    if (held.isSettled) return;
    if (note === "fatal") held.run.markFatal();
    else held.run.begin();
  }

  async loadHistory({ instanceId }: OrchestrationWorkItem): Promise<LoadedHistory> {
    const history = this.#histories.get(instanceId);
    if (history === undefined) return { events: [], executionId: undefined, historyVersion: undefined };
    const { events, executionId, version, acceptedMessageIds } = history;
    return { events: events.slice(), executionId, historyVersion: String(version), acceptedMessageIds };
  }

  async renewOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    const held = asOrchestration(workItem);
    if (!held.isSettled && this.#queueOf(held.instanceId).messages.renew(held.hold)) return;
    held.settle();
    throw lockLost(held.instanceId);
  }

  async renewActivityWorkItem(workItem: ActivityWorkItem, heartbeat?: string): Promise<void> {
    const held = asActivity(workItem);
    if (held.isSettled || !this.#workItems.messages.renew(held.hold)) throw this.#loseActivity(held);
    if (heartbeat !== undefined) held.hold.messages[0]!.lastHeartbeat = heartbeat;
  }

  async readInstanceProgress(instanceId: string): Promise<InstanceProgress | undefined> {
    const state = this.#instances.get(instanceId);
    if (state === undefined) return undefined;
    const { executionId, runtimeStatus, createdTime, waitNote } = state;
    return { executionId, runtimeStatus, createdTime, unwantedTasks: waitNote?.unwantedTasks ?? [] };
  }

  async completeOrchestrationWorkItem(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
    const { history, instance } = checkpoint;
    const workItem = asOrchestration(checkpoint.workItem);
    const { instanceId } = workItem;
    if (workItem.isSettled) throw lockLost(instanceId); // B4
    if (history !== undefined && this.#purgedStarts.has(history.executionId)) {
      await this.abandonOrchestrationWorkItem(workItem);
      throw lockLost(instanceId);
    }
    if (history !== undefined && !this.#isAt(instanceId, history.expectedHistoryVersion)) {
      await this.abandonOrchestrationWorkItem(workItem);
      throw new DurableError("WorkItemLockLost", `the history of '${instanceId}' has moved on`);
    }
    for (const outgoing of checkpoint.outgoing) this.#deliver(outgoing);
    const version = history === undefined ? undefined : this.#append(instanceId, history);
    for (const outgoing of checkpoint.outgoingAfterCommit ?? []) this.#deliver(outgoing);
    const basis = version ?? instance?.historyVersion;
    // Whoever has written or purged the history since has seen to the row as well.
    if (instance !== undefined && (basis === undefined || this.#isAt(instanceId, basis))) {
      const state = applyInstanceChange(instanceId, this.#instances.get(instanceId), instance);
      if (state !== undefined) this.#instances.set(instanceId, state);
    }
    workItem.settle();
    const settled = new Set(checkpoint.settled.map(({ id }) => id));
    // B2. Of a hold that has run out the messages are someone else's by now.
    const queue = this.#queueOf(instanceId);
    const isReleased = queue.messages.release(workItem.hold, (stored) => {
      return settled.has(stored.id) ? undefined : retryDelayMs(stored.deliveryCount);
    });
    queue.hasChanged();
    return { historyVersion: version, ...(isReleased ? {} : { undeleted: [...settled] }) };
  }

  async abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    const held = asOrchestration(workItem);
    if (held.isSettled) return;
    held.settle();
    const queue = this.#queueOf(held.instanceId);
    queue.messages.release(held.hold, ({ deliveryCount }) => retryDelayMs(deliveryCount));
    queue.hasChanged();
  }

  async completeActivityWorkItem(workItem: ActivityWorkItem, answer: TaskMessage | undefined): Promise<void> {
    const held = asActivity(workItem);
    if (held.isSettled || !this.#workItems.messages.isHeld(held.hold)) throw this.#loseActivity(held);
    held.settle();
    if (answer !== undefined) this.#deliver({ message: answer });
    this.#workItems.messages.release(held.hold, () => undefined);
  }

  async abandonActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    const held = asActivity(workItem);
    if (held.isSettled) return;
    held.settle();
    this.#workItems.messages.release(held.hold, ({ deliveryCount }) => retryDelayMs(deliveryCount));
    this.#workItems.hasChanged();
  }

  async createInstance(start: NewInstance): Promise<void> {
    const { event } = start;
    if (nextCreationStep(start, this.#instances.get(event.orchestrationInstance.instanceId)) === "written") return;
    this.#instances.set(event.orchestrationInstance.instanceId, createPendingState(start));
    this.#deliver({ message: { event, target: event.orchestrationInstance }, deliverAt: event.scheduledStartTime });
  }

  /** Puts a message into the queue of its instance. */
  async sendMessage(outgoing: OutgoingMessage): Promise<void> {
    this.#deliver(outgoing);
  }

  /** Resolves to `undefined` for an unknown instance. */
  async getInstance(instanceId: string, options: FetchOptions = {}): Promise<OrchestrationState | undefined> {
    const state = this.#instances.get(instanceId);
    return state && showState(state, options);
  }

  async readWorkers(): Promise<readonly WorkerPresence[] | undefined> {
    return this.#starts === 0 ? [] : [{ workerId: "this process", until: undefined }];
  }

  async queryInstances(query: InstanceQuery): Promise<InstancePage> {
    const { continuationToken, pageSize = defaultPageSize } = query;
    const { after } = parsePageToken(this.taskHub, continuationToken, query);
    const budget = new PageBudget(query.maxPageBytes);
    const instances: OrchestrationState[] = [];
    for (const id of [...this.#instances.keys()].sort()) {
      const state = this.#instances.get(id)!;
      if ((after !== undefined && id <= after) || !matchesConditions(state, query)) continue;
      const shown = showState(state, query);
      if (instances.length === pageSize || !budget.take(shown)) {
        const { instanceId } = instances.at(-1)!;
        return { instances, continuationToken: formatPageToken(this.taskHub, { after: instanceId }, query) };
      }
      instances.push(shown);
    }
    return { instances, continuationToken: undefined };
  }

  async countInstances(conditions: InstanceConditions): Promise<number> {
    let count = 0;
    for (const state of this.#instances.values()) if (matchesConditions(state, conditions)) count++;
    return count;
  }

  async getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined> {
    return this.#histories.get(instanceId)?.events.slice();
  }

  async terminatePending(instanceId: string, executionId: string, reason: string | undefined, at: Date): Promise<void> {
    const state = this.#instances.get(instanceId);
    if (state?.executionId !== executionId || state.runtimeStatus !== "Pending") return;
    const ended = { runtimeStatus: "Terminated", output: reason, completedTime: at, lastUpdatedTime: at } as const;
    this.#instances.set(instanceId, { ...state, ...ended });
    this.#dropStart(instanceId, executionId);
  }

  async editHistory(
    instanceId: string,
    decide: (events: readonly HistoryEvent[]) => Promise<HistoryEdit>,
  ): Promise<void> {
    const history = this.#histories.get(instanceId);
    if (history === undefined) throw new DurableError("InstanceNotFound", `'${instanceId}' has no history`);
    const { undone } = await decide(history.events.slice());
    if (this.#histories.get(instanceId) !== history) {
      throw new DurableError("WorkItemLockLost", `the history of '${instanceId}' has changed meanwhile; try again`);
    }
    const events = history.events.slice();
    for (const place of undone) {
      const { eventId, timestamp, type } = events[place]!;
      events[place] = { type: "GenericEvent", eventId, timestamp, data: `Rewound: ${type}` };
    }
    this.#histories.set(instanceId, { ...history, events, version: ++this.#versions });
  }

  async markPending(ended: OrchestrationState): Promise<void> {
    const state = this.#instances.get(ended.instanceId);
    if (state?.runtimeStatus !== ended.runtimeStatus) return;
    if (state.completedTime?.getTime() !== ended.completedTime?.getTime()) return;
    const pending = { runtimeStatus: "Pending", output: undefined, completedTime: undefined } as const;
    this.#instances.set(ended.instanceId, { ...state, ...pending, lastUpdatedTime: new Date(this.#clock.now()) });
  }

  async purgeInstance(instanceId: string, { onlyEnded = false }: PurgeConditions = {}): Promise<boolean> {
    const state = this.#instances.get(instanceId);
    if (onlyEnded && state !== undefined && !isTerminalStatus(state.runtimeStatus)) return false;
    const { executionId } = state ?? {};
    const isUnbegun = executionId !== undefined && this.#histories.get(instanceId)?.executionId !== executionId;
    if (isUnbegun && !this.#dropStart(instanceId, executionId)) this.#purgedStarts.add(executionId);
    const hadHistory = this.#histories.delete(instanceId);
    return this.#instances.delete(instanceId) || hadHistory;
  }

  /** `false` when its start is held, or done with. */
  #dropStart(instanceId: string, executionId: string): boolean {
    return this.#queueOf(instanceId).messages.deleteWhere(
      instanceId,
      ({ event, target }) => event.type === "ExecutionStarted" && target.executionId === executionId,
    );
  }

  #wasPurged({ event, target }: TaskMessage): boolean {
    return event.type === "ExecutionStarted" && this.#purgedStarts.delete(target.executionId ?? "");
  }

  /** A top-level start that was delivered again after its execution has been followed by another. */
  #isRepeatedStart({ event }: TaskMessage): boolean {
    if (event.type !== "ExecutionStarted" || event.parentInstance !== undefined) return false;
    const { instanceId, executionId } = event.orchestrationInstance;
    const state = this.#instances.get(instanceId);
    return state !== undefined && state.executionId !== executionId;
  }

  #append(instanceId: string, append: HistoryAppend): string {
    const { executionId, events, firstIndex, acceptedMessageIds = [] } = append;
    const stored = this.#histories.get(instanceId);
    const version = ++this.#versions;
    let all = stored?.events ?? [];
    if (firstIndex !== all.length) all = all.slice(0, firstIndex);
    for (const event of events) all.push(event);
    this.#histories.set(instanceId, { executionId, events: all, version, acceptedMessageIds });
    return String(version);
  }

  #isAt(instanceId: string, expectedHistoryVersion: string | undefined): boolean {
    const version = this.#histories.get(instanceId)?.version;
    return (version === undefined ? undefined : String(version)) === expectedHistoryVersion;
  }

  #loseActivity(held: MemoryActivityWorkItem): DurableError {
    held.settle();
    return lockLost(held.delivered.message.target.instanceId);
  }

  get #queues(): readonly (WaitingQueue<MemoryOrchestrationWorkItem> | WaitingQueue<MemoryActivityWorkItem>)[] {
    return [this.#orchestrations, this.#entities, this.#workItems];
  }

  #queueOf(instanceId: string): WaitingQueue<MemoryOrchestrationWorkItem> {
    return isEntityInstanceId(instanceId) ? this.#entities : this.#orchestrations;
  }

  #deliver(outgoing: OutgoingMessage): void {
    const { event, target } = outgoing.message;
    const isRequest = event.type === "TaskScheduled";
    const queue = isRequest ? this.#workItems : this.#queueOf(target.instanceId);
    queue.messages.send(outgoing, isRequest ? undefined : target.instanceId);
    queue.hasChanged();
  }
}
