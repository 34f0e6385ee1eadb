import { DurableError } from "./errors.ts";

/** A length of time by its parts; all given parts are added up. */
export interface TimeSpanParts {
  /** Days of 24 hours. */
  readonly days?: number;
  /** Hours. */
  readonly hours?: number;
  /** Minutes. */
  readonly minutes?: number;
  /** Seconds. */
  readonly seconds?: number;
  /** Milliseconds. */
  readonly milliseconds?: number;
}

type DatePart = `${number}W` | `${number}D` | `${number}W${number}D`;
type ClockPart =
  | `${number}H`
  | `${number}M`
  | `${number}S`
  | `${number}H${number}M`
  | `${number}H${number}S`
  | `${number}M${number}S`
  | `${number}H${number}M${number}S`;

/**
 * A length of time as a text: a number and a unit (`"5s"`, `"1.5h"`, `"250ms"`, `"30d"`), an ISO 8601 duration
 * (`"PT1H30M"`) or a .NET `TimeSpan` (`"00:00:05"`, `"1.02:30:00"`).
 */
export type TimeSpanText =
  | `${number}${"ms" | "s" | "m" | "h" | "d"}`
  | `P${DatePart}`
  | `PT${ClockPart}`
  | `P${DatePart}T${ClockPart}`
  | `${number}:${number}`
  | `${number}:${number}:${number}`;

/**
 * A length of time: milliseconds, its parts, or a {@link TimeSpanText}.
 *
 * The compiler knows such a text by its form, so that `"5 secs"` does not compile. Where it sees `string` alone, there
 * are two ways: say what the text is (`as const`, `satisfies RetryPolicy`), or read it when the program runs:
 * `parseTimeSpan(settings.delay)`.
 */
export type TimeSpanInput = number | TimeSpanText | TimeSpanParts;

/** A number that is not written as a negative one. */
export type NotNegative<Value extends number> = `${Value}` extends `-${string}` ? never : Value;

const partMs: Readonly<Record<keyof TimeSpanParts, number>> = {
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1000,
  milliseconds: 1,
};

const unitMs = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

const shortText = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const iso8601 =
  /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const dotnet = /^(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,7})?)?$/;

/** The longest length of time, in milliseconds: that of .NET's `TimeSpan`, about 29,000 years. */
export const maxTimeSpanMs = 922_337_203_685_477;

/**
 * Whole milliseconds of a length of time, rounded up: nothing that waits for it may be early.
 *
 * @example context.createTimer(parseTimeSpan(settings.reminderAfter, "the setting reminderAfter"))
 *
 * @param value a {@link TimeSpanInput}; white space around a text counts for nothing
 * @param what names the value in the error. @defaultValue "the time span"
 * @throws DurableError `InvalidOption` for anything that is not a length of time from zero to 922,337,203,685,477 milliseconds
 */
export function parseTimeSpan(value: unknown, what: string = "the time span"): number {
  const ms = readTimeSpan(value);
  if (ms === undefined || !(ms >= 0 && ms <= maxTimeSpanMs)) {
    throw new DurableError(
      "InvalidOption",
      `${what} must be a length of time such as 5000, "5s", "PT5S", "00:00:05" or { seconds: 5 }, of 10,675,199 days at most, but got ${describe(value)}`,
    );
  }
  // What is a whole number but for the error of a multiplication stays that number.
  return Math.ceil(Number(ms.toPrecision(15)));
}

function readTimeSpan(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string") return readText(value.trim());
  if (typeof value !== "object" || value === null) return undefined;
  const parts = Object.entries(value);
  if (parts.length === 0) return undefined;
  let total = 0;
  for (const [part, amount] of parts) {
    const factor = Object.hasOwn(partMs, part) ? partMs[part as keyof TimeSpanParts] : undefined;
    if (factor === undefined || typeof amount !== "number") return undefined;
    total += amount * factor;
  }
  return total;
}

function readText(text: string): number | undefined {
  const short = shortText.exec(text);
  if (short !== null) return Number(short[1]) * unitMs.get(short[2]!)!;
  const iso = iso8601.exec(text);
  if (iso !== null && text.length > 2 && !text.endsWith("T")) {
    const [weeks, days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0));
    return weeks! * 604_800_000 + days! * 86_400_000 + hours! * 3_600_000 + minutes! * 60_000 + seconds! * 1000;
  }
  const span = dotnet.exec(text);
  if (span === null) return undefined;
  const [days, hours, minutes, seconds, fraction] = span.slice(1).map((part) => Number(part ?? 0));
  return days! * 86_400_000 + hours! * 3_600_000 + minutes! * 60_000 + seconds! * 1000 + Math.floor(fraction! * 1000);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return "an object without such parts";
  return String(value);
}

/** A length of time for people, by its two largest parts: `12 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`, `4 d 1 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joinParts(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return joinParts(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return joinParts(Math.floor(hours / 24), "d", hours % 24, "h");
}

function joinParts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
