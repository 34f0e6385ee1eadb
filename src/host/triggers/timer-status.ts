import type { TypedData } from "../app/typed-data.ts";
import { formatLocalTime, type TimeZone } from "./schedule/time-zone.ts";
import type { TimerSchedule } from "./schedule/timer-schedule.ts";

/** What is known of a schedule: times in milliseconds since the epoch, `undefined` for never. */
export interface ScheduleStatus {
  readonly last: number | undefined;
  readonly next: number | undefined;
  /** What `next` was found from, when there is no `last`. */
  readonly lastUpdated: number | undefined;
}

const never = "0001-01-01T00:00:00+00:00";

/** As the Functions host keeps it in a blob. */
export function formatStatus(status: ScheduleStatus, zone: TimeZone): string {
  const format = (time: number | undefined) => (time === undefined ? never : formatLocalTime(time, zone));
  const { last, next, lastUpdated } = status;
  return JSON.stringify({ Last: format(last), Next: format(next), LastUpdated: format(lastUpdated) });
}

/** `undefined` for a text that holds none. */
export function parseStatus(text: string): ScheduleStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { Last: last, Next: next, LastUpdated: lastUpdated } = value as Readonly<Record<string, unknown>>;
  return { last: readTime(last), next: readTime(next), lastUpdated: readTime(lastUpdated) };
}

/** Times in the first year stand for none. */
function readTime(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) || time < Date.UTC(1900, 0, 1) ? undefined : time;
}

/** What a timer begins with. */
export interface TimerStart {
  readonly status: ScheduleStatus;
  /** It has missed a time, which is made up for once. */
  readonly isPastDue: boolean;
  /** The status is another one than was kept. */
  readonly isNew: boolean;
}

/**
 * Looks at what was kept of a schedule, as the Functions host does when it starts. A schedule that is another one by now
 * has missed nothing.
 */
export function resumeSchedule(schedule: TimerSchedule, kept: ScheduleStatus | undefined, now: number): TimerStart {
  if (kept === undefined) {
    const status = { last: undefined, next: schedule.next(now), lastUpdated: now };
    return { status, isPastDue: false, isNew: true };
  }
  const base = kept.last ?? kept.lastUpdated ?? now;
  const expected = schedule.next(base);
  if (sameSecond(kept.next, expected)) return { status: kept, isPastDue: now > expected!, isNew: false };
  const isOver = expected === undefined || now > expected;
  const status = isOver
    ? { last: undefined, next: schedule.next(now), lastUpdated: now }
    : { last: undefined, next: expected, lastUpdated: base };
  return { status, isPastDue: false, isNew: true };
}

/** The status is written to whole milliseconds, and .NET has parts of them. */
function sameSecond(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && other !== undefined && Math.abs(one - other) < 1000;
}

/**
 * The status after a call.
 *
 * @param time when the call began; one that came a moment too early counts for when it was due
 */
export function statusAfter(
  schedule: TimerSchedule,
  status: ScheduleStatus,
  time: number,
  isScheduled: boolean,
): ScheduleStatus {
  const last = isScheduled && status.next !== undefined ? Math.max(time, status.next) : time;
  return { last, next: schedule.next(last), lastUpdated: last };
}

/** What a function with a timer is given. Without a monitor it is told of no status. */
export function timerInput(status: ScheduleStatus | undefined, zone: TimeZone, isPastDue: boolean): TypedData {
  const shown = status === undefined ? "null" : formatStatus(status, zone);
  return { json: `{"Schedule":{"AdjustForDST":true},"ScheduleStatus":${shown},"IsPastDue":${isPastDue}}` };
}
