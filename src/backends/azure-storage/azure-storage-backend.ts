import { DurableError, messageOf } from "../../core/errors.ts";
import { createEventLog, type EventLog } from "../../core/event-log.ts";
import type { OutgoingMessage, TaskMessage } from "../../core/task-message.ts";
import type {
  ActivityWorkItem,
  Backend,
  CheckpointReceipt,
  InstanceChange,
  LoadedHistory,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
} from "../../engine/backend.ts";
import type { InstanceProgress } from "../../engine/wanted-activities.ts";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import { BackendRun } from "./backend-run.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import type { HeldMessage } from "./messaging/held-message.ts";
import type { MessageOrigin } from "./messaging/message-sender.ts";
import type { HeldRequest } from "./messaging/work-item-queue.ts";
import type { PreparedHistory } from "./tracking/history-table.ts";
import { maxCustomStatusUnits } from "./tracking/instances-table.ts";

class HeldOrchestration implements OrchestrationWorkItem {
  readonly instanceId: string;
  readonly messages: readonly HeldMessage[];
  readonly renewIntervalMs: number;
  isSettled = false;

  constructor(messages: readonly HeldMessage[], renewIntervalMs: number) {
    this.instanceId = messages[0]!.instanceId;
    this.messages = messages;
    this.renewIntervalMs = renewIntervalMs;
  }
}

class HeldActivity implements ActivityWorkItem {
  readonly request: HeldRequest;
  readonly lastHeartbeat: string | undefined;
  readonly renewIntervalMs: number;
  isSettled = false;

  constructor(request: HeldRequest, renewIntervalMs: number) {
    this.request = request;
    this.lastHeartbeat = request.lastHeartbeat;
    this.renewIntervalMs = renewIntervalMs;
  }

  get delivered(): HeldMessage {
    return this.request.message;
  }

  get unfinishedRuns(): number {
    return this.request.unfinishedRuns.length;
  }
}

const maxStopMs = 5000;
/** A message that brings a row right that is behind comes again within so long, in milliseconds. */
const maxRowLagMs = 10_000;

/**
 * A task hub worker's side of the hub.
 *
 * A checkpoint is written in this order, so that a crash between any two steps repeats work and never loses any:
 * outgoing messages, history, instance row, what waits for these, deletion of the messages that caused it.
 */
export class AzureStorageBackend implements Backend {
  readonly taskHub: string;
  readonly #options: ResolvedAzureStorageOptions;
  readonly #parts: TaskHubParts;
  readonly #events: EventLog;
  #run: BackendRun | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: ResolvedAzureStorageOptions, parts: TaskHubParts) {
    this.taskHub = options.names.taskHub;
    this.#options = options;
    this.#parts = parts;
    this.#events = createEventLog(options.log, { taskHub: this.taskHub });
    parts.onSent = (queue, visibleAt) => this.#run?.onSent(queue, visibleAt);
  }

  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    await this.#parts.resources.createWhenDeleted();
    this.#run = new BackendRun(this.#options, this.#parts);
    this.#run.start();
  }

  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    this.#starting = undefined;
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    const stopped = new AbortController();
    const stopping = run.stop().catch((error: unknown) => {
      this.#events.write("BackendStopFailed", messageOf(error), {});
    });
    // Without storage there is nobody to hand back to: leases and messages run out by themselves.
    await Promise.race([stopping, this.#options.clock.sleep(maxStopMs, stopped.signal)]);
    stopped.abort();
  }

  async fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    const messages = await this.#running().inbox.take(signal);
    return messages && new HeldOrchestration(messages, this.#options.renewIntervalMs);
  }

  async loadHistory(workItem: OrchestrationWorkItem): Promise<LoadedHistory> {
    return await this.#parts.history.load(workItem.instanceId);
  }

  async renewOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    const held = asOrchestration(workItem);
    if (held.isSettled) throw lockLost(held.instanceId, "it is settled");
    const { visibilityTimeoutMs } = this.#options;
    const renewed = await Promise.all(held.messages.map((message) => message.hideFor(visibilityTimeoutMs)));
    if (renewed.every(Boolean)) return;
    await this.abandonOrchestrationWorkItem(held); // B4: what is still held goes back
    throw lockLost(held.instanceId, "another worker has received its messages");
  }

  async completeOrchestrationWorkItem(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
    const workItem = asOrchestration(checkpoint.workItem);
    const { history, instance, outgoing } = checkpoint;
    if (workItem.isSettled) throw lockLost(workItem.instanceId, "it is settled");
    assertCustomStatus(instance?.customStatus);
    if (history !== undefined) await this.#assertOwned(workItem);

    const origin = originOf(checkpoint);
    const beganByMessage = workItem.messages.some(({ message: { event } }) => {
      return event.type === "ExecutionStarted" && event.orchestrationInstance.executionId === history?.executionId;
    });
    const [prepared] = await Promise.all([
      history && this.#parts.history.prepare(workItem.instanceId, history, !beganByMessage),
      this.#parts.sender.sendAll(outgoing, origin),
    ]);

    let version: string | undefined;
    if (prepared !== undefined) {
      // The process may have been suspended since: a lease that ran out meanwhile must not be written under.
      await this.#assertOwned(workItem);
      const commit = await this.#parts.history.commit(prepared);
      if (commit.outcome === "lost") {
        await this.abandonOrchestrationWorkItem(workItem);
        throw lockLost(workItem.instanceId, "its history was changed by another worker");
      }
      version = commit.version;
    }
    const isRowWritten = await this.#writeInstance(workItem, instance, prepared, version);
    // Who has the answer finds the row as the answer says.
    const isSent = await this.#sendAfterCommit(workItem, checkpoint.outgoingAfterCommit ?? [], origin);
    if (prepared !== undefined && isRowWritten) this.#parts.history.deleteSuperseded(prepared);
    // What is kept comes again soon, is known for a repeat, and brings right what is behind.
    const isDone = isRowWritten && isSent;
    const settled = new Set(isDone ? checkpoint.settled.map(({ id }) => id) : []);
    const deleted = await this.#settle(workItem, settled, isDone ? Number.POSITIVE_INFINITY : maxRowLagMs);
    const undeleted = checkpoint.settled.flatMap(({ id }) => (deleted.has(id) ? [] : id));
    return {
      historyVersion: version,
      ...(undeleted.length === 0 ? {} : { undeleted }),
      ...(isSent ? {} : { isUnsent: true }),
    };
  }

  /** Resolves to `false` when something is not sent. */
  async #sendAfterCommit(
    { instanceId }: HeldOrchestration,
    outgoing: readonly OutgoingMessage[],
    origin: MessageOrigin,
  ): Promise<boolean> {
    try {
      await this.#parts.sender.sendAll(outgoing, origin);
      return true;
    } catch (error) {
      this.#events.write("MessagesNotSent", messageOf(error), { instanceId });
      return false;
    }
  }

  /** Resolves to `false` when the row is behind now. */
  async #writeInstance(
    { instanceId }: HeldOrchestration,
    instance: InstanceChange | undefined,
    prepared: PreparedHistory | undefined,
    written: string | undefined,
  ): Promise<boolean> {
    if (instance === undefined) return true;
    const { instances, history } = this.#parts;
    const version = written ?? instance.historyVersion;
    try {
      await instances.write(instanceId, instance, {
        blobs: prepared?.blobs ?? new Map(),
        isNewExecution: prepared?.append.firstIndex === 0,
        isLatest: async () => version === undefined || (await history.readVersion(instanceId)) === version,
      });
      return true;
    } catch (error) {
      this.#events.write("InstanceRowFailed", messageOf(error), { instanceId });
      return false;
    }
  }

  async abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    await this.#settle(asOrchestration(workItem), new Set());
  }

  async fetchActivityWorkItem(
    signal: AbortSignal,
    demand: () => number = () => 1,
  ): Promise<ActivityWorkItem | undefined> {
    const request = await this.#running().workItems.fetch(signal, demand);
    return request && new HeldActivity(request, this.#options.renewIntervalMs);
  }

  async renewActivityWorkItem(workItem: ActivityWorkItem, heartbeat?: string): Promise<void> {
    const held = asActivity(workItem);
    const { delivered } = held;
    const { visibilityTimeoutMs } = this.#options;
    const renewed = () => this.#run?.workItems.renew(held.request, heartbeat) ?? delivered.hideFor(visibilityTimeoutMs);
    if (!held.isSettled && (await renewed())) return;
    this.#letGo(held); // B4
    throw lockLost(delivered.instanceId, "another worker has received the request for its activity");
  }

  async completeActivityWorkItem(workItem: ActivityWorkItem, answer: TaskMessage | undefined): Promise<void> {
    const held = asActivity(workItem);
    const { delivered } = held;
    if (held.isSettled) throw lockLost(delivered.instanceId, "the request for its activity is settled");
    const { target } = delivered.message;
    const sender = { instanceId: target.instanceId, executionId: target.executionId ?? "" };
    const origin = { sender, episode: delivered.data.episode ?? -1 };
    if (answer !== undefined) await this.#parts.sender.send({ message: answer }, origin);
    this.#letGo(held);
    await delivered.delete().catch((error: unknown) => this.#reportUnsettled(target.instanceId, error));
  }

  async abandonActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    const held = asActivity(workItem);
    if (held.isSettled) return;
    this.#letGo(held);
    const { request, delivered } = held;
    const abandoned = this.#run?.workItems.abandon(request) ?? delivered.abandon();
    await abandoned.catch((error: unknown) => this.#reportUnsettled(delivered.instanceId, error));
  }

  async readInstanceProgress(instanceId: string): Promise<InstanceProgress | undefined> {
    return await this.#parts.instances.readProgress(instanceId);
  }

  /** From now on the message, should it be received again, is a new work item. */
  #letGo(held: HeldActivity): void {
    held.isSettled = true;
    this.#run?.workItems.forget(held.request);
  }

  /**
   * Deletes the settled messages, gives the others back, and lets the instance be taken again. Once per work item.
   *
   * @returns the ids of the messages that are surely gone
   */
  async #settle(
    workItem: HeldOrchestration,
    settled: ReadonlySet<string>,
    maxDelayMs = Number.POSITIVE_INFINITY,
  ): Promise<ReadonlySet<string>> {
    if (workItem.isSettled) return new Set();
    workItem.isSettled = true;
    const { messages, instanceId } = workItem;
    const delayOf = (message: HeldMessage) => Math.min(message.abandonDelayMs, maxDelayMs);
    const done = await Promise.allSettled(
      messages.map((message) => (settled.has(message.id) ? message.delete() : message.hideFor(delayOf(message)))),
    );
    const failed = done.find((call) => call.status === "rejected");
    if (failed !== undefined) this.#reportUnsettled(instanceId, failed.reason);
    const back = messages.filter(({ id }) => !settled.has(id));
    this.#run?.release(instanceId, messages, back.map(delayOf));
    const deleted = messages.filter(({ id }, index) => {
      const call = done[index]!;
      return settled.has(id) && call.status === "fulfilled" && call.value;
    });
    return new Set(deleted.map(({ id }) => id));
  }

  async #assertOwned(workItem: HeldOrchestration): Promise<void> {
    if (this.#run?.isOwned(workItem.instanceId) === true) return;
    await this.abandonOrchestrationWorkItem(workItem);
    throw lockLost(workItem.instanceId, "the lease of its partition has run out");
  }

  #running(): BackendRun {
    if (this.#run !== undefined) return this.#run;
    throw new DurableError("InternalError", `the backend of task hub ${this.taskHub} is not started`);
  }

  #reportUnsettled(instanceId: string, error: unknown): void {
    this.#events.write("MessageSettleFailed", messageOf(error), { instanceId });
  }
}

function asOrchestration(workItem: OrchestrationWorkItem): HeldOrchestration {
  if (workItem instanceof HeldOrchestration) return workItem;
  throw new DurableError("InternalError", "the work item was not fetched from this backend");
}

function asActivity(workItem: ActivityWorkItem): HeldActivity {
  if (workItem instanceof HeldActivity) return workItem;
  throw new DurableError("InternalError", "the work item was not fetched from this backend");
}

function lockLost(instanceId: string, reason: string): DurableError {
  return new DurableError("WorkItemLockLost", `${instanceId} is not held any more: ${reason}`);
}

function assertCustomStatus(customStatus: string | undefined): void {
  if (customStatus === undefined || customStatus.length <= maxCustomStatusUnits) return;
  throw new DurableError(
    "InvalidPayload",
    `a custom status may have at most ${maxCustomStatusUnits} characters as JSON, but this one has ${customStatus.length}`,
  );
}

function originOf({ workItem, history, instance }: OrchestrationCheckpoint): MessageOrigin {
  const target = workItem.messages.find(({ message }) => message.target.executionId !== undefined)?.message.target;
  const executionId = history?.executionId ?? instance?.executionId ?? target?.executionId ?? "";
  return { sender: { instanceId: workItem.instanceId, executionId }, episode: history?.episode };
}
