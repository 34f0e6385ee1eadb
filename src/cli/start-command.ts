import { setTimeout as sleep } from "node:timers/promises";
import { LocalHost } from "../host/local-host.ts";
import type { RunningHost } from "../host/running-host.ts";
import { describeFailure, trueFolder, watchExit, watchUserCode } from "./app-process.ts";
import { formatFunctions } from "./banner.ts";
import { resolveLogFormat } from "./log-line.ts";
import { debuggedLoadTimeoutMs, openInspector } from "./open-inspector.ts";
import { showNewKeys, showRunning, showStart, tellIgnored, tellStopped } from "./start-lines.ts";
import type { StartOptions } from "./start-options.ts";
import { createTerminal, type Terminal } from "./terminal.ts";
import { watchEnd } from "./watch-launcher.ts";

const failedStopTimeoutMs = 2_000;

/** How a host is run for somebody else than the one at the terminal. */
export interface StartSession {
  /** Resolves when the host is to stop. */
  readonly asked: Promise<undefined>;
  /** Names the entry files in place of `main` of package.json. */
  readonly main: string | undefined;
  /** What was last shown of what is running; the same is not shown again. */
  readonly shown: string | undefined;
  /** How long a stop lets calls and activities go on, in milliseconds. */
  readonly graceMs: number;
  /** @param shown what there is to show of it */
  onReady(running: RunningHost, shown: string): void;
}

/**
 * `durable start`: runs the host until it is asked to end or cannot go on. Resolves to the exit code.
 *
 * SIGINT, SIGTERM and the like stop it gracefully; a second one ends the process at once.
 */
export async function runStart(
  options: StartOptions,
  product: { readonly name: string; readonly version: string },
  plainTerminal: Terminal,
  session?: StartSession,
): Promise<number> {
  const { format, problem } = resolveLogFormat(options.logFormat, process.env);
  const terminal = format === "json" ? createTerminal("json") : plainTerminal;
  if (problem !== undefined) tellIgnored(terminal, problem);
  // Stacks name the lines that were written, not those that were built of them.
  process.setSourceMapsEnabled(true);
  const { name, version } = product;
  if (session === undefined) showStart(name, version, format, terminal);
  const { inspect } = options;
  if (inspect !== undefined) {
    const isOpen = openInspector(inspect, { waits: inspect.stops });
    if (!isOpen && inspect.stops) {
      terminal.fail(`No debugger can connect to ${inspect.host}:${inspect.port}.`);
      return 1;
    }
    // biome-ignore lint/suspicious/noDebugger: what --inspect-brk is for
    if (inspect.stops) debugger;
  }

  const { port, address, functions, cors, corsCredentials, allowedHosts, auth, verbose, timeoutMs, replayCheck } =
    options;
  const appFolder = trueFolder(options.appFolder);
  const host = new LocalHost({
    appFolder,
    productName: name,
    version,
    port,
    address,
    functions,
    cors,
    corsCredentials,
    allowedHosts,
    auth,
    onKeysMade: (keys, file) => showNewKeys(keys, file, format, terminal),
    verbose,
    loadTimeoutMs: inspect?.stops ? debuggedLoadTimeoutMs : timeoutMs,
    main: session?.main,
    drainTimeoutMs: session?.graceMs,
    env: process.env,
    log: terminal.log,
    // Loaded when an app needs it: the storage libraries are most of what a start has to read.
    createEngine: async (request) => {
      const { createAzureStorageEngine } = await import("../hosting/azure-storage-engine.ts");
      return createAzureStorageEngine(
        { ...request, stopGraceMs: session?.graceMs },
        // Who develops wants to know of code that replay cannot repeat before a process dies of something else.
        { replayCheck: replayCheck ?? request.settings.replayCheck ?? true },
      );
    },
    openTriggerStorages: async (request) => {
      const { createTriggerStorages } = await import("../hosting/trigger-storages.ts");
      return createTriggerStorages(request);
    },
  });
  const asked = session?.asked ?? watchEnd(options.endWithParent ?? false, terminal);
  const endLoading = watchExit(terminal);
  watchUserCode(terminal, endLoading);

  const stop = async () => {
    const startedAt = performance.now();
    await host.stop();
    if (session === undefined) tellStopped(terminal, performance.now() - startedAt, host.cutOff);
  };

  try {
    process.chdir(appFolder);
    const started = host.start();
    started.catch(() => {});
    const running = await Promise.race([started, asked]);
    endLoading();
    if (running === undefined) {
      await stop();
      return 0;
    }

    const shown = formatFunctions(running, terminal.paint).join("\n");
    if (shown !== session?.shown) showRunning(running, shown, format, terminal);
    session?.onReady(running, shown);

    const failure = await Promise.race([asked, running.failed]);
    if (failure === undefined) {
      await stop();
      return 0;
    }
    terminal.fail(failure);
    // Without its storage the engine cannot end cleanly; what it held is found again at the next start.
    await Promise.race([host.stop(), sleep(failedStopTimeoutMs)]);
    return 1;
  } catch (error) {
    endLoading();
    await host.stop();
    terminal.fail(describeFailure(error, verbose));
    return 1;
  }
}
