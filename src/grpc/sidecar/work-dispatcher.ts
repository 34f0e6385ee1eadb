import { setMaxListeners } from "node:events";
import { DurableError, messageOf } from "../../core/errors.ts";
import { createEventLog, type EventLog } from "../../core/event-log.ts";
import { createId } from "../../core/ids.ts";
import { linkSignals } from "../../core/linked-signal.ts";
import type { Clock, LogSink, Random } from "../../core/ports.ts";
import { type LostReason, type PendingWork, PendingWorks, type WorkReference } from "./pending-work.ts";
import type { RemoteWork, WorkAnswers } from "./remote-work.ts";
import type { RemoteWorker } from "./remote-worker.ts";
import type { WorkKind } from "./work-item-filter.ts";
import { WorkerQueue } from "./worker-queue.ts";

export interface WorkDispatcherOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LogSink;
  /** How long work that the engine has given waits while no worker is connected, in milliseconds. @defaultValue 10,000 */
  readonly noWorkerGraceMs?: number | undefined;
  /**
   * An orchestration or entity that a connected worker has not answered for so long is sent again, in milliseconds.
   * Activities may take any time. @defaultValue 5 minutes
   */
  readonly answerTimeoutMs?: number | undefined;
  /** Pause between two signs of life on the stream of a worker, in milliseconds. @defaultValue 15,000 */
  readonly pingIntervalMs?: number | undefined;
  /** Largest work item that is sent, in bytes. @defaultValue any size */
  readonly maxMessageBytes?: number | undefined;
}

const firstPauseMs = 1_000;
const maxPauseMs = 30_000;
/** Workers come and go; but work whose worker has gone more often than this may be what takes them down. */
const maxQuickLosses = 2;
/** Work that was handed back so often goes back to the engine: others may have the workers for it. */
const maxFailures = 5;

/** How a sending has ended. */
type Ending<Result> =
  | { readonly kind: "result"; readonly result: Result }
  | { readonly kind: "again"; readonly reason: string; readonly afterPause: boolean };

/**
 * Sends work to the workers that are connected and waits for their answers.
 *
 * D1. Each sending has a token of its own. What answers an earlier sending is refused, so nothing is applied twice.
 * D2. Work that comes back without a result (its worker is gone, does not answer, or gives it back) is sent again, until
 *     its result is there or nobody wants it.
 * D3. A worker never has more work of a kind than it has asked for.
 * D4. What is too large for a message is not sent: the stream of the worker would end by it, and with that the work of
 *     others.
 */
export class WorkDispatcher {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #events: EventLog;
  readonly #answerTimeoutMs: number;
  readonly #pingIntervalMs: number;
  readonly #maxMessageBytes: number;
  readonly #queue: WorkerQueue;
  readonly #pending = new PendingWorks();
  readonly #closed = new AbortController();
  /** Ends the rounds that keep streams alive; there are none while nobody is connected. */
  #rounds: AbortController | undefined;

  constructor(options: WorkDispatcherOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#events = createEventLog(options.log);
    // One for each work item in a pause.
    setMaxListeners(0, this.#closed.signal);
    this.#answerTimeoutMs = options.answerTimeoutMs ?? 5 * 60_000;
    this.#pingIntervalMs = options.pingIntervalMs ?? 15_000;
    this.#maxMessageBytes = options.maxMessageBytes ?? Number.POSITIVE_INFINITY;
    this.#queue = new WorkerQueue(options.clock, options.noWorkerGraceMs ?? 10_000);
  }

  /** The workers, for those who want to know when one is there. */
  get queue(): Pick<WorkerQueue, "room" | "waitForRoom" | "whenInterrupted" | "interrupt"> {
    return this.#queue;
  }

  connect(worker: RemoteWorker): void {
    this.#events.write("WorkerConnected", `${worker.description} takes work`, {});
    this.#queue.add(worker);
    if (this.#rounds !== undefined) return;
    this.#rounds = new AbortController();
    void this.#makeRounds(this.#rounds.signal);
  }

  /** Repeatable. */
  disconnect(worker: RemoteWorker): void {
    if (!this.#queue.remove(worker)) return;
    this.#events.write("WorkerDisconnected", `${worker.description} takes no more work`, {});
    if (this.#queue.workers.length === 0) {
      this.#rounds?.abort();
      this.#rounds = undefined;
    }
    for (const pending of this.#pending) if (pending.worker === worker) pending.lose("worker gone");
  }

  /** The stream of a worker, which had enough, takes more again. */
  drained(worker: RemoteWorker): void {
    worker.drained();
    this.#queue.hasChanged();
  }

  /**
   * Has the work done by a worker.
   *
   * @throws DurableError `Aborted` when nobody wants it any more, or no worker is connected; `OrchestratorNotRegistered`,
   * `ActivityNotRegistered`, `EntityNotRegistered` when none of those who are connected takes it; `NotSupported` when it is
   * too large
   */
  async dispatch<Kind extends WorkKind, Result>(work: RemoteWork<Kind, Result>): Promise<Result> {
    let pauseMs = firstPauseMs;
    let failures = 0;
    let losses = 0;
    for (;;) {
      // Nothing is awaited before the place at the worker is taken: who fetches work counts what is left.
      const place = this.#queue.take(work);
      const worker = place instanceof Promise ? await place : place;
      const ending = await this.#send(work, worker);
      if (ending.kind === "result") return ending.result;
      if (work.signal.aborted) throw notWanted(work);
      this.#events.write("WorkItemRedispatched", `${describe(work)} is sent again: ${ending.reason}`, {
        instanceId: work.instanceId,
      }); // D2
      if (ending.reason === "worker gone") losses++;
      if (!ending.afterPause && losses <= maxQuickLosses) continue;
      if (++failures >= maxFailures) {
        throw new DurableError("Aborted", `${describe(work)} came back ${failures} times: ${ending.reason}`);
      }
      await this.#pause(pauseMs, work.signal);
      if (this.#closed.signal.aborted) throw notWanted(work);
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    }
  }

  /**
   * Takes the answer of a worker.
   *
   * @throws DurableError `InstanceNotFound` for work that is not waiting for it: it was answered, or sent again, or is not
   * known here; `InvalidPayload` when the answer cannot be understood
   */
  complete<Kind extends WorkKind>(reference: WorkReference & { kind: Kind }, answer: WorkAnswers[Kind]): void {
    this.#require(reference).answer(answer);
  }

  /** A worker gives work back. @throws DurableError `InstanceNotFound` as for `complete` */
  abandon(reference: WorkReference): void {
    this.#require(reference).lose("handed back");
  }

  /** The committed history of a work item that a worker has. @throws DurableError `InstanceNotFound` */
  streamPast(instanceId: string, executionId: string | undefined): Iterable<Uint8Array> {
    const pending = this.#pending.find({ kind: "orchestration", token: "", instanceId });
    if (pending !== undefined && (executionId === undefined || pending.executionId === executionId)) {
      return pending.streamPast();
    }
    throw new DurableError("InstanceNotFound", `no worker has a work item of instance '${instanceId}'`);
  }

  /** Whoever waits is told that nobody will answer. */
  close(): void {
    this.#closed.abort();
    this.#rounds?.abort();
    this.#rounds = undefined;
    this.#queue.close();
    for (const pending of this.#pending) pending.lose("not wanted");
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const linked = linkSignals(signal, this.#closed.signal);
    await this.#clock.sleep(ms, linked.signal);
    linked.unlink();
  }

  #require(reference: WorkReference): PendingWork {
    const pending = this.#pending.find(reference); // D1
    if (pending !== undefined) return pending;
    const which = reference.instanceId === "" ? "" : ` of '${reference.instanceId}'`;
    const message = `no such ${reference.kind} work item${which}: it was answered or taken away`;
    throw new DurableError("InstanceNotFound", message);
  }

  /** Sends the work to a worker that has room for it, and waits for how that ends. */
  #send<Kind extends WorkKind, Result>(work: RemoteWork<Kind, Result>, worker: RemoteWorker): Promise<Ending<Result>> {
    const { signal } = work;
    return new Promise((resolve, reject) => {
      const end = (act: () => void): void => {
        this.#pending.delete(pending);
        signal.removeEventListener("abort", unwanted);
        worker.end(work.kind);
        this.#queue.hasChanged(); // D3
        act();
      };
      const unwanted = () => pending.lose("not wanted");
      const again = (reason: string, afterPause: boolean) => end(() => resolve({ kind: "again", reason, afterPause }));
      const pending: PendingWork = {
        kind: work.kind,
        token: createId(this.#random), // D1
        instanceId: work.instanceId,
        executionId: work.executionId,
        taskId: work.taskId,
        worker,
        sentAt: this.#clock.now(),
        streamPast: () => work.streamPast?.() ?? [],
        answer: (answer) => {
          try {
            const reading = work.read(answer as WorkAnswers[Kind]);
            if (reading.kind === "result") end(() => resolve(reading));
            else if (reading.kind !== "partial") again(reading.reason, reading.kind === "failed");
          } catch (error) {
            const message = `its answer cannot be understood: ${messageOf(error)}`;
            again(message, true);
            throw new DurableError("InvalidPayload", message, { cause: error });
          }
        },
        lose: (reason: LostReason) => {
          if (reason === "not wanted") end(() => reject(notWanted(work)));
          else again(reason, reason === "handed back");
        },
      };
      this.#pending.add(pending);
      if (signal.aborted) return unwanted();
      signal.addEventListener("abort", unwanted, { once: true });
      try {
        const workItem = work.write(worker, pending.token);
        if (workItem.byteLength > this.#maxMessageBytes) throw tooLarge(work, workItem, this.#maxMessageBytes); // D4
        worker.send(workItem);
      } catch (error) {
        end(() => reject(error));
      }
    });
  }

  /** Shows the workers that this side lives, and finds what they have left lying. */
  async #makeRounds(signal: AbortSignal): Promise<void> {
    const pauseMs = Math.min(this.#pingIntervalMs, this.#answerTimeoutMs);
    for (;;) {
      await this.#clock.sleep(pauseMs, signal);
      if (signal.aborted) return;
      for (const worker of this.#queue.workers) worker.ping();
      const oldest = this.#clock.now() - this.#answerTimeoutMs;
      for (const pending of this.#pending) {
        if (pending.kind !== "activity" && pending.sentAt <= oldest) pending.lose("not answered"); // D2
      }
    }
  }
}

function describe({ kind, name, instanceId }: RemoteWork<WorkKind, unknown>): string {
  return kind === "entity" ? `the entity ${instanceId}` : `the ${kind} '${name}' of ${instanceId}`;
}

function notWanted(work: RemoteWork<WorkKind, unknown>): DurableError {
  return new DurableError("Aborted", `${describe(work)} is not wanted any more`);
}

function tooLarge(work: RemoteWork<WorkKind, unknown>, { byteLength }: Uint8Array, maxBytes: number): DurableError {
  const limit = `a message to a worker has ${maxBytes} at most, which is an option of the sidecar`;
  return new DurableError("NotSupported", `${describe(work)} takes ${byteLength} bytes, but ${limit}`);
}
