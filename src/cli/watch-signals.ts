import type { Terminal } from "./terminal.ts";

/** Resolves at the first signal that asks the process to end. The second one ends it. */
export function watchSignals(terminal: Terminal): Promise<undefined> {
  return new Promise((resolve) => {
    let seen = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (seen) process.exit(130);
        seen = true;
        terminal.print("Stopping. Press Ctrl+C again to stop at once.");
        resolve(undefined);
      });
    }
  });
}
