import { expect, it } from "vitest";
import { isCheckDue } from "../../../../src/worker/replay-check/check-schedule.ts";

const perEpisode = 6;

/** The lengths at which an execution is checked that grows to so many events. */
function checksUpTo(events: number): number[] {
  const checks: number[] = [];
  for (let length = 3; length <= events; length += perEpisode) {
    if (isCheckDue(checks.at(-1) ?? 0, length, false, 5)) checks.push(length);
  }
  return checks;
}

it("every episode of a short history is checked", () => {
  expect(checksUpTo(990)).toHaveLength(Math.ceil(988 / perEpisode));
});

it("all checks of a long history together cost a few replays of it", () => {
  const length = 200_000;
  const long = checksUpTo(length).filter((events) => events > 1000);

  const replayed = long.reduce((sum, events) => sum + events, 0);
  expect(replayed / length).toBeLessThan(6);
  expect(long.length).toBeGreaterThan(20);
  for (const [index, events] of long.entries()) expect(events).toBeLessThan((long[index - 1] ?? 1000) * 1.3);
});

it("the end of a history is checked, however long it is", () => {
  expect(isCheckDue(50_000, 50_006, false, 5)).toBe(false);
  expect(isCheckDue(50_000, 50_006, true, 5)).toBe(true);
});

it("a long history is checked when its session has just begun", () => {
  expect(isCheckDue(0, 9000, false, 0)).toBe(true);
});

it("code that takes long is checked as seldom as a long history", () => {
  expect(isCheckDue(100, 106, false, 900)).toBe(true);
  expect(isCheckDue(100, 106, false, 1500)).toBe(false);
  expect(isCheckDue(100, 125, false, 1500)).toBe(true);
  expect(isCheckDue(100, 106, true, 1500)).toBe(true);
});
