/**
 * Times as .NET writes them into entity messages: ISO 8601 with up to seven digits of a second, in UTC also without a
 * `Z`. Kept as text, so that what others have written stays as it is; compared in ticks of 100 nanoseconds.
 */
export type WireTime = string;

/** `DateTime.MinValue`: no time. */
export const noTime: WireTime = "0001-01-01T00:00:00";

const ticksPerMs = 10_000n;
const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,7}))?(Z|[+-]\d{2}:\d{2})?$/;

/** Ticks since 1970; `undefined` for what is no time. */
export function readTicks(text: unknown): bigint | undefined {
  if (typeof text !== "string") return undefined;
  const known = lately.get(text);
  if (known !== undefined) return known;
  const ticks = parseTicks(text);
  if (ticks === undefined) return undefined;
  if (lately.size >= maxLately) lately.clear();
  lately.set(text, ticks);
  return ticks;
}

/** A message's time is read several times on its way, and once more as the predecessor of the next. */
const lately = new Map<WireTime, bigint>();
const maxLately = 256;

function parseTicks(text: string): bigint | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, seconds, fraction = "", zone = "Z"] = match;
  const ms = Date.parse(`${seconds}${zone}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * ticksPerMs + BigInt(fraction.padEnd(7, "0"));
}

export function ticksOf(time: WireTime): bigint {
  return readTicks(time) ?? minTicks;
}

const minTicks = readTicks(noTime)!;
const maxTicks = readTicks("9999-12-31T23:59:59.9999999Z")!;

/** A time that .NET does not know becomes its first or its last. */
export function formatTicks(time: bigint): WireTime {
  if (time <= minTicks) return noTime;
  const ticks = time > maxTicks ? maxTicks : time;
  const second = ticksPerMs * 1000n;
  const fraction = ((ticks % second) + second) % second;
  const seconds = new Date(Number((ticks - fraction) / ticksPerMs)).toISOString().slice(0, 19);
  const digits = fraction.toString().padStart(7, "0").replace(/0+$/, "");
  return digits === "" ? `${seconds}Z` : `${seconds}.${digits}Z`;
}

export function toTicks(date: Date): bigint {
  return BigInt(date.getTime()) * ticksPerMs;
}

export function formatTime(date: Date): WireTime {
  return formatTicks(toTicks(date));
}

/** With all seven digits, as names of delayed messages have it. */
export function formatFullTime(date: Date): string {
  return `${date.toISOString().slice(0, -1)}0000Z`;
}

/** `undefined` for what is no time. */
export function readTime(text: unknown): Date | undefined {
  const ticks = readTicks(text);
  return ticks === undefined ? undefined : new Date(Number(ticks / ticksPerMs));
}
