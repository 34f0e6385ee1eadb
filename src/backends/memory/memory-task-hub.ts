import { DurableError } from "../../core/errors.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import type { InstancePage, InstanceQuery, OrchestrationState } from "../../core/orchestration-state.ts";
import type { Clock } from "../../core/ports.ts";
import type { OutgoingMessage, TaskMessage } from "../../core/task-message.ts";
import type {
  ActivityWorkItem,
  Backend,
  CheckpointReceipt,
  DeliveredMessage,
  HistoryAppend,
  LoadedHistory,
  NewInstance,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
  TaskHubStore,
} from "../../engine/backend.ts";
import { nextCreationStep } from "../../engine/creation-race.ts";
import { createPendingState, matchesQuery, mergeInstanceChange } from "./instance-state.ts";
import { MessageQueue, type StoredMessage } from "./message-queue.ts";
import { rewindHistory } from "./rewind-history.ts";

export interface MemoryTaskHubOptions {
  readonly clock: Clock;
  /** @defaultValue "MemoryHub" */
  readonly taskHub?: string;
  /** How long a fetched work item is kept from others, in milliseconds. @defaultValue 60,000 */
  readonly lockMs?: number;
}

interface StoredHistory {
  readonly executionId: string;
  readonly events: readonly HistoryEvent[];
  readonly version: number;
}

/**
 * A task hub in memory: the reference for what {@link Backend} and {@link TaskHubStore} promise. Deterministic under a
 * stepped clock; shared by any number of workers of one process.
 */
export class MemoryTaskHub implements Backend, TaskHubStore {
  readonly taskHub: string;
  readonly #clock: Clock;
  readonly #lockMs: number;
  #control: MessageQueue;
  #workItems: MessageQueue;
  readonly #instances = new Map<string, OrchestrationState>();
  readonly #histories = new Map<string, StoredHistory>();
  /** Instances in a work item, until when. */
  readonly #locked = new Map<string, number>();
  readonly #waiting = new Set<AbortController>();
  #versions = 0;

  constructor(options: MemoryTaskHubOptions) {
    this.#clock = options.clock;
    this.taskHub = options.taskHub ?? "MemoryHub";
    this.#lockMs = options.lockMs ?? 60_000;
    this.#control = new MessageQueue(this.#clock);
    this.#workItems = new MessageQueue(this.#clock);
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  async createTaskHub(): Promise<void> {}

  async deleteTaskHub(): Promise<void> {
    this.#control = new MessageQueue(this.#clock);
    this.#workItems = new MessageQueue(this.#clock);
    this.#instances.clear();
    this.#histories.clear();
  }

  fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    return this.#waitFor(signal, this.#control, () => this.#takeOrchestration());
  }

  fetchActivityWorkItem(signal: AbortSignal): Promise<ActivityWorkItem | undefined> {
    return this.#waitFor(signal, this.#workItems, () => {
      let isFirst = true;
      const [delivered] = this.#workItems.receive(() => {
        const taken = isFirst;
        isFirst = false;
        return taken;
      }, this.#lockMs);
      return delivered === undefined ? undefined : { delivered, renewIntervalMs: this.#lockMs / 3 };
    });
  }

  async loadHistory({ instanceId }: OrchestrationWorkItem): Promise<LoadedHistory> {
    const history = this.#histories.get(instanceId);
    if (history === undefined) return { events: [], executionId: undefined, version: undefined };
    return { events: history.events, executionId: history.executionId, version: String(history.version) };
  }

  async renewOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    for (const delivered of workItem.messages) this.#renew(this.#control, delivered);
    this.#locked.set(workItem.instanceId, this.#clock.now() + this.#lockMs);
  }

  async renewActivityWorkItem({ delivered }: ActivityWorkItem): Promise<void> {
    this.#renew(this.#workItems, delivered);
  }

  async completeOrchestrationWorkItem(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
    const { workItem, history, instance } = checkpoint;
    const { instanceId } = workItem;
    if (history !== undefined && !this.#isAt(instanceId, history.expectedVersion)) {
      await this.abandonOrchestrationWorkItem(workItem);
      throw new DurableError("WorkItemLockLost", `the history of '${instanceId}' has moved on`);
    }
    for (const outgoing of checkpoint.outgoing) this.#deliver(outgoing);
    const version = history === undefined ? undefined : this.#append(instanceId, history);
    if (instance !== undefined) {
      this.#instances.set(instanceId, mergeInstanceChange(instanceId, this.#instances.get(instanceId), instance));
    }
    for (const delivered of checkpoint.settled) this.#control.delete(delivered);
    for (const delivered of checkpoint.deferred) this.#control.hideFor(delivered, retryDelayMs(delivered));
    this.#unlock(instanceId);
    return { version };
  }

  async abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    for (const delivered of workItem.messages) this.#control.hideFor(delivered, retryDelayMs(delivered));
    this.#unlock(workItem.instanceId);
  }

  async completeActivityWorkItem({ delivered }: ActivityWorkItem, answer: TaskMessage): Promise<void> {
    if (!this.#workItems.isHeld(delivered)) throw new DurableError("WorkItemLockLost", "the activity was handed on");
    this.#deliver({ message: answer });
    this.#workItems.delete(delivered);
  }

  async abandonActivityWorkItem({ delivered }: ActivityWorkItem): Promise<void> {
    this.#workItems.hideFor(delivered, retryDelayMs(delivered));
    this.#wake();
  }

  async createInstance(start: NewInstance): Promise<void> {
    const { event } = start;
    if (nextCreationStep(start, this.#instances.get(event.orchestrationInstance.instanceId)) === "written") return;
    this.#instances.set(event.orchestrationInstance.instanceId, createPendingState(start));
    this.#deliver({ message: { event, target: event.orchestrationInstance }, deliverAt: event.scheduledStartTime });
  }

  async sendMessage(outgoing: OutgoingMessage): Promise<void> {
    this.#deliver(outgoing);
  }

  async getInstance(
    instanceId: string,
    options: { readonly fetchInput?: boolean } = {},
  ): Promise<OrchestrationState | undefined> {
    const state = this.#instances.get(instanceId);
    return state !== undefined && options.fetchInput === false ? { ...state, input: undefined } : state;
  }

  async queryInstances(query: InstanceQuery): Promise<InstancePage> {
    const { continuationToken, pageSize = 100, fetchInput } = query;
    const ids = [...this.#instances.keys()].sort();
    const rest = ids.filter((id) => continuationToken === undefined || id > continuationToken);
    const found = rest.map((id) => this.#instances.get(id)!).filter((state) => matchesQuery(state, query));
    const instances = found
      .slice(0, pageSize)
      .map((state) => (fetchInput === false ? { ...state, input: undefined } : state));
    return {
      instances,
      continuationToken: found.length > pageSize ? instances.at(-1)?.instanceId : undefined,
    };
  }

  async getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined> {
    return this.#histories.get(instanceId)?.events;
  }

  async terminatePending(instanceId: string, executionId: string, reason: string | undefined, at: Date): Promise<void> {
    const state = this.#instances.get(instanceId);
    if (state?.executionId !== executionId || state.runtimeStatus !== "Pending") return;
    const ended = { runtimeStatus: "Terminated", output: reason, completedTime: at, lastUpdatedTime: at } as const;
    this.#instances.set(instanceId, { ...state, ...ended });
    this.#control.deleteWhere(
      ({ event, target }) => event.type === "ExecutionStarted" && target.executionId === executionId,
    );
  }

  async rewindInstance(instanceId: string, reason: string | undefined): Promise<void> {
    const history = this.#histories.get(instanceId);
    if (history === undefined) throw new DurableError("InstanceNotFound", `no history of '${instanceId}' to rewind`);
    const historyOf = (childId: string) => this.#histories.get(childId)?.events ?? [];
    const { events, failedChildren } = rewindHistory(history.events, historyOf);
    this.#histories.set(instanceId, { ...history, events, version: ++this.#versions });
    const state = this.#instances.get(instanceId);
    const timestamp = new Date(this.#clock.now());
    if (state !== undefined) {
      const pending = { runtimeStatus: "Pending", output: undefined, completedTime: undefined } as const;
      this.#instances.set(instanceId, { ...state, ...pending, lastUpdatedTime: timestamp });
    }
    for (const child of failedChildren) await this.rewindInstance(child, reason);
    const event = { type: "GenericEvent", eventId: -1, timestamp, data: reason } as const;
    this.#deliver({ message: { event, target: { instanceId, executionId: undefined } } });
  }

  async purgeInstance(instanceId: string): Promise<boolean> {
    this.#histories.delete(instanceId);
    return this.#instances.delete(instanceId);
  }

  #takeOrchestration(): OrchestrationWorkItem | undefined {
    const now = this.#clock.now();
    let instanceId: string | undefined;
    this.#control.deleteWhere((message) => this.#isRepeatedStart(message));
    const select = ({ message }: StoredMessage) => {
      const target = message.target.instanceId;
      if (instanceId === undefined && (this.#locked.get(target) ?? 0) <= now) instanceId = target;
      return target === instanceId;
    };
    const messages = this.#control.receive(select, this.#lockMs);
    if (instanceId === undefined || messages.length === 0) return undefined;
    this.#locked.set(instanceId, now + this.#lockMs);
    return { instanceId, messages, renewIntervalMs: this.#lockMs / 3 };
  }

  /** A top-level start that was delivered again after its execution has been followed by another. */
  #isRepeatedStart({ event }: TaskMessage): boolean {
    if (event.type !== "ExecutionStarted" || event.parentInstance !== undefined) return false;
    const { instanceId, executionId } = event.orchestrationInstance;
    const state = this.#instances.get(instanceId);
    return state !== undefined && state.executionId !== executionId;
  }

  #append(instanceId: string, { executionId, events, firstIndex }: HistoryAppend): string {
    const kept = this.#histories.get(instanceId)?.events.slice(0, firstIndex) ?? [];
    const version = ++this.#versions;
    this.#histories.set(instanceId, { executionId, events: [...kept, ...events], version });
    return String(version);
  }

  #isAt(instanceId: string, expectedVersion: string | undefined): boolean {
    const version = this.#histories.get(instanceId)?.version;
    return (version === undefined ? undefined : String(version)) === expectedVersion;
  }

  #renew(queue: MessageQueue, delivered: DeliveredMessage): void {
    if (!queue.isHeld(delivered)) throw new DurableError("WorkItemLockLost", "the message was handed on");
    queue.hideFor(delivered, this.#lockMs);
  }

  #deliver(outgoing: OutgoingMessage): void {
    (outgoing.message.event.type === "TaskScheduled" ? this.#workItems : this.#control).send(outgoing);
    this.#wake();
  }

  #unlock(instanceId: string): void {
    this.#locked.delete(instanceId);
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiting) waiter.abort();
    this.#waiting.clear();
  }

  async #waitFor<T>(signal: AbortSignal, queue: MessageQueue, take: () => T | undefined): Promise<T | undefined> {
    while (!signal.aborted) {
      const taken = take();
      if (taken !== undefined) return taken;
      const woken = new AbortController();
      this.#waiting.add(woken);
      const wait = queue.nextVisibleAt() - this.#clock.now();
      // A visible message that was not taken belongs to a locked instance: unlocking wakes us, an expired lock does not.
      await this.#clock.sleep(wait > 0 ? wait : this.#lockMs, AbortSignal.any([signal, woken.signal]));
      this.#waiting.delete(woken);
    }
    return undefined;
  }
}

/** As on Azure Storage: 2, 4, 8, ... up to 600 seconds. */
function retryDelayMs({ deliveryCount }: DeliveredMessage): number {
  return Math.min(2 ** Math.min(deliveryCount, 10), 600) * 1000;
}
