import { setTimeout as sleep } from "node:timers/promises";
import { isDurableError, messageOf, stackOf } from "../core/errors.ts";
import { createEventLog, type LogEventFields } from "../core/event-log.ts";
import { formatThrown } from "../core/failure-trace.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import { systemClock } from "../core/system-ports.ts";
import { formatDuration } from "../core/time-span.ts";
import { createEventSink } from "../host/host-log.ts";
import { type CutOffWork, LocalHost } from "../host/local-host.ts";
import { formatBanner, formatFunctions, suggestCommand } from "./banner.ts";
import { describeInstances, findInstances } from "./instances-found.ts";
import { logFormatSetting, resolveLogFormat } from "./log-line.ts";
import type { StartOptions } from "./start-options.ts";
import { createTerminal, type Terminal } from "./terminal.ts";
import { exitInterrupted, watchSignals } from "./watch-signals.ts";

const failedStopTimeoutMs = 2_000;

/**
 * `durable start`: runs the host until it is asked to end or cannot go on. Resolves to the exit code.
 *
 * SIGINT and SIGTERM stop it gracefully; a second one ends the process at once.
 */
export async function runStart(
  options: StartOptions,
  product: { readonly name: string; readonly version: string },
  plainTerminal: Terminal,
): Promise<number> {
  const { format, problem } = resolveLogFormat(options.logFormat, process.env);
  const terminal = format === "json" ? createTerminal("json") : plainTerminal;
  if (problem !== undefined) tellIgnored(terminal, problem);
  // Stacks name the lines that were written, not those that were built of them.
  process.setSourceMapsEnabled(true);
  const { name, version } = product;
  if (format === "json") {
    const text = `${name} ${version} starts on Node ${process.version}`;
    tell(terminal, "HostStarting", text, { processId: process.pid, version });
  } else for (const line of formatBanner(name, version, process)) terminal.print(line);

  const { appFolder, port, address, functions, cors, verbose, timeoutMs } = options;
  const host = new LocalHost({
    appFolder,
    productName: name,
    version,
    port,
    address,
    functions,
    cors,
    verbose,
    loadTimeoutMs: timeoutMs,
    env: process.env,
    log: terminal.log,
    // Loaded when an app needs it: the storage libraries are most of what a start has to read.
    createEngine: async (request) =>
      (await import("../hosting/azure-storage-engine.ts")).createAzureStorageEngine(request),
  });
  const asked = watchSignals(terminal);
  const endLoading = watchExit(terminal);
  watchUserCode(terminal, endLoading);

  const stop = async () => {
    const startedAt = performance.now();
    await host.stop();
    tellStopped(terminal, performance.now() - startedAt, host.cutOff);
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

    for (const line of formatFunctions(running, terminal.paint)) terminal.print(line);
    const ready = `Ready on ${running.origin}. Press Ctrl+C to stop.`;
    tell(terminal, "HostReady", ready, { address: running.origin });
    const command = format === "json" ? undefined : suggestCommand(running, process.platform);
    if (command !== undefined) terminal.print(`\nTry: ${command}\n`);
    if (running.engine !== undefined) void tellInstances(terminal, running.engine.client);

    const failure = await Promise.race([asked, running.engine?.failed ?? asked]);
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

type HostEventName = "HostStarting" | "HostReady" | "HostStopped" | "InstancesFound";

/** A line about the host itself: for people without the name of its event. No level of host.json hides it. */
function tell<Name extends HostEventName>(
  { log }: Terminal,
  event: Name,
  text: string,
  fields: LogEventFields<Name>,
): void {
  log({ level: "info", category: `Host.${event}`, message: text, event, text, fields });
}

function tellIgnored({ log }: Terminal, text: string): void {
  createEventLog(createEventSink(log)).write("SettingIgnored", text, { setting: logFormatSetting });
}

/** Never rejects: nothing depends on it. */
async function tellInstances(terminal: Terminal, client: OrchestrationClient): Promise<void> {
  const found = await findInstances(client, systemClock).catch(() => undefined);
  const text = found === undefined ? undefined : describeInstances(found);
  if (found !== undefined && text !== undefined) {
    tell(terminal, "InstancesFound", text, { count: found.underWay, failedCount: found.failed });
  }
}

function tellStopped(terminal: Terminal, durationMs: number, cutOff: CutOffWork): void {
  const text = `Stopped after ${formatDuration(durationMs)}.${describeCutOff(cutOff)}`;
  tell(terminal, "HostStopped", text, { durationMs: Math.round(durationMs) });
}

function describeCutOff({ calls, activities }: CutOffWork): string {
  const parts = [
    ...(calls === 0 ? [] : [calls === 1 ? "1 function call was cut off" : `${calls} function calls were cut off`]),
    ...(activities === 0
      ? []
      : [
          activities === 1
            ? "1 activity runs again at the next start"
            : `${activities} activities run again at the next start`,
        ]),
  ];
  return parts.length === 0 ? "" : ` ${parts.join("; ")}.`;
}

/** An app that ends the process while it is loaded would do so without a word. Returns what ends the watch. */
function watchExit(terminal: Terminal): () => void {
  const onExit = (code: number) => {
    if (code === exitInterrupted) return;
    process.exitCode = code === 0 ? 1 : code;
    terminal.fail(
      `The app has ended the process (exit code ${code}) while it was loaded: look for process.exit in it.`,
    );
  };
  process.once("exit", onExit);
  return () => void process.removeListener("exit", onExit);
}

/** A promise that nobody awaits is a mistake of the app, not a reason to take all its other work down. */
function watchUserCode(terminal: Terminal, onEnd: () => void): void {
  const events = createEventLog(createEventSink(terminal.log));
  process.on("unhandledRejection", (reason) => {
    const text = `Unhandled rejection: a promise failed and nothing awaits it; is an 'await' or 'return' missing?\n${formatThrown(reason)}`;
    events.write("PromiseRejectionUnhandled", text, {});
  });
  process.on("uncaughtException", (error) => {
    // Thrown into a callback of an orchestrator between two turns; its instance is failed with the reason.
    if (isDurableError(error, "OrchestrationMisuse")) {
      events.write("OrchestrationMisused", error.message, {});
      return;
    }
    onEnd();
    terminal.fail(`Uncaught exception in the app: ${formatThrown(error)}`);
    process.exit(1);
  });
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
