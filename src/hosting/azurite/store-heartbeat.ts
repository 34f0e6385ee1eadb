import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { createHeartbeat, holdsStore, recordPathOf } from "./store-record.ts";

/**
 * Entry of the thread that renews the record of a store each second, also while Azurite's event loop stands still over a
 * large save. A store whose record is gone has been given to another host, and must not write any more: it ends at once,
 * unsaved. What it had acknowledged is in the journals.
 */
export interface HeartbeatData {
  readonly folder: string;
  readonly token: string;
}

const intervalMs = 1_000;
const { folder, token } = workerData as HeartbeatData;
let renew: ((now: number) => void) | undefined;

setInterval(() => {
  if (!holdsStore(folder, token)) {
    writeSync(2, `Error: ${recordPathOf(folder)} was removed or replaced, so another host may have this folder.\n`);
    process.kill(process.pid, "SIGKILL");
  }
  try {
    renew ??= createHeartbeat(folder, token);
    renew(Date.now());
  } catch {
    // The next one may get through.
    renew = undefined;
  }
}, intervalMs);
