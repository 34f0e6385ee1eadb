/** Up to so many events, every episode is checked. */
const eachUpTo = 1000;
/** Beyond that, the next check waits until the history has grown by so much. */
const growth = 1.25;

/**
 * Whether an episode is to be checked. A check replays the whole history, so that to check each of n episodes would cost
 * n². Short histories, which nearly all are in development, are checked each time; a longer one whenever it has grown by
 * a quarter, which makes all checks together cost five replays, and once more at its end. What a check leaves out the
 * next one finds: it compares all episodes.
 *
 * @param before events ahead of the episode
 * @param after events with those that the episode was brought
 */
export function isCheckDue(before: number, after: number, hasEnded: boolean): boolean {
  return hasEnded || after <= eachUpTo || stepOf(before) < stepOf(after);
}

/** `true` for a history so short that two replays of it cost next to nothing. */
export function isShort(events: number): boolean {
  return events <= eachUpTo;
}

function stepOf(events: number): number {
  return events <= eachUpTo ? 0 : 1 + Math.floor(Math.log(events / eachUpTo) / Math.log(growth));
}
