import { DurableError } from "../../../core/errors.ts";

/** One part of an expression: what it counts, and the names that stand for numbers. */
interface CronField {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly words?: readonly string[];
}

const second: CronField = { name: "second", least: 0, most: 59 };
const fields: readonly CronField[] = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day", least: 1, most: 31 },
  {
    name: "month",
    least: 1,
    most: 12,
    words: [
      "january",
      "february",
      "march",
      "april",
      "may",
      "june",
      "july",
      "august",
      "september",
      "october",
      "november",
      "december",
    ],
  },
  {
    name: "day of week",
    least: 0,
    most: 6,
    words: ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
  },
];

/** What an expression looks like, for errors. */
export const cronForm = "{second} {minute} {hour} {day} {month} {day of week}";

const dayMs = 86_400_000;
/** The calendar repeats itself after so many years. */
const calendarYears = 400;

/**
 * An NCRONTAB expression, as the Functions host reads it: six fields, or five without seconds. A day is one only where
 * the day of the month and the day of the week both match. Knows no time zones: times are those of a clock on a wall,
 * as milliseconds that `Date.UTC` would give for them.
 */
export class CronExpression {
  readonly #seconds: readonly number[];
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #days: ReadonlySet<number>;
  readonly #months: ReadonlySet<number>;
  readonly #weekdays: ReadonlySet<number>;

  /** @throws DurableError `InvalidOption` that says which part is wrong, and why */
  constructor(text: string) {
    const parts = text.split(" ").filter((part) => part !== "");
    if (parts.length !== 5 && parts.length !== 6) {
      throw invalid(`it has ${parts.length} fields, not the six of ${cronForm}`);
    }
    const wanted = parts.length === 5 ? fields : [second, ...fields];
    const values = wanted.map((field, index) => readField(parts[index]!, field));
    const [seconds, minutes, hours, days, months, weekdays] = parts.length === 5 ? [[0], ...values] : values;
    this.#seconds = seconds!;
    this.#minutes = minutes!;
    this.#hours = hours!;
    this.#days = new Set(days);
    this.#months = new Set(months);
    this.#weekdays = new Set(weekdays);
  }

  /** Repeats within a day, more than once in some hour or hour by hour: it goes on when a clock is set back. */
  get isInterval(): boolean {
    return [this.#seconds, this.#minutes, this.#hours].some(hasNeighbours);
  }

  /** The first time after `wallTime` that it matches; `undefined` when there is none, as on the 30th of February. */
  next(wallTime: number): number | undefined {
    const from = Math.floor(wallTime / 1000) * 1000 + 1000;
    const firstDay = Math.floor(from / dayMs) * dayMs;
    const today = this.#matchesDay(firstDay) ? this.#nextInDay((from - firstDay) / 1000) : undefined;
    if (today !== undefined) return firstDay + today * 1000;
    const start = new Date(firstDay);
    for (let month = 0; month <= calendarYears * 12; month++) {
      const first = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month, 1);
      const date = new Date(first);
      if (!this.#months.has(date.getUTCMonth() + 1)) continue;
      for (let day = first; new Date(day).getUTCMonth() === date.getUTCMonth(); day += dayMs) {
        if (day > firstDay && this.#matchesDay(day)) return day + this.#nextInDay(0)! * 1000;
      }
    }
    return undefined;
  }

  #matchesDay(day: number): boolean {
    const date = new Date(day);
    return (
      this.#months.has(date.getUTCMonth() + 1) &&
      this.#days.has(date.getUTCDate()) &&
      this.#weekdays.has(date.getUTCDay())
    );
  }

  /** Seconds of the day, from `from` on. */
  #nextInDay(from: number): number | undefined {
    for (const hour of this.#hours) {
      if (hour * 3600 + 3599 < from) continue;
      for (const minute of this.#minutes) {
        const start = hour * 3600 + minute * 60;
        if (start + 59 < from) continue;
        const found = this.#seconds.find((each) => start + each >= from);
        if (found !== undefined) return start + found;
      }
    }
    return undefined;
  }
}

/** Whether two of the values follow one another: the text of such a field has a star or a range. */
function hasNeighbours(values: readonly number[]): boolean {
  return values.some((value, index) => values[index + 1] === value + 1);
}

/** All values of a field, in order. */
function readField(text: string, field: CronField): readonly number[] {
  const found = new Set<number>();
  for (const item of text.split(",")) {
    const [range = "", step, ...rest] = item.split("/");
    if (range === "" || rest.length > 0) throw invalidField(text, field);
    // A step below one is one, as the Functions host has it.
    const every = step === undefined ? 1 : Math.max(1, readNumber(step, text, field, true));
    const [from, to] = readRange(range, step !== undefined, text, field);
    for (let value = from; value <= to; value += every) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

/** A range that is written backwards is the same as forwards: `FRI-MON` is Monday to Friday. */
function readRange(range: string, hasStep: boolean, text: string, field: CronField): readonly [number, number] {
  if (range === "*") return [field.least, field.most];
  const [first = "", last, ...rest] = range.split("-");
  if (rest.length > 0) throw invalidField(text, field);
  const from = readValue(first, text, field);
  if (last === undefined) return [from, hasStep ? field.most : from];
  const to = readValue(last, text, field);
  return from <= to ? [from, to] : [to, from];
}

function readValue(value: string, text: string, field: CronField): number {
  if (/^[a-z]/i.test(value) && field.words !== undefined) {
    const index = field.words.findIndex((word) => word.startsWith(value.toLowerCase()));
    if (index < 0) throw invalidField(text, field);
    return index + field.least;
  }
  const number = readNumber(value, text, field, false);
  if (number < field.least || number > field.most) throw invalidField(text, field);
  return number;
}

function readNumber(value: string, text: string, field: CronField, mayBeNegative: boolean): number {
  if (!(mayBeNegative ? /^-?\d+$/ : /^\d+$/).test(value)) throw invalidField(text, field);
  return Number(value);
}

function invalidField(text: string, { name, least, most, words }: CronField): DurableError {
  const named = words === undefined ? "" : ` or a name (${words[0]!.slice(0, 3)})`;
  const hint = /[LW?#]/i.test(text) && words === undefined ? "; L, W, ? and # are not known" : "";
  return invalid(
    `'${text}' is no ${name}: a number from ${least} to ${most}${named}, a range (a-b), a list (a,b), a step (*/n) or *${hint}`,
  );
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
