import { createHash } from "node:crypto";

/**
 * What workers note in the message that asks for an activity, as the last members of its JSON, which other workers ignore:
 * no other storage is needed, and a message that is delivered once, to an activity without a heartbeat, never carries any.
 */
export interface ActivityNotes {
  /** Runs that have begun and, as far as the message tells, not ended: the workers that began them. */
  readonly unfinishedRuns: readonly string[];
  /** Details of the last heartbeat, JSON text. */
  readonly lastHeartbeat: string | undefined;
}

const members =
  /(?:,"UnfinishedRuns":\[((?:"[0-9a-f]{8}"(?:,"[0-9a-f]{8}")*)?)\])(?:,"LastHeartbeat":("(?:[^"\\]|\\.)*"))?\}$/;

/** A worker's name in a message: short, and free of anything that would need escaping. */
export function runOf(workerId: string): string {
  return createHash("sha256").update(workerId).digest("hex").slice(0, 8);
}

/** A run of which the message says nothing: it was delivered, and nobody has given it back. */
export const unknownRun = "00000000";

/** `undefined` when the message has no notes. */
export function readActivityNotes(queueText: string): ActivityNotes | undefined {
  const found = members.exec(decode(queueText).json);
  if (found === null) return undefined;
  const [, runs = "", heartbeat] = found;
  return {
    unfinishedRuns: runs.split(",").flatMap((run) => (run === "" ? [] : run.slice(1, -1))),
    lastHeartbeat: heartbeat === undefined ? undefined : readJsonString(heartbeat),
  };
}

/** The queue text with other notes, in the encoding that it had. */
export function writeActivityNotes(queueText: string, { unfinishedRuns, lastHeartbeat }: ActivityNotes): string {
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
