import { type Behaviour, completed, onceRecorded } from "./behaviour.ts";

const cities = ["Tokyo", "Seattle", "London"];
/** The everyday patterns, written by hand in each style. */
export const basics: readonly Behaviour[] = [
  {
    name: "runs a sequence of activities",
    *generator(ctx) {
      const greetings: string[] = [];
      for (const city of cities) greetings.push(yield* ctx.callActivity<string>("hello", city));
      return greetings;
    },
    async async(ctx) {
      const greetings: string[] = [];
      for (const city of cities) greetings.push(await ctx.callActivity<string>("hello", city));
      return greetings;
    },
    async *asyncGenerator(ctx) {
      const greetings: unknown[] = [];
      for (const city of cities) greetings.push(yield ctx.callActivity("hello", city));
      return greetings;
    },
    expected: completed(cities.map((city) => `Hello ${city}!`)),
  },
  {
    name: "fans out and in",
    input: Array.from({ length: 40 }, (_, index) => index),
    *generator(ctx, items: number[]) {
      const results = yield* ctx.all(items.map((item) => ctx.callActivity<number>("double", item)));
      return results.reduce((sum, result) => sum + result, 0);
    },
    async async(ctx, items: number[]) {
      const results = await Promise.all(items.map((item) => ctx.callActivity<number>("double", item)));
      return results.reduce((sum, result) => sum + result, 0);
    },
    async *asyncGenerator(ctx, items: number[]) {
      const results: number[] = yield ctx.all(items.map((item) => ctx.callActivity("double", item)));
      return results.reduce((sum, result) => sum + result, 0);
    },
    expected: completed(1560),
  },
  {
    name: "catches the failure of an activity",
    *generator(ctx) {
      try {
        yield ctx.callActivity("fail", "no");
      } catch (error) {
        return (error as Error).message;
      }
      return "no failure";
    },
    async async(ctx) {
      try {
        await ctx.callActivity("fail", "no");
      } catch (error) {
        return (error as Error).message;
      }
      return "no failure";
    },
    async *asyncGenerator(ctx) {
      try {
        yield ctx.callActivity("fail", "no");
      } catch (error) {
        return (error as Error).message;
      }
      return "no failure";
    },
    expected: completed("activity 'fail' failed: no"),
  },
  {
    name: "fails with what its code throws",
    *generator(ctx) {
      yield ctx.callActivity("fail", "no");
    },
    async async(ctx) {
      await ctx.callActivity("fail", "no");
    },
    async *asyncGenerator(ctx) {
      yield ctx.callActivity("fail", "no");
    },
    expected: { runtimeStatus: "Failed", output: "TaskFailedError: activity 'fail' failed: no" },
  },
  {
    name: "waits for an event",
    *generator(ctx) {
      return yield* ctx.waitForExternalEvent("GO");
    },
    async async(ctx) {
      return ctx.waitForExternalEvent("GO");
    },
    async *asyncGenerator(ctx) {
      const event: unknown = yield ctx.waitForExternalEvent("GO");
      return event;
    },
    drive: (client, instanceId) => client.raiseEvent(instanceId, "go", '{"ok":true}'),
    expected: completed({ ok: true }),
  },
  {
    name: "races a timer against an event that does not come",
    *generator(ctx) {
      const timer = ctx.createTimer({ seconds: 1 });
      return (yield* ctx.any([timer, ctx.waitForExternalEvent("never")])) === timer;
    },
    async async(ctx) {
      const timer = ctx.createTimer({ seconds: 1 });
      return (await ctx.any([timer, ctx.waitForExternalEvent("never")])) === timer;
    },
    async *asyncGenerator(ctx) {
      const timer = ctx.createTimer({ seconds: 1 });
      const winner: unknown = yield ctx.any([timer, ctx.waitForExternalEvent("never")]);
      return winner === timer;
    },
    expected: completed(true),
  },
  {
    name: "races a timer against an event that comes",
    *generator(ctx) {
      const timer = ctx.createTimer({ hours: 1 });
      const winner = yield* ctx.any([timer, ctx.waitForExternalEvent("go")]);
      timer.cancel();
      return winner.result;
    },
    async async(ctx) {
      const timer = ctx.createTimer({ hours: 1 });
      const winner = await ctx.any([timer, ctx.waitForExternalEvent("go")]);
      timer.cancel();
      return winner.result;
    },
    async *asyncGenerator(ctx) {
      const timer = ctx.createTimer({ hours: 1 });
      const winner: { result: unknown } = yield ctx.any([timer, ctx.waitForExternalEvent("go")]);
      timer.cancel();
      return winner.result;
    },
    drive: onceRecorded("TimerCreated", (client, instanceId) => client.raiseEvent(instanceId, "go", '"first"')),
    expected: completed("first"),
  },
  {
    name: "calls a sub-orchestration",
    *generator(ctx) {
      return yield* ctx.callSubOrchestrator("runs a sequence of activities (generator)");
    },
    async async(ctx) {
      return ctx.callSubOrchestrator("runs a sequence of activities (async)");
    },
    async *asyncGenerator(ctx) {
      const greetings: unknown = yield ctx.callSubOrchestrator("runs a sequence of activities (asyncGenerator)");
      return greetings;
    },
    expected: completed(cities.map((city) => `Hello ${city}!`)),
  },
  {
    name: "hears of the failure of a sub-orchestration",
    *generator(ctx) {
      yield ctx.callSubOrchestrator("fails with what its code throws (generator)");
    },
    async async(ctx) {
      await ctx.callSubOrchestrator("fails with what its code throws (generator)");
    },
    async *asyncGenerator(ctx) {
      yield ctx.callSubOrchestrator("fails with what its code throws (generator)");
    },
    expected: {
      runtimeStatus: "Failed",
      output:
        "TaskFailedError: sub-orchestration 'fails with what its code throws (generator)' failed: activity 'fail' failed: no",
    },
  },
  {
    name: "continues as new until it is done",
    input: 0,
    *generator(ctx, round: number) {
      yield ctx.callActivity("nothing");
      if (round < 5) ctx.continueAsNew(round + 1);
      return round;
    },
    async async(ctx, round: number) {
      await ctx.callActivity("nothing");
      if (round < 5) ctx.continueAsNew(round + 1);
      return round;
    },
    async *asyncGenerator(ctx, round: number) {
      yield ctx.callActivity("nothing");
      if (round < 5) ctx.continueAsNew(round + 1);
      return round;
    },
    expected: completed(5),
  },
  {
    name: "shows a custom status",
    *generator(ctx) {
      ctx.setCustomStatus({ step: 1 });
      yield ctx.callActivity("nothing");
      ctx.setCustomStatus({ step: 2 });
    },
    async async(ctx) {
      ctx.setCustomStatus({ step: 1 });
      await ctx.callActivity("nothing");
      ctx.setCustomStatus({ step: 2 });
    },
    async *asyncGenerator(ctx) {
      ctx.setCustomStatus({ step: 1 });
      yield ctx.callActivity("nothing");
      ctx.setCustomStatus({ step: 2 });
    },
    expected: { runtimeStatus: "Completed", customStatus: '{"step":2}', output: undefined },
  },
  {
    name: "is terminated while it waits",
    *generator(ctx) {
      yield ctx.waitForExternalEvent("never");
    },
    async async(ctx) {
      await ctx.waitForExternalEvent("never");
    },
    async *asyncGenerator(ctx) {
      yield ctx.waitForExternalEvent("never");
    },
    // A termination that overtakes the start leaves no decisions.
    drive: onceRecorded("ExecutionStarted", (client, instanceId) => client.terminate(instanceId, "no longer needed")),
    expected: { runtimeStatus: "Terminated", output: "no longer needed" },
  },
  {
    name: "carries payloads that do not fit a message",
    input: "ü".repeat(60_000),
    *generator(ctx, text: string) {
      return (yield* ctx.callActivity<string>("echo", `${text}${text}`)).length;
    },
    async async(ctx, text: string) {
      return (await ctx.callActivity<string>("echo", `${text}${text}`)).length;
    },
    async *asyncGenerator(ctx, text: string) {
      const echoed: string = yield ctx.callActivity("echo", `${text}${text}`);
      return echoed.length;
    },
    expected: completed(120_000),
  },
];
