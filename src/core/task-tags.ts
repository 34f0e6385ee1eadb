import type { Tags } from "./history-event.ts";

/** Attempt of a retried activity, from 2 on; the first attempt carries no tag. */
const attemptTag = "durable.attempt";
/** Milliseconds that an activity has. */
const timeoutTag = "durable.timeoutMs";

/** What the orchestrator tells an activity beside its input. It travels as tags of the task, which every SDK keeps. */
export interface TaskNotes {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly timeoutMs: number | undefined;
}

/** Adds the notes to the user's tags. Tags of the user that have the names of notes are left out. */
export function encodeTaskTags(tags: Tags | undefined, notes: TaskNotes): Tags | undefined {
  if (tags === undefined && notes.attempt === 1 && notes.timeoutMs === undefined) return undefined;
  const encoded: Record<string, string> = { ...tags };
  delete encoded[attemptTag];
  delete encoded[timeoutTag];
  if (notes.attempt > 1) encoded[attemptTag] = String(notes.attempt);
  if (notes.timeoutMs !== undefined) encoded[timeoutTag] = String(notes.timeoutMs);
  return encoded;
}

/** Reads the notes back. Anything unreadable counts as absent: tags may come from elsewhere. */
export function decodeTaskTags(tags: Tags | undefined): TaskNotes {
  return { attempt: readNumber(tags, attemptTag) ?? 1, timeoutMs: readNumber(tags, timeoutTag) };
}

function readNumber(tags: Tags | undefined, name: string): number | undefined {
  if (tags === undefined || !Object.hasOwn(tags, name)) return undefined;
  const value = Number(tags[name]);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
