/** Up to so many events, every episode is checked. */
const eachUpTo = 1000;
/** A check that took longer counts as one of a long history. */
const slowMs = 1000;
/** Beyond that, the next check waits until the history has grown by so much. */
const growth = 1.25;

/**
 * Whether an episode is to be checked. A check replays the whole history, so that to check each of n episodes would cost
 * n². Short histories, which nearly all are in development, are checked each time; a longer one whenever it has grown by
 * a quarter, which makes all checks together cost five replays, and once more at its end. So is one whose code takes long.
 * What one check leaves out the next one finds: it compares all episodes that its session has run.
 *
 * @param checked events of the history when it was last checked, 0 before the first time
 * @param events of the history now
 * @param lastMs how long the last check took, in milliseconds
 */
export function isCheckDue(checked: number, events: number, hasEnded: boolean, lastMs: number): boolean {
  return hasEnded || isShort(events, lastMs) || events >= checked * growth;
}

/** `true` for a history so short that a second replay of it costs next to nothing. */
export function isShort(events: number, lastMs: number): boolean {
  return events <= eachUpTo && lastMs <= slowMs;
}
