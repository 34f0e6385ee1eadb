/** How long to wait before the next poll, and the bounds of it, in milliseconds. */
export interface PollWait {
  readonly defaultPollMs: number;
  readonly minPollMs: number;
  readonly maxPollMs: number;
}

const httpDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)[,\s][\w\s:,-]{10,40}$/;

/**
 * The wait that a `Retry-After` header asks for: whole seconds, or a date. Anything else counts as no header; a wait out
 * of bounds is brought within them.
 *
 * @param now what a date is measured from
 */
export function readRetryAfterMs(header: string | undefined, now: Date, wait: PollWait): number {
  const asked = readMs(header?.trim() ?? "", now) ?? wait.defaultPollMs;
  return Math.min(Math.max(asked, wait.minPollMs), wait.maxPollMs);
}

function readMs(text: string, now: Date): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!httpDate.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at - now.getTime();
}
