import type { Tags } from "./history-event.ts";

/** Attempt of a retried activity, from 2 on; the first attempt carries no tag. */
const attemptTag = "durable.attempt";
/** Milliseconds that an attempt has, from its beginning where it runs. */
const timeoutTag = "durable.timeoutMs";

/** Details of the last heartbeat of the attempt before, JSON text. */
const heartbeatTag = "durable.lastHeartbeat";

/** Tag of a sub-orchestration that answers nobody, as the .NET workers write it. It belongs to the engine. */
export const fireAndForgetTag = "FireAndForget";

/** `true` when the tags of a sub-orchestration say that it answers nobody. */
export function isFireAndForget(tags: Tags | undefined): boolean {
  return tags?.[fireAndForgetTag] !== undefined;
}

/** What an activity has to know beside its input. It travels as tags of the task, which every SDK keeps. */
export interface AttemptInfo {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly timeoutMs: number | undefined;
  /** Details of the last heartbeat of an earlier attempt, JSON text. @defaultValue none */
  readonly lastHeartbeat?: string | undefined;
}

/** Adds the info to the user's tags. Tags of the user that have names of ours are left out. */
export function encodeTaskTags(tags: Tags | undefined, info: AttemptInfo): Tags | undefined {
  const { attempt, timeoutMs, lastHeartbeat } = info;
  if (tags === undefined && attempt === 1 && timeoutMs === undefined && lastHeartbeat === undefined) return undefined;
  const encoded: Record<string, string> = { ...tags };
  delete encoded[attemptTag];
  delete encoded[timeoutTag];
  delete encoded[heartbeatTag];
  if (attempt > 1) encoded[attemptTag] = String(attempt);
  if (timeoutMs !== undefined) encoded[timeoutTag] = String(timeoutMs);
  if (lastHeartbeat !== undefined) encoded[heartbeatTag] = lastHeartbeat;
  return encoded;
}

/** Reads the info back. Anything unreadable counts as absent: tags may come from elsewhere. */
export function decodeTaskTags(tags: Tags | undefined): AttemptInfo {
  const lastHeartbeat = tags !== undefined && Object.hasOwn(tags, heartbeatTag) ? tags[heartbeatTag] : undefined;
  return {
    attempt: readNumber(tags, attemptTag) ?? 1,
    timeoutMs: readNumber(tags, timeoutTag),
    ...(typeof lastHeartbeat === "string" && { lastHeartbeat }),
  };
}

function readNumber(tags: Tags | undefined, name: string): number | undefined {
  if (tags === undefined || !Object.hasOwn(tags, name)) return undefined;
  const value = Number(tags[name]);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
