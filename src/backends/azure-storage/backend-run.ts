import { setMaxListeners } from "node:events";
import type { TaskMessage } from "../../core/task-message.ts";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import { ControlQueue } from "./messaging/control-queue.ts";
import type { HeldDelivery, HeldMessage } from "./messaging/held-message.ts";
import { LocalAnswers } from "./messaging/local-answers.ts";
import { LocalDispatch, putBack } from "./messaging/local-dispatch.ts";
import { admitMessage } from "./messaging/message-admission.ts";
import type { MessageOrigin } from "./messaging/message-sender.ts";
import { OrchestrationInbox } from "./messaging/orchestration-inbox.ts";
import { WorkItemQueue } from "./messaging/work-item-queue.ts";
import { AppLease } from "./partitions/app-lease.ts";
import { BlobPartitionManager } from "./partitions/blob-partition-manager.ts";
import { partitionOf } from "./partitions/partition-hash.ts";
import type { PartitionManager } from "./partitions/partition-manager.ts";
import { type PartitionStatus, PartitionWatch } from "./partitions/partition-watch.ts";
import { TablePartitionManager } from "./partitions/table-partition-manager.ts";

/** How long a receive under way at the stop may go on, so that what it brings can be given back. */
const receiveGraceMs = 1000;

/** How much longer than the longest pause between two polls a queue may go without one. */
const unpolledGraceMs = 15_000;

/** Payloads of messages that wait in memory, in UTF-16 units: beyond it nothing more is received. */
const maxBufferedLength = 32 * 1024 * 1024;

/** What lives from one start to the next stop. */
export class BackendRun {
  readonly inbox: OrchestrationInbox;
  readonly workItems: WorkItemQueue;
  readonly #options: ResolvedAzureStorageOptions;
  readonly #parts: TaskHubParts;
  readonly #watch: PartitionWatch;
  readonly #appLease: AppLease | undefined;
  /** Where this process hands over what it would receive itself. */
  readonly dispatch: LocalDispatch;
  readonly #answers: LocalAnswers;
  #partitions: PartitionManager | undefined;
  #isLeaving = false;
  readonly #controlQueues = new Map<string, ControlQueue>();
  readonly #cutOff = new AbortController();

  constructor(options: ResolvedAzureStorageOptions, parts: TaskHubParts) {
    this.#options = options;
    this.#parts = parts;
    this.inbox = new OrchestrationInbox({
      maxMessages: options.controlQueueBufferThreshold,
      maxLength: maxBufferedLength,
      onRoom: () => this.#wakePollers(),
    });
    // All receives under way listen to it.
    setMaxListeners(0, this.#cutOff.signal);
    this.workItems = new WorkItemQueue({
      ...this.#pollerOptions(options.names.workItemQueue),
      reader: parts.reader,
    });
    this.dispatch = new LocalDispatch({
      names: options.names,
      maxHeldMs: options.visibilityTimeoutMs / 3,
      receiverOf: (queue) => {
        if (this.#isLeaving) return undefined;
        return queue === options.names.workItemQueue ? this.workItems : this.#ownedQueue(queue);
      },
    });
    this.#answers = new LocalAnswers({ ...options, sender: parts.sender });
    this.#watch = new PartitionWatch({
      ...options,
      taskHub: options.names.taskHub,
      maxUnpolledMs: options.maxQueuePollingIntervalMs + unpolledGraceMs,
      listening: this.#controlQueues,
      isFull: () => this.inbox.isFull(),
      restart: (queue) => this.#restart(queue),
    });
    if (options.appLease === undefined) return;
    const { appLeaseContainer: container, appLeaseInfoBlob: infoBlob, taskHub } = options.names;
    this.#appLease = new AppLease({
      ...options,
      ...options.appLease,
      taskHub,
      container,
      infoBlob,
      storage: parts.storage,
      onHeld: () => this.#serve(),
      onLost: async () => await this.#partitions?.stop(),
    });
  }

  start(): void {
    this.#watch.start();
    if (this.#appLease === undefined) this.#serve();
    else this.#appLease.start();
  }

  /** What needs not be finished here may go to other workers at once. */
  beginStop(): void {
    this.#isLeaving = true;
    this.#partitions?.beginStop();
  }

  async stop(): Promise<void> {
    this.#isLeaving = true;
    const done = new AbortController();
    void this.#options.clock.sleep(receiveGraceMs, done.signal).then(() => this.#cutOff.abort());
    await Promise.all([this.workItems.stop(), this.#partitions?.stop(), this.#watch.stop(), this.#appLease?.stop()]);
    this.#answers.stop();
    done.abort();
  }

  /** The partitions that this worker has. */
  partitions(): readonly PartitionStatus[] {
    const owned = this.#options.names.controlQueues.filter((queue) => this.#partitions?.isOwned(queue) === true);
    return owned.map((queue) => {
      const at = this.#controlQueues.get(queue)?.lastPolledAt;
      return { queue, lastPolledAt: at === undefined ? undefined : new Date(at) };
    });
  }

  /** The hub is this app's. */
  #serve(): void {
    if (this.#isLeaving) return;
    this.workItems.start();
    this.#partitions = this.#createManager();
    this.#partitions.start();
  }

  #createManager(): PartitionManager {
    const { options, storage } = { options: this.#options, storage: this.#parts.storage };
    const { names } = options;
    const shared = {
      ...options,
      storage,
      taskHub: names.taskHub,
      queues: names.controlQueues,
      renewIntervalMs: options.leaseRenewIntervalMs,
      isBusy: (queue: string) => this.inbox.isBusy((instanceId) => this.#queueOf(instanceId) === queue),
      listen: (queue: string) => this.#listen(queue),
      unlisten: (queue: string) => this.#unlisten(queue),
    };
    const kind = this.#parts.resources.partitionManagement;
    return kind === "table"
      ? new TablePartitionManager({ ...shared, table: names.partitionsTable })
      : new BlobPartitionManager({ ...shared, kind, container: names.leasesContainer });
  }

  isOwned(instanceId: string): boolean {
    return this.#partitions?.isOwned(this.#queueOf(instanceId)) === true;
  }

  get ownsFirstPartition(): boolean {
    return this.#partitions?.isOwned(this.#options.names.controlQueues[0]!) === true;
  }

  onSent(queue: string, visibleAt: number): void {
    if (queue === this.#options.names.workItemQueue) this.workItems.onSent(visibleAt);
    else this.#controlQueues.get(queue)?.onSent(visibleAt);
  }

  #ownedQueue(queue: string): ControlQueue | undefined {
    return this.#partitions?.isOwned(queue) === true ? this.#controlQueues.get(queue) : undefined;
  }

  /** Gives the answer of an activity to its orchestration, if that lives here. `false` when it has to be sent. */
  acceptAnswer(request: HeldMessage, answer: TaskMessage, origin: MessageOrigin): boolean {
    const queue = this.#queueOf(request.instanceId);
    const receiver = this.#isLeaving ? undefined : this.#ownedQueue(queue);
    if (receiver === undefined) return false;
    if (admitMessage(answer, queue, this.#options.names).kind !== "accept") return false;
    const held = this.#answers.add(request, answer, origin, () => this.workItems.forget(request));
    if (receiver.acceptAnswer(held)) {
      this.workItems.end(request);
      return true;
    }
    this.#answers.drop(held);
    return false;
  }

  /** The instance may be taken again. */
  release(instanceId: string): void {
    this.inbox.unlock(instanceId);
  }

  /** Holds messages no more. @param delays after which they come again, of those that do */
  forget(instanceId: string, messages: readonly HeldDelivery[], delays: readonly number[]): void {
    const wasFull = this.inbox.isFull();
    for (const message of messages) this.inbox.forget(message);
    if (wasFull) this.#wakePollers();
    if (delays.length === 0) return;
    const now = this.#options.clock.now();
    const poller = this.#controlQueues.get(this.#queueOf(instanceId))?.poller;
    for (const delay of delays) poller?.wakeAt(now + delay);
  }

  /** There is room in the inbox. */
  #wakePollers(): void {
    for (const queue of this.#controlQueues.values()) queue.poller.wake();
  }

  #queueOf(instanceId: string): string {
    const { controlQueues } = this.#options.names;
    return controlQueues[partitionOf(instanceId, controlQueues.length)]!;
  }

  #listen(queue: string): void {
    if (this.#controlQueues.has(queue)) return;
    const { reader, instances } = this.#parts;
    const controlQueue = new ControlQueue({
      ...this.#pollerOptions(queue),
      inbox: this.inbox,
      reader,
      instances,
      batchSize: this.#options.controlQueueBatchSize,
    });
    this.#controlQueues.set(queue, controlQueue);
    controlQueue.start();
    // Whoever had the partition may have died, with messages of both queues in its hands.
    controlQueue.poller.expectReturns();
    this.workItems.poller.expectReturns();
  }

  /** What hangs in the old one is put back when it goes on; nobody waits for that. */
  #restart(queue: string): void {
    void this.#unlisten(queue).catch(() => undefined);
    if (this.#partitions?.isOwned(queue) === true) this.#listen(queue);
  }

  async #unlisten(queue: string): Promise<void> {
    const controlQueue = this.#controlQueues.get(queue);
    if (controlQueue === undefined) return;
    this.#controlQueues.delete(queue);
    await controlQueue.stop();
    const waiting = this.inbox.evict((instanceId) => this.#queueOf(instanceId) === queue);
    await Promise.all(waiting.map(putBack));
  }

  #pollerOptions(queue: string) {
    const { clock, random, log, visibilityTimeoutMs, maxQueuePollingIntervalMs } = this.#options;
    const maxPollingIntervalMs = maxQueuePollingIntervalMs;
    const { storage } = this.#parts;
    return {
      queue,
      taskHub: this.#options.names.taskHub,
      storage,
      clock,
      random,
      log,
      visibilityTimeoutMs,
      maxPollingIntervalMs,
      cutOff: this.#cutOff.signal,
    };
  }
}
