import { describe, expect, it } from "vitest";
import { CronExpression } from "../../../../src/host/triggers/schedule/cron-expression.ts";
import { findTimeZone, formatLocalTime } from "../../../../src/host/triggers/schedule/time-zone.ts";
import { isSubMinute, parseSchedule } from "../../../../src/host/triggers/schedule/timer-schedule.ts";
import { recordedOccurrences, recordedRefusals, recordedTimeSpans } from "./recorded-schedules.ts";

const utc = findTimeZone("UTC")!;
const losAngeles = findTimeZone("America/Los_Angeles")!;

/** The next times of a schedule, as clocks of the zone show them. */
function follow(text: string, zone = utc, from = "2026-01-01T00:00:00Z", count = 4): readonly string[] {
  const schedule = parseSchedule(text, zone);
  const times: string[] = [];
  for (let time: number | undefined = Date.parse(from); times.length < count; ) {
    time = schedule.next(time);
    if (time === undefined) break;
    times.push(formatLocalTime(time, zone));
  }
  return times;
}

describe("an NCRONTAB expression", () => {
  it.each(recordedOccurrences)("%s after %s comes when NCrontab says so", (expression, from, expected) => {
    const cron = new CronExpression(expression);
    const times: string[] = [];
    for (let time: number | undefined = Date.parse(`${from}Z`); times.length < 4; ) {
      time = cron.next(time);
      if (time === undefined) break;
      times.push(new Date(time).toISOString().slice(0, 19));
    }

    expect(times).toEqual(expected);
  });

  it.each(recordedRefusals)("'%s' is refused, as NCrontab does", (expression) => {
    expect(() => new CronExpression(expression)).toThrow(expect.objectContaining({ code: "InvalidOption" }));
  });

  it("that is wrong is told with the field, what it may be, and examples", () => {
    expect(() => parseSchedule("0 0 0 * * 7", utc)).toThrow(
      /the schedule '0 0 0 \* \* 7' is not valid: '7' is no day of week: a number from 0 to 6 or a name \(sun\).*'0 \*\/5 \* \* \* \*' is every five minutes/,
    );
    expect(() => parseSchedule("* * * *", utc)).toThrow(/it has 4 fields, not the six of \{second\} \{minute\}/);
    expect(() => parseSchedule("0 0 0 L * *", utc)).toThrow(/L, W, \? and # are not known/);
    expect(() => parseSchedule("0 0 0 30 2 *", utc)).toThrow(/never comes: there is no such day/);
  });

  it("with seconds that are between two fires at neither of them", () => {
    expect(new CronExpression("*/5 * * * * *").next(Date.UTC(2026, 0, 1) + 4_999)).toBe(Date.UTC(2026, 0, 1) + 5_000);
    expect(new CronExpression("*/5 * * * * *").next(Date.UTC(2026, 0, 1) + 5_000)).toBe(Date.UTC(2026, 0, 1) + 10_000);
  });
});

describe("a length of time", () => {
  it.each(recordedTimeSpans.filter(([, ms]) => ms > 0))("%s is %d ms, as .NET reads it", (text, ms) => {
    expect(parseSchedule(text, utc).next(1_000)).toBe(1_000 + ms);
  });

  it("that is none is refused", () => {
    expect(() => parseSchedule("00:00:00", utc)).toThrow("the schedule '00:00:00' is no time at all");
    expect(() => parseSchedule("-00:01:00", utc)).toThrow("is no time at all");
    expect(() => parseSchedule("PT5M", utc)).toThrow("is not valid");
  });
});

describe("on the day that clocks are set forward", () => {
  // 2026-03-08, from 02:00 to 03:00.
  it("a time in the hour that is left out comes an hour later, once", () => {
    expect(follow("0 30 2 * * *", losAngeles, "2026-03-07T12:00:00-08:00", 3)).toEqual([
      "2026-03-08T03:30:00-07:00",
      "2026-03-09T02:30:00-07:00",
      "2026-03-10T02:30:00-07:00",
    ]);
  });

  it("what repeats goes on as if the hour were not", () => {
    expect(follow("0 */30 * * * *", losAngeles, "2026-03-08T01:00:00-08:00")).toEqual([
      "2026-03-08T01:30:00-08:00",
      "2026-03-08T03:00:00-07:00",
      "2026-03-08T03:30:00-07:00",
      "2026-03-08T04:00:00-07:00",
    ]);
  });
});

describe("on the day that clocks are set back", () => {
  // 2026-11-01, from 02:00 to 01:00.
  it("a point in time is met the first time only", () => {
    expect(follow("0 30 1 * * *", losAngeles, "2026-10-31T12:00:00-07:00", 2)).toEqual([
      "2026-11-01T01:30:00-07:00",
      "2026-11-02T01:30:00-08:00",
    ]);
    expect(follow("0 0,30 1 * * *", losAngeles, "2026-11-01T01:10:00-08:00", 1)).toEqual(["2026-11-02T01:00:00-08:00"]);
  });

  it("a point in time of that day is found months before", () => {
    expect(follow("0 30 1 1 11 *", losAngeles, "2026-02-01T00:00:00-08:00", 1)).toEqual(["2026-11-01T01:30:00-07:00"]);
  });

  it("what repeats goes on through both hours", () => {
    expect(follow("0 */30 * * * *", losAngeles, "2026-11-01T00:30:00-07:00", 6)).toEqual([
      "2026-11-01T01:00:00-07:00",
      "2026-11-01T01:30:00-07:00",
      "2026-11-01T01:00:00-08:00",
      "2026-11-01T01:30:00-08:00",
      "2026-11-01T02:00:00-08:00",
      "2026-11-01T02:30:00-08:00",
    ]);
  });
});

it("the time of each occurrence lies after the one before it, whatever the zone and the day", () => {
  for (const name of [
    "America/Los_Angeles",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
  ]) {
    const zone = findTimeZone(name)!;
    for (const text of ["0 */20 * * * *", "0 15,45 1,2 * * *", "30 10 0-3 * * *", "0 0 2 * * *"]) {
      const schedule = parseSchedule(text, zone);
      for (const day of ["2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31"]) {
        let time = Date.parse(`${day}T12:00:00Z`);
        for (let count = 0; count < 80; count++) {
          const next = schedule.next(time)!;
          expect(next, `${text} in ${name} after ${new Date(time).toISOString()}`).toBeGreaterThan(time);
          time = next;
        }
      }
    }
  }
});

it("only schedules that fire more than once in a minute have no status", () => {
  const time = Date.UTC(2026, 0, 1);
  const texts = ["*/30 * * * * *", "00:00:29", "0 * * * * *", "00:01:00", "0 0 0 29 2 *"];

  expect(texts.map((text) => isSubMinute(parseSchedule(text, utc), time))).toEqual([true, true, false, false, false]);
});

it("times are written as .NET writes them", () => {
  expect([
    formatLocalTime(Date.UTC(2026, 0, 1), utc),
    formatLocalTime(Date.UTC(2026, 0, 1, 12, 0, 0, 120), losAngeles),
    formatLocalTime(Date.UTC(2026, 0, 1), findTimeZone("Asia/Kathmandu")!),
  ]).toEqual(["2026-01-01T00:00:00+00:00", "2026-01-01T04:00:00.12-08:00", "2026-01-01T05:45:00+05:45"]);
  expect(findTimeZone("Nowhere/Land")).toBeUndefined();
});
