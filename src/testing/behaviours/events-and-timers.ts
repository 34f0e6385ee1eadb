import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import type { TimeSpanInput } from "../../core/time-span.ts";
import { defineEvent } from "../../orchestration/external-event.ts";
import { trapNames } from "./activities.ts";
import { type Behaviour, behaviour, completed, onceRecorded } from "./behaviour.ts";
import { inEveryStyle } from "./styles.ts";

const order = defineEvent<{ item: string }>("Order");

/** Raises events one after the other. */
function raise(...events: readonly (readonly [name: string, value: unknown])[]) {
  return async (client: OrchestrationClient, instanceId: string) => {
    for (const [name, value] of events) await client.raiseEvent(instanceId, name, JSON.stringify(value));
  };
}

const items = raise(["item", 1], ["ITEM", 2], ["Item", 3]);
const sum = (values: readonly unknown[]) => values.reduce<number>((total, each) => total + Number(each), 0);

function waits(name: string, when: TimeSpanInput): Behaviour {
  return behaviour(
    { name: `waits for a timer given as ${name}, and never fires early`, expected: completed(true) },
    function* (ctx) {
      const before = ctx.currentUtcDateTime.getTime();
      yield ctx.createTimer(when);
      return ctx.currentUtcDateTime.getTime() - before >= 300;
    },
  );
}

/** Timers, external events, continue-as-new. */
export const eventsAndTimers: readonly Behaviour[] = [
  waits("milliseconds", 300),
  waits("parts", { milliseconds: 300 }),
  waits("an ISO 8601 text", "PT0.3S"),
  waits("a short text", "300ms"),
  behaviour({ name: "waits until a date", expected: completed(true) }, function* (ctx) {
    const date = new Date(ctx.currentUtcDateTime.getTime() + 300);
    yield ctx.createTimer(date);
    return ctx.currentUtcDateTime >= date;
  }),
  behaviour({ name: "is woken at once by a timer in the past", expected: completed("on time") }, function* (ctx) {
    yield ctx.createTimer(new Date(0));
    // Before any date that a task hub can keep; .NET's default date is the first.
    for (const date of ["0001-01-01", "1600-12-31", "-271821-04-20"]) yield ctx.createTimer(new Date(date));
    return "on time";
  }),
  behaviour({ name: "goes on without a timer it has cancelled", expected: completed([true, false]) }, function* (ctx) {
    const timer = ctx.createTimer({ hours: 1 });
    yield ctx.callActivity("nothing");
    timer.cancel();
    yield ctx.callActivity("nothing");
    return [timer.isCanceled, timer.isCompleted];
  }),
  behaviour(
    { name: "gets events in order, whatever the case of their name", drive: items, expected: completed(6) },
    function* (ctx) {
      const tasks = [
        ctx.waitForExternalEvent("item"),
        ctx.waitForExternalEvent("item"),
        ctx.waitForExternalEvent("item"),
      ];
      return sum(yield* ctx.all(tasks));
    },
  ),
  behaviour(
    {
      name: "gets an event that came before it waited",
      drive: raise(["early", "kept"], ["go", 1]),
      expected: completed("kept"),
    },
    function* (ctx) {
      yield ctx.waitForExternalEvent("go");
      return yield* ctx.waitForExternalEvent("early");
    },
  ),
  behaviour({ name: "gives up waiting for an event", expected: completed("TaskTimeout") }, function* (ctx) {
    try {
      yield ctx.waitForExternalEvent("never", { timeout: 300 });
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "no failure";
  }),
  behaviour(
    {
      name: "gets an event within its time",
      drive: onceRecorded("TimerCreated", raise(["go", "in time"])),
      expected: completed("in time"),
    },
    function* (ctx) {
      yield ctx.callActivity("nothing");
      const task = ctx.waitForExternalEvent("go", { timeout: "1h" });
      return yield* task;
    },
  ),
  behaviour(
    {
      name: "gets an event that is defined with its type",
      drive: raise(["order", { item: "tea" }]),
      expected: completed("tea"),
    },
    function* (ctx) {
      return (yield* ctx.waitForExternalEvent(order)).item;
    },
  ),
  behaviour({ name: "hears an event in a later round of reminders", expected: completed([2, "go"]) }, function* (ctx) {
    for (let round = 0; round < 3; round++) {
      const event = ctx.waitForExternalEvent("go");
      const reminder = ctx.createTimer(round < 2 ? 1 : { hours: 1 });
      if ((yield* ctx.any([event, reminder])) === event) {
        reminder.cancel();
        return [round, event.result];
      }
      if (round === 1) ctx.sendEvent(ctx.instanceId, "go", "go");
    }
    return "never";
  }),
  behaviour(
    { name: "hears in the next round of an event that came between two", expected: completed([1, "go"]) },
    function* (ctx) {
      for (let round = 0; round < 2; round++) {
        const event = ctx.waitForExternalEvent("go");
        const reminder = ctx.createTimer(round === 0 ? 1 : { hours: 1 });
        if ((yield* ctx.any([event, reminder])) === event) return [round, event.result];
        ctx.sendEvent(ctx.instanceId, "go", "go");
        ctx.sendEvent(ctx.instanceId, "sent");
        yield ctx.waitForExternalEvent("sent");
      }
      return "never";
    },
  ),
  {
    name: "reads events as a stream",
    ...inEveryStyle(function* (ctx) {
      let total = 0;
      for (const next of ctx.events<number>("item")) {
        total += yield* next;
        if (total >= 6) break;
      }
      return total;
    }),
    async async(ctx) {
      let total = 0;
      for await (const value of ctx.events<number>("item")) {
        total += value;
        if (total >= 6) break;
      }
      return total;
    },
    drive: items,
    expected: completed(6),
  },
  ...trapNames.map((name) =>
    behaviour(
      { name: `takes an event named ${name}`, drive: raise([name, "ok"]), expected: completed("ok") },
      function* (ctx) {
        return yield* ctx.waitForExternalEvent(name);
      },
    ),
  ),
  behaviour({ name: "sends itself an event", expected: completed("to me") }, function* (ctx) {
    ctx.sendEvent(ctx.instanceId, "self", "to me");
    return yield* ctx.waitForExternalEvent("self");
  }),
  behaviour(
    { name: "continues as new a hundred times", input: 0, expected: completed(100) },
    function* (ctx, round: number) {
      if (round % 20 === 0) yield ctx.callActivity("nothing");
      if (round < 100) ctx.continueAsNew(round + 1);
      return round;
    },
  ),
  behaviour(
    { name: "keeps events over continue-as-new", input: [], drive: items, expected: completed(6) },
    function* (ctx, seen: number[]) {
      const value = yield* ctx.waitForExternalEvent<number>("item");
      if (seen.length < 2) ctx.continueAsNew([...seen, value]);
      return sum([...seen, value]);
    },
  ),
  behaviour(
    {
      name: "drops events over continue-as-new when told so",
      input: 0,
      drive: raise(["lost", 1], ["go", 1]),
      expected: completed("TaskTimeout"),
    },
    function* (ctx, round: number) {
      if (round === 0) {
        yield ctx.waitForExternalEvent("go");
        ctx.continueAsNew(1, { preserveUnprocessedEvents: false });
        return;
      }
      try {
        yield ctx.waitForExternalEvent("lost", { timeout: 300 });
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "not lost";
    },
  ),
];
