import { DurableError } from "../core/errors.ts";
import { systemClock } from "../core/system-ports.ts";
import { openFolder } from "../host/open-folder.ts";
import { InProcessExecutor } from "../worker/in-process-executor.ts";
import { trueFolder } from "./app-process.ts";
import { findStaleSource } from "./stale-build.ts";
import type { Terminal } from "./terminal.ts";

export interface CodePlace {
  readonly appFolder: string;
  /** How long the app may take to load, in milliseconds. @defaultValue 20,000 */
  readonly loadTimeoutMs?: number | undefined;
}

/**
 * Loads the app of a folder into this process as `durable start` does, for as long as `use` replays orchestrations with
 * it. Nothing runs. It says when what is built is older than its sources. Resolves to the exit code: that of `use`, or 1 with
 * one line when there is nothing to replay.
 *
 * @throws DurableError when the app cannot be loaded
 */
export async function openCode(
  { appFolder, loadTimeoutMs }: CodePlace,
  version: string,
  terminal: Pick<Terminal, "fail">,
  use: (executor: InProcessExecutor) => Promise<number>,
): Promise<number> {
  const folder = trueFolder(appFolder);
  // What is wrong with HTTP functions and settings says a start.
  const log = () => {};
  const opening = { appFolder: folder, version, loadTimeoutMs, verbose: false, mayLackHostJson: true, log };
  try {
    process.chdir(folder);
  } catch (cause) {
    throw new DurableError("HostStartFailed", `Unable to find project root. The folder ${folder} cannot be used.`, {
      cause,
    });
  }
  const stale = await findStaleSource(folder);
  if (stale !== undefined) {
    terminal.fail(
      `Warning: ${stale} was changed after it was built, and what is built is replayed. Build the app first.`,
    );
  }
  return await openFolder({ ...opening, env: process.env }, async ({ registries }) => {
    if (registries.every(({ orchestrationNames }) => orchestrationNames.length === 0)) {
      terminal.fail(`The app in ${folder} has no orchestration of a DFApp, so that there is nothing to replay.`);
      return 1;
    }
    return await use(new InProcessExecutor({ registries, clock: systemClock }));
  });
}
