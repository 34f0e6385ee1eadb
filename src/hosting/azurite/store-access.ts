import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DurableError } from "../../core/errors.ts";

/** The file with the key of the store's account. */
export const storeKeyName = "account-key";
/** Azurite's own folders in the store, for what is in messages and blobs. */
const contentFolders = ["__queuestorage__", "__blobstorage__"];

/**
 * Creates the folder of a store, if it is not there.
 *
 * @throws DurableError `HostStartFailed`
 */
export function createStoreFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw storeFileFailure("created", folder, error);
  }
}

/**
 * Makes sure that Azurite can read and write all of a store, which it only finds out when somebody waits for an answer.
 * Files of another user are common: a host was run once by `sudo`, or in a container.
 *
 * @throws DurableError `HostStartFailed`
 */
export function assertStoreAccess(folder: string): void {
  const folders = [folder, ...contentFolders.map((name) => join(folder, name))];
  for (const each of folders) {
    const entries = attempt("read", each, () => listFolder(each));
    if (entries === undefined) continue;
    const probe = join(each, `.probe-${process.pid}`);
    attempt("written", each, () => writeFileSync(probe, ""));
    attempt("written", each, () => rmSync(probe, { force: true, maxRetries: 3 }));
    for (const entry of entries) {
      const path = join(each, entry.name);
      // What was not finished when a process died, and could not be written over.
      if (entry.name.endsWith("~")) attempt("removed", path, () => rmSync(path, { force: true, maxRetries: 3 }));
      // The next store has another, and puts it in the place of whatever is there.
      else if (entry.isFile() && entry.name !== storeKeyName)
        attempt("read", path, () => accessSync(path, constants.R_OK));
    }
  }
}

/** `undefined` when there is none. */
function listFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function attempt<T>(verb: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storeFileFailure(verb, path, error);
  }
}

/** One line: which file, what failed, whose it is and what to do. */
export function storeFileFailure(verb: string, path: string, error: unknown): DurableError {
  const { code = "failed" } = error as NodeJS.ErrnoException;
  const text = `The storage of the local host cannot be used: ${path} cannot be ${verb} (${code}${describeOwner(path)}). ${cureOf(code)}`;
  return new DurableError("HostStartFailed", text, { cause: error });
}

function cureOf(code: string): string {
  if (code === "EROFS")
    return "The file system is read-only: run the host in a folder that can be written, or set AzureWebJobsStorage.";
  if (code === "ENOSPC" || code === "EDQUOT") return "No space is left: free some, or set AzureWebJobsStorage.";
  if (code === "ENOTDIR" || code === "EEXIST")
    return "A file is where a folder should be: remove it, or set AzureWebJobsStorage.";
  return "Give the folder .durable to the user who runs the host, delete it, or set AzureWebJobsStorage.";
}

/** Of the file, or of the nearest folder above it that is there. */
function describeOwner(path: string): string {
  if (process.getuid === undefined) return "";
  for (let each = path; ; each = dirname(each)) {
    try {
      const { uid } = statSync(each);
      const owner = uid === 0 ? "root" : `user ${uid}`;
      const ofWhat = each === path ? "it belongs" : `${each} belongs`;
      return `; ${ofWhat} to ${owner}, this is ${process.getuid() === 0 ? "root" : `user ${process.getuid()}`}`;
    } catch {
      if (dirname(each) === each) return "";
    }
  }
}
