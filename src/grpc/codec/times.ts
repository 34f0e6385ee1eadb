import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** The fields of a `google.protobuf.Timestamp`. */
export interface TimestampInit {
  readonly seconds: bigint;
  /** 0 to 999,999,999, also before 1970: some readers take no other. */
  readonly nanos: number;
}

/** The first and last that the wire knows, in milliseconds since 1970. */
const minMs = Date.parse("0001-01-01T00:00:00Z");
const maxMs = Date.parse("9999-12-31T23:59:59.999Z");
const nanosPerMs = 1_000_000;

/** A date that the wire does not know becomes its first or its last; an invalid one becomes 1970. */
export function toTimestamp(date: Date): TimestampInit {
  const ms = clamp(date.getTime());
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * nanosPerMs };
}

/** Absent stays absent. What is below a millisecond is cut off. */
export function fromTimestamp(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp && new Date(clamp(secondsMs(timestamp) + Math.floor(timestamp.nanos / nanosPerMs)));
}

/** Of something that must not happen earlier: what is below a millisecond is rounded up. */
export function fromDueTimestamp(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp && new Date(clamp(secondsMs(timestamp) + Math.ceil(timestamp.nanos / nanosPerMs)));
}

/** 1970 when a server has left the time of an event out. */
export function timeOf(timestamp: Timestamp | undefined): Date {
  return fromTimestamp(timestamp) ?? new Date(0);
}

function secondsMs({ seconds }: Timestamp): number {
  return Number(seconds) * 1000;
}

function clamp(ms: number): number {
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, minMs), maxMs);
}
