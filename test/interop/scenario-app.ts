import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import { type GeneratorCode, inEveryStyle, type Style } from "../../src/testing/behaviours/styles.ts";
import { Registry } from "../../src/worker/registry.ts";

/** What both sides see: what is broken, and how often something was tried. */
export interface Flags {
  isSet(name: string): boolean;
  /** How often it was asked before. */
  count(name: string): number;
}

/** Files of a folder. */
export function flagsIn(folder: string): Flags {
  return {
    isSet: (name) => existsSync(join(folder, name)),
    count(name) {
      const path = join(folder, name);
      const before = existsSync(path) ? readFileSync(path).length : 0;
      appendFileSync(path, "x");
      return before;
    },
  };
}

/** The same code as in `Scenarios.cs`, action for action, so that either side can go on with what the other began. */
export function createScenarioRegistry(flags: Flags, style: Style = "generator"): Registry {
  const registry = new Registry();
  for (const [name, code] of Object.entries(orchestrators)) {
    registry.addOrchestration({ name, orchestrator: inEveryStyle(code)[style] });
  }
  registry.addActivity({ name: "SayHello", activity: (who: string) => `Hello ${who}!` });
  registry.addActivity({ name: "Echo", activity: (value: unknown) => value });
  registry.addActivity({
    name: "Slow",
    activity: async (value: unknown) => {
      await sleep(400);
      return value;
    },
  });
  registry.addActivity({
    name: "Fail",
    activity: (message: string) => {
      throw new RangeError(message, { cause: new TypeError("inner reason") });
    },
  });
  registry.addActivity({
    name: "Flaky",
    activity: (failures: number, context) => {
      const before = flags.count(`flaky-${context.instanceId}`);
      if (before < failures) throw new Error(`flaky ${before}`);
      return `after ${before}`;
    },
  });
  registry.addActivity({
    name: "FailIfFlag",
    activity: (flag: string) => {
      if (flags.isSet(flag)) throw new Error("flag is set");
      return "flag is gone";
    },
  });
  return registry;
}

const hello = (ctx: OrchestrationContext, who: string) => ctx.callActivity<string>("SayHello", who);
const callAll = (ctx: OrchestrationContext, activity: string, count: number) =>
  ctx.all(Array.from({ length: count }, (_, index) => ctx.callActivity(activity, index)));
const childOf = (ctx: OrchestrationContext, name: string, input: unknown = null) =>
  ctx.callSubOrchestrator(name, input, `${ctx.instanceId}-child`);

const orchestrators: Readonly<Record<string, GeneratorCode>> = {
  *Hello(ctx) {
    return [yield* hello(ctx, "Tokyo"), yield* hello(ctx, "Seattle"), yield* hello(ctx, "London")];
  },
  *FanOut(ctx, count: number) {
    return (yield* callAll(ctx, "Echo", count)).length;
  },
  *SlowFan(ctx, count: number) {
    return (yield* callAll(ctx, "Slow", count)).length;
  },
  *FanWait(ctx, count: number) {
    const before = yield* callAll(ctx, "Echo", count);
    yield ctx.waitForExternalEvent("Go");
    return before.length + (yield* callAll(ctx, "Echo", count)).length;
  },
  *Parent(ctx, input) {
    return yield* ctx.callSubOrchestrator("Hello", input);
  },
  *ParentNamed(ctx, input) {
    return yield* childOf(ctx, "WaitGo", input);
  },
  *ParentFailing(ctx, input) {
    return yield* childOf(ctx, "Failing", input);
  },
  *ParentRewind(ctx, input) {
    return yield* childOf(ctx, "Rewindable", input);
  },
  *Detached(ctx, input) {
    ctx.startNewOrchestration("Hello", input, { instanceId: `${ctx.instanceId}-detached` });
    return yield* hello(ctx, "after");
  },
  *Timer(ctx, seconds: number) {
    const before = yield* hello(ctx, "before");
    yield ctx.createTimer({ seconds });
    return [before, yield* hello(ctx, "after")];
  },
  *LongTimer(ctx, days: number) {
    yield ctx.createTimer({ days });
    return "due";
  },
  *Race(ctx, seconds: number) {
    const timer = ctx.createTimer({ seconds });
    const go = ctx.waitForExternalEvent("Go");
    if ((yield* ctx.any([timer, go])) !== go) return "timeout";
    timer.cancel();
    return yield* go;
  },
  *Events(ctx) {
    const list: unknown[] = [yield* hello(ctx, "before")];
    for (let i = 0; i < 3; i++) list.push(yield* ctx.waitForExternalEvent("Go"));
    list.push(yield* ctx.waitForExternalEvent("Other"));
    return list;
  },
  *WaitGo(ctx) {
    const before = yield* hello(ctx, "before");
    const who = yield* ctx.waitForExternalEvent<string>("Go");
    return [before, yield* hello(ctx, who)];
  },
  *Waiter(ctx) {
    return yield* ctx.waitForExternalEvent("go");
  },
  *Loop(ctx, left: number) {
    yield hello(ctx, `round ${left}`);
    if (left === 0) return [yield* ctx.waitForExternalEvent("Go"), yield* ctx.waitForExternalEvent("Go")];
    return ctx.continueAsNew(left - 1);
  },
  *Failing(ctx) {
    return yield* ctx.callActivity("Fail", "no luck");
  },
  *Throwing() {
    throw new Error("thrown by the orchestrator");
  },
  *Catching(ctx) {
    return yield* caught(ctx.callActivity("Fail", "no luck"));
  },
  *CatchWait(ctx) {
    const text = yield* caught(ctx.callActivity("Fail", "no luck"));
    yield ctx.waitForExternalEvent("Go");
    return [text, yield* hello(ctx, "x")];
  },
  *FailLater(ctx) {
    yield hello(ctx, "x");
    yield ctx.waitForExternalEvent("Go");
    return yield* ctx.callActivity("Fail", "no luck");
  },
  *ParentFailLater(ctx) {
    return yield* caught(childOf(ctx, "FailLater"));
  },
  *Retrying(ctx, failures: number) {
    return yield* ctx.callActivity("Flaky", failures, { retry: { firstInterval: "1s", maxAttempts: 3 } });
  },
  *Status(ctx) {
    ctx.setCustomStatus({ step: 1, text: "ü" });
    yield hello(ctx, "x");
    ctx.setCustomStatus({ step: 2, text: "€ 🌍" });
    yield ctx.waitForExternalEvent("Go");
    ctx.setCustomStatus("done");
    return "ok";
  },
  *Rewindable(ctx, flag) {
    return [yield* hello(ctx, "first"), yield* ctx.callActivity("FailIfFlag", flag), yield* hello(ctx, "last")];
  },
  *Echo(ctx, input) {
    return yield* ctx.callActivity("Echo", input);
  },
  *LargeWait(ctx, input) {
    const first = yield* ctx.callActivity<string>("Echo", input);
    yield ctx.waitForExternalEvent("Go");
    return (yield* ctx.callActivity<string>("Echo", first)).length;
  },
  *Quick(_, input) {
    return input;
  },
  *Version(ctx) {
    return [ctx.version, yield* hello(ctx, ctx.version)];
  },
  *SendTo(ctx, input: string) {
    ctx.sendEvent(input, "Go", "Oslo");
    return yield* hello(ctx, "sent");
  },
};

function* caught(task: ReturnType<OrchestrationContext["callActivity"]>) {
  try {
    return yield* task;
  } catch (error) {
    const { message } = error as Error;
    return message.includes("no luck") || message.includes("flag is set") ? "caught" : `other: ${message}`;
  }
}
