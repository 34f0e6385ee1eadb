import { type ChildProcess, spawnSync } from "node:child_process";

const isWindows = process.platform === "win32";

// Windows has no signals: what ends a process there runs none of its handlers, so they are called by their names. The
// child may read its stdin too: a line that is no name of a signal is none of our business.
const preload = `
const isWindows = process.platform === "win32";
const end = isWindows
  ? (signal) => process.emit(signal, signal) || process.exit(1)
  : (signal) => process.kill(process.pid, signal);
if (isWindows) process.stdin.on("data", (text) => /^SIG[A-Z0-9]+\\n$/.test(text) && end(String(text).trim()));
process.stdin.on("close", () => end("SIGTERM"));
process.stdin.resume();
process.stdin.unref();
`;

/**
 * Node arguments that end a child with its parent, whatever way the parent dies: the child's stdin must be a pipe, which
 * closes then. So no process outlives a test run that was killed.
 */
export const endWithParent: readonly string[] = ["--import", `data:text/javascript,${encodeURIComponent(preload)}`];

/** How to spawn a child for {@link signalChild}: in a group of its own where there are groups, and without a window. */
export const ownGroup: { readonly detached: boolean; readonly windowsHide: true } = {
  detached: !isWindows,
  windowsHide: true,
};

/**
 * Sends a signal to a child that runs with {@link endWithParent}, so that its handlers run on every system; where there
 * are no signals, SIGKILL takes what it has started along. Does nothing when it has ended.
 *
 * @param scope whom it reaches where there are process groups: `group` needs {@link ownGroup}. @defaultValue `child`
 */
export function signalChild(child: ChildProcess, signal: NodeJS.Signals, scope: "child" | "group" = "child"): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (!isWindows && scope === "child") {
    child.kill(signal);
  } else if (!isWindows) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  } else if (signal === "SIGKILL") {
    spawnSync("taskkill", ["/pid", String(child.pid), "/t", "/f"], { windowsHide: true });
  } else {
    child.stdin?.write(`${signal}\n`);
  }
}
