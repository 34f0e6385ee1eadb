import { createHash } from "node:crypto";

/**
 * Runs of an activity, or of an instance's code, that have begun and, as far as the message tells, not ended: the processes
 * that began them. Kept as
 * the last member of the message's JSON, which other workers ignore, so that no other storage is needed and a message
 * that is delivered once never carries it.
 */
const member = /,"UnfinishedRuns":\[((?:"[0-9a-f]{8}"(?:,"[0-9a-f]{8}")*)?)\]\}$/;

/**
 * The name of a process in a message: short, and free of anything that would need escaping.
 *
 * @param processId unlike that of any other process, also of one that has taken over the worker's id
 */
export function runOf(processId: string): string {
  return createHash("sha256").update(processId).digest("hex").slice(0, 8);
}

/** A run of which the message says nothing: it was delivered, and nobody has given it back. */
const unknownRun = "00000000";

/** A run that was seen to take its process down: there is no need to try that again. */
export const fatalRun = "ffffffff";

/** How many these are; without end when one of them is known to be fatal. */
export function countRuns(runs: readonly string[]): number {
  return runs.includes(fatalRun) ? Number.POSITIVE_INFINITY : runs.length;
}

/** Runs by other processes that a message tells of. What is delivered for the first time has none. */
export function runsOfOthers(
  received: { readonly text: string; readonly dequeueCount: number },
  ownRun: string,
): readonly string[] {
  if (received.dequeueCount === 1) return [];
  return (readUnfinishedRuns(received.text) ?? [unknownRun]).filter((run) => run !== ownRun);
}

/** `undefined` when the message says nothing about runs. */
export function readUnfinishedRuns(queueText: string): readonly string[] | undefined {
  const found = member.exec(decode(queueText).json);
  return found === null
    ? undefined
    : (found[1] ?? "").split(",").flatMap((run) => (run === "" ? [] : run.slice(1, -1)));
}

/** The queue text with other runs, in the encoding that it had. */
export function writeUnfinishedRuns(queueText: string, runs: readonly string[]): string {
  const { json, isBase64 } = decode(queueText);
  const bare = json.replace(member, "}");
  const text = `${bare.slice(0, -1)},"UnfinishedRuns":[${runs.map((run) => `"${run}"`).join(",")}]}`;
  return isBase64 ? Buffer.from(text, "utf8").toString("base64") : text;
}

function decode(queueText: string): { readonly json: string; readonly isBase64: boolean } {
  const isBase64 = !/^[\s\ufeff]*\{/.test(queueText);
  return { json: (isBase64 ? Buffer.from(queueText, "base64").toString("utf8") : queueText).trimEnd(), isBase64 };
}
