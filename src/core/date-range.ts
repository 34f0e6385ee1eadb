/**
 * The dates that a task hub can keep are those of table storage: 1601-01-01 to 9999-12-31, UTC. Whatever lies outside is
 * refused there, so it must not get so far.
 */
export const earliestDate: Date = new Date("1601-01-01T00:00:00.000Z");
export const latestDate: Date = new Date("9999-12-31T23:59:59.999Z");

/** `false` for an invalid date, too. */
export function isInDateRange(date: Date): boolean {
  return date >= earliestDate && date <= latestDate;
}

/** The nearest date that a task hub can keep. */
export function clampDate(date: Date): Date {
  if (date < earliestDate) return new Date(earliestDate);
  return date > latestDate ? new Date(latestDate) : date;
}
