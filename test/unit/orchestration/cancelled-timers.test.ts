import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { type GeneratorCode, inEveryStyle, styles } from "../../../src/testing/behaviours/styles.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionCompleted,
  executionStarted,
  taskCompleted,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../../../src/testing/history-builder.ts";
import { openSession } from "../../support/run-episode.ts";

const hour = 3600;
const timed = (ctx: OrchestrationContext) => ctx.callActivity("work", undefined, { timeout: "1h" });
const start = [episodeStarted(), executionStarted("test")];
const timer = (id: number) => timerCreated(id, at(hour));

/** Code, the episodes of its history, and which timers it waits for after each of them. */
type Case = readonly [string, GeneratorCode, readonly (readonly [readonly HistoryEvent[], readonly number[]])[]];

const cases: readonly Case[] = [
  [
    "of a timed call until it is answered",
    function* (ctx) {
      yield timed(ctx);
      yield timed(ctx);
      yield ctx.waitForExternalEvent("never");
    },
    [
      [[...start, taskScheduled(0, "work"), timer(1), episodeCompleted()], [1]],
      [[episodeStarted(1), taskCompleted(0), taskScheduled(2, "work"), timer(3), episodeCompleted()], [3]],
      [[episodeStarted(2), taskCompleted(2), episodeCompleted()], []],
      [[episodeStarted(3), eventRaised("x"), episodeCompleted()], []],
    ],
  ],
  [
    "of a timed wait until it is served, and of code until it cancels",
    function* (ctx) {
      const own = ctx.createTimer("1h");
      yield ctx.waitForExternalEvent("go", { timeout: "1h" });
      own.cancel();
      yield ctx.waitForExternalEvent("never");
    },
    [
      [
        [...start, timer(0), timer(1), episodeCompleted()],
        [0, 1],
      ],
      [[episodeStarted(1), eventRaised("go"), episodeCompleted()], []],
    ],
  ],
  [
    "until it fires, and one that only lost its race for good",
    function* (ctx) {
      const [lost, event] = [ctx.createTimer("1h"), ctx.waitForExternalEvent("go")];
      yield ctx.any([lost, event]);
      try {
        yield timed(ctx);
      } catch {}
      yield ctx.waitForExternalEvent("never");
    },
    [
      [[...start, timer(0), episodeCompleted()], [0]],
      [
        [episodeStarted(1), eventRaised("go"), taskScheduled(1, "work"), timer(2), episodeCompleted()],
        [0, 2],
      ],
      [[episodeStarted(hour), timerFired(2, at(hour)), episodeCompleted()], [0]],
    ],
  ],
  [
    "only if it was not cancelled at once, though another worker has recorded it",
    function* (ctx) {
      ctx.createTimer("1h").cancel();
      yield ctx.waitForExternalEvent("never");
    },
    [[[...start, timer(0), episodeCompleted()], []]],
  ],
];

const numbers = [0, 1, 2, 3];

for (const style of styles) {
  it.each(cases)(`${style}: a session waits for the timer %s`, async (_, code, episodes) => {
    const live = openSession(inEveryStyle(code)[style]);
    const seen: HistoryEvent[] = [];
    for (const [events, expected] of episodes) {
      seen.push(...events);
      const fresh = openSession(inEveryStyle(code)[style]);
      await live.execute({ pastEvents: events, newEvents: [] });
      await fresh.execute({ pastEvents: seen, newEvents: [] });

      const timers = numbers.filter((id) =>
        seen.some((event) => event.type === "TimerCreated" && event.eventId === id),
      );

      expect(timers.filter((id) => live.waitsForTimer?.(id))).toEqual(expected);
      expect(timers.filter((id) => fresh.waitsForTimer?.(id))).toEqual(expected);
    }
  });
}

it("a session of an execution that has ended waits for no timer", async () => {
  const session = openSession(function* (ctx) {
    void ctx.createTimer("1h");
    return "done";
  });

  await session.execute({ pastEvents: [...start, timer(0), executionCompleted(1, "Completed")], newEvents: [] });

  expect(session.waitsForTimer?.(0)).toBe(false);
});
