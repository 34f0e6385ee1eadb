/** Up to so many events, every episode is checked. */
const eachUpTo = 1000;
/** Beyond that, the next check waits until the history has grown by so much. */
const growth = 1.25;

/**
 * Whether an episode is to be checked. A check replays the whole history, so that to check each of n episodes would cost
 * n². Short histories, which nearly all are in development, are checked each time; a longer one whenever it has grown by
 * a quarter, which makes all checks together cost five replays, and once more at its end. What one check leaves out the
 * next one finds: it compares all episodes that its session has run.
 *
 * @param checked events of the history when it was last checked, 0 before the first time
 * @param events of the history now
 */
export function isCheckDue(checked: number, events: number, hasEnded: boolean): boolean {
  return hasEnded || events <= eachUpTo || events >= checked * growth;
}

/** `true` for a history so short that a second replay of it costs next to nothing. */
export function isShort(events: number): boolean {
  return events <= eachUpTo;
}
