import type { Tags } from "./history-event.ts";

/** Attempt of a retried activity, from 2 on; the first attempt carries no tag. */
const attemptTag = "durable.attempt";
/** Milliseconds that an attempt has, from its beginning where it runs. */
const timeoutTag = "durable.timeoutMs";

/** What an activity has to know beside its input. It travels as tags of the task, which every SDK keeps. */
export interface AttemptInfo {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly timeoutMs: number | undefined;
}

/** Adds the info to the user's tags. Tags of the user that have names of ours are left out. */
export function encodeTaskTags(tags: Tags | undefined, info: AttemptInfo): Tags | undefined {
  if (tags === undefined && info.attempt === 1 && info.timeoutMs === undefined) return undefined;
  const encoded: Record<string, string> = { ...tags };
  delete encoded[attemptTag];
  delete encoded[timeoutTag];
  if (info.attempt > 1) encoded[attemptTag] = String(info.attempt);
  if (info.timeoutMs !== undefined) encoded[timeoutTag] = String(info.timeoutMs);
  return encoded;
}

/** Reads the info back. Anything unreadable counts as absent: tags may come from elsewhere. */
export function decodeTaskTags(tags: Tags | undefined): AttemptInfo {
  return { attempt: readNumber(tags, attemptTag) ?? 1, timeoutMs: readNumber(tags, timeoutTag) };
}

function readNumber(tags: Tags | undefined, name: string): number | undefined {
  if (tags === undefined || !Object.hasOwn(tags, name)) return undefined;
  const value = Number(tags[name]);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
