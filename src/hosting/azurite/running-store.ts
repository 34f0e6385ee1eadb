import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatEmulatorConnectionString } from "../../backends/azure-storage/storage/connection-string.ts";
import { DurableError } from "../../core/errors.ts";
import { askStoreState } from "./store-control.ts";
import { readStoreKey } from "./store-key.ts";
import { readStoreRecord } from "./store-record.ts";

/** The local store of another process. It ends with that. */
export interface RunningStore {
  readonly connectionString: string;
  readonly folder: string;
}

/** Azurite stands still while it saves a large store. */
const answerTimeoutMs = 20_000;
/** From the start of its process until it is ready. */
const startTimeoutMs = 30_000;

/**
 * The store that a running host has opened for the app in `appFolder`, for those who only look or send messages. Resolves
 * to `undefined` when no host runs there.
 *
 * @throws DurableError `HostStartFailed` when its process gives no answer, and where no store has ever been
 */
export async function findRunningStore(appFolder: string): Promise<RunningStore | undefined> {
  const folder = join(appFolder, ".durable", "azurite");
  if (!existsSync(folder)) {
    throw new DurableError(
      "HostStartFailed",
      `There is no local store in ${appFolder}: name the folder of the app by --script-root or a storage account by --connection, or run 'durable start' there first`,
    );
  }
  const giveUpAt = performance.now() + startTimeoutMs;
  for (;;) {
    const record = readStoreRecord(folder);
    if (record === undefined) return undefined;
    const state = await askStoreState(record, answerTimeoutMs);
    if (state === "silent" || performance.now() > giveUpAt) {
      throw new DurableError(
        "HostStartFailed",
        `The storage process ${record.pid} of the host that runs in ${appFolder} does not answer; try again, or restart that host.`,
      );
    }
    // A store that is being saved is waited for by whoever opens it next.
    if (typeof state === "string" || !state.hostConnected) return undefined;
    if (state.endpoints !== undefined) {
      return { folder, connectionString: formatEmulatorConnectionString(state.endpoints, readStoreKey(folder)) };
    }
    await sleep(50);
  }
}
