import { setTimeout as sleep } from "node:timers/promises";
import { DurableError } from "../../core/errors.ts";
import { isProcessAlive } from "../machine.ts";
import { storeFileFailure } from "./store-access.ts";
import { askStoreState } from "./store-control.ts";
import { readStorePlace, seesProcessesOf } from "./store-place.ts";
import { clearStaleRecord, readStoreRecord, recordPathOf, type StoreRecord, unreadableToken } from "./store-record.ts";
import { heartbeatLimitMs, isProcessThere, judgeStoreUse } from "./store-use.ts";

/** How long a host may still seem alive to its storage process after it was killed. */
const goneHostGraceMs = 2_000;
const savingTimeoutMs = 60_000;
/** Azurite's event loop stands still while it saves a large store. */
const answerTimeoutMs = 20_000;
/** A port of another place may be anybody's. */
const foreignAnswerTimeoutMs = 2_000;
/** A scanner or a sync client holds a file for moments; rights are not given back. */
const clearAttempts = 20;
const clearPauseMs = 100;
const lookPauseMs = 25;
const foreignLookPauseMs = 250;
/** No store takes as long to come or to go. */
const waitLimitMs = 120_000;

/**
 * Waits until nobody uses the folder: for the data of a host that is gone to be saved, and for a record whose process is
 * gone to be removed.
 *
 * @param onWait told once, when there is something to wait for
 * @throws DurableError `HostStartFailed` when a running host has the folder, or its record cannot be read or removed
 */
export async function waitForFreeFolder(folder: string, onWait: (message: string) => void): Promise<void> {
  const here = readStorePlace();
  const startedAt = performance.now();
  let seen: { readonly token: string; heartbeat: number | undefined; since: number; moves: number } | undefined;
  let failedClears = 0;
  let hasSaidSo = false;
  for (;;) {
    const record = readRecord(folder);
    if (record === undefined) return;
    const isThere = isProcessThere(record, here, isProcessAlive);
    const answer = await askStoreState(record, isThere ? answerTimeoutMs : foreignAnswerTimeoutMs);
    const now = performance.now();
    if (seen === undefined || seen.token !== record.token) {
      seen = { token: record.token, heartbeat: record.heartbeat, since: now, moves: 0 };
    } else if (seen.heartbeat !== record.heartbeat) {
      seen = { ...seen, heartbeat: record.heartbeat, since: now, moves: seen.moves + 1 };
    }
    const use = judgeStoreUse({
      record,
      here,
      answer,
      isAlive: isProcessAlive,
      now: Date.now(),
      unchangedMs: now - seen.since,
      moves: seen.moves,
    });
    const waitedMs = now - startedAt;
    if (waitedMs > (use === "saving" || use === "silent" ? savingTimeoutMs : waitLimitMs)) {
      throw stillSaving(folder, record, waitedMs);
    }
    if (use === "gone") {
      failedClears = clearRecord(folder, record, failedClears);
    } else {
      const isUsed = use === "in use" || use === "alive elsewhere";
      if (isUsed && waitedMs > goneHostGraceMs) throw folderInUse(folder, record, isHere(record));
      if (!hasSaidSo && !isUsed && waitedMs > 500) {
        onWait(describeWait(use === "unknown", folder));
        hasSaidSo = true;
      }
    }
    await sleep(failedClears > 0 ? clearPauseMs : isThere || use === "gone" ? lookPauseMs : foreignLookPauseMs);
  }

  function isHere(record: StoreRecord): boolean {
    return record.place === undefined || seesProcessesOf(here, record.place);
  }
}

function readRecord(folder: string): StoreRecord | undefined {
  try {
    return readStoreRecord(folder);
  } catch (error) {
    throw storeFileFailure("read", recordPathOf(folder), error);
  }
}

/** Returns how many attempts have failed. */
function clearRecord(folder: string, record: StoreRecord, failed: number): number {
  try {
    // Its last act is to remove the record, so look again before calling what is left stale.
    if (readStoreRecord(folder)?.token === record.token) clearStaleRecord(folder, record);
    return 0;
  } catch (error) {
    if (failed + 1 < clearAttempts) return failed + 1;
    const whose = record.token === unreadableToken ? "" : ` The storage process ${record.pid} that wrote it is gone.`;
    const failure = storeFileFailure("removed", recordPathOf(folder), error);
    throw new DurableError("HostStartFailed", `${failure.message}${whose}`, { cause: error });
  }
}

function describeWait(isUnknown: boolean, folder: string): string {
  return isUnknown
    ? `Looking whether a host of another machine or container still uses ${folder}, for ${heartbeatLimitMs / 1000} s.`
    : "Waiting for the storage process of the previous host to save its data.";
}

function stillSaving(folder: string, record: StoreRecord, waitedMs: number): DurableError {
  return new DurableError(
    "HostStartFailed",
    `The storage process ${record.pid} of an earlier host has not finished saving ${folder} after ${Math.round(waitedMs / 1000)} s. ` +
      `If there is no such process, delete ${recordPathOf(folder)}.`,
  );
}

function folderInUse(folder: string, record: StoreRecord, isHere: boolean): DurableError {
  const text = isHere
    ? `Another host (process ${record.hostPid}) is using the storage folder ${folder}. Stop it first, or set AzureWebJobsStorage.`
    : `Another host (process ${record.hostPid} of '${record.place?.name}', in another machine or container) is using the storage folder ` +
      `${folder}. Stop it there, or set AzureWebJobsStorage. If it is certainly gone, delete ${recordPathOf(folder)}.`;
  return new DurableError("HostStartFailed", text);
}
