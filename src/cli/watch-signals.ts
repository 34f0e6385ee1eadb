import type { Terminal } from "./terminal.ts";

/**
 * What asks a process to end: Ctrl+C, service managers and containers, a terminal that closes, Ctrl+Break and a closing
 * console of Windows, and nodemon.
 */
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK", "SIGUSR2"] as const;

/** Exit code of a process that a second signal ends. */
export const exitInterrupted = 130;

/** Resolves at the first signal that asks the process to end. The second one ends it. */
export function watchSignals(terminal: Terminal): Promise<undefined> {
  return new Promise((resolve) => {
    let seen = false;
    for (const signal of signals) {
      process.on(signal, () => {
        if (signal === "SIGHUP" && !hasTerminal()) return;
        if (seen) process.exit(exitInterrupted);
        seen = true;
        terminal.print("Stopping. Press Ctrl+C again to stop at once.");
        resolve(undefined);
      });
    }
  });
}

/**
 * Whether the end of a terminal is meant for this process. `nohup` takes it off all terminals and has SIGHUP ignored, but
 * Node undoes the latter before any code runs.
 */
function hasTerminal(): boolean {
  if (process.platform === "win32" || process.stdout.isTTY || process.stderr.isTTY) return true;
  // The `nohup` of other systems leaves the input as it is.
  return process.platform === "linux" && process.stdin.isTTY;
}
