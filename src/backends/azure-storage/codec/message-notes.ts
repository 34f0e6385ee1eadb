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
  /** It was handed over in memory before it was ever received, which its queue has not counted. */
  readonly wasHandedOver: boolean;
}

const noNotes: MessageNotes = { unfinishedRuns: [], lastHeartbeat: undefined, wasHandedOver: false };

const members =
  /(?:,"UnfinishedRuns":\[((?:"[0-9a-f]{8}"(?:,"[0-9a-f]{8}")*)?)\])(,"HandedOver":true)?(?:,"LastHeartbeat":("(?:[^"\\]|\\.)*"))?\}$/;

/** The last member of a message without notes, as .NET and we write it. */
const plainEnd = ":null}";

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

/** What others have noted in a message. What is received for the first time has notes only if it was handed over before. */
export function notesOfOthers(
  received: { readonly text: string; readonly dequeueCount: number },
  ownRun: string,
): MessageNotes {
  const isFirst = received.dequeueCount <= 1;
  const found = isFirst && endsPlainly(received.text) ? undefined : readMessageNotes(received.text);
  if (found !== undefined) return { ...found, unfinishedRuns: found.unfinishedRuns.filter((run) => run !== ownRun) };
  return isFirst ? noNotes : { ...noNotes, unfinishedRuns: [unknownRun] };
}

/** `undefined` when the message has no notes. */
export function readMessageNotes(queueText: string): MessageNotes | undefined {
  const found = members.exec(decode(queueText).json);
  if (found === null) return undefined;
  const [, runs = "", handedOver, heartbeat] = found;
  return {
    wasHandedOver: handedOver !== undefined,
    unfinishedRuns: runs.split(",").flatMap((run) => (run === "" ? [] : run.slice(1, -1))),
    lastHeartbeat: heartbeat === undefined ? undefined : readJsonString(heartbeat),
  };
}

/** The queue text with other notes, in the encoding that it had. */
export function writeMessageNotes(
  queueText: string,
  { unfinishedRuns, lastHeartbeat, wasHandedOver }: MessageNotes,
): string {
  const { json, isBase64 } = decode(queueText);
  const bare = json.replace(members, "}");
  const runs = unfinishedRuns.map((run) => `"${run}"`).join(",");
  const heartbeat = lastHeartbeat === undefined ? "" : `,"LastHeartbeat":${JSON.stringify(lastHeartbeat)}`;
  const handedOver = wasHandedOver ? ',"HandedOver":true' : "";
  const text = `${bare.slice(0, -1)},"UnfinishedRuns":[${runs}]${handedOver}${heartbeat}}`;
  return isBase64 ? Buffer.from(text, "utf8").toString("base64") : text;
}

/** Tells most messages without notes by their last characters. */
function endsPlainly(queueText: string): boolean {
  const tail = queueText.startsWith("{")
    ? queueText
    : Buffer.from(queueText.slice(-16), "base64").toString("latin1").trimEnd();
  return tail.endsWith(plainEnd);
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
