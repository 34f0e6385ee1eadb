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
  RunNote,
} from "../../engine/backend.ts";
import type { InstanceProgress } from "../../engine/wanted-activities.ts";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import { BackendRun } from "./backend-run.ts";
import { asActivity, asOrchestration, HeldActivity, HeldOrchestration } from "./held-work-items.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import type { MessageOrigin, SentMessage } from "./messaging/message-sender.ts";
import type { PartitionStatus } from "./partitions/partition-watch.ts";
import type { PreparedHistory } from "./tracking/history-table.ts";
import { purgeInstanceRows } from "./tracking/instance-purge.ts";
import { maxCustomStatusUnits } from "./tracking/instances-table.ts";
import { LazyRowWrites } from "./tracking/lazy-row-writes.ts";
import { WorkItemSettler } from "./work-item-settler.ts";

interface PreparedCheckpoint {
  readonly prepared: PreparedHistory | undefined;
  readonly sent: readonly SentMessage[];
}

const maxStopMs = 5000;
/** A message that brings a row right that is behind comes again within so long, in milliseconds. */
const maxRowLagMs = 10_000;
/** What is lost to another worker is for that one to have, however often it was delivered. */
const maxLostDelayMs = 2_000;

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
  readonly #lazyRows: LazyRowWrites;
  readonly #settler: WorkItemSettler;
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
    this.#lazyRows = new LazyRowWrites(options.clock);
    this.#settler = new WorkItemSettler({
      overlaps: options.overlapWrites,
      release: (...released) => this.#run?.release(...released),
      onFailed: (instanceId, error) => this.#reportUnsettled(instanceId, error),
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
    await Promise.all([this.#lazyRows.flush(), this.#settler.idle()]);
  }

  async fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    const messages = await this.#running().inbox.take(signal);
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

  async completeOrchestrationWorkItem(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
    const workItem = asOrchestration(checkpoint.workItem);
    const { history, instance } = checkpoint;
    if (workItem.isSettled) throw lockLost(workItem.instanceId, "it is settled");
    assertCustomStatus(instance?.customStatus);
    if (history !== undefined) await this.#assertOwned(workItem);

    const origin = originOf(checkpoint);
    const beganByMessage = workItem.messages.some(({ message: { event } }) => {
      return event.type === "ExecutionStarted" && event.orchestrationInstance.executionId === history?.executionId;
    });
    const { prepared, sent } = await this.#prepare(checkpoint, !beganByMessage, origin);

    let version: string | undefined;
    if (prepared !== undefined) {
      // The process may have been suspended since: a lease that ran out meanwhile must not be written under.
      if (!this.#isOwned(workItem)) {
        await this.#undo(prepared, sent);
        await this.#assertOwned(workItem);
      }
      const commit = await this.#parts.history.commit(prepared).catch((error: unknown) => {
        // It may stand all the same.
        this.#parts.sender.handOver(sent);
        throw error;
      });
      if (commit.outcome === "rejected") {
        await this.#undo(prepared, sent);
        throw commit.error;
      }
      if (commit.outcome === "lost") {
        if (commit.isUnwritten) await this.#undo(prepared, sent);
        else this.#parts.sender.handOver(sent);
        await this.#settler.settle(workItem, new Set(), maxLostDelayMs);
        throw lockLost(workItem.instanceId, "its history was changed by another worker");
      }
      version = commit.version;
    }
    this.#parts.sender.handOver(sent);
    const row = await this.#writeInstance(workItem, instance, prepared, version);
    if (row === "purged") {
      // Of what was just committed nothing stays, and its messages find no instance any more.
      await purgeInstanceRows(workItem.instanceId, true, {
        ...this.#parts,
        historyTable: this.#options.names.historyTable,
      });
      await this.abandonOrchestrationWorkItem(workItem);
      throw lockLost(workItem.instanceId, "it was purged while its first episode ran");
    }
    const isRowWritten = row === "written";
    // Who has the answer finds the row as the answer says.
    const isSent = await this.#sendAfterCommit(workItem, checkpoint.outgoingAfterCommit ?? [], origin);
    if (prepared !== undefined && isRowWritten) this.#parts.history.deleteSuperseded(prepared);
    // What is kept comes again soon, is known for a repeat, and brings right what is behind.
    const isDone = isRowWritten && isSent;
    const settled = new Set(isDone ? checkpoint.settled.map(({ id }) => id) : []);
    const deleted = await this.#settler.settle(workItem, settled, isDone ? Number.POSITIVE_INFINITY : maxRowLagMs);
    const undeleted = checkpoint.settled.flatMap(({ id }) => (deleted.has(id) ? [] : id));
    return {
      historyVersion: version,
      ...(undeleted.length === 0 ? {} : { undeleted }),
      ...(isSent ? {} : { isUnsent: true }),
    };
  }

  /** What is there before history says so. What fails leaves as little behind as storage lets it. */
  async #prepare(
    { workItem, history, outgoing }: OrchestrationCheckpoint,
    startedWithoutMessage: boolean,
    origin: MessageOrigin,
  ): Promise<PreparedCheckpoint> {
    const [preparing, sending] = await Promise.allSettled([
      history && this.#parts.history.prepare(asOrchestration(workItem).instanceId, history, startedWithoutMessage),
      this.#parts.sender.sendAll(outgoing, origin, { takesBack: true, isHandedOver: true }),
    ]);
    const prepared = preparing.status === "fulfilled" ? preparing.value : undefined;
    const sent = sending.status === "fulfilled" ? sending.value : [];
    const failed = [sending, preparing].find((call) => call.status === "rejected");
    if (failed === undefined) return { prepared, sent };
    await this.#undo(prepared, sent);
    throw failed.reason;
  }

  /** Takes back what was prepared for a checkpoint of which surely nothing was written. */
  async #undo(prepared: PreparedHistory | undefined, sent: readonly SentMessage[]): Promise<void> {
    if (prepared !== undefined) this.#parts.history.discard(prepared);
    await this.#parts.sender.takeBack(sent);
  }

  /** Resolves to `false` when something is not sent. */
  async #sendAfterCommit(
    { instanceId }: HeldOrchestration,
    outgoing: readonly OutgoingMessage[],
    origin: MessageOrigin,
  ): Promise<boolean> {
    try {
      this.#parts.sender.handOver(await this.#parts.sender.sendAll(outgoing, origin, { isHandedOver: true }));
      return true;
    } catch (error) {
      this.#events.write("MessagesNotSent", messageOf(error), { instanceId });
      return false;
    }
  }

  async #writeInstance(
    { instanceId, messages }: HeldOrchestration,
    instance: InstanceChange | undefined,
    prepared: PreparedHistory | undefined,
    written: string | undefined,
  ): Promise<"written" | "behind" | "purged"> {
    if (instance === undefined) return "written";
    const { instances, history } = this.#parts;
    const version = written ?? instance.historyVersion;
    const isFirst = prepared !== undefined && prepared.append.expectedHistoryVersion === undefined;
    const fail = (error: unknown) => this.#events.write("InstanceRowFailed", messageOf(error), { instanceId });
    const later = (write: () => Promise<unknown>) => {
      this.#lazyRows.add(instanceId, () => write().then(() => undefined, fail));
    };
    this.#lazyRows.cancel(instanceId);
    try {
      const isThere = await instances.write(instanceId, instance, {
        blobs: prepared?.blobs ?? new Map(),
        isNewExecution: prepared?.append.firstIndex === 0,
        hadRow: isFirst && messages.some(({ message }) => isTopLevelStart(message)),
        isLatest: async () => version === undefined || (await history.readVersion(instanceId)) === version,
        later: this.#options.overlapWrites ? later : undefined,
      });
      return isThere ? "written" : "purged";
    } catch (error) {
      fail(error);
      return "behind";
    }
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
      // What was run before may have ended its process with its answer: the queue counts how often.
      if (
        this.#options.localDispatch &&
        !held.mayHaveRun &&
        this.#run?.acceptAnswer(delivered, answer, origin) === true
      ) {
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

  #isOwned({ instanceId }: HeldOrchestration): boolean {
    return this.#run?.isOwned(instanceId) === true;
  }

  async #assertOwned(workItem: HeldOrchestration): Promise<void> {
    if (this.#isOwned(workItem)) return;
    await this.#settler.settle(workItem, new Set(), maxLostDelayMs);
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

/** A client has made its row before. */
function isTopLevelStart({ event }: TaskMessage): boolean {
  return event.type === "ExecutionStarted" && event.parentInstance === undefined;
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
