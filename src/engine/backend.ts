import type { EventWaits } from "../core/event-waits.ts";
import type { ExecutionStarted, HistoryEvent, Tags } from "../core/history-event.ts";
import type {
  InstanceConditions,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "../core/orchestration-state.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import type { Quarantine } from "../core/quarantine.ts";
import type { OutgoingMessage, TaskMessage } from "../core/task-message.ts";
import type { LocalInstances } from "../core/wait-for-instance.ts";
import type { InstanceProgress } from "./wanted-activities.ts";

/**
 * Where a hub worker gets its work and makes it durable.
 *
 * B1. An instance is in at most one work item at a time, as far as this process knows; across processes the version of
 *     the history decides, at the checkpoint.
 * B2. A message is delivered again until a checkpoint has settled it.
 * B3. Message order per instance is kept as far as the store can; receivers do not rely on it.
 * B4. A work item is open from its fetch until it is settled, which happens once: by a `complete…` that resolves, by
 *     `abandon…`, or by any call for it that rejects with `WorkItemLockLost`. Of a settled work item nothing is held any
 *     more: `renew…` and `complete…` reject with `WorkItemLockLost` and write nothing, `abandon…` does nothing, and its
 *     messages come again as a new work item, to this worker as to any other.
 * B5. The start of a top-level orchestration that was deleted is not delivered any more once its execution has been
 *     followed by another, also when it was sent twice.
 */
export interface Backend {
  /** Name of the hub. */
  readonly taskHub: string;

  /** Creates what is missing of the task hub and begins to take partitions. Repeatable. */
  start(): Promise<void>;
  /**
   * A stop is coming, and nothing more is fetched: what this worker does not need to finish what it has begun may go to
   * others at once. Optional. Never throws.
   */
  beginStop?(): void;
  /** Stops taking work, hands back what was fetched and not yet asked for, releases partitions. Never throws. */
  stop(): Promise<void>;

  /**
   * Waits for the next work item of an orchestration. Of several who wait, one gets it and the others sleep on.
   * Resolves to `undefined` only when `signal` aborts.
   */
  fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined>;

  /**
   * Waits for the next work item of an entity, an instance whose id `isEntityInstanceId` knows, as above. Apart from
   * orchestrations: what nobody asks for keeps none of the other kind waiting. Everything else that is said of work items
   * of orchestrations holds for those of entities, which are settled by the same calls.
   */
  fetchEntityWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined>;

  /**
   * Keeps with the messages of a work item what is to be known should this process die of it. Never rejects: without the
   * note it is run once more than it would be.
   *
   * - `begun`: code runs for it from now on. For messages that are delivered for the first time this costs nothing, and
   *   need not be kept: their second delivery says enough.
   * - `fatal`: this run is known to take its process down. From now on its messages count as begun without end.
   */
  noteRun(workItem: OrchestrationWorkItem | ActivityWorkItem, note: RunNote): Promise<void>;

  /** The committed history of the instance's latest execution; empty when there is none. */
  loadHistory(workItem: OrchestrationWorkItem): Promise<LoadedHistory>;

  /** Keeps the messages of the work item away from others for another lock period. @throws `WorkItemLockLost` */
  renewOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void>;

  /**
   * Makes one episode durable, in the order messages, history, instance, messages that wait for these, settled messages.
   *
   * - The appended history is written whole or not at all, as readers see it.
   * - Outgoing messages are delivered at least once if this resolves, and possibly also if it rejects; receivers
   *   discard repeats.
   * - Once the history is committed this resolves, whatever happens to the instance row or to the settled messages.
   *   A row that could not be written keeps its messages: they come again within seconds and bring it right. A first row
   *   that only says that its instance runs may follow within moments, ahead of what the next checkpoint writes.
   * - The instance row is written by the rule of `nextInstanceWrite`: a late or repeated write changes nothing.
   *
   * @throws DurableError `WorkItemLockLost` when the history is not at `expectedHistoryVersion` any more, or the work item is
   * settled: none of this history was written.
   */
  completeOrchestrationWorkItem(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt>;

  /**
   * Gives the messages back, to be delivered again after a delay that grows with their delivery count. Never rejects:
   * what cannot be given back comes again when its lock runs out.
   */
  abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void>;

  /**
   * Waits for the request of an activity, as above.
   *
   * @param demand how many the caller could take at this moment, itself included: how much a backend may receive
   * ahead. @defaultValue 1
   */
  fetchActivityWorkItem(signal: AbortSignal, demand?: () => number): Promise<ActivityWorkItem | undefined>;
  /**
   * @param heartbeat details that the next delivery of the request brings as {@link ActivityWorkItem.lastHeartbeat}, to
   * whichever worker. @defaultValue those that are stored stay
   * @throws `WorkItemLockLost`
   */
  renewActivityWorkItem(workItem: ActivityWorkItem, heartbeat?: string): Promise<void>;
  /**
   * Sends the answer, then deletes the request.
   *
   * @param answer `undefined` when nobody is there to answer: the request is deleted
   * @throws `WorkItemLockLost` for a settled work item; nothing is sent
   */
  completeActivityWorkItem(workItem: ActivityWorkItem, answer: TaskMessage | undefined): Promise<void>;
  /**
   * Gives the request back after a run that has ended without an answer, or before a run: that run never counts as
   * unfinished. Never rejects, as {@link abandonOrchestrationWorkItem}.
   */
  abandonActivityWorkItem(workItem: ActivityWorkItem): Promise<void>;

  /**
   * `true` on one worker of the hub at a time, and for short moments on none: for what one of them shall do for all.
   *
   * @defaultValue absent: this worker is the only one
   */
  isKeeper?(): boolean;

  /**
   * How far an instance has come, for those who run its activities, as its row says: one read, of no payload. Resolves to
   * `undefined` when there is no row.
   */
  readInstanceProgress(instanceId: string): Promise<InstanceProgress | undefined>;
}

/** What is noted of a run: that code has begun, or that it takes its process down. */
export type RunNote = "begun" | "fatal";

/** A message as it was delivered. */
export interface DeliveredMessage {
  /** Identity of the stored message; the same for every delivery of it. */
  readonly id: string;
  /** What it brings, and to whom. */
  readonly message: TaskMessage;
  /** 1 the first time. */
  readonly deliveryCount: number;
  /**
   * How often code was begun for it that has neither ended nor been given back, as far as the store can tell: what takes
   * its process down leaves such runs. A lock that was lost by a worker that is still there leaves none. `Infinity` once
   * a run was noted as `fatal`. @defaultValue 0
   */
  readonly unfinishedRuns?: number;
}

/** Messages of one orchestration or entity, held for this worker. Backends add what they need in their own subtypes. */
export interface OrchestrationWorkItem {
  /** Whose messages they are. */
  readonly instanceId: string;
  /** In the order in which they are to be taken in. */
  readonly messages: readonly DeliveredMessage[];
  /** {@link DeliveredMessage.unfinishedRuns}, the most of any. */
  readonly unfinishedRuns: number;
  /** The instance never had a history, as the store knows. @defaultValue false: it may have one */
  readonly isFirstOfInstance?: boolean;
  /** Renew at this interval while working on it, in milliseconds. */
  readonly renewIntervalMs: number;
}

/** A request for an activity, held for this worker. */
export interface ActivityWorkItem {
  /** Its event is a `TaskScheduled`. */
  readonly delivered: DeliveredMessage;
  /** {@link DeliveredMessage.unfinishedRuns} */
  readonly unfinishedRuns: number;
  /** Code may have run for it before. @defaultValue when it was delivered before */
  readonly mayHaveRun?: boolean;
  /** Details of the last heartbeat that an earlier delivery has stored, JSON text. @defaultValue none */
  readonly lastHeartbeat?: string | undefined;
  /** Renew at this interval while working on it, in milliseconds. */
  readonly renewIntervalMs: number;
}

/** A history as it was loaded. */
export interface LoadedHistory {
  /** The events of its latest execution. */
  readonly events: readonly HistoryEvent[];
  /** Id of that execution; absent without a history. */
  readonly executionId: string | undefined;
  /** What {@link HistoryAppend.expectedHistoryVersion} takes; absent when the instance never had a history. Opaque. */
  readonly historyVersion: string | undefined;
  /** Why the events cannot be read, which are absent then. @defaultValue they can */
  readonly problem?: string;
  /** {@link HistoryAppend.acceptedMessageIds} of the last checkpoint. @defaultValue none */
  readonly acceptedMessageIds?: readonly string[];
}

/** What an episode of an orchestration changes, all of it or nothing. */
export interface OrchestrationCheckpoint {
  /** The work item that the episode was for. */
  readonly workItem: OrchestrationWorkItem;
  /** Absent when there is nothing to write but messages to settle. */
  readonly history: HistoryAppend | undefined;
  /** What is sent before the history is written: a repeat of it after a crash does no harm. */
  readonly outgoing: readonly OutgoingMessage[];
  /**
   * What may be sent only once the history is committed: others must not see an answer that this history does not stand
   * for. If it cannot all be sent, no message is settled: they come again. @defaultValue nothing
   */
  readonly outgoingAfterCommit?: readonly OutgoingMessage[];
  /** Absent when the instance row is right as it is. */
  readonly instance: InstanceChange | undefined;
  /** Messages of the work item that are done with. */
  readonly settled: readonly DeliveredMessage[];
  /** Messages of the work item to be delivered again later, as by abandon. */
  readonly deferred: readonly DeliveredMessage[];
}

/** What is written to a history. */
export interface HistoryAppend {
  /** The execution whose history it is. */
  readonly executionId: string;
  /** Version that the history must still have; `undefined`: there is none. */
  readonly expectedHistoryVersion: string | undefined;
  /** Position of the first new event; 0 when the events replace an earlier execution. */
  readonly firstIndex: number;
  /** The new events, in order. */
  readonly events: readonly HistoryEvent[];
  /** Number of `OrchestratorStarted` events in the execution, this episode's included. Travels with messages. */
  readonly episode: number;
  /**
   * Ids of messages whose events are in this history and which may still be in a queue, so that a delivery after a
   * crash is known for a repeat. Kept with the history and replaced by the next checkpoint. @defaultValue none
   */
  readonly acceptedMessageIds?: readonly string[];
}

/**
 * What history says of an instance: its row shall show this. Absent members keep what is stored, for callers that do
 * not know the whole history.
 */
export interface InstanceChange {
  /** The execution that the change tells of. */
  readonly executionId: string;
  /** When it was decided. */
  readonly lastUpdatedTime: Date;
  /** JSON text; absent clears the stored one, unless {@link keepsCustomStatus}. */
  readonly customStatus: string | undefined;
  /** The change does not know the custom status. */
  readonly keepsCustomStatus?: boolean | undefined;
  /** How the execution began. A row that is missing is made only of a change that knows it. */
  readonly started?: InstanceStart | undefined;
  /** Who has started it, also without waiting for it; the empty text for a client. Absent when history does not tell. */
  readonly parentInstanceId?: string | undefined;
  /** What the instance is doing, or how it has ended. */
  readonly runtimeStatus?: OrchestrationRuntimeStatus | undefined;
  /** JSON text of the output, or the text of a failure. */
  readonly output?: string | undefined;
  /** When it ended. */
  readonly completedTime?: Date | undefined;
  /** When a rewind has taken back an end that was before: only ends after it stand. */
  readonly rewoundTime?: Date | undefined;
  /**
   * Activities and timers of the execution that are asked for and not answered, and that nobody waits for: their numbers.
   * Absent keeps what is stored of this execution.
   */
  readonly unwantedTasks?: readonly number[] | undefined;
  /** Shown with the row until its next change, which may know nothing of them. */
  readonly eventWaits?: EventWaits | undefined;
  /** Version of the history that says so, when no history is written with the change. */
  readonly historyVersion?: string | undefined;
}

/** How an execution began. */
export interface InstanceStart {
  /** Name of the orchestration. */
  readonly name: string;
  /** Version of the orchestration. */
  readonly version: string | undefined;
  /** JSON text. */
  readonly input: string | undefined;
  /** When it was started. */
  readonly createdTime: Date;
  /** Tags that it was started with. */
  readonly tags: Tags | undefined;
  /** How often the id was used again. */
  readonly generation: number | undefined;
  /** Not before this time; absent: at once. */
  readonly scheduledStartTime: Date | undefined;
}

/** What a checkpoint has left. */
export interface CheckpointReceipt {
  /** The history's version after the checkpoint; absent when none was written. */
  readonly historyVersion: string | undefined;
  /** Ids of settled messages that may still be in a queue. @defaultValue none */
  readonly undeleted?: readonly string[];
  /** {@link OrchestrationCheckpoint.outgoingAfterCommit} was not all sent. @defaultValue false */
  readonly isUnsent?: boolean;
}

/** What clients need of a task hub: queries, messages from outside and management. */
export interface TaskHubStore {
  /** Name of the hub. */
  readonly taskHub: string;
  /** Messages that were put aside. @defaultValue this hub never puts any aside */
  readonly quarantine?: Quarantine;
  /** Absent when no worker of this process tells what it does. */
  readonly local?: LocalInstances;

  /** Creates what is missing. A call that adds something does so by itself, once; looks and deletions make nothing. */
  createTaskHub(): Promise<void>;
  /** Deletes the hub with all instances, whoever works on it. */
  deleteTaskHub(): Promise<void>;
  /**
   * The workers that hold the hub, as far as the store can tell, or `undefined` when there is no such hub. Creates nothing.
   */
  readWorkers(): Promise<readonly WorkerPresence[] | undefined>;

  /**
   * Sends the start message, then writes the instance as `Pending` in place of `replaces` (the state just read, or
   * `undefined`). Of several creators of one id, one wins; to write one's own again is no error.
   *
   * @throws DurableError `InstanceAlreadyExists` to those who lose
   */
  createInstance(start: NewInstance): Promise<void>;
  /** Puts a message into the queue of its instance. */
  sendMessage(outgoing: OutgoingMessage): Promise<void>;

  /** Resolves to `undefined` for an unknown instance. */
  getInstance(instanceId: string, options?: FetchOptions): Promise<OrchestrationState | undefined>;
  /**
   * One page of the instances that meet the conditions, in the order of the store; over all pages each is shown once. A
   * page ends early where its texts would exceed `maxPageBytes`, and of texts that are not asked for none is read.
   *
   * @throws DurableError `InvalidOption` for a token that is not of a query of this hub; the storage is not asked then
   */
  queryInstances(query: InstanceQuery): Promise<InstancePage>;
  /** How many instances meet the conditions. Reads no payloads. */
  countInstances(conditions: InstanceConditions): Promise<number>;
  /** Resolves to `undefined` when the instance has no history. */
  getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined>;

  /** Marks an instance that never ran as ended, if it is still the given execution. */
  terminatePending(instanceId: string, executionId: string, reason: string | undefined, at: Date): Promise<void>;

  /**
   * Reads the committed history, asks `decide` what to change, and changes that if nobody else has written meanwhile.
   *
   * @throws DurableError `InstanceNotFound` when there is no history; `WorkItemLockLost` when it has changed meanwhile:
   * nothing is written, or the first part of the edits.
   */
  editHistory(instanceId: string, decide: (events: readonly HistoryEvent[]) => Promise<HistoryEdit>): Promise<void>;
  /** Takes back the end that `ended` (a state just read) tells of, unless another end has been written since. */
  markPending(ended: OrchestrationState): Promise<void>;

  /**
   * Deletes history, instance and payloads of exactly this id, and nothing of an id that only begins alike. Nobody goes on
   * with what was deleted: a checkpoint under way is refused, and a start under way is dropped when it comes.
   *
   * Resolves to `false` when nothing was deleted: there was nothing, or not what {@link PurgeConditions} allow.
   */
  purgeInstance(instanceId: string, conditions?: PurgeConditions): Promise<boolean>;
}

/** Which texts of an instance to read. */
export interface FetchOptions {
  /** @defaultValue true */
  readonly fetchInput?: boolean | undefined;
  /** @defaultValue true */
  readonly fetchOutput?: boolean | undefined;
}

/** A worker that holds a part of the hub. */
export interface WorkerPresence {
  /** Id of the worker. */
  readonly workerId: string;
  /** When what it holds is free again if it is dead; absent when nobody can tell. */
  readonly until: Date | undefined;
}

/** What must hold for an instance to be purged. */
export interface PurgeConditions {
  /** Leave an instance alone that has not ended, or that was started again meanwhile. @defaultValue false */
  readonly onlyEnded?: boolean | undefined;
}

/** Events to take out of a history, by their place. */
export interface HistoryEdit {
  /** Become generic events, which replay skips: `Rewound: <type>`. */
  readonly undone: readonly number[];
  /** Keep their type, because the next answer belongs to them, and are marked as rewound. */
  readonly reopened: readonly number[];
}

/** An instance that a client creates. */
export interface NewInstance {
  /** Its first event. */
  readonly event: ExecutionStarted;
  /** The instance of that id that was there before, as it was read; `undefined`: none. */
  readonly replaces: OrchestrationState | undefined;
}
