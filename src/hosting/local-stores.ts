import { resolve } from "node:path";
import { type AzuriteStore, startAzuriteStore } from "./azurite/azurite-store.ts";

interface SharedStore {
  readonly store: Promise<AzuriteStore>;
  users: number;
}

const stores = new Map<string, SharedStore>();

/** The last store of a folder that is being stopped: the next one of that folder waits for it. */
const stopping = new Map<string, Promise<void>>();

/** Hands out a store that another process runs. */
type StoreLender = (folder: string) => Promise<AzuriteStore>;

let lender: StoreLender | undefined;

/** From now on the stores of this process come from there: for a host that must not take its store along. */
export function borrowLocalStores(lend: StoreLender): void {
  lender = lend;
}

/**
 * The local store of a folder, started when its first user comes and stopped when its last one goes: a folder serves one
 * process, and workers and clients of one process share it.
 *
 * @throws DurableError `HostStartFailed`
 */
export async function openLocalStore(folder: string, onWait: (text: string) => void): Promise<AzuriteStore> {
  const key = resolve(folder);
  const shared = stores.get(key) ?? { store: startAfterStop(key, onWait), users: 0 };
  stores.set(key, shared);
  shared.users++;
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    if (--shared.users > 0) return;
    if (stores.get(key) === shared) stores.delete(key);
    const stopped = shared.store.then((store) => store.stop());
    const settled = stopped.then(
      () => {},
      () => {},
    );
    stopping.set(key, settled);
    await stopped;
    if (stopping.get(key) === settled) stopping.delete(key);
  };
  try {
    const store = await shared.store;
    return { connectionString: store.connectionString, folder: store.folder, died: store.died, stop: close };
  } catch (error) {
    isOpen = false;
    shared.users--;
    if (stores.get(key) === shared) stores.delete(key);
    throw error;
  }
}

async function startAfterStop(folder: string, onWait: (text: string) => void): Promise<AzuriteStore> {
  await stopping.get(folder);
  if (lender !== undefined) return await lender(folder);
  return startAzuriteStore({ appFolder: folder, onWait });
}
