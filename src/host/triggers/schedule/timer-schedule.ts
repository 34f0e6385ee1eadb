import { DurableError, messageOf } from "../../../core/errors.ts";
import { CronExpression, cronForm } from "./cron-expression.ts";
import type { TimeZone } from "./time-zone.ts";

/** When a timer fires. */
export interface TimerSchedule {
  /** The first time after `time`, in milliseconds since the epoch; `undefined` when there is none. */
  next(time: number): number | undefined;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * Reads a schedule: an NCRONTAB expression, or a length of time as .NET has it (`00:30:00`, `1.00:00:00`).
 *
 * @throws DurableError `InvalidOption` that says what is wrong, and what is right
 */
export function parseSchedule(text: string, zone: TimeZone): TimerSchedule {
  const intervalMs = readInterval(text);
  if (intervalMs !== undefined) {
    if (intervalMs > 0) return { next: (time) => time + intervalMs };
    throw new DurableError("InvalidOption", `the schedule '${text}' is no time at all`);
  }
  let cron: CronExpression;
  try {
    cron = new CronExpression(text);
  } catch (error) {
    throw new DurableError(
      "InvalidOption",
      `the schedule '${text}' is not valid: ${messageOf(error)}. Examples of '${cronForm}': '0 */5 * * * *' is every five minutes, '0 30 9 * * 1-5' half past nine from Monday to Friday. A length of time is '00:30:00'`,
      { cause: error },
    );
  }
  const schedule = createCronSchedule(cron, zone);
  if (cron.next(Date.UTC(2000, 0, 1)) !== undefined) return schedule;
  throw new DurableError("InvalidOption", `the schedule '${text}' never comes: there is no such day`);
}

/** Whether a schedule fires twice within a minute, after `time`: then nobody keeps its status. */
export function isSubMinute(schedule: TimerSchedule, time: number): boolean {
  const first = schedule.next(time);
  const second = first === undefined ? undefined : schedule.next(first);
  return second !== undefined && second - first! < minuteMs;
}

/**
 * The length of time that a text means, as `TimeSpan.Parse` reads it: a number alone is of days, and of three numbers the
 * first is of days where it is too large for hours (`24:00:00` is 24 days).
 */
function readInterval(text: string): number | undefined {
  const found = /^(-?)(?:(\d+)\.)?(\d+(?::\d+){0,3})(?:\.(\d{1,7}))?$/.exec(text.trim());
  if (found === null) return undefined;
  const [, sign, given, clock = "", fraction = ""] = found;
  const numbers = clock.split(":").map(Number);
  if (given !== undefined && numbers.length > 3) return undefined;
  const isDayFirst = numbers.length === 1 || numbers.length === 4 || (numbers.length === 3 && numbers[0]! > 23);
  if (given !== undefined && isDayFirst) return undefined;
  const [days, hours = 0, minutes = 0, seconds = 0] = isDayFirst ? numbers : [Number(given ?? 0), ...numbers];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const ms =
    days! * dayMs + hours * 3_600_000 + minutes * minuteMs + seconds * 1000 + Number(`0.${fraction || 0}`) * 1000;
  return Math.round(ms) * (sign === "-" ? -1 : 1);
}

/**
 * An expression in a time zone, by the rules of the Functions host for days on which clocks change. A time in an hour
 * that is left out comes so much later. In an hour that comes twice, a point in time is met the first time only, while
 * what repeats goes on repeating.
 */
function createCronSchedule(cron: CronExpression, zone: TimeZone): TimerSchedule {
  const nextPoint = (time: number): number | undefined => {
    let found = cron.next(time + zone.offsetAt(time));
    while (found !== undefined && firstTimeOf(found, zone) <= time) found = cron.next(found);
    return found === undefined ? undefined : firstTimeOf(found, zone);
  };
  const nextRepetition = (time: number): number | undefined => {
    const found = cron.next(time + zone.offsetAt(time));
    const change = findChange(time, zone);
    if (found === undefined || change === undefined)
      return found === undefined ? undefined : firstTimeAfter(found, time, zone);
    const before = found - zone.offsetAt(time);
    if (before < change) return before;
    const afterChange = cron.next(change + zone.offsetAt(change) - 1);
    const after = afterChange === undefined ? before : afterChange - zone.offsetAt(change);
    return zone.timesOf(found).length === 0 ? Math.min(before, after) : after;
  };
  return { next: cron.isInterval ? nextRepetition : nextPoint };
}

/** When clocks first show a time. One that they leave out, as they would have it if they had not been changed. */
function firstTimeOf(wallTime: number, zone: TimeZone): number {
  return zone.timesOf(wallTime)[0] ?? wallTime - zone.offsetAt(wallTime - zone.offsetAt(wallTime) - dayMs);
}

function firstTimeAfter(wallTime: number, time: number, zone: TimeZone): number {
  return zone.timesOf(wallTime).find((each) => each > time) ?? firstTimeOf(wallTime, zone);
}

/** When the clocks are changed within the day after a time, to the millisecond. */
function findChange(time: number, zone: TimeZone): number | undefined {
  const offset = zone.offsetAt(time);
  if (zone.offsetAt(time + dayMs) === offset) return undefined;
  let [before, after] = [time, time + dayMs];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (zone.offsetAt(middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}
