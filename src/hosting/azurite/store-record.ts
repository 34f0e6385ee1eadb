import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";

/**
 * Who uses a store folder. The storage process writes it before it opens a data file and removes it after the last one
 * is saved, so its presence means "in use, or died without saving".
 */
export interface StoreRecord {
  /** Names this use of the folder; the control port answers with it, so a reused pid or port is never taken for it. */
  readonly token: string;
  readonly pid: number;
  readonly hostPid: number;
  readonly controlPort: number;
}

/** What the process behind a record says of itself. */
export interface StoreState {
  readonly token: string;
  /** `false` once the host is gone and the data is being saved. */
  readonly hostConnected: boolean;
  /** Where it can be reached; absent until it is ready. */
  readonly endpoints?: StoreEndpoints | undefined;
}

export interface StoreEndpoints {
  readonly blob: string;
  readonly queue: string;
  readonly table: string;
}

const recordName = "in-use.json";

/** `undefined` when nobody uses the folder; a record that cannot be read counts as a leftover. */
export function readStoreRecord(folder: string): StoreRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, recordName), "utf8");
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as StoreRecord;
  } catch {
    return { token: "", pid: 0, hostPid: 0, controlPort: 0 };
  }
}

/** Takes the folder; `false` when another process has it. */
export function claimStore(folder: string, record: StoreRecord): boolean {
  try {
    writeFileSync(join(folder, recordName), `${JSON.stringify(record)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

export function releaseStore(folder: string, token: string): void {
  if (readStoreRecord(folder)?.token === token) rmSync(join(folder, recordName), { force: true });
}

/**
 * Removes the record of a process that is gone. Renaming first makes sure that of two hosts that clear at the same time
 * only one removes this record, and that none removes a newer one.
 */
export function clearStaleRecord(folder: string, stale: StoreRecord): void {
  const path = join(folder, recordName);
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    const moved = readFileSync(aside, "utf8");
    const { token } = JSON.parse(moved) as StoreRecord;
    if (token !== stale.token) writeFileSync(path, moved, { flag: "wx" });
  } catch {
    // Another host was faster, or the text cannot be read: what was moved aside goes either way.
  }
  rmSync(aside, { force: true });
}

/** Answers on a free loopback port for as long as the process lives. Resolves to the port. */
export function serveStoreState(state: () => StoreState): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(JSON.stringify(state()));
    });
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    server.unref();
  });
}

/**
 * Asks the process behind a record. `"gone"` is certain: no such process, nothing listens on its port, or what does
 * listen does not know the token. `"silent"` is a process that lives but has not answered in time; Azurite's event loop
 * stands still while it saves a large store.
 */
export async function askStoreState(record: StoreRecord, timeoutMs: number): Promise<StoreState | "gone" | "silent"> {
  if (record.controlPort === 0 || !isProcessAlive(record.pid)) return "gone";
  const text = await readAll(record.controlPort, timeoutMs);
  return text === undefined ? "silent" : (readAnswer(text, record.token) ?? "gone");
}

/** Everything the other side sends; `undefined` when it takes too long. */
function readAll(port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port });
    const finish = (result: string | undefined) => {
      socket.destroy();
      resolve(result);
    };
    socket.setEncoding("utf8");
    socket.setTimeout(timeoutMs, () => finish(undefined));
    // A server of another kind on a reused port answers or hangs up when it gets this.
    socket.once("connect", () => socket.write("state\r\n\r\n"));
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.once("end", () => finish(text));
    socket.once("error", () => finish(text));
  });
}

/** Whether a process of that id exists; it may be another one than it was. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readAnswer(text: string, token: string): StoreState | undefined {
  try {
    const state = JSON.parse(text) as StoreState;
    return state.token === token ? state : undefined;
  } catch {
    return undefined;
  }
}
