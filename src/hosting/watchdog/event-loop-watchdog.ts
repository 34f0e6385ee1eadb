import inspector from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, Worker } from "node:worker_threads";
import type { CodeMarks, RunningCode } from "../../core/code-marks.ts";
import { createEventLog, type EventLog } from "../../core/event-log.ts";
import type { LogSink } from "../../core/ports.ts";
import { describeCode, SharedMarks, sharedPlaces } from "./shared-marks.ts";
import { type WatchdogThreadData, watchdogThread } from "./watchdog-thread.ts";

export interface WatchedEngine {
  readonly log: LogSink;
  /**
   * Code that blocks the event loop for so long ends its process, in milliseconds, and its instance is failed when it is
   * met again; of orchestrations and entities at the latest after {@link instanceLimitMs}. 0 only tells.
   */
  readonly maxBlockedMs: number;
  /** Notes of work under way that it takes the process down. */
  noteFatal(code: RunningCode): Promise<void>;
  /** Hands back what it can, before the process ends. Never rejects. */
  stop(): Promise<void>;
}

const intervalMs = 500;
const warnAfterMs = 5_000;
/**
 * Orchestrations and entities that block for longer than leases last can never commit what they decide, so they need no
 * more time.
 */
const instanceLimitMs = 20_000;
const noteMs = 3_000;
const stopMs = 6_000;
const killAfterMs = noteMs + stopMs + 3_000;
const exitCode = 1;

/**
 * Watches the event loop of this process from a thread of its own, for all engines in it.
 *
 *   idle ──first engine──▶ watching ──last engine leaves──▶ idle
 *                             └──code blocks past the limit: interrupted──▶ noted ──▶ engines stopped ──▶ exit
 *
 * V1. Watching costs a tick of the event loop each half second, and code some hundred nanoseconds as it is entered.
 * V2. Only code that is known for certain is noted as fatal. With any doubt the counting of unfinished runs has to do.
 * V3. An interrupted event loop has lost callbacks, so that its process always ends; should it not, it is killed.
 */
class EventLoopWatchdog {
  readonly #marks = new SharedMarks();
  readonly #engines = new Set<WatchedEngine>();
  #thread: Worker | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #lastBeatAt = 0;
  #isEnding = false;
  readonly #onUncaught = (error: unknown): void => this.#tellRunning(error);
  readonly #onExit = (code: number): void => this.#tellExit(code);

  get marks(): CodeMarks {
    return this.#marks;
  }

  /** @returns ends the watch for this engine */
  watch(engine: WatchedEngine): () => void {
    // The thread can look at the main thread only.
    if (!isMainThread) return () => {};
    this.#engines.add(engine);
    this.#restart();
    return () => {
      if (!this.#engines.delete(engine)) return;
      if (this.#engines.size === 0) this.#stop();
    };
  }

  #restart(): void {
    this.#stop();
    const limits = [...this.#engines].map(({ maxBlockedMs }) => maxBlockedMs);
    // Whoever does not want it to end is not ended by another.
    const limitMs = limits.some((limit) => limit <= 0) ? 0 : Math.max(...limits);
    const data: WatchdogThreadData = {
      buffer: this.#marks.buffer,
      places: sharedPlaces,
      intervalMs,
      warnAfterMs,
      limitMs,
      instanceLimitMs: Math.min(limitMs, instanceLimitMs),
      killAfterMs,
    };
    this.#lastBeatAt = performance.now();
    this.#heartbeat = setInterval(() => this.#beat(), intervalMs).unref(); // V1
    this.#beat();
    this.#thread = startThread(data);
    process.on("uncaughtExceptionMonitor", this.#onUncaught);
    process.on("exit", this.#onExit);
  }

  #stop(): void {
    clearInterval(this.#heartbeat);
    void this.#thread?.terminate();
    this.#thread = undefined;
    process.off("uncaughtExceptionMonitor", this.#onUncaught);
    process.off("exit", this.#onExit);
  }

  #beat(): void {
    const now = performance.now();
    const blockedMs = now - this.#lastBeatAt - intervalMs;
    this.#lastBeatAt = now;
    this.#marks.beat(inspector.url() !== undefined);
    if (this.#marks.isInterrupted) return void this.#end(blockedMs);
    if (blockedMs < warnAfterMs) return;
    const text = `the event loop did not run for ${Math.round(blockedMs / 1000)} s; what blocked it was told meanwhile`;
    for (const events of this.#logs()) events.write("EventLoopBlocked", text, {});
  }

  /** V3 */
  async #end(blockedMs: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const code = this.#marks.victim; // V2
    const who = code === undefined ? "code that is not known for certain" : describeCode(code);
    const text = `${who} blocked the event loop for ${Math.round(blockedMs / 1000)} s, so its process ends`;
    for (const events of this.#logs()) {
      events.write("EventLoopInterrupted", text, { instanceId: code?.instanceId, functionName: code?.name });
    }
    const engines = [...this.#engines];
    if (code !== undefined) {
      await Promise.race([Promise.allSettled(engines.map((engine) => engine.noteFatal(code))), sleep(noteMs)]);
    }
    await Promise.race([Promise.allSettled(engines.map((engine) => engine.stop())), sleep(stopMs)]);
    process.exit(exitCode);
  }

  /** An error that nobody catches ends the process, wherever it comes from: who was at work may be its author. */
  #tellRunning(error: unknown): void {
    const { running, current } = this.#marks;
    const codes = current === undefined ? running : [current];
    if (codes.length === 0) return;
    const listed = codes.slice(0, 10).map(describeCode).join(", ");
    const more = codes.length > 10 ? ` and ${codes.length - 10} more` : "";
    const what = error instanceof Error ? error.name : typeof error;
    const text = `an error that nobody catches (${what}) comes up while these are at work: ${listed}${more}`;
    for (const events of this.#logs()) events.write("ProcessEndsInCode", text, {});
  }

  #tellExit(code: number): void {
    const { current } = this.#marks;
    if (current === undefined || this.#isEnding) return;
    const text = `the process is ended with exit code ${code} by ${describeCode(current)}`;
    for (const events of this.#logs()) events.write("ProcessEndsInCode", text, {});
  }

  #logs(): readonly EventLog[] {
    return [...this.#engines].map(({ log }) => createEventLog(log));
  }
}

/** Without its thread the process works on as it would have without a watchdog. */
function startThread(workerData: WatchdogThreadData): Worker | undefined {
  try {
    const resourceLimits = { maxOldGenerationSizeMb: 64 };
    const thread = new Worker(`(${watchdogThread})(require)`, { eval: true, workerData, execArgv: [], resourceLimits });
    thread.unref();
    thread.on("error", () => {});
    return thread;
  } catch {
    return undefined; // threads are not permitted
  }
}

/** The one of this process. */
export const eventLoopWatchdog: EventLoopWatchdog = new EventLoopWatchdog();
