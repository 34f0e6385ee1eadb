import { describe, expect, it } from "vitest";
import { isDurableError } from "../../../src/core/errors.ts";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { CarryoverEvent } from "../../../src/core/orchestrator-action.ts";
import type { TimeSpanInput } from "../../../src/core/time-span.ts";
import type { DurableTask } from "../../../src/orchestration/durable-task.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { type GeneratorCode, inEveryStyle, styles } from "../../../src/testing/behaviours/styles.ts";
import {
  at,
  episodeStarted,
  eventRaised,
  executionStarted,
  taskCompleted,
  taskFailed,
  timerFired,
} from "../../../src/testing/history-builder.ts";
import { completion, openSession, runEpisode } from "../../support/run-episode.ts";

const start = [episodeStarted(), executionStarted("test")];
const fired = (id: number) => timerFired(id, at(60));
const go = (value: unknown) => eventRaised("go", value);
const minute: TimeSpanInput = { minutes: 1 };
const wait = (ctx: OrchestrationContext) => ctx.waitForExternalEvent<number>("go");

/** Code that says what it got, what happens to it, and what it then says. */
type Case = readonly [what: string, code: GeneratorCode, events: readonly HistoryEvent[], expected: unknown];

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return isDurableError(error) ? error.code : error;
  }
}

/** Waits for the first of them, and gives its name. */
function* nameOfFirst(ctx: OrchestrationContext, tasks: Record<string, DurableTask<unknown>>) {
  const winner = yield* ctx.any(Object.values(tasks));
  return Object.keys(tasks).find((name) => (tasks[name] as unknown) === winner);
}

const cases: readonly Case[] = [
  [
    "leaves the event to the wait of a later round",
    function* (ctx) {
      for (let round = 0; round < 3; round++) {
        const event = wait(ctx);
        const timer = ctx.createTimer(minute);
        if ((yield* nameOfFirst(ctx, { event, timer })) === "timer") continue;
        timer.cancel();
        return [round, event.result];
      }
      return "timed out";
    },
    [fired(0), go(5)],
    [1, 5],
  ],
  [
    "leaves an event that comes between two rounds to the next one",
    function* (ctx) {
      for (let round = 0; round < 3; round++) {
        const event = wait(ctx);
        if ((yield* nameOfFirst(ctx, { event, timer: ctx.createTimer(minute) })) === "event")
          return [round, event.result];
        yield ctx.callActivity("remind");
      }
      return "timed out";
    },
    [fired(0), go(5), taskCompleted(1)],
    [1, 5],
  ],
  [
    "takes the event in a later round in which it takes part again",
    function* (ctx) {
      const event = wait(ctx);
      for (let round = 0; round < 3; round++) {
        if ((yield* nameOfFirst(ctx, { event, timer: ctx.createTimer(minute) })) === "event")
          return [round, event.result];
        yield ctx.callActivity("remind");
      }
      return "timed out";
    },
    [fired(0), go(5), taskCompleted(1)],
    [1, 5],
  ],
  [
    "leaves the event to others when it is only looked at",
    function* (ctx) {
      const event = wait(ctx);
      yield ctx.race([event, ctx.createTimer(minute)]);
      yield ctx.callActivity("remind");
      const looks = [event.isCompleted, event.isFaulted, attempt(() => event.result)];
      return [...looks, yield wait(ctx), event.isCompleted];
    },
    [fired(0), go(5), taskCompleted(1)],
    [false, false, "OrchestrationMisuse", 5, false],
  ],
  [
    "takes the event when it is waited for after it was looked at",
    function* (ctx) {
      const event = wait(ctx);
      yield ctx.race([event, ctx.createTimer(minute)]);
      yield ctx.callActivity("remind");
      return [event.isCompleted, yield event, event.isCompleted, event.result];
    },
    [fired(0), go(5), taskCompleted(1)],
    [false, 5, true, 5],
  ],
  [
    "keeps its place before younger waits once it takes part again",
    function* (ctx) {
      const first = wait(ctx);
      yield ctx.any([first, ctx.createTimer(minute)]);
      const second = wait(ctx);
      return yield* ctx.all([second, first]);
    },
    [fired(0), go(1), go(2)],
    [2, 1],
  ],
  [
    "keeps its place when it is awaited alone",
    function* (ctx) {
      const first = wait(ctx);
      yield ctx.any([first, ctx.createTimer(minute)]);
      const second = wait(ctx);
      return [yield first, yield second];
    },
    [fired(0), go(1), go(2)],
    [1, 2],
  ],
  [
    "gets a kept event when it is awaited alone",
    function* (ctx) {
      const event = wait(ctx);
      yield ctx.any([event, ctx.createTimer(minute)]);
      yield ctx.callActivity("remind");
      return yield event;
    },
    [fired(0), go(5), taskCompleted(1)],
    5,
  ],
  [
    "stays first while another combination still wants it",
    function* (ctx) {
      const first = wait(ctx);
      const both = ctx.all([first, ctx.callActivity("long")]);
      yield ctx.any([first, ctx.createTimer(minute)]);
      const second = wait(ctx);
      return [yield second, yield both];
    },
    [fired(1), go(1), go(2), taskCompleted(0, "done")],
    [2, [1, "done"]],
  ],
  [
    "steps back when all tasks are given up for a failure",
    function* (ctx) {
      try {
        yield ctx.all([wait(ctx), ctx.callActivity("fails")]);
      } catch {}
      return yield wait(ctx);
    },
    [taskFailed(0), go(5)],
    5,
  ],
  [
    "steps back with the combination that holds it",
    function* (ctx) {
      for (let round = 0; round < 3; round++) {
        const both = ctx.all([ctx.race([wait(ctx), ctx.waitForExternalEvent("stop")]), wait(ctx)]);
        if ((yield* nameOfFirst(ctx, { both, timer: ctx.createTimer(minute) })) === "both") return [round, both.result];
      }
      return "timed out";
    },
    [fired(0), go(1), fired(1), go(2), go(3)],
    [2, [2, 3]],
  ],
  [
    "comes back with the combination that holds it",
    function* (ctx) {
      const both = ctx.all([wait(ctx), wait(ctx)]);
      yield ctx.any([both, ctx.createTimer(minute)]);
      const third = wait(ctx);
      yield ctx.callActivity("remind");
      return [yield both, yield third];
    },
    [fired(0), taskCompleted(1), go(1), go(2), go(3)],
    [[1, 2], 3],
  ],
  [
    "completes the combination that holds it when that is waited for, not when it is looked at",
    function* (ctx) {
      const both = ctx.all([wait(ctx), wait(ctx)]);
      yield ctx.any([both, ctx.createTimer(minute)]);
      yield ctx.callActivity("remind");
      return [both.isCompleted, yield both, both.isCompleted, ctx.waitForExternalEvent("go").isCompleted];
    },
    [fired(0), go(1), go(2), taskCompleted(1)],
    [false, [1, 2], true, false],
  ],
  [
    "steps back with a map that failed, and with a map that lost",
    function* (ctx) {
      const start = (item: number) => (item === 1 ? ctx.callActivity("fails") : wait(ctx));
      try {
        yield ctx.map([0, 1], start);
      } catch {}
      const lost = ctx.map([0, 2], start, { concurrency: 1 });
      yield ctx.any([lost, ctx.createTimer(minute)]);
      return [yield wait(ctx), yield lost];
    },
    [taskFailed(0), fired(1), go(1), go(2), go(3)],
    [1, [2, 3]],
  ],
  [
    "leaves its event alone when the round is decided before its turn",
    function* (ctx) {
      const [first, second] = [wait(ctx), wait(ctx)];
      yield ctx.any([first, second, ctx.createTimer(minute)]);
      yield ctx.callActivity("remind");
      yield ctx.any([first, second]);
      const third = wait(ctx);
      return [first.result, third.result, second.isCompleted];
    },
    [fired(0), go(1), go(2), taskCompleted(1)],
    [1, 2, false],
  ],
  [
    "takes one event alone with the race that holds it and others",
    function* (ctx) {
      const either = ctx.race([wait(ctx), wait(ctx)]);
      yield ctx.any([either, ctx.createTimer(minute)]);
      yield ctx.callActivity("remind");
      return [yield either, wait(ctx).isCompleted];
    },
    [fired(0), go(1), go(2), taskCompleted(1)],
    [1, true],
  ],
  [
    "steps back from a race that was decided before it began",
    function* (ctx) {
      const done = ctx.callActivity("done");
      yield done;
      ctx.any([done, wait(ctx)]);
      return yield wait(ctx);
    },
    [taskCompleted(0), go(5)],
    5,
  ],
  [
    "fails when its time is up, and leaves the event to others",
    function* (ctx) {
      const event = ctx.waitForExternalEvent("go", { timeout: { minutes: 2 } });
      yield ctx.any([event, ctx.createTimer(minute)]);
      yield ctx.callActivity("remind");
      yield ctx.callActivity("remind");
      return [event.isFaulted, yield wait(ctx)];
    },
    [fired(1), taskCompleted(2), timerFired(0, at(120)), go(5), taskCompleted(3)],
    [true, 5],
  ],
  [
    "takes part in one combination twice",
    function* (ctx) {
      const event = wait(ctx);
      yield ctx.race([event, event, ctx.createTimer(minute)]);
      const next = wait(ctx);
      const first = yield next;
      return [first, yield ctx.race([event, event])];
    },
    [fired(0), go(1), go(2)],
    [1, 2],
  ],
];

describe.each(styles)("%s: a wait that lost", (style) => {
  it.each(cases)("%s", async (_, code, events, expected) => {
    const orchestrator = inEveryStyle(code)[style];
    const all = [...start, ...events];

    const live = openSession(orchestrator);
    let last = await live.execute({ pastEvents: [], newEvents: start });
    for (const event of events) last = await live.execute({ pastEvents: [], newEvents: [event] });
    const replayed = await runEpisode(orchestrator, [], all);

    expect(JSON.parse(completion(last).result!)).toEqual(expected);
    expect(JSON.parse(completion(replayed).result!)).toEqual(expected);
  });
});

it("waits of one name that nobody gave up are served in order", async () => {
  const result = await runEpisode(
    function* (ctx) {
      const [first, second, third] = [wait(ctx), wait(ctx), wait(ctx)];
      const later = ctx.all([third, second]);
      return [yield* first, yield* later];
    },
    [],
    [...start, go(1), go(2), go(3)],
  );

  expect(completion(result).result).toBe("[1,[3,2]]");
});

it("events that a lost wait left alone are kept over continue-as-new", async () => {
  const result = await runEpisode(
    function* (ctx) {
      const event = wait(ctx);
      yield ctx.any([event, ctx.createTimer(minute)]);
      yield ctx.callActivity("remind");
      ctx.continueAsNew();
      yield event;
      yield wait(ctx);
    },
    [],
    [...start, fired(0), go(5), go(6), taskCompleted(1)],
  );

  expect(inputsOf(completion(result).carryoverEvents)).toEqual(["5", "6"]);
});

it("a loser of Promise.race stays first, also as the next of a stream", async () => {
  const result = await runEpisode(
    async (ctx) => {
      const stream = ctx.events<number>("go")[Symbol.asyncIterator]();
      const pending = stream.next();
      await Promise.race([pending, ctx.createTimer(minute)]);
      const next = await stream.next();
      return [(await pending).value, next.value];
    },
    [],
    [...start, fired(0), go(1), go(2)],
  );

  expect(completion(result).result).toBe("[1,2]");
});

it("an async function that returns the combination gives the winner itself", async () => {
  const result = await runEpisode(
    async (ctx) => {
      const [first, second] = [wait(ctx), ctx.createTimer(minute)];
      const pick = async () => ctx.any([first, second]);
      const pickInObject = async () => ({ winner: await ctx.any([first, second]) });
      return [((await pick()) as unknown) === first, (await pickInObject()).winner === first];
    },
    [],
    [...start, go(1)],
  );

  expect(completion(result).result).toBe("[true,true]");
});

it("the tasks of a stream may lose, round for round", async () => {
  const result = await runEpisode(
    function* (ctx) {
      const seen: number[] = [];
      for (const next of ctx.events<number>("go")) {
        const value = yield* ctx.race([next, ctx.createTimer(minute)]);
        seen.push(value ?? 0);
        if (seen.length === 4) break;
      }
      return seen;
    },
    [],
    [...start, fired(0), go(1), fired(2), go(2)],
  );

  expect(completion(result).result).toBe("[0,1,0,2]");
});

it("thousands of rounds leave nothing behind that slows an event down", { timeout: 20_000 }, async () => {
  const rounds = 20_000;
  const result = await runEpisode(
    function* (ctx) {
      let got = 0;
      for (let round = 0; round < rounds; round++) {
        const event = wait(ctx);
        const timer = ctx.createTimer(minute);
        const winner = yield* ctx.any([event, timer]);
        if (winner === event) got++;
      }
      return got;
    },
    [],
    [...start, ...Array.from({ length: rounds }, (_, id) => (id % 2 === 0 ? fired(id) : go(id)))],
  );

  expect(completion(result).result).toBe(String(rounds / 2));
});

function inputsOf(events: readonly CarryoverEvent[]): unknown[] {
  return events.map((event) => event.type === "EventRaised" && event.input);
}
