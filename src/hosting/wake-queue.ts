import type {
  StorageReply,
  StorageRequest,
  StorageTransport,
} from "../backends/azure-storage/storage/storage-request.ts";
import { withAttemptTimeout } from "../backends/azure-storage/storage/with-attempt-timeout.ts";
import { messageOf } from "../core/errors.ts";
import type { EventLog } from "../core/event-log.ts";
import type { Clock } from "../core/ports.ts";

export interface WakeQueueOptions {
  readonly taskHub: string;
  readonly queueName: string;
  /** Polls of a partition's queue are at most so far apart, in milliseconds. */
  readonly maxPollingIntervalMs: number;
  readonly clock: Clock;
  readonly events: EventLog;
}

/** Wake messages that are due in the same so many milliseconds are one. */
const bucketMs = 30_000;
/** The longest that the service hides a message, in milliseconds. */
const maxDelayMs = 7 * 24 * 60 * 60_000;
/** An engine that has had to do with messages for the last time so many milliseconds ago leaves no work when it stops. */
const busyMs = 30_000;
/** The process that stops is gone by then, and does not take the message for it. In milliseconds. */
const handOverDelayMs = 5_000;
const requestTimeoutMs = 10_000;
/** A queue trigger reads Base64, unless host.json says otherwise; then it reads this too. */
const wakeText = Buffer.from("wake").toString("base64");

/**
 * The queue whose messages the platform looks at, to wake a Function App that has been unloaded. It sees, below the
 * retries, the requests of the engine, and puts in a message that becomes visible when there is something to do:
 *
 *   - for each message of the hub that is sent or put back with a delay: timers, scheduled starts, delayed signals, and
 *     what waits for its next attempt. Delays longer than a week are armed again by whoever receives the message early.
 *   - for what is sent to an orchestration while this process has no partition, so that nobody may be awake to receive it;
 *   - for what is left when the engine stops.
 *
 * W1. The engine neither waits for a wake message nor fails for one.
 * W2. One message per half a minute of due time: the first to be due is what it is made for, and others of that half
 *     minute find the app awake, or wake it so much later at most.
 * W3. A message that could not be sent is sent with the next one due in the same half minute.
 */
export class WakeQueue {
  readonly #options: WakeQueueOptions;
  readonly #queue: string;
  readonly #controlQueues: string;
  readonly #workItemQueue: string;
  /** Half minutes of due time that have their message, counted from the epoch. */
  readonly #buckets = new Set<number>();
  readonly #underWay = new Set<Promise<void>>();
  #prunedAt = 0;
  #visibilityTimeoutMs: number | undefined;
  #polledAt = Number.NEGATIVE_INFINITY;
  #busyAt = Number.NEGATIVE_INFINITY;
  #isHandedOver = false;
  #hasFailed = false;
  #created: Promise<StorageReply> | undefined;
  #transport: StorageTransport | undefined;

  constructor(options: WakeQueueOptions) {
    const hub = options.taskHub.toLowerCase();
    this.#options = options;
    this.#queue = options.queueName;
    this.#controlQueues = `${hub}-control-`;
    this.#workItemQueue = `${hub}-workitems`;
  }

  /** Sees what is sent, received and put back. */
  watch(transport: StorageTransport): StorageTransport {
    this.#transport = withAttemptTimeout(transport, { clock: this.#options.clock, timeoutMs: requestTimeoutMs });
    return async (request, context) => {
      const reply = await transport(request, context);
      if (reply.outcome === "done" && "queue" in request) this.#note(request, reply.value); // W1
      return reply;
    };
  }

  /** Makes the queue, so that the platform finds it. Never rejects. */
  create(): Promise<void> {
    return this.#track(async () => {
      assertDone(await this.#create());
    });
  }

  /**
   * Asks for another process if there is work left, once. To be called when the engine begins to stop and when it has
   * stopped. Resolves when all messages are sent; never rejects.
   */
  async handOver(): Promise<void> {
    const { clock } = this.#options;
    if (!this.#isHandedOver && clock.now() - this.#busyAt < busyMs) {
      this.#isHandedOver = true;
      void this.#track(() => this.#send(handOverDelayMs));
    }
    await Promise.all(this.#underWay);
  }

  #note(request: StorageRequest & { readonly queue: string }, value: unknown): void {
    const now = this.#options.clock.now();
    const isControl = request.queue.startsWith(this.#controlQueues);
    if (!isControl && request.queue !== this.#workItemQueue) return;
    if (request.kind === "queue.receive") {
      this.#visibilityTimeoutMs = request.visibilityTimeoutMs;
      if (isControl) this.#polledAt = now;
      if ((value as readonly unknown[]).length > 0) this.#busyAt = now;
    } else if (request.kind === "queue.update") {
      const { visibilityTimeoutMs } = request;
      // Whatever is hidden for another time than usual is not worked on, but put back.
      const isPutBack = visibilityTimeoutMs > 0 && visibilityTimeoutMs !== this.#visibilityTimeoutMs;
      if (isPutBack) this.#wake(now, visibilityTimeoutMs);
      else this.#busyAt = now;
    } else if (request.kind === "queue.send") {
      if (request.visibilityDelayMs > 0 && request.isHeld !== true) return this.#wake(now, request.visibilityDelayMs);
      this.#busyAt = now;
      const hasPartition = now - this.#polledAt < this.#options.maxPollingIntervalMs + bucketMs;
      if (isControl && !hasPartition) this.#wake(now, 0);
    }
  }

  #wake(now: number, delayMs: number): void {
    const delay = Math.min(maxDelayMs, delayMs);
    // A wake message that comes while this process stops may be lost on it.
    if (delay <= busyMs) this.#busyAt = now;
    const bucket = Math.floor((now + delay) / bucketMs);
    this.#prune(Math.floor(now / bucketMs));
    if (this.#buckets.has(bucket)) return; // W2
    this.#buckets.add(bucket);
    void this.#track(async () => {
      try {
        await this.#send(delay);
      } catch (error) {
        this.#buckets.delete(bucket); // W3
        throw error;
      }
    });
  }

  /** Once per half minute, so that what has been due does not pile up. */
  #prune(current: number): void {
    if (current === this.#prunedAt) return;
    this.#prunedAt = current;
    for (const bucket of this.#buckets) if (bucket < current) this.#buckets.delete(bucket);
  }

  async #send(visibilityDelayMs: number): Promise<void> {
    const request = { kind: "queue.send", queue: this.#queue, text: wakeText, visibilityDelayMs } as const;
    assertDone(await this.#create());
    let reply = await this.#perform(request);
    if (reply.outcome === "notFound") {
      // Somebody has deleted it.
      this.#created = undefined;
      assertDone(await this.#create());
      reply = await this.#perform(request);
    }
    assertDone(reply);
  }

  /** Once, and again after it failed. The service is content with a queue that is there already. */
  #create(): Promise<StorageReply> {
    this.#created ??= this.#perform({ kind: "queue.create", queue: this.#queue }).then(
      (reply) => {
        if (reply.outcome !== "done") this.#created = undefined;
        return reply;
      },
      (error) => {
        this.#created = undefined;
        throw error;
      },
    );
    return this.#created;
  }

  async #perform(request: StorageRequest): Promise<StorageReply> {
    if (this.#transport === undefined) throw new Error("no storage is watched");
    return await this.#transport(request, {});
  }

  /** W1. Never rejects. */
  #track(act: () => Promise<void>): Promise<void> {
    const tracked: Promise<void> = act()
      .catch((error) => this.#report(error))
      .finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return tracked;
  }

  #report(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const text = `a message that wakes the app could not be sent: ${messageOf(error)}`;
    this.#options.events.write("WakeNotSent", text, { queue: this.#queue });
  }
}

function assertDone(reply: StorageReply): void {
  if (reply.outcome === "done") return;
  throw new Error(reply.outcome === "failed" ? reply.failure.message : reply.errorCode);
}
