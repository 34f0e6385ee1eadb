/** Where clocks on walls are read: turns points in time into their times, and back. */
export interface TimeZone {
  readonly name: string;
  /** How far the clocks are ahead of UTC at a point in time, in milliseconds. */
  offsetAt(time: number): number;
  /** The points in time at which clocks show a time: two when they are set back, none in an hour that is left out. */
  timesOf(wallTime: number): readonly number[];
}

const dayMs = 86_400_000;

/** @param name of the IANA database: `Europe/Berlin`. @returns `undefined` for a name that nobody knows */
export function findTimeZone(name: string): TimeZone | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }
  const offsetAt = (time: number) => {
    const whole = Math.floor(time / 1000) * 1000;
    const parts = Object.fromEntries(format.formatToParts(whole).map(({ type, value }) => [type, Number(value)]));
    const { year, month, day, hour, minute, second } = parts;
    return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - whole;
  };
  return {
    name,
    offsetAt,
    timesOf(wallTime) {
      // No zone changes its clocks twice within two days.
      const offsets = new Set([offsetAt(wallTime - dayMs), offsetAt(wallTime + dayMs)]);
      const times = [...offsets].map((offset) => wallTime - offset);
      return times.filter((time) => time + offsetAt(time) === wallTime).sort((a, b) => a - b);
    },
  };
}

/** A point in time as .NET writes it: `2026-03-01T08:00:00.5+01:00`. */
export function formatLocalTime(time: number, zone: TimeZone): string {
  const offset = zone.offsetAt(time);
  const text = new Date(time + offset).toISOString().replace(/\.?0*Z$/, "");
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${text}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
