import type { MessageInitShape } from "@bufbuild/protobuf";
import { DurableError } from "../../core/errors.ts";
import { createEventLog, type EventLog } from "../../core/event-log.ts";
import type { PayloadStore } from "../../core/payloads/payload-store.ts";
import type { Clock, LogSink, Random } from "../../core/ports.ts";
import type { TaskExecutor } from "../../core/task-executor.ts";
import { toDurableError } from "../channel/call-failure.ts";
import type { TaskHubChannel } from "../channel/task-hub-channel.ts";
import { WorkerCapability, type WorkItem, type WorkItemFiltersSchema } from "../proto/orchestrator_service_pb.ts";
import type { RequestInit } from "../service/service-definition.ts";
import { ConnectionKeeper, isHopeless } from "./connection-keeper.ts";
import { PayloadCourier } from "./payload-courier.ts";
import { toWork, type Work, type WorkKind } from "./work.ts";
import { WorkLine } from "./work-line.ts";
import { WorkRunner } from "./work-runner.ts";

export interface GrpcWorkerOptions {
  /** Makes the channel of one connection; it is called again for each further one. */
  readonly openChannel: () => TaskHubChannel;
  readonly executor: TaskExecutor;
  readonly log: LogSink;
  /** For the lines of the log. @defaultValue they do not tell */
  readonly taskHub?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Orchestrations in process at the same time. @defaultValue 100 */
  readonly maxConcurrentOrchestrations?: number | undefined;
  /** Activities in process at the same time. @defaultValue 20 */
  readonly maxConcurrentActivities?: number | undefined;
  /** Entities in process at the same time. @defaultValue 100 */
  readonly maxConcurrentEntities?: number | undefined;
  /** What the server may send. A kind that is left empty is never sent. @defaultValue everything */
  readonly filters?: MessageInitShape<typeof WorkItemFiltersSchema> | undefined;
  /** Where payloads are kept that are too large for messages. @defaultValue they are not */
  readonly payloads?: PayloadStore | undefined;
  /** How long `stop` lets running work finish before it aborts its signals, in milliseconds. @defaultValue 3,000 */
  readonly stopGraceMs?: number | undefined;
}

/** After so long `start` lets the app go on, connected or not. */
const maxStartMs = 10_000;
/** For code that ends because its signal was aborted, and for giving back what has not. */
const lastChanceMs = 500;
/** A server may send more than it was asked for; with so many of one kind in line, nothing more is read. */
const maxWaiting = 1000;

/**
 * Runs the orchestrations, entities and activities of a task hub that a gRPC server keeps: the Durable Task Scheduler,
 * or a sidecar.
 *
 *   created ──start──▶ connecting ⇄ connected ──stop──▶ draining ──▶ stopped
 *
 * The worker connects again for ever when the connection is lost. What has begun by then goes on, and its outcome goes
 * over the next connection. Stopping means: take no more work, let what runs finish within the grace, abort and give back
 * the rest, then close the connection. Until then the stream stays open, since a server takes back all work of a stream
 * that ends, and its outcome would be lost.
 *
 * @example
 * const worker = new GrpcWorker({ openChannel: () => openChannel({ address }), executor, log, clock, random });
 * await worker.start();
 */
export class GrpcWorker {
  readonly #options: GrpcWorkerOptions;
  readonly #events: EventLog;
  readonly #connection: ConnectionKeeper;
  readonly #runner: WorkRunner;
  readonly #lines: Readonly<Record<WorkKind, WorkLine<Work>>>;
  #isDraining = false;
  readonly #disconnecting = new AbortController();
  #begin: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #started: Promise<void> | undefined;
  #loop: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws DurableError `InvalidOption` for a limit that is no whole number from 1 */
  constructor(options: GrpcWorkerOptions) {
    this.#options = options;
    const { executor, clock, random, log } = options;
    const limits = {
      orchestration: limitOf(options.maxConcurrentOrchestrations, 100, "maxConcurrentOrchestrations"),
      activity: limitOf(options.maxConcurrentActivities, 20, "maxConcurrentActivities"),
      entity: limitOf(options.maxConcurrentEntities, 100, "maxConcurrentEntities"),
    };
    this.#events = createEventLog(log, options.taskHub === undefined ? {} : { taskHub: options.taskHub });
    this.#connection = new ConnectionKeeper({
      openChannel: options.openChannel,
      request: toGetWorkItems(options, limits),
      clock,
      random,
      events: this.#events,
      onItem: (item) => this.#take(item),
      onConnected: () => this.#begin?.resolve(),
      onLost: () => this.#forgetWaiting(),
      onNotConnected: (error) => this.#givesUp(error),
    });
    this.#runner = new WorkRunner({
      executor,
      clock,
      random,
      events: this.#events,
      payloads: new PayloadCourier(options.payloads),
      channel: () => this.#connection.channel,
    });
    const lineOf = (kind: WorkKind) =>
      new WorkLine<Work>({ maxConcurrent: limits[kind], run: (work) => this.#runner.run(work) });
    this.#lines = { orchestration: lineOf("orchestration"), activity: lineOf("activity"), entity: lineOf("entity") };
  }

  /** There is a stream over which work comes. */
  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  /**
   * Resolves once connected. A server that is not there yet holds an app up for ten seconds at most: the log says so then,
   * and the worker goes on trying.
   *
   * @throws DurableError when trying again is of no use: `ServiceRejected` for a token or a role that is missing,
   * `InvalidOption` for a task hub that does not exist or an option that cannot be, `NotSupported` for another service
   */
  start(): Promise<void> {
    this.#started ??= this.#stopped === undefined ? this.#start() : Promise.resolve();
    return this.#started;
  }

  async #start(): Promise<void> {
    const { clock } = this.#options;
    const isOver = new AbortController();
    const begun = new Promise<void>((resolve, reject) => {
      this.#begin = { resolve, reject };
    });
    this.#loop = this.#connection.run(this.#disconnecting.signal).then(() => this.#begin?.resolve());
    const tooLong = clock.sleep(maxStartMs, isOver.signal).then(() => {
      if (isOver.signal.aborted) return;
      this.#events.write(
        "GrpcConnectionLost",
        `no connection within ${maxStartMs / 1000} s; the worker goes on trying`,
        {},
      );
    });
    try {
      await Promise.race([begun, tooLong]);
    } finally {
      this.#begin = undefined;
      isOver.abort();
    }
  }

  /** Never rejects; repeated calls wait for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { stopGraceMs = 3000 } = this.#options;
    this.#isDraining = true;
    for (const line of this.#allLines) {
      for (const work of line.takeWaiting()) this.#runner.giveBackUnbegun(work);
    }
    const idle = Promise.all(this.#allLines.map((line) => line.isIdle()));
    await this.#within(stopGraceMs, idle);
    this.#runner.cutOff();
    // Code that ignores its signal is left behind.
    await this.#within(lastChanceMs, idle);
    this.#runner.giveUp();
    await this.#within(lastChanceMs, this.#runner.hasReturnedAll());
    this.#disconnecting.abort();
    await this.#loop;
    this.#runner.close();
    this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** @returns what to wait for before the next item is read */
  #take(item: WorkItem): Promise<void> | undefined {
    if (item.request.case === "healthPing") return undefined;
    const work = toWork(item);
    if (work === undefined) {
      const text = "the server has sent an item of a kind that this worker does not know; it was left alone";
      this.#events.write("WorkItemUnknown", text, {});
      return undefined;
    }
    if (this.#isDraining) {
      this.#runner.giveBackUnbegun(work);
      return undefined;
    }
    const line = this.#lines[work.kind];
    line.add(work);
    return line.waiting > maxWaiting ? line.hasRoom(maxWaiting) : undefined;
  }

  /** The server hands out again what has not begun; what runs may still be in time. */
  #forgetWaiting(): void {
    for (const line of this.#allLines) line.takeWaiting();
  }

  /** As long as somebody waits for the start, he is told what no later attempt will mend. */
  #givesUp(error: unknown): boolean {
    if (this.#begin === undefined || !isHopeless(error)) return false;
    this.#begin.reject(toDurableError(error, "the worker's connection"));
    return true;
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    const isOver = new AbortController();
    await Promise.race([work, this.#options.clock.sleep(ms, isOver.signal)]);
    isOver.abort();
  }

  get #allLines(): readonly WorkLine<Work>[] {
    return Object.values(this.#lines);
  }
}

function toGetWorkItems(
  { filters, payloads }: GrpcWorkerOptions,
  limits: Readonly<Record<WorkKind, number>>,
): RequestInit<"getWorkItems"> {
  return {
    // Always said: a server takes 0 for no limit.
    maxConcurrentOrchestrationWorkItems: limits.orchestration,
    maxConcurrentActivityWorkItems: limits.activity,
    maxConcurrentEntityWorkItems: limits.entity,
    capabilities: [
      WorkerCapability.HISTORY_STREAMING,
      ...(payloads === undefined ? [] : [WorkerCapability.LARGE_PAYLOADS]),
    ],
    ...(filters === undefined ? {} : { workItemFilters: filters }),
  };
}

const maxInt32 = 2 ** 31 - 1;

function limitOf(value: number | undefined, usual: number, name: string): number {
  if (value === undefined) return usual;
  if (Number.isInteger(value) && value >= 1 && value <= maxInt32) return value;
  throw new DurableError("InvalidOption", `${name} must be a whole number from 1 to ${maxInt32}, but got ${value}`);
}
