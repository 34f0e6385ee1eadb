import { setMaxListeners } from "node:events";
import type { ResolvedAzureStorageOptions } from "./azure-storage-options.ts";
import type { TaskHubParts } from "./hub-parts.ts";
import { ControlQueue } from "./messaging/control-queue.ts";
import type { HeldMessage } from "./messaging/held-message.ts";
import { OrchestrationInbox } from "./messaging/orchestration-inbox.ts";
import { WorkItemQueue } from "./messaging/work-item-queue.ts";
import { partitionOf } from "./partitions/partition-hash.ts";
import { PartitionManager } from "./partitions/partition-manager.ts";

/** How long a receive under way at the stop may go on, so that what it brings can be given back. */
const receiveGraceMs = 1000;

/** What lives from one start to the next stop. */
export class BackendRun {
  readonly inbox: OrchestrationInbox = new OrchestrationInbox();
  readonly workItems: WorkItemQueue;
  readonly #options: ResolvedAzureStorageOptions;
  readonly #parts: TaskHubParts;
  readonly #partitions: PartitionManager;
  readonly #controlQueues = new Map<string, ControlQueue>();
  readonly #cutOff = new AbortController();

  constructor(options: ResolvedAzureStorageOptions, parts: TaskHubParts) {
    this.#options = options;
    this.#parts = parts;
    // All receives under way listen to it.
    setMaxListeners(0, this.#cutOff.signal);
    this.workItems = new WorkItemQueue({
      ...this.#pollerOptions(options.names.workItemQueue),
      reader: parts.reader,
      workerId: options.workerId,
    });
    this.#partitions = new PartitionManager({
      storage: parts.storage,
      table: options.names.partitionsTable,
      workerId: options.workerId,
      clock: options.clock,
      log: options.log,
      taskHub: options.names.taskHub,
      leaseIntervalMs: options.leaseIntervalMs,
      renewIntervalMs: options.leaseRenewIntervalMs,
      isDeadWorker: options.isDeadWorker,
      isBusy: (queue) => this.inbox.isBusy((instanceId) => this.#queueOf(instanceId) === queue),
      listen: (queue) => this.#listen(queue),
      unlisten: (queue) => this.#unlisten(queue),
    });
  }

  start(): void {
    this.workItems.start();
    this.#partitions.start();
  }

  async stop(): Promise<void> {
    const done = new AbortController();
    void this.#options.clock.sleep(receiveGraceMs, done.signal).then(() => this.#cutOff.abort());
    await Promise.all([this.workItems.stop(), this.#partitions.stop()]);
    done.abort();
  }

  isOwned(instanceId: string): boolean {
    return this.#partitions.isOwned(this.#queueOf(instanceId));
  }

  onSent(queue: string, visibleAt: number): void {
    const poller =
      queue === this.#options.names.workItemQueue ? this.workItems.poller : this.#controlQueues.get(queue)?.poller;
    if (visibleAt <= this.#options.clock.now()) poller?.wake();
    else poller?.wakeAt(visibleAt);
  }

  /** The end of a work item. @param delays after which messages come again, of those that do */
  release(instanceId: string, messages: readonly HeldMessage[], delays: readonly number[]): void {
    const wasFull = this.inbox.messageCount >= this.#options.controlQueueBufferThreshold;
    for (const message of messages) this.inbox.forget(message);
    this.inbox.unlock(instanceId);
    if (wasFull) for (const queue of this.#controlQueues.values()) queue.poller.wake();
    if (delays.length === 0) return;
    const now = this.#options.clock.now();
    const poller = this.#controlQueues.get(this.#queueOf(instanceId))?.poller;
    for (const delay of delays) poller?.wakeAt(now + delay);
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
      bufferThreshold: this.#options.controlQueueBufferThreshold,
    });
    this.#controlQueues.set(queue, controlQueue);
    controlQueue.start();
    // Whoever had the partition may have died, with messages of both queues in its hands.
    controlQueue.poller.expectReturns();
    this.workItems.poller.expectReturns();
  }

  async #unlisten(queue: string): Promise<void> {
    const controlQueue = this.#controlQueues.get(queue);
    if (controlQueue === undefined) return;
    this.#controlQueues.delete(queue);
    await controlQueue.stop();
    const waiting = this.inbox.evict((instanceId) => this.#queueOf(instanceId) === queue);
    await Promise.all(waiting.map((message) => message.hideFor(0).catch(() => false)));
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
