import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { storeFileFailure, storeKeyName } from "./store-access.ts";

// The key of a store's account, for as long as it runs. That of emulators is public knowledge: with it any page in the
// developer's browser could sign a simple POST that puts a message into a queue, and one whose name is rebound to 127.0.0.1
// could read everything.

/**
 * @returns `undefined` where the store has the key of emulators, as those of earlier versions
 * @throws DurableError `HostStartFailed` when the store is another user's
 */
export function readStoreKey(folder: string): string | undefined {
  const path = join(folder, storeKeyName);
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw storeFileFailure("read", path, error);
  }
}

/** Makes a new key, which only the user who runs the store can read. For the process that has claimed the folder. */
export function createStoreKey(folder: string): string {
  removeStoreKey(folder);
  const key = randomBytes(64).toString("base64");
  writeFileSync(join(folder, storeKeyName), `${key}\n`, { mode: 0o600, flag: "wx" });
  return key;
}

export function removeStoreKey(folder: string): void {
  rmSync(join(folder, storeKeyName), { force: true, maxRetries: 3 });
}
