import { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { Server, Socket } from "node:net";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { afterEach, beforeEach } from "vitest";

// The rule of the unit tier: nothing waits for real time, and nothing leaves the process. What breaks it works as ever,
// and fails its test afterwards, with the place where it was done.

const noWaiting =
  "a unit test never waits for real time: give the code a SteppedClock, or wait a turn with setImmediate";
const noLeaving = "a unit test opens no socket and starts no process: it belongs into another tier";
/** Without a delay a timer is but a turn of the event loop. */
const hasDelay = (ms: unknown) => Number(ms) > 0;

type Callable = (this: unknown, ...args: unknown[]) => unknown;

interface Watched {
  readonly owner: object;
  readonly name: string;
  readonly rule: string;
  /** Whether a call breaks the rule. @defaultValue every call does */
  readonly breaks?: (...args: readonly unknown[]) => boolean;
}

const watched: readonly Watched[] = [
  { owner: globalThis, name: "setTimeout", rule: noWaiting, breaks: (_, ms) => hasDelay(ms) },
  { owner: timers, name: "setTimeout", rule: noWaiting, breaks: (_, ms) => hasDelay(ms) },
  { owner: timersPromises, name: "setTimeout", rule: noWaiting, breaks: hasDelay },
  { owner: globalThis, name: "setInterval", rule: noWaiting },
  { owner: timers, name: "setInterval", rule: noWaiting },
  { owner: timersPromises, name: "setInterval", rule: noWaiting },
  { owner: AbortSignal, name: "timeout", rule: noWaiting },
  { owner: Socket.prototype, name: "connect", rule: noLeaving },
  { owner: Server.prototype, name: "listen", rule: noLeaving },
  { owner: ChildProcess.prototype, name: "spawn", rule: noLeaving },
];

interface Watch {
  /** Puts the watching functions in place. */
  readonly install: () => void;
  readonly breaches: Error[];
}

function createWatch(): Watch {
  const breaches: Error[] = [];
  const replacements = watched.map(({ owner, name, rule, breaks = () => true }) => {
    const members = owner as Record<string, Callable>;
    const original = members[name]!;
    const replacement = function (this: unknown, ...args: unknown[]) {
      if (breaks(...args)) {
        const error = new Error(`'${name}' was called: ${rule}`);
        Error.captureStackTrace(error, replacement);
        breaches.push(error);
      }
      return original.apply(this, args);
    };
    return { members, name, replacement: Object.assign(replacement, original) };
  });
  const install = () => {
    for (const { members, name, replacement } of replacements) members[name] = replacement;
    syncBuiltinESMExports();
  };
  return { install, breaches };
}

/** This file runs again before each file of tests, in a process that has run others: one watch serves them all. */
const key = Symbol.for("durable-functions-ts.unit-tier");
const globals = globalThis as { [key]?: Watch };
globals[key] ??= createWatch();
const { install, breaches } = globals[key];

/** What has broken the rule since the last call. */
export function takeBreaches(): readonly Error[] {
  return breaches.splice(0);
}

install();
// Who fakes timers puts back what was there before the watch.
beforeEach(install);
afterEach(() => {
  const [first] = takeBreaches();
  if (first !== undefined) throw first;
});
