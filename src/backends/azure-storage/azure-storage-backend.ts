import { DurableError } from "../../core/errors.ts";
import type { LogSink } from "../../core/ports.ts";
import type { TaskMessage } from "../../core/task-message.ts";
import type {
  ActivityWorkItem,
  Backend,
  CheckpointReceipt,
  InstanceChange,
  LoadedHistory,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
} from "../../engine/backend.ts";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import { BackendRun } from "./backend-run.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import type { HeldMessage } from "./messaging/held-message.ts";
import type { MessageOrigin } from "./messaging/message-sender.ts";
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
  readonly delivered: HeldMessage;
  readonly renewIntervalMs: number;
  isSettled = false;

  constructor(delivered: HeldMessage, renewIntervalMs: number) {
    this.delivered = delivered;
    this.renewIntervalMs = renewIntervalMs;
  }
}

const maxStopMs = 5000;

/**
 * A task hub worker's side of the hub.
 *
 * A checkpoint is written in this order, so that a crash between any two steps repeats work and never loses any:
 * outgoing messages, history, instance row, deletion of the messages that caused it.
 */
export class AzureStorageBackend implements Backend {
  readonly taskHub: string;
  readonly #options: ResolvedAzureStorageOptions;
  readonly #parts: TaskHubParts;
  readonly #log: LogSink;
  #run: BackendRun | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: ResolvedAzureStorageOptions, parts: TaskHubParts) {
    this.taskHub = options.names.taskHub;
    this.#options = options;
    this.#parts = parts;
    this.#log = options.log;
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
    await this.#parts.resources.create();
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
      this.#log.log("warn", "BackendStopFailed", (error as Error).message, { taskHub: this.taskHub });
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
    const { messages } = asOrchestration(workItem);
    const renewed = await Promise.all(messages.map((message) => message.hideFor(this.#options.visibilityTimeoutMs)));
    if (!renewed.every(Boolean)) throw lockLost(workItem.instanceId, "another worker has received its messages");
  }

  async completeOrchestrationWorkItem(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
    const workItem = asOrchestration(checkpoint.workItem);
    const { history, instance, outgoing } = checkpoint;
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
    const isRowWritten = await this.#mergeInstance(workItem, instance, prepared?.blobs ?? new Map());
    if (prepared !== undefined && isRowWritten) this.#parts.history.deleteSuperseded(prepared);
    // A finished instance gets no other message that would put its row right, so these come again and do.
    const keepsMessages = !isRowWritten && instance?.completedTime !== undefined;
    await this.#settle(workItem, new Set(keepsMessages ? [] : checkpoint.settled.map(({ id }) => id)));
    return { version };
  }

  async #mergeInstance(
    workItem: HeldOrchestration,
    instance: InstanceChange | undefined,
    blobs: ReadonlyMap<string, string>,
  ): Promise<boolean> {
    if (instance === undefined) return true;
    try {
      await this.#parts.instances.merge(workItem.instanceId, instance, blobs);
      return true;
    } catch (error) {
      this.#report("InstanceRowFailed", workItem.instanceId, error);
      return false;
    }
  }

  async abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    await this.#settle(asOrchestration(workItem), new Set());
  }

  async fetchActivityWorkItem(signal: AbortSignal): Promise<ActivityWorkItem | undefined> {
    const message = await this.#running().workItems.fetch(signal);
    return message && new HeldActivity(message, this.#options.renewIntervalMs);
  }

  async renewActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    const { delivered } = asActivity(workItem);
    if (await delivered.hideFor(this.#options.visibilityTimeoutMs)) return;
    throw lockLost(delivered.instanceId, "another worker has received the request for its activity");
  }

  async completeActivityWorkItem(workItem: ActivityWorkItem, answer: TaskMessage): Promise<void> {
    const { delivered } = asActivity(workItem);
    const { target } = delivered.message;
    const sender = { instanceId: target.instanceId, executionId: target.executionId ?? "" };
    await this.#parts.sender.send({ message: answer }, { sender, episode: delivered.data.episode ?? -1 });
    await this.#settleActivity(workItem, () => delivered.delete());
  }

  async abandonActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    const { delivered } = asActivity(workItem);
    await this.#settleActivity(workItem, () => this.#run?.workItems.abandon(delivered) ?? delivered.abandon());
  }

  /** Deletes the settled messages, gives the others back, and lets the instance be taken again. Once per work item. */
  async #settle(workItem: HeldOrchestration, settled: ReadonlySet<string>): Promise<void> {
    if (workItem.isSettled) return;
    workItem.isSettled = true;
    const calls = workItem.messages.map(async (message) => {
      if (settled.has(message.id)) await message.delete();
      else await message.abandon();
    });
    const done = await Promise.allSettled(calls);
    const failed = done.find((call) => call.status === "rejected");
    if (failed !== undefined) this.#report("MessageSettleFailed", workItem.instanceId, failed.reason);
    this.#run?.release(workItem.instanceId, workItem.messages, settled);
  }

  async #settleActivity(workItem: ActivityWorkItem, settle: () => Promise<boolean>): Promise<void> {
    const held = asActivity(workItem);
    if (held.isSettled) return;
    held.isSettled = true;
    await settle().catch((error: unknown) => this.#report("MessageSettleFailed", held.delivered.instanceId, error));
    this.#run?.workItems.forget(held.delivered);
  }

  async #assertOwned(workItem: HeldOrchestration): Promise<void> {
    if (this.#run?.isOwned(workItem.instanceId) === true) return;
    await this.abandonOrchestrationWorkItem(workItem);
    throw lockLost(workItem.instanceId, "the lease of its partition has run out");
  }

  #running(): BackendRun {
    if (this.#run !== undefined) return this.#run;
    throw new DurableError("NotSupported", `the backend of task hub ${this.taskHub} is not started`);
  }

  #report(event: string, instanceId: string, error: unknown): void {
    const fields = { taskHub: this.taskHub, instanceId };
    this.#log.log("warn", event, `${instanceId}: ${(error as Error).message}`, fields);
  }
}

function asOrchestration(workItem: OrchestrationWorkItem): HeldOrchestration {
  if (workItem instanceof HeldOrchestration) return workItem;
  throw new DurableError("InvalidOption", "the work item was not fetched from this backend");
}

function asActivity(workItem: ActivityWorkItem): HeldActivity {
  if (workItem instanceof HeldActivity) return workItem;
  throw new DurableError("InvalidOption", "the work item was not fetched from this backend");
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
