import { parseTimeSpan } from "../core/time-span.ts";

/** A time on a command line: as such, or how long ago. */
export type Moment = Date | { readonly agoMs: number };

export function resolveMoment(moment: Moment | undefined, now: number): Date | undefined {
  return moment === undefined || moment instanceof Date ? moment : new Date(now - moment.agoMs);
}

/** `2026-05-01T10:00:00Z`, without an offset in UTC, or `2h` for two hours ago; `null` for anything else. */
export function readMoment(text: string | undefined): Moment | undefined | null {
  const date = readDate(text);
  if (date !== null) return date;
  const agoMs = readAge(text);
  return typeof agoMs === "number" ? { agoMs } : null;
}

/** Without an offset it is UTC; `null` for what is no date. */
export function readDate(text: string | undefined): Date | undefined | null {
  if (text === undefined) return undefined;
  const [, day, time = "00:00", zone = "Z"] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i.exec(text) ?? [];
  const date = new Date(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** A length of time in milliseconds; `null` for what is none. */
export function readAge(text: string | undefined): number | undefined | null {
  if (text === undefined) return undefined;
  try {
    return parseTimeSpan(text, "the time");
  } catch {
    return null;
  }
}

/** `850ms`, `1.2s`, `3m 5s`, `2h 10m`, `4d 1h`. */
export function formatLength(ms: number): string {
  const length = Math.max(0, Math.round(ms));
  if (length < 1000) return `${length}ms`;
  if (length < 59_950) return `${Number((length / 1000).toFixed(1))}s`;
  const seconds = Math.round(length / 1000);
  if (seconds < 3600) return pair(seconds, 60, "m", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return pair(minutes, 60, "h", "m");
  return pair(Math.round(minutes / 60), 24, "d", "h");
}

function pair(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  return `${Math.floor(amount / size)}${large}${rest === 0 ? "" : ` ${rest}${small}`}`;
}
