import type { Session } from "node:inspector";
import type { sharedPlaces } from "./shared-marks.ts";

/** What the thread is given. Times are in milliseconds. */
export interface WatchdogThreadData {
  readonly buffer: SharedArrayBuffer;
  readonly places: typeof sharedPlaces;
  readonly intervalMs: number;
  /** From when on a block is told. */
  readonly warnAfterMs: number;
  /** When orchestrations and entities are interrupted, and when anything else is. 0 for never. */
  readonly instanceLimitMs: number;
  readonly limitMs: number;
  /** How long the event loop may take to come alive after that, and the process to end. */
  readonly killAfterMs: number;
}

type Require = (id: string) => unknown;

/**
 * The watchdog's thread. It runs in a thread of its own, made of its text, so that no bundler can lose it: nothing from
 * outside of this function may be used in it but what it is given.
 *
 * It counts the time by its own ticks, so that a machine or process that was stopped altogether is no blocked event loop.
 */
export function watchdogThread(require: Require): void {
  const { workerData } = require("node:worker_threads") as { workerData: WatchdogThreadData };
  const { writeSync } = require("node:fs") as { writeSync: (fd: number, text: string) => unknown };
  const { buffer, places, intervalMs, warnAfterMs, instanceLimitMs, limitMs, killAfterMs } = workerData;
  const numbers = new Int32Array(buffer, 0, places.text / 4);
  let lastBeat = -1;
  let lastTick = Date.now();
  let blockedMs = 0;
  let isTold = false;
  let interruptedMs: number | undefined;

  const readMark = (): string[] => {
    const length = Atomics.load(numbers, places.markLength);
    return length === 0 ? [] : Buffer.from(buffer, places.text, length).toString("utf8").split("\n");
  };
  const tell = (level: string, text: string): void => {
    try {
      writeSync(2, `${new Date().toISOString()} ${level} EventLoopBlocked: ${text}\n`);
    } catch {
      // Nobody listens.
    }
  };
  const describe = (stack: string): string => {
    const [kind, name, instanceId] = readMark();
    const who = kind === undefined ? "code that is not known" : `${kind} '${name}' of '${instanceId}'`;
    return `${who}${stack === "" ? "" : `, at ${stack}`}`;
  };
  const connect = (): Session | undefined => {
    try {
      const { Session: InspectorSession } = require("node:inspector") as typeof import("node:inspector");
      const session = new InspectorSession();
      session.connectToMainThread();
      return session;
    } catch {
      return undefined; // this Node has none
    }
  };
  /** Where the event loop's thread is. It is stopped for some milliseconds. */
  const readStack = (done: (stack: string) => void): void => {
    const session = connect();
    if (session === undefined) return done("");
    const files = new Map<string, string>();
    let isDone = false;
    const end = (stack: string): void => {
      if (isDone) return;
      isDone = true;
      session.post("Debugger.resume", () => session.post("Debugger.disable", () => session.disconnect()));
      done(stack);
    };
    session.on("Debugger.scriptParsed", ({ params }) => files.set(params.scriptId, params.url));
    session.on("Debugger.paused", ({ params }) => {
      const frames = params.callFrames.slice(0, 3).map(({ functionName, location }) => {
        const { scriptId, lineNumber } = location;
        return `${functionName || "(anonymous)"} (${files.get(scriptId) || "?"}:${lineNumber + 1})`;
      });
      end(frames.join(" < "));
    });
    session.post("Debugger.enable", () => session.post("Debugger.pause"));
    // Native code is interrupted by nothing.
    setTimeout(() => end(""), 2000);
  };
  const kill = (text: string): void => {
    tell("error", text);
    process.kill(process.pid, "SIGKILL");
  };
  const interrupt = (): void => {
    interruptedMs = 0;
    tell(
      "error",
      `the event loop is blocked for ${Math.round(blockedMs / 1000)} s by ${describe("")}; its process ends`,
    );
    const session = connect();
    const length = Atomics.load(numbers, places.open) === 1 ? Atomics.load(numbers, places.markLength) : 0;
    Buffer.from(buffer, places.text, length).copy(Buffer.from(buffer, places.victim));
    Atomics.store(numbers, places.victimLength, length);
    Atomics.store(numbers, places.isInterrupted, 1);
    if (session === undefined) return kill("the event loop cannot be interrupted, so the process is killed");
    session.post("Runtime.terminateExecution", () => session.disconnect());
  };

  setInterval(() => {
    const now = Date.now();
    const passedMs = Math.min(Math.max(0, now - lastTick), 2 * intervalMs);
    lastTick = now;
    if (interruptedMs !== undefined) {
      interruptedMs += passedMs;
      if (interruptedMs > killAfterMs) kill("the process has not ended by itself, so it is killed");
      return;
    }
    const beat = Atomics.load(numbers, places.beat);
    if (beat !== lastBeat || Atomics.load(numbers, places.isDebugged) === 1) {
      lastBeat = beat;
      blockedMs = 0;
      isTold = false;
      return;
    }
    blockedMs += passedMs;
    const [kind] = readMark();
    const limit = kind === "orchestration" || kind === "entity" ? instanceLimitMs : limitMs;
    if (limit > 0 && blockedMs >= limit) return interrupt();
    if (isTold || blockedMs < warnAfterMs) return;
    isTold = true;
    const seconds = Math.round(blockedMs / 1000);
    readStack((stack) => tell("warn", `the event loop has been blocked for ${seconds} s by ${describe(stack)}`));
  }, intervalMs);
}
