import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isDurableError, messageOf, stackOf } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import { describeFailure as describeThrown, formatFailure } from "../core/failure-details.ts";
import { createEventSink } from "../host/host-log.ts";
import { LocalHost } from "../host/local-host.ts";
import { formatBanner, formatFunctions, suggestCommand } from "./banner.ts";
import type { StartOptions } from "./start-options.ts";
import type { Terminal } from "./terminal.ts";
import { watchLauncher } from "./watch-launcher.ts";
import { watchSignals } from "./watch-signals.ts";

const failedStopTimeoutMs = 2_000;

/**
 * `durable start`: runs the host until it is asked to end or cannot go on. Resolves to the exit code.
 *
 * SIGINT, SIGTERM and the like stop it gracefully; a second one ends the process at once.
 */
export async function runStart(
  options: StartOptions,
  product: { readonly name: string; readonly version: string },
  terminal: Terminal,
): Promise<number> {
  // Stacks name the lines that were written, not those that were built of them.
  process.setSourceMapsEnabled(true);
  for (const line of formatBanner(product.name, product.version, process.version)) terminal.print(line);

  const { port, address, functions, cors, allowedHosts, verbose, timeoutMs } = options;
  const appFolder = trueFolder(options.appFolder);
  const host = new LocalHost({
    appFolder,
    productName: product.name,
    version: product.version,
    port,
    address,
    functions,
    cors,
    allowedHosts,
    verbose,
    loadTimeoutMs: timeoutMs,
    env: process.env,
    log: terminal.log,
    // Loaded when an app needs it: the storage libraries are most of what a start has to read.
    createEngine: async (request) =>
      (await import("../hosting/azure-storage-engine.ts")).createAzureStorageEngine(request),
  });
  const signalled = watchSignals(terminal);
  const asked = Promise.race([signalled, followLauncher(options.endWithParent ?? false, signalled, terminal)]);
  watchUserCode(terminal);

  try {
    process.chdir(appFolder);
    const started = host.start();
    started.catch(() => {});
    const running = await Promise.race([started, asked]);
    if (running === undefined) {
      await host.stop();
      return 0;
    }

    for (const line of formatFunctions(running, terminal.paint)) terminal.print(line);
    terminal.log({ level: "info", category: "Host", message: `Ready on ${running.origin}. Press Ctrl+C to stop.` });
    const command = suggestCommand(running);
    if (command !== undefined) terminal.print(`\nTry: ${command}\n`);

    const failure = await Promise.race([asked, running.engine?.failed ?? asked]);
    if (failure === undefined) {
      await host.stop();
      return 0;
    }
    terminal.fail(failure);
    // Without its storage the engine cannot end cleanly; what it held is found again at the next start.
    await Promise.race([host.stop(), sleep(failedStopTimeoutMs)]);
    return 1;
  } catch (error) {
    await host.stop();
    terminal.fail(describeFailure(error, verbose));
    return 1;
  }
}

/** Resolves when the host is to end because its launcher has; else only says so. */
async function followLauncher(ends: boolean, stopping: Promise<undefined>, terminal: Terminal): Promise<undefined> {
  const launcher = await Promise.race([watchLauncher(), stopping]);
  // Ctrl+C reaches both.
  if (launcher === undefined) return;
  if (ends) {
    terminal.print(`The process ${launcher} that started this host has ended. Stopping.`);
    return;
  }
  const text =
    `the process ${launcher} that started this host has ended, and the host goes on as process ${process.pid}. ` +
    "Start it with --end-with-parent to have it end too";
  createEventLog(createEventSink(terminal.log)).write("LauncherGone", text, {});
  return new Promise(() => {});
}

/**
 * The folder by its real name: Windows takes `c:` for `C:`, but a module that is loaded by both names is loaded twice.
 * A network drive keeps its letter.
 */
function trueFolder(folder: string): string {
  try {
    const real = realpathSync.native(folder);
    const isOtherDrive = real.startsWith("\\\\") && !folder.startsWith("\\\\");
    return isOtherDrive ? folder.replace(/^[a-z]:/, (drive) => drive.toUpperCase()) : real;
  } catch {
    // The change to it says what is wrong.
    return folder;
  }
}

/** A promise that nobody awaits is a mistake of the app, not a reason to take all its other work down. */
function watchUserCode(terminal: Terminal): void {
  const events = createEventLog(createEventSink(terminal.log));
  process.on("unhandledRejection", (reason) => {
    const text = `Unhandled rejection: a promise failed and nothing awaits it; is an 'await' or 'return' missing?\n${showThrown(reason)}`;
    events.write("PromiseRejectionUnhandled", text, {});
  });
  process.on("uncaughtException", (error) => {
    // Thrown into a callback of an orchestrator between two turns; its instance is failed with the reason.
    if (isDurableError(error, "OrchestrationMisuse")) {
      events.write("OrchestrationMisused", error.message, {});
      return;
    }
    terminal.fail(`Uncaught exception in the app: ${showThrown(error)}`);
    process.exit(1);
  });
}

/** Whatever user code throws, even what cannot be turned into a text. */
function showThrown(thrown: unknown): string {
  const details = describeThrown(thrown);
  return details.stackTrace ?? formatFailure(details);
}

function describeFailure(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return messageOf(error);
  if ((error as NodeJS.ErrnoException).code === "ENOENT" && (error as NodeJS.ErrnoException).syscall === "chdir") {
    return `Unable to find project root. The folder ${(error as { dest?: string }).dest ?? ""} does not exist.`;
  }
  if (isDurableError(error))
    return verbose && error.cause !== undefined ? `${error.message}\n${stackOf(error.cause)}` : error.message;
  return stackOf(error);
}
