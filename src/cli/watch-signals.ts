import type { Terminal } from "./terminal.ts";

/** Exit code of a process that a second signal ends. */
export const exitInterrupted = 130;

/** Resolves at the first signal that asks the process to end. The second one ends it. */
export function watchSignals(terminal: Terminal): Promise<undefined> {
  return new Promise((resolve) => {
    let seen = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (seen) process.exit(exitInterrupted);
        seen = true;
        terminal.print("Stopping. Press Ctrl+C again to stop at once.");
        resolve(undefined);
      });
    }
  });
}
