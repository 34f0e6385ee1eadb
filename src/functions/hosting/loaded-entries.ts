import { realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { DurableError, messageOf } from "../../core/errors.ts";

/**
 * Refuses an app whose code could not be loaded whole. A Functions worker runs the hooks at its start all the same, and
 * an engine that knows only a part of the orchestrations would fail the instances of the others.
 *
 * @throws DurableError `HostStartFailed` that names the entry file and what it threw
 */
export async function assertEntriesLoaded(appFolder: string): Promise<void> {
  // Lazy: only a worker of the Functions host comes here.
  const { findEntryFiles, readManifest } = await import("../../host/app/load-app.ts");
  const { main, isModule } = await readManifest(appFolder);
  if (main === undefined) return;
  for (const file of await findEntryFiles(appFolder, main, true)) {
    const extension = extname(file);
    const isEsModule = extension === ".mjs" || (extension === ".js" && isModule);
    // The worker has loaded them in this order, up to the first that failed.
    if (isEsModule) await import(pathToFileURL(file).href).catch((cause) => refuse(file, messageOf(cause), cause));
    else if (!(await isRequired(file))) refuse(file, "its error stands above in the log of the host");
  }
}

/** A module that threw is taken out of the cache again. */
async function isRequired(file: string): Promise<boolean> {
  return createRequire(import.meta.url).cache[await realpath(file)] !== undefined;
}

function refuse(file: string, reason: string, cause?: unknown): never {
  const message = `${file} could not be loaded, and instances of its orchestrations would fail: ${reason}`;
  throw new DurableError("HostStartFailed", message, { cause });
}
