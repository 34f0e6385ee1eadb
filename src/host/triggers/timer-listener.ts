import { messageOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { Clock } from "../../core/ports.ts";
import type { TypedData } from "../app/typed-data.ts";
import type { TimerTrigger } from "./local-trigger.ts";
import { formatLocalTime, type TimeZone } from "./schedule/time-zone.ts";
import type { SingletonLock } from "./singleton-lock.ts";
import {
  formatStatus,
  parseStatus,
  resumeSchedule,
  type ScheduleStatus,
  statusAfter,
  timerInput,
} from "./timer-status.ts";
import type { TriggerBlob } from "./trigger-storage.ts";

export interface TimerListenerOptions {
  readonly functionName: string;
  readonly trigger: TimerTrigger;
  readonly zone: TimeZone;
  readonly lock: SingletonLock;
  /** Where the status is kept; `undefined` where nobody keeps it. */
  readonly monitor: TriggerBlob | undefined;
  readonly clock: Clock;
  readonly events: EventLog;
  /** Calls the function. Its failures are logged by whoever runs it. */
  readonly call: (input: TypedData, reason: string) => Promise<void>;
}

/** Clocks of machines are set, and machines sleep: a wait is looked at again after so long. */
const longestSleepMs = 30_000;
const retryEveryMs = 5_000;

/**
 * Calls a function by its schedule, for as long as this host holds the lock.
 *
 *   created ──start──▶ waiting for the lock ◀──▶ following the schedule ──stop──▶ stopped
 *
 * S1. Two calls of one function never overlap: the next one is waited for when the last has ended.
 * S2. A time that passes during a call is made up for by one call after it, however many have passed.
 * S3. The status is written after each call, so that a time that passes while no host runs is made up for, once.
 */
export class TimerListener {
  readonly #options: TimerListenerOptions;
  readonly #stop = new AbortController();
  #status: ScheduleStatus | undefined;
  #ended: Promise<void> | undefined;
  #hasStarted = false;

  constructor(options: TimerListenerOptions) {
    this.#options = options;
  }

  /** What is known of the schedule, for a call by hand. */
  get status(): ScheduleStatus | undefined {
    return this.#options.trigger.useMonitor ? this.#status : undefined;
  }

  start(): void {
    this.#ended ??= this.#listen();
  }

  /** From now on nothing is called any more. */
  stop(): void {
    this.#stop.abort("stopped");
  }

  /** Resolves once the last call has ended and its status is kept. Never rejects. */
  async close(): Promise<void> {
    this.stop();
    await this.#ended;
  }

  async #listen(): Promise<void> {
    const { lock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const lost = await lock.acquire(signal);
      if (lost !== undefined) await this.#follow(lost);
      await lock.release();
    }
  }

  async #follow(lost: AbortSignal): Promise<void> {
    const { trigger, clock } = this.#options;
    const pause = new AbortController();
    const end = () => pause.abort("over");
    const { signal } = this.#stop;
    for (const each of [signal, lost]) {
      each.addEventListener("abort", end, { once: true });
      if (each.aborted) end();
    }
    try {
      const resumed = await this.#resume(pause.signal);
      if (resumed === undefined) return;
      const { isPastDue, dueAt } = resumed;
      if (isPastDue) await this.#call("past due", dueAt);
      else if (trigger.runOnStartup && !this.#hasStarted) await this.#call("start-up", undefined);
      this.#hasStarted = true;
      for (let next = this.#status!.next; next !== undefined && !pause.signal.aborted; next = this.#status!.next) {
        const leftMs = next - clock.now();
        if (leftMs > 0) await clock.sleep(Math.min(longestSleepMs, leftMs), pause.signal);
        else await this.#call("due", undefined); // S1, S2
      }
      if (!pause.signal.aborted) await untilAborted(pause.signal);
    } finally {
      for (const each of [signal, lost]) each.removeEventListener("abort", end);
    }
  }

  /** What was kept of the schedule. Resolves to `undefined` when `signal` aborted while storage did not answer. */
  async #resume(
    signal: AbortSignal,
  ): Promise<{ readonly isPastDue: boolean; readonly dueAt: number | undefined } | undefined> {
    const { functionName, trigger, monitor, clock, events } = this.#options;
    let isTold = false;
    while (!signal.aborted) {
      try {
        const text = await monitor?.read();
        const kept = text === undefined ? undefined : parseStatus(text);
        const { status, isPastDue, isNew } = resumeSchedule(trigger.schedule, kept, clock.now());
        this.#status = status;
        if (isNew) await this.#keep(status);
        return { isPastDue, dueAt: status.next };
      } catch (error) {
        if (!isTold)
          events.write("TriggerWaits", `the timer waits for its storage: ${messageOf(error)}`, { functionName });
        isTold = true;
        await clock.sleep(retryEveryMs, signal);
      }
    }
    return undefined;
  }

  async #call(why: "due" | "past due" | "start-up", dueAt: number | undefined): Promise<void> {
    const { trigger, zone, clock, call } = this.#options;
    if (this.#stop.signal.aborted) return;
    const time = clock.now();
    const status = this.#status!;
    const details =
      why === "past due"
        ? `, past due: it should have fired at ${dueAt === undefined ? "an earlier time" : formatLocalTime(dueAt, zone)}`
        : why === "start-up"
          ? ", at the start of the host"
          : "";
    const input = timerInput(trigger.useMonitor ? status : undefined, zone, why === "past due");
    await call(input, `Timer fired at ${formatLocalTime(time, zone)}${details}`).catch(() => {});
    this.#status = statusAfter(trigger.schedule, status, time, why === "due");
    await this.#keep(this.#status); // S3
  }

  async #keep(status: ScheduleStatus): Promise<void> {
    const { functionName, monitor, zone, events } = this.#options;
    try {
      await monitor?.write(formatStatus(status, zone));
    } catch (error) {
      const text = `the status of its schedule could not be kept, so that its next time may come twice after a restart: ${messageOf(error)}`;
      events.write("ScheduleNotKept", text, { functionName });
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
