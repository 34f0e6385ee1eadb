import { DurableError, messageOf } from "../../core/errors.ts";
import { createEventLog, type EventLog } from "../../core/event-log.ts";
import type { TaskMessage } from "../../core/task-message.ts";
import type {
  ActivityWorkItem,
  Backend,
  CheckpointReceipt,
  LoadedHistory,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
  RunNote,
} from "../../engine/backend.ts";
import type { InstanceProgress } from "../../engine/wanted-activities.ts";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import { BackendRun } from "./backend-run.ts";
import { CheckpointWriter } from "./checkpoint-writer.ts";
import {
  asActivity,
  asOrchestration,
  HeldActivity,
  HeldOrchestration,
  lockLost,
  maxLostDelayMs,
} from "./held-work-items.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import type { InstanceKind } from "./messaging/orchestration-inbox.ts";
import type { PartitionStatus } from "./partitions/partition-watch.ts";
import { WorkItemSettler } from "./work-item-settler.ts";

const maxStopMs = 5000;
/** A task hub worker's side of the hub. */
export class AzureStorageBackend implements Backend {
  readonly taskHub: string;
  readonly #options: ResolvedAzureStorageOptions;
  readonly #parts: TaskHubParts;
  readonly #events: EventLog;
  readonly #settler: WorkItemSettler;
  readonly #checkpoints: CheckpointWriter;
  #run: BackendRun | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: ResolvedAzureStorageOptions, parts: TaskHubParts) {
    this.taskHub = options.names.taskHub;
    this.#options = options;
    this.#parts = parts;
    this.#events = createEventLog(options.log, { taskHub: this.taskHub });
    parts.onSent = (queue, visibleAt) => this.#run?.onSent(queue, visibleAt);
    parts.dispatch = () => this.#run?.dispatch;
    parts.isServedHere = (instanceId) => this.#run?.isOwned(instanceId) === true;
    this.#settler = new WorkItemSettler({
      overlaps: options.overlapWrites,
      release: (instanceId) => this.#run?.release(instanceId),
      forget: (...forgotten) => this.#run?.forget(...forgotten),
      onFailed: (instanceId, error) => this.#reportUnsettled(instanceId, error),
    });
    this.#checkpoints = new CheckpointWriter({
      ...options,
      parts,
      events: this.#events,
      settler: this.#settler,
      isOwned: (instanceId) => this.#run?.isOwned(instanceId) === true,
    });
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
    this.#parts.resources.assertPartitionManagement();
    this.#run = new BackendRun(this.#options, this.#parts);
    this.#run.start();
  }

  beginStop(): void {
    this.#run?.beginStop();
  }

  /** The partitions that this worker has, and when each was last received from. */
  partitions(): readonly PartitionStatus[] {
    return this.#run?.partitions() ?? [];
  }

  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    this.#starting = undefined;
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    const stopped = new AbortController();
    const stopping = this.#stopRun(run).catch((error: unknown) => {
      this.#events.write("BackendStopFailed", messageOf(error), {});
    });
    // Without storage there is nobody to hand back to: leases and messages run out by themselves.
    await Promise.race([stopping, this.#options.clock.sleep(maxStopMs, stopped.signal)]);
    stopped.abort();
  }

  async #stopRun(run: BackendRun): Promise<void> {
    await run.stop();
    await Promise.all([this.#checkpoints.flush(), this.#settler.idle()]);
  }

  async fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    return await this.#fetchInstance("orchestration", signal);
  }

  async fetchEntityWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    return await this.#fetchInstance("entity", signal);
  }

  async #fetchInstance(kind: InstanceKind, signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    const messages = await this.#running().inbox.take(kind, signal);
    return messages && new HeldOrchestration(messages, this.#options.renewIntervalMs);
  }

  async noteRun(workItem: OrchestrationWorkItem | ActivityWorkItem, note: RunNote): Promise<void> {
    const held = workItem instanceof HeldActivity ? workItem : asOrchestration(workItem as OrchestrationWorkItem);
    if (held.isSettled) return;
    const messages = held instanceof HeldActivity ? [held.delivered] : held.messages;
    await Promise.all(messages.map((message) => message.noteRun(note, this.#options.visibilityTimeoutMs)));
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
    await this.#settler.settle(held, new Set(), maxLostDelayMs); // B4: what is still held goes back
    throw lockLost(held.instanceId, "another worker has received its messages");
  }

  completeOrchestrationWorkItem(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
    return this.#checkpoints.write(checkpoint);
  }

  async abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    await this.#settler.settle(asOrchestration(workItem), new Set());
  }

  async fetchActivityWorkItem(
    signal: AbortSignal,
    demand: () => number = () => 1,
  ): Promise<ActivityWorkItem | undefined> {
    const message = await this.#running().workItems.fetch(signal, demand);
    return message && new HeldActivity(message, this.#options, this.#options.clock.now());
  }

  async renewActivityWorkItem(workItem: ActivityWorkItem, heartbeat?: string): Promise<void> {
    const held = asActivity(workItem);
    const { delivered } = held;
    const { clock, visibilityTimeoutMs } = this.#options;
    const now = clock.now();
    const renew = () =>
      heartbeat === undefined
        ? delivered.hideFor(visibilityTimeoutMs)
        : delivered.noteHeartbeat(heartbeat, visibilityTimeoutMs);
    if (!held.isSettled && (await renew())) {
      held.renewedAt = now;
      return;
    }
    this.#letGo(held); // B4
    throw lockLost(delivered.instanceId, "another worker has received the request for its activity");
  }

  async completeActivityWorkItem(workItem: ActivityWorkItem, answer: TaskMessage | undefined): Promise<void> {
    const held = asActivity(workItem);
    const { delivered } = held;
    if (held.isSettled) throw lockLost(delivered.instanceId, "the request for its activity is settled");
    // A blocked process has renewed nothing: the request may be somebody else's by now.
    const isOverdue = this.#options.clock.now() - held.renewedAt > this.#options.visibilityTimeoutMs;
    if (isOverdue) await this.renewActivityWorkItem(held);
    const { target } = delivered.message;
    const sender = { instanceId: target.instanceId, executionId: target.executionId ?? "" };
    const origin = { sender, episode: delivered.data.episode ?? -1 };
    if (answer !== undefined) {
      // What was delivered before may have ended its process with its answer: the queue counts how often.
      const isFirst = delivered.deliveryCount <= 1;
      if (this.#options.localDispatch && isFirst && this.#run?.acceptAnswer(delivered, answer, origin) === true) {
        held.isSettled = true;
        return;
      }
      this.#parts.sender.handOver([await this.#parts.sender.send({ message: answer }, origin, { isHandedOver: true })]);
    }
    this.#letGo(held);
    await delivered.delete().catch((error: unknown) => this.#reportUnsettled(target.instanceId, error));
  }

  /** Whoever serves the first partition. */
  isKeeper(): boolean {
    return this.#run?.ownsFirstPartition ?? false;
  }

  async abandonActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    const held = asActivity(workItem);
    if (held.isSettled) return;
    this.#letGo(held);
    const { delivered } = held;
    const abandoned = this.#run?.workItems.abandon(delivered) ?? delivered.giveBack(delivered.abandonDelayMs);
    await abandoned.catch((error: unknown) => this.#reportUnsettled(delivered.instanceId, error));
  }

  async readInstanceProgress(instanceId: string): Promise<InstanceProgress | undefined> {
    return await this.#parts.instances.readProgress(instanceId);
  }

  /** From now on the message, should it be received again, is a new work item. */
  #letGo(held: HeldActivity): void {
    held.isSettled = true;
    this.#run?.workItems.forget(held.delivered);
  }

  #running(): BackendRun {
    if (this.#run !== undefined) return this.#run;
    throw new DurableError("InternalError", `the backend of task hub ${this.taskHub} is not started`);
  }

  #reportUnsettled(instanceId: string, error: unknown): void {
    this.#events.write("MessageSettleFailed", messageOf(error), { instanceId });
  }
}
