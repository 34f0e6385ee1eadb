import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** As much of Azurite's queue database as is looked at here. */
interface QueueDatabase {
  readonly collections?: readonly { readonly name?: string; readonly data?: readonly object[] }[];
}

interface StoredMessage {
  dequeueCount?: unknown;
  /** Milliseconds since the epoch. */
  timeNextVisible?: unknown;
}

export const queueDatabaseName = "__azurite_db_queue__.json";

/**
 * Gives back the messages that an earlier host had received and not settled. Only one host uses a store, so whoever
 * held them is gone, and the next host need not wait until they become visible by themselves. Delayed messages, which
 * nobody has received yet, keep their time.
 *
 * For an Azurite whose databases keep no journal. Runs before it opens its files. Anything unexpected in them leaves them as they are: waiting is correct too.
 */
export function releaseReceivedMessages(folder: string): void {
  const path = join(folder, queueDatabaseName);
  try {
    const database = JSON.parse(readFileSync(path, "utf8")) as QueueDatabase;
    if (!makeVisible(database, Date.now())) return;
    writeFileSync(`${path}.released`, JSON.stringify(database));
    renameSync(`${path}.released`, path);
  } catch {
    // No store yet, or one of another form.
  }
}

/** Changes the database in place; `false` when there was nothing to change. */
export function makeVisible(database: QueueDatabase, now: number): boolean {
  let changed = false;
  for (const { name, data } of database.collections ?? []) {
    if (name !== "$MESSAGES_COLLECTION$") continue;
    for (const message of (data ?? []) as readonly StoredMessage[]) {
      const { dequeueCount, timeNextVisible } = message;
      if (typeof dequeueCount !== "number" || dequeueCount === 0) continue;
      if (typeof timeNextVisible !== "number" || timeNextVisible <= now) continue;
      message.timeNextVisible = now;
      changed = true;
    }
  }
  return changed;
}
