import type { StoreState } from "./store-control.ts";
import { isSameSystem, type StorePlace, seesPortsOf, seesProcessesOf } from "./store-place.ts";
import { type StoreRecord, unreadableToken } from "./store-record.ts";

/**
 * Whether a store folder is in use, judged from its record. What is certain comes first, and of a record from a place
 * that cannot be looked into only its heartbeat is believed.
 *
 *  U1. Its control port answers with its token: as it says.
 *  U2. Its process id or its port means something here, and there is no such process, or nobody knows the token: gone.
 *  U3. Its process is there and has not answered: silent, it may be saving. Without a heartbeat for long it is another
 *      process that was given the number, and another server that was given the port.
 *  U4. Its heartbeat is seen to move for a while: alive.
 *  U5. Its heartbeat stands still for longer than it may: gone. On one machine the clock tells; else one has to look on.
 */
export type StoreUse =
  /** A running host has the folder. */
  | "in use"
  /** Its host is gone, and its data is being saved. */
  | "saving"
  | "silent"
  /** Alive somewhere else, seen by its heartbeat. */
  | "alive elsewhere"
  /** Nothing can be said yet. */
  | "unknown"
  | "gone";

/** What a look at a record shows. Times in milliseconds. */
export interface StoreSight {
  readonly record: StoreRecord;
  readonly here: StorePlace;
  readonly answer: StoreState | "nobody" | "silent";
  readonly isAlive: (pid: number) => boolean;
  readonly now: number;
  /** For how long the record has been the same, seen from here. */
  readonly unchangedMs: number;
  /** How often its heartbeat has moved since it was first seen. */
  readonly moves: number;
}

/** A heartbeat comes each second; a machine that is short of everything is late. */
export const heartbeatLimitMs = 10_000;
/** One that is being killed may still move a time or two. */
const livingMoves = 3;
const silentLimitMs = 30_000;
/** Clocks of two machines are not that far apart; and a store that is alive nevertheless ends when it sees its record gone. */
const foreignClockLimitMs = 120_000;
/** How long a record that does not read as one may be one that is just being written. */
const unreadableLimitMs = 2_000;

export function judgeStoreUse(sight: StoreSight): StoreUse {
  const { record, here, answer, now } = sight;
  if (record.token === unreadableToken) return sight.unchangedMs > unreadableLimitMs ? "gone" : "unknown";
  if (typeof answer === "object") return answer.hostConnected ? "in use" : "saving"; // U1
  // A record without a place is from an earlier version, which took every one for its own.
  const sees = (test: typeof seesPortsOf) => record.place === undefined || test(here, record.place);
  const isProcessHere = sees(seesProcessesOf);
  if (isProcessHere && !sight.isAlive(record.pid)) return "gone"; // U2
  if (answer === "nobody" && sees(seesPortsOf)) return "gone"; // U2
  if (isProcessHere && answer === "silent") {
    const isStill = record.heartbeat !== undefined && sight.unchangedMs > silentLimitMs;
    return isStill ? "gone" : "silent"; // U3
  }
  if (sight.unchangedMs > heartbeatLimitMs) return "gone"; // U5
  if (sight.moves > 0) return sight.moves < livingMoves ? "unknown" : "alive elsewhere"; // U4
  const age = now - (record.heartbeat ?? now);
  const limitMs =
    record.place !== undefined && isSameSystem(here, record.place) ? heartbeatLimitMs : foreignClockLimitMs;
  return age > limitMs ? "gone" : "unknown"; // U5
}

/** Whether its port may be worth a long wait: the process behind the record is certainly there. */
export function isProcessThere(record: StoreRecord, here: StorePlace, isAlive: (pid: number) => boolean): boolean {
  return (record.place === undefined || seesProcessesOf(here, record.place)) && isAlive(record.pid);
}
