import { DurableError, messageOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { OutgoingMessage, TaskMessage } from "../../core/task-message.ts";
import type { CheckpointReceipt, InstanceChange, OrchestrationCheckpoint } from "../../engine/backend.ts";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import { asOrchestration, type HeldOrchestration, lockLost, maxLostDelayMs } from "./held-work-items.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import type { MessageOrigin, SentMessage } from "./messaging/message-sender.ts";
import type { PreparedHistory } from "./tracking/history-table.ts";
import { purgeInstanceRows } from "./tracking/instance-purge.ts";
import { maxCustomStatusUnits } from "./tracking/instances-table.ts";
import { LazyRowWrites } from "./tracking/lazy-row-writes.ts";
import type { WorkItemSettler } from "./work-item-settler.ts";

export interface CheckpointWriterOptions
  extends Pick<ResolvedAzureStorageOptions, "clock" | "names" | "overlapWrites"> {
  readonly parts: TaskHubParts;
  readonly events: EventLog;
  readonly settler: WorkItemSettler;
  /** This worker has the lease of the instance's partition. */
  readonly isOwned: (instanceId: string) => boolean;
}

interface Commit {
  readonly prepared: PreparedHistory | undefined;
  /** Of the history after it. */
  readonly version: string | undefined;
  readonly origin: MessageOrigin;
}

interface PreparedCheckpoint {
  readonly prepared: PreparedHistory | undefined;
  readonly sent: readonly SentMessage[];
}

/** A message that brings a row right that is behind comes again within so long, in milliseconds. */
const maxRowLagMs = 10_000;

/**
 * Writes checkpoints, each in this order, so that a crash between any two steps repeats work and never loses any: outgoing
 * messages, history, instance row, what waits for these, deletion of the messages that caused it.
 */
export class CheckpointWriter {
  readonly #options: CheckpointWriterOptions;
  readonly #lazyRows: LazyRowWrites;

  constructor(options: CheckpointWriterOptions) {
    this.#options = options;
    this.#lazyRows = new LazyRowWrites(options.clock);
  }

  /** Writes the rows that were put off. Never rejects. */
  flush(): Promise<void> {
    return this.#lazyRows.flush();
  }

  /** See `Backend.completeOrchestrationWorkItem`. */
  async write(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
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
      const commit = await this.#options.parts.history.commit(prepared).catch((error: unknown) => {
        // It may stand all the same.
        this.#options.parts.sender.handOver(sent);
        throw error;
      });
      if (commit.outcome === "rejected") {
        await this.#undo(prepared, sent);
        throw commit.error;
      }
      if (commit.outcome === "lost") {
        if (commit.isUnwritten) await this.#undo(prepared, sent);
        else this.#options.parts.sender.handOver(sent);
        await this.#options.settler.settle(workItem, new Set(), maxLostDelayMs);
        throw lockLost(workItem.instanceId, "its history was changed by another worker");
      }
      version = commit.version;
    }
    this.#options.parts.sender.handOver(sent);
    // Rows of an instance are written in turn.
    await this.#options.settler.settled(workItem.instanceId);
    const finish = () => this.#finish(checkpoint, { prepared, version, origin });
    if (!this.#options.settler.maySettleLater || !onlyBegins(checkpoint)) return await finish();
    this.#options.settler.settleLater(workItem, finish);
    return { historyVersion: version, undeleted: checkpoint.settled.map(({ id }) => id) };
  }

  /** What follows once the history is committed. */
  async #finish(checkpoint: OrchestrationCheckpoint, commit: Commit): Promise<CheckpointReceipt> {
    const workItem = asOrchestration(checkpoint.workItem);
    const { prepared, version, origin } = commit;
    const row = await this.#writeInstance(workItem, checkpoint.instance, prepared, version);
    if (row === "purged") {
      // Of what was just committed nothing stays, and its messages find no instance any more.
      await purgeInstanceRows(workItem.instanceId, true, {
        ...this.#options.parts,
        historyTable: this.#options.names.historyTable,
      });
      await this.#options.settler.settle(workItem, new Set());
      throw lockLost(workItem.instanceId, "it was purged while its first episode ran");
    }
    const isRowWritten = row === "written";
    // Who has the answer finds the row as the answer says.
    const isSent = await this.#sendAfterCommit(workItem, checkpoint.outgoingAfterCommit ?? [], origin);
    if (prepared !== undefined && isRowWritten) this.#options.parts.history.deleteSuperseded(prepared);
    // What is kept comes again soon, is known for a repeat, and brings right what is behind.
    const isDone = isRowWritten && isSent;
    const settled = new Set(isDone ? checkpoint.settled.map(({ id }) => id) : []);
    const deleted = await this.#options.settler.settle(
      workItem,
      settled,
      isDone ? Number.POSITIVE_INFINITY : maxRowLagMs,
    );
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
      history &&
        this.#options.parts.history.prepare(asOrchestration(workItem).instanceId, history, startedWithoutMessage),
      this.#options.parts.sender.sendAll(outgoing, origin, { takesBack: true, isHandedOver: true }),
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
    if (prepared !== undefined) this.#options.parts.history.discard(prepared);
    await this.#options.parts.sender.takeBack(sent);
  }

  /** Resolves to `false` when something is not sent. */
  async #sendAfterCommit(
    { instanceId }: HeldOrchestration,
    outgoing: readonly OutgoingMessage[],
    origin: MessageOrigin,
  ): Promise<boolean> {
    try {
      this.#options.parts.sender.handOver(
        await this.#options.parts.sender.sendAll(outgoing, origin, { isHandedOver: true }),
      );
      return true;
    } catch (error) {
      this.#options.events.write("MessagesNotSent", messageOf(error), { instanceId });
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
    const { instances, history } = this.#options.parts;
    const version = written ?? instance.historyVersion;
    const isFirst = prepared !== undefined && prepared.append.expectedHistoryVersion === undefined;
    const fail = (error: unknown) => this.#options.events.write("InstanceRowFailed", messageOf(error), { instanceId });
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

  #isOwned({ instanceId }: HeldOrchestration): boolean {
    return this.#options.isOwned(instanceId);
  }

  async #assertOwned(workItem: HeldOrchestration): Promise<void> {
    if (this.#isOwned(workItem)) return;
    await this.#options.settler.settle(workItem, new Set(), maxLostDelayMs);
    throw lockLost(workItem.instanceId, "the lease of its partition has run out");
  }
}

/**
 * An instance has begun and goes on: its row will say `Running` and nothing else that is new, and its start, should it come
 * again, is known by its execution.
 */
function onlyBegins({ workItem, history, outgoingAfterCommit, instance, settled }: OrchestrationCheckpoint): boolean {
  if (history === undefined || history.expectedHistoryVersion !== undefined || instance === undefined) return false;
  if (instance.runtimeStatus !== "Running" || instance.customStatus !== undefined) return false;
  if (outgoingAfterCommit !== undefined && outgoingAfterCommit.length > 0) return false;
  const { messages } = workItem;
  return (
    settled.length === messages.length && messages.every(({ message }) => message.event.type === "ExecutionStarted")
  );
}

/** A client has made its row before. */
function isTopLevelStart({ event }: TaskMessage): boolean {
  return event.type === "ExecutionStarted" && event.parentInstance === undefined;
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
