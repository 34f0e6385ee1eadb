import { createHash } from "node:crypto";

/**
 * What workers note in a message, as the last members of its JSON, which other workers ignore: no other storage is needed,
 * and a message that is delivered once, to an activity without a heartbeat, never carries any.
 */
export interface MessageNotes {
  /**
   * Runs of an activity, or of an instance's code, that have begun and, as far as the message tells, not ended: the
   * processes that began them.
   */
  readonly unfinishedRuns: readonly string[];
  /** Details of the last heartbeat of an activity, JSON text. */
  readonly lastHeartbeat: string | undefined;
}

const members =
  /(?:,"UnfinishedRuns":\[((?:"[0-9a-f]{8}"(?:,"[0-9a-f]{8}")*)?)\])(?:,"LastHeartbeat":("(?:[^"\\]|\\.)*"))?\}$/;

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

/** What others have noted in a message. What is delivered for the first time has no notes. */
export function notesOfOthers(
  received: { readonly text: string; readonly dequeueCount: number },
  ownRun: string,
): MessageNotes {
  if (received.dequeueCount === 1) return { unfinishedRuns: [], lastHeartbeat: undefined };
  const { unfinishedRuns, lastHeartbeat } = readMessageNotes(received.text) ?? {
    unfinishedRuns: [unknownRun],
    lastHeartbeat: undefined,
  };
  return { unfinishedRuns: unfinishedRuns.filter((run) => run !== ownRun), lastHeartbeat };
}

/** `undefined` when the message has no notes. */
export function readMessageNotes(queueText: string): MessageNotes | undefined {
  const found = members.exec(decode(queueText).json);
  if (found === null) return undefined;
  const [, runs = "", heartbeat] = found;
  return {
    unfinishedRuns: runs.split(",").flatMap((run) => (run === "" ? [] : run.slice(1, -1))),
    lastHeartbeat: heartbeat === undefined ? undefined : readJsonString(heartbeat),
  };
}

/** The queue text with other notes, in the encoding that it had. */
export function writeMessageNotes(queueText: string, { unfinishedRuns, lastHeartbeat }: MessageNotes): string {
  const { json, isBase64 } = decode(queueText);
  const bare = json.replace(members, "}");
  const runs = unfinishedRuns.map((run) => `"${run}"`).join(",");
  const heartbeat = lastHeartbeat === undefined ? "" : `,"LastHeartbeat":${JSON.stringify(lastHeartbeat)}`;
  const text = `${bare.slice(0, -1)},"UnfinishedRuns":[${runs}]${heartbeat}}`;
  return isBase64 ? Buffer.from(text, "utf8").toString("base64") : text;
}

function readJsonString(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    // Somebody else's note.
    return undefined;
  }
}

function decode(queueText: string): { readonly json: string; readonly isBase64: boolean } {
  const isBase64 = !queueText.trimStart().startsWith("{");
  return { json: (isBase64 ? Buffer.from(queueText, "base64").toString("utf8") : queueText).trimEnd(), isBase64 };
}
