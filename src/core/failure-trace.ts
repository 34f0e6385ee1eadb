import { fileURLToPath } from "node:url";
import { type FailureDetails, formatFailure } from "./failure-details.ts";

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
  const lines = [formatFailure(details), ...(isKnown ? [] : framesOf(details))];
  // The text of a failed task ends with that of its cause.
  const isTold = isFailedTask && innerFailure !== undefined && details.errorMessage.endsWith(innerFailure.errorMessage);
  const cause = isTold ? innerFailure.innerFailure : innerFailure;
  if (cause !== undefined) lines.push(`caused by ${formatFailureTrace(cause, isKnown || isFailedTask)}`);
  return lines.join("\n");
}

function framesOf({ stackTrace = "" }: FailureDetails): readonly string[] {
  const frames = stackTrace.split("\n").filter((line) => /^\s+at /.test(line));
  const own = frames.filter((frame) => !isForeign(frame));
  return (own.length > 0 ? own : frames).slice(0, maxFrames);
}

/** Of Node, or of this package. */
function isForeign(frame: string): boolean {
  if (/[ (]node:/.test(frame)) return true;
  return homes.some((folder) => {
    const start = frame.indexOf(folder);
    return start >= 0 && /^(?:src|dist(?![/\\]samples))[/\\]/.test(frame.slice(start + folder.length));
  });
}
