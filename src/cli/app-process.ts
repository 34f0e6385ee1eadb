import { realpathSync } from "node:fs";
import { isDurableError, messageOf, stackOf } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import { formatThrown } from "../core/failure-trace.ts";
import { createEventSink } from "../host/host-log.ts";
import type { Terminal } from "./terminal.ts";
import { exitInterrupted } from "./watch-signals.ts";

// What commands need that load the code of an app into their own process.

/**
 * The folder by its real name: Windows takes `c:` for `C:`, but a module that is loaded by both names is loaded twice.
 * A network drive keeps its letter.
 */
export function trueFolder(folder: string): string {
  try {
    const real = realpathSync.native(folder);
    const isOtherDrive = real.startsWith("\\\\") && !folder.startsWith("\\\\");
    return isOtherDrive ? folder.replace(/^[a-z]:/, (drive) => drive.toUpperCase()) : real;
  } catch {
    // The change to it says what is wrong.
    return folder;
  }
}

/** An app that ends the process while it is loaded would do so without a word. Returns what ends the watch. */
export function watchExit(terminal: Terminal): () => void {
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
export function watchUserCode(terminal: Terminal, onEnd: () => void): void {
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

export function describeFailure(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return messageOf(error);
  if ((error as NodeJS.ErrnoException).code === "ENOENT" && (error as NodeJS.ErrnoException).syscall === "chdir") {
    return `Unable to find project root. The folder ${(error as { dest?: string }).dest ?? ""} does not exist.`;
  }
  if (isDurableError(error))
    return verbose && error.cause !== undefined ? `${error.message}\n${stackOf(error.cause)}` : error.message;
  return stackOf(error);
}
