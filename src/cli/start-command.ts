import { setTimeout as sleep } from "node:timers/promises";
import { isDurableError, messageOf, stackOf } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import { describeFailure as describeThrown, formatFailure } from "../core/failure-details.ts";
import { createEventSink } from "../host/host-log.ts";
import { LocalHost } from "../host/local-host.ts";
import { formatBanner, formatFunctions, suggestCommand } from "./banner.ts";
import type { StartOptions } from "./start-options.ts";
import type { Terminal } from "./terminal.ts";
import { watchSignals } from "./watch-signals.ts";

const failedStopTimeoutMs = 2_000;

/**
 * `durable start`: runs the host until it is asked to end or cannot go on. Resolves to the exit code.
 *
 * SIGINT and SIGTERM stop it gracefully; a second one ends the process at once.
 */
export async function runStart(
  options: StartOptions,
  product: { readonly name: string; readonly version: string },
  terminal: Terminal,
): Promise<number> {
  // Stacks name the lines that were written, not those that were built of them.
  process.setSourceMapsEnabled(true);
  for (const line of formatBanner(product.name, product.version, process.version)) terminal.print(line);

  const { appFolder, port, address, functions, cors, verbose, timeoutMs, replayCheck } = options;
  const host = new LocalHost({
    appFolder,
    productName: product.name,
    version: product.version,
    port,
    address,
    functions,
    cors,
    verbose,
    loadTimeoutMs: timeoutMs,
    env: process.env,
    log: terminal.log,
    // Loaded when an app needs it: the storage libraries are most of what a start has to read.
    createEngine: async (request) => {
      const { createAzureStorageEngine } = await import("../hosting/azure-storage-engine.ts");
      // Who develops wants to know of code that replay cannot repeat before a process dies of something else.
      return createAzureStorageEngine(request, { replayCheck: replayCheck ?? request.settings.replayCheck ?? true });
    },
  });
  const asked = watchSignals(terminal);
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
