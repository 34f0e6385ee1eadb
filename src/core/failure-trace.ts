import { fileURLToPath } from "node:url";
import { aggregatedProperty } from "./error-type.ts";
import { describeFailure, type FailureDetails, formatFailure } from "./failure-details.ts";

/** Errors of an `AggregateError` besides the first, at most. */
const maxOthers = 9;
/** Frames of one failure, at most. */
const maxFrames = 10;
/** Where this package lies, as a URL and as a path; nowhere in a bundle, whose code is one file. */
const home = /^(file:.*\/)(?:src|dist)\/core\/[^/]+$/.exec(import.meta.url)?.[1];
const homes = home === undefined ? [] : [home, fileURLToPath(home)];

/**
 * A failure for the log, with the places in the code where it and its causes were thrown.
 *
 * The failure of a task was logged with its place where the task ran, so that here its message has to do.
 *
 * ```text
 * TypeError: Cannot read properties of undefined (reading 'name')
 *     at load (/app/src/load.ts:3:12)
 * caused by Error: connect ECONNREFUSED
 *     at ...
 * ```
 */
export function formatFailureTrace(details: FailureDetails, isKnown = false): string {
  const { innerFailure } = details;
  const isFailedTask = details.errorType === "TaskFailedError";
  const frames = isKnown ? [] : framesOf(details);
  const lines = [formatFailure(details), ...frames];
  // The text of a failed task ends with that of its cause, and others do as well: then only a place of its own is news.
  const isTold =
    innerFailure !== undefined &&
    details.errorMessage.endsWith(innerFailure.errorMessage) &&
    (isFailedTask || isKnown || framesOf(innerFailure).every((frame) => frames.includes(frame)));
  const cause = isTold ? innerFailure.innerFailure : innerFailure;
  const others = isKnown ? [] : othersOf(details);
  if (cause !== undefined) lines.push(`caused by ${formatFailureTrace(cause, isKnown || isFailedTask)}`);
  lines.push(...others.slice(0, maxOthers).map((other) => `and ${formatFailure(other)}`));
  if (others.length > maxOthers) lines.push(`and ${others.length - maxOthers} more`);
  return lines.join("\n");
}

/** What an `AggregateError` holds besides its first error, which is its cause. */
function othersOf({ properties, innerFailure }: FailureDetails): readonly FailureDetails[] {
  const aggregated = properties?.[aggregatedProperty];
  if (!Array.isArray(aggregated)) return [];
  const all = aggregated as readonly FailureDetails[];
  return all[0]?.errorMessage === innerFailure?.errorMessage ? all.slice(1) : all;
}

function framesOf({ errorType, stackTrace = "" }: FailureDetails): readonly string[] {
  const frames = stackTrace.split("\n").filter((line) => /^\s+at /.test(line));
  const own = frames.filter((frame) => !isForeign(frame));
  if (own.length > 0) return own.slice(0, maxFrames);
  // What this package has to say of the user's code says it in words; where it says it helps nobody. Codes are no types.
  return /Error$/.test(errorType) ? frames.slice(0, maxFrames) : [];
}

/**
 * The stack of what user code threw outside of any task, with the frames that are of its own, and its causes.
 *
 * @param thrown anything
 */
export function formatThrown(thrown: unknown): string {
  const details = describeFailure(thrown);
  const { stackTrace: stack = "" } = details;
  // What Node threw by itself, about a module for example, says in words where the cause is.
  const isOfNodeAlone = stack.split("\n").every((line) => !/^\s+at /.test(line) || isOfNode(line));
  // What stands before the message tells of a syntax error where it is.
  const at = stack.indexOf(details.errorMessage);
  const place = details.errorType === "SyntaxError" && at > 0 ? stack.slice(0, at).split("\n").slice(0, -1) : [];
  const shown = isOfNodeAlone ? { ...details, stackTrace: undefined } : details;
  return [...place, formatFailureTrace(shown)].join("\n");
}

/**
 * The nearest frame of a stack that is code of the user, without `at`; one of a package only if there is no other.
 * `undefined` when all of it is ours or of Node.
 */
export function ownFrameOf(stack: string): string | undefined {
  const frames = [...stack.matchAll(/^\s+at .+$/gm)].map(([frame]) => frame).filter((frame) => !isForeign(frame));
  const own = frames.find((frame) => !frame.includes("node_modules")) ?? frames[0];
  return own?.replace(/^\s+at (?:async )?/, "");
}

/** Lines of a stack without the frames of Node and of this package; all of them when none would be left. */
export function ownLinesOf(lines: readonly string[]): readonly string[] {
  const isFrame = (line: string) => /^\s+at /.test(line);
  const own = lines.filter((line) => !isFrame(line) || !isForeign(line));
  return own.some(isFrame) ? own : lines;
}

function isOfNode(frame: string): boolean {
  return /[ (]node:/.test(frame);
}

/** Of Node, or of this package. */
function isForeign(frame: string): boolean {
  if (isOfNode(frame) || frame.endsWith("(<anonymous>)")) return true;
  return homes.some((folder) => {
    const start = frame.indexOf(folder);
    return start >= 0 && /^(?:src|dist(?![/\\]samples))[/\\]/.test(frame.slice(start + folder.length));
  });
}
