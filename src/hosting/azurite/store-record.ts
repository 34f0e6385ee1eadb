import { randomUUID } from "node:crypto";
import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { StorePlace } from "./store-place.ts";

/**
 * Who uses a store folder. The storage process writes it before it opens a data file and removes it after the last one
 * is saved, so its presence means "in use, or died without saving". It is there whole or not at all.
 */
export interface StoreRecord {
  /** Names this use of the folder; the control port answers with it, so a reused pid or port is never taken for it. */
  readonly token: string;
  readonly pid: number;
  readonly hostPid: number;
  readonly controlPort: number;
  /** Where pid and port mean something. Missing in records of earlier versions. */
  readonly place?: StorePlace;
  /** When it was last renewed, which the storage process does each second. Milliseconds since the epoch. */
  readonly heartbeat?: number;
}

/** A record that does not read as one: written by another program, or cut off on a file system without links. */
export const unreadableToken = "";

const recordName = "in-use.json";
/** A time takes as many until the year 2286. */
const heartbeatDigits = 13;

export function recordPathOf(folder: string): string {
  return join(folder, recordName);
}

/** `undefined` when nobody uses the folder. @throws the error of the system when there is one that may not be read */
export function readStoreRecord(folder: string): StoreRecord | undefined {
  let text: string;
  try {
    text = readFileSync(recordPathOf(folder), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return parseRecord(text);
}

function parseRecord(text: string): StoreRecord {
  try {
    const record = JSON.parse(text) as StoreRecord | null;
    if (typeof record?.token === "string" && typeof record.pid === "number") return record;
  } catch {
    // No record; see below.
  }
  return { token: unreadableToken, pid: 0, hostPid: 0, controlPort: 0 };
}

/** Takes the folder; `false` when another process has it. */
export function claimStore(folder: string, record: Omit<StoreRecord, "heartbeat">): boolean {
  const path = recordPathOf(folder);
  const text = formatRecord(record, Date.now());
  const aside = `${path}.${record.token}`;
  try {
    writeWhole(aside, text);
    linkSync(aside, path);
    return true;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (syscall !== "link") throw error;
  } finally {
    rmSync(aside, { force: true, maxRetries: 3 });
  }
  // No links on this file system.
  try {
    writeWhole(path, text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

export function releaseStore(folder: string, token: string): void {
  if (holdsStore(folder, token)) rmSync(recordPathOf(folder), { force: true, maxRetries: 3 });
}

/** `false` when the record was removed or is another's; while it cannot be looked at it is taken to be there. */
export function holdsStore(folder: string, token: string): boolean {
  try {
    return readStoreRecord(folder)?.token === token;
  } catch {
    return true;
  }
}

/**
 * Renews the time in the record, for as long as it is the one of this token. What was put in its place is not touched.
 *
 * @throws the error of the system
 */
export function createHeartbeat(folder: string, token: string): (now: number) => void {
  const path = recordPathOf(folder);
  // By its number the file stays the one that it was.
  const file = openSync(path, "r+");
  const text = readFileSync(file, "utf8");
  if (parseRecord(text).token !== token) {
    closeSync(file);
    return () => {};
  }
  const place = Buffer.byteLength(text) - heartbeatDigits - "}\n".length;
  return (now) => {
    writeSync(file, formatTime(now), place);
  };
}

/**
 * Removes the record of a process that is gone. Renaming first makes sure that of two hosts that clear at the same time
 * only one removes this record, and that none removes a newer one.
 *
 * @throws the error of the system when it stays
 */
export function clearStaleRecord(folder: string, stale: StoreRecord): void {
  const path = recordPathOf(folder);
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    if (parseRecord(readFileSync(aside, "utf8")).token !== stale.token) linkSync(aside, path);
  } catch {
    // Another host has taken the folder meanwhile, or the text cannot be read: what was moved aside goes either way.
  }
  try {
    rmSync(aside, { force: true, maxRetries: 3 });
  } catch {
    // A scanner has it open; under this name it is in nobody's way.
  }
}

function writeWhole(path: string, text: string): void {
  const file = openSync(path, "wx");
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** The time comes last, so that it can be written over. */
function formatRecord(record: Omit<StoreRecord, "heartbeat">, now: number): string {
  return `${JSON.stringify(record).slice(0, -1)},"heartbeat":${formatTime(now)}}\n`;
}

function formatTime(now: number): string {
  return String(Math.trunc(now)).padStart(heartbeatDigits, "1").slice(-heartbeatDigits);
}
