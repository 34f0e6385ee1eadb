import { setMaxListeners } from "node:events";
import { messageOf } from "../../../core/errors.ts";
import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { Clock, LogSink } from "../../../core/ports.ts";
import type { ReceivedMessage } from "../storage/storage-request.ts";
import type { InstancesTable } from "../tracking/instances-table.ts";
import { compareArrival, type HeldDelivery, type HeldMessage } from "./held-message.ts";
import type { LocalReceiver } from "./local-dispatch.ts";
import type { MessageReader } from "./message-reader.ts";
import { dueTimeOf, maxVisibilityDelayMs } from "./message-sender.ts";
import type { OrchestrationInbox } from "./orchestration-inbox.ts";
import { QueuePoller, type QueuePollerOptions } from "./queue-poller.ts";
import { nextStartStep } from "./start-deduplication.ts";

export interface ControlQueueOptions extends Omit<QueuePollerOptions, "capacity" | "onReceived"> {
  readonly inbox: OrchestrationInbox;
  readonly reader: MessageReader;
  readonly instances: InstancesTable;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly batchSize: number;
}

/** An event due within this time is waited for in memory; a later one goes back into the queue. */
const maxWaitInMemoryMs = 1500;
const rowGraceMs = { min: 50, max: 200 };
/** Messages whose blobs take longer to read are left behind by the others, in milliseconds. */
const readPatienceMs = 1000;
/** Full receives that are delivered together, at most. */
const maxReceives = 8;

interface GatheredMessage {
  readonly message: HeldMessage;
  /** When its event is meant to happen, in milliseconds since the epoch; 0 for at once. */
  readonly dueAt: number;
}

/**
 * One owned control queue: what is received is read, checked and put before the orchestrations. What this process has sent
 * for itself comes in beside it, unless something may be in the queue that was sent before.
 */
export class ControlQueue implements LocalReceiver {
  readonly #options: ControlQueueOptions;
  readonly #poller: QueuePoller;
  readonly #events: EventLog;
  readonly #stopping = new AbortController();
  readonly #checks = new Set<Promise<void>>();
  /** Being read, by their ids, with the newest receipts. */
  readonly #reading = new Map<string, ReceivedMessage>();
  /** Held and not delivered yet. */
  #gathered: GatheredMessage[] = [];
  #receives = 0;
  #reserved = 0;
  /** Messages that this process has put into the queue and has to receive. */
  #sent = 0;
  /** {@link ControlQueue.#sent} when the receive under way began. */
  #sentBefore = 0;
  /** So many of them are not in the queue any more, as a receive has left nothing there. */
  #drained = 0;
  #running: Promise<void> | undefined;

  constructor(options: ControlQueueOptions) {
    this.#options = options;
    this.#events = createEventLog(options.log, { taskHub: options.taskHub });
    // All messages that wait for their time, or for the row of their instance, listen to it.
    setMaxListeners(0, this.#stopping.signal);
    const { inbox, batchSize } = options;
    this.#poller = new QueuePoller({
      ...options,
      capacity: () => (inbox.isFull() ? 0 : batchSize),
      onReceive: () => {
        this.#sentBefore = this.#sent;
      },
      onReceived: (messages, isMore) => {
        if (!isMore && !this.#poller.hasFailed) this.#drained = this.#sentBefore;
        return this.#receive(messages, isMore);
      },
    });
  }

  get poller(): QueuePoller {
    return this.#poller;
  }

  /** In milliseconds since the epoch. */
  get lastPolledAt(): number | undefined {
    return this.#poller.lastPolledAt;
  }

  /** This process has put a message into the queue. */
  onSent(visibleAt: number): void {
    if (visibleAt > this.#options.clock.now()) return this.#poller.wakeAt(visibleAt);
    this.#sent++;
    this.#poller.wake();
  }

  reserve(): boolean {
    const { inbox } = this.#options;
    const isOvertaking = this.#sent > this.#drained;
    if (this.#stopping.signal.aborted || isOvertaking || inbox.isFull(this.#reserved)) return false;
    this.#reserved++;
    return true;
  }

  release(): void {
    this.#reserved--;
  }

  accept(message: HeldMessage): boolean {
    this.#reserved--;
    return this.acceptAnswer(message);
  }

  /** Takes an answer, which may overtake everything. `false` once the queue is left. */
  acceptAnswer(message: HeldDelivery): boolean {
    if (this.#stopping.signal.aborted) return false;
    this.#options.inbox.hold(message);
    this.#options.inbox.deliver(message);
    return true;
  }

  start(): void {
    this.#running ??= this.#poller.run(this.#stopping.signal);
  }

  /** Resolves once nothing more comes from here into the inbox. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#options.reader.idle(this.#options.queue);
    await this.#deliver();
    await Promise.all(this.#checks);
  }

  /** What is backed up is delivered together: an instance with several messages in it needs one checkpoint for them. */
  async #receive(received: readonly ReceivedMessage[], isMore: boolean): Promise<void> {
    const { inbox } = this.#options;
    const fresh = received.filter((message) => !inbox.renewReceipt(message) && !this.#renewReading(message));
    if (fresh.length > 0) await this.#readAll(fresh);
    this.#receives++;
    if (isMore && this.#receives < maxReceives && !inbox.isFull()) return;
    await this.#deliver();
  }

  #renewReading(received: ReceivedMessage): boolean {
    const isBeingRead = this.#reading.has(received.messageId);
    if (isBeingRead) this.#reading.set(received.messageId, received);
    return isBeingRead;
  }

  /** Resolves once all are gathered, or those whose blobs are slow are left to be delivered when they come. */
  async #readAll(fresh: readonly ReceivedMessage[]): Promise<void> {
    const { inbox, reader, clock } = this.#options;
    const open = new Map<ReceivedMessage, Promise<void>>();
    for (const received of fresh) {
      open.set(
        received,
        this.#read(received).finally(() => open.delete(received)),
      );
    }
    const patience = new AbortController();
    await Promise.race([Promise.all(open.values()), clock.sleep(readPatienceMs, patience.signal)]);
    // A reason that is given makes no exception with a stack, once for every receive.
    patience.abort("read");
    for (const [received, read] of open) {
      // What is sent to the same instance later keeps behind it.
      const instanceId = reader.instanceOfBlob(received);
      if (instanceId !== undefined) inbox.lock(instanceId);
      const unlock = () => instanceId !== undefined && inbox.unlock(instanceId);
      this.#track(read.then(() => this.#deliver()).finally(unlock));
    }
  }

  async #read(received: ReceivedMessage): Promise<void> {
    const { reader, queue } = this.#options;
    const { messageId } = received;
    let newest = received;
    this.#reading.set(messageId, received);
    const message = await reader.read(queue, received).finally(() => {
      newest = this.#reading.get(messageId) ?? received;
      this.#reading.delete(messageId);
    });
    if (message === undefined) return;
    if (newest !== received) message.adopt(newest);
    try {
      this.#gather(message);
    } catch (error) {
      // The one that cannot be taken stops none of the others.
      await reader.refuse(queue, newest, error);
    }
  }

  #gather(message: HeldMessage): void {
    this.#gathered.push({ message, dueAt: dueTimeOf(message.message) ?? 0 });
    this.#options.inbox.hold(message);
  }

  async #deliver(): Promise<void> {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#receives = 0;
    const messages = gathered.map(({ message }) => message);
    if (this.#stopping.signal.aborted) return await this.#giveBack(messages);
    try {
      this.#handOver(gathered);
    } catch (error) {
      // Held and handed to nobody they would never come again.
      await this.#giveBack(messages);
      throw error;
    }
  }

  #handOver(gathered: readonly GatheredMessage[]): void {
    const { inbox, clock } = this.#options;
    const messages = gathered.toSorted((left, right) => compareArrival(left.message, right.message));
    // Instances are locked before any message of theirs is delivered: nothing must overtake its start.
    const starts = messages.filter(({ message }) => isTopLevelStart(message));
    for (const { message } of starts) inbox.lock(message.instanceId);
    const others = messages.filter(({ message }) => !isTopLevelStart(message));
    const now = clock.now();
    for (const { message, dueAt } of others) if (dueAt > now) this.#track(this.#waitUntilDue(message));
    inbox.deliver(...others.flatMap(({ message, dueAt }) => (dueAt > now ? [] : message)));
    for (const { message } of starts) {
      this.#track(this.#checkStart(message).finally(() => inbox.unlock(message.instanceId)));
    }
  }

  #track(check: Promise<void>): void {
    const tracked = check.catch((error: unknown) => {
      this.#events.write("MessageCheckFailed", messageOf(error), { queue: this.#options.queue });
    });
    this.#checks.add(tracked);
    void tracked.finally(() => this.#checks.delete(tracked));
  }

  async #giveBack(messages: readonly HeldMessage[]): Promise<void> {
    for (const message of messages) this.#options.inbox.forget(message);
    await Promise.all(messages.map((message) => message.hideFor(0).catch(() => false)));
  }

  async #waitUntilDue(message: HeldMessage): Promise<void> {
    const { inbox } = this.#options;
    if (await this.#sleepUntilDue(message)) inbox.deliver(message);
  }

  /** Resolves to `false` when the message has been put back instead. */
  async #sleepUntilDue(message: HeldMessage): Promise<boolean> {
    const { inbox, clock } = this.#options;
    const dueAt = dueTimeOf(message.message) ?? 0;
    const aheadMs = dueAt - clock.now();
    if (aheadMs > maxWaitInMemoryMs) {
      const delayMs = Math.min(maxVisibilityDelayMs, Math.floor(aheadMs / 1000) * 1000);
      inbox.forget(message);
      await message.hideFor(delayMs);
      this.#poller.wakeAt(clock.now() + delayMs);
      return false;
    }
    if (aheadMs > 0) await clock.sleep(aheadMs, this.#stopping.signal);
    if (clock.now() >= dueAt) return true;
    await this.#giveBack([message]);
    return false;
  }

  async #checkStart(start: HeldMessage): Promise<void> {
    const { inbox, clock, random, queue } = this.#options;
    try {
      if (!(await this.#sleepUntilDue(start))) return;
      let step = await this.#startStep(start);
      if (step === "defer") {
        // The client is most likely between its message and its row.
        await clock.sleep(rowGraceMs.min + (rowGraceMs.max - rowGraceMs.min) * random.number(), this.#stopping.signal);
        step = await this.#startStep(start);
      }
      if (step === "accept") return inbox.deliver(start);
      const { instanceId, id: messageId, deliveryCount } = start;
      const fields = { queue, instanceId, messageId, deliveryCount };
      inbox.forget(start);
      if (step === "discard") {
        this.#events.write("DuplicateStartDiscarded", `discarded a second start of ${instanceId}`, fields);
        await start.delete();
      } else {
        this.#events.write("StartDeferred", `the start of ${instanceId} has no row yet`, fields);
        this.#poller.wakeAt(clock.now() + start.abandonDelayMs);
        await start.abandon();
      }
    } catch (error) {
      inbox.forget(start);
      await start.abandon().catch(() => false);
      throw error;
    }
  }

  async #startStep(start: HeldMessage): Promise<"accept" | "discard" | "defer"> {
    const { event } = start.message;
    if (event.type !== "ExecutionStarted") return "accept";
    const { dequeueCount, nextVisibleOn } = start.received;
    return nextStartStep(
      {
        executionId: event.orchestrationInstance.executionId,
        generation: event.generation ?? 0,
        timestamp: event.timestamp,
        dequeueCount,
        dequeuedOn: new Date(nextVisibleOn.getTime() - this.#options.visibilityTimeoutMs),
      },
      await this.#options.instances.readStarted(start.instanceId),
    );
  }
}

function isTopLevelStart({ message }: HeldMessage): boolean {
  return message.event.type === "ExecutionStarted" && message.event.parentInstance === undefined;
}
