import { type Behaviour, behaviour, completed } from "./behaviour.ts";
import { inEveryStyle } from "./styles.ts";

/** Waiting for several things. */
export const combinators: readonly Behaviour[] = [
  behaviour({ name: "keeps the order of results", expected: completed([2, 4, 6, "x"]) }, function* (ctx) {
    const numbers = [1, 2, 3].map((value) => ctx.callActivity<number>("double", value));
    return yield* ctx.all([...numbers, ctx.callActivity<string>("echo", "x")]);
  }),
  behaviour({ name: "waits for nothing", expected: completed([[], []]) }, function* (ctx) {
    return [yield* ctx.all([]), yield* ctx.allSettled([])];
  }),
  behaviour(
    { name: "fails with a failure in parallel", expected: completed("activity 'fail' failed: one of three") },
    function* (ctx) {
      try {
        yield ctx.all([
          ctx.callActivity("double", 1),
          ctx.callActivity("fail", "one of three"),
          ctx.waitForExternalEvent("x"),
        ]);
      } catch (error) {
        return (error as Error).message;
      }
      return "no failure";
    },
  ),
  behaviour(
    {
      name: "fails with all failures together when it waits for every task",
      expected: {
        runtimeStatus: "Failed",
        output: "AggregateError: 2 of 3 tasks failed: activity 'fail' failed: a; activity 'fail' failed: b",
      },
    },
    function* (ctx) {
      const tasks = [ctx.callActivity("fail", "a"), ctx.callActivity("double", 1), ctx.callActivity("fail", "b")];
      yield ctx.all(tasks, { failFast: false });
    },
  ),
  behaviour(
    {
      name: "hears of all outcomes",
      expected: completed([2, "activity 'fail' failed: a", "activity 'fail' failed: b"]),
    },
    function* (ctx) {
      const tasks = [ctx.callActivity("double", 1), ctx.callActivity("fail", "a"), ctx.callActivity("fail", "b")];
      const outcomes = yield* ctx.allSettled(tasks);
      return outcomes.map((each) => (each.status === "fulfilled" ? each.value : (each.reason as Error).message));
    },
  ),
  behaviour({ name: "gets the task itself that wins", expected: completed([true, "won"]) }, function* (ctx) {
    const fast = ctx.callActivity("echo", "won");
    const slow = ctx.waitForExternalEvent("never");
    const winner = yield* ctx.any([slow, fast]);
    return [winner === fast, winner.result];
  }),
  behaviour(
    { name: "gets a winner that has failed, without failing", expected: completed([true, true]) },
    function* (ctx) {
      const failing = ctx.callActivity("fail", "first");
      const winner = yield* ctx.any([ctx.waitForExternalEvent("never"), failing]);
      return [winner === failing, winner.isFaulted];
    },
  ),
  behaviour({ name: "races to a result", expected: completed("won") }, function* (ctx) {
    return yield* ctx.race([ctx.waitForExternalEvent("never"), ctx.callActivity("echo", "won")]);
  }),
  behaviour({ name: "races to a failure", expected: completed("activity 'fail' failed: lost") }, function* (ctx) {
    try {
      yield ctx.race([ctx.waitForExternalEvent("never"), ctx.callActivity("fail", "lost")]);
    } catch (error) {
      return (error as Error).message;
    }
    return "no failure";
  }),
  behaviour({ name: "nests combinations", expected: completed([[2, 4], "x", [[6], "y"]]) }, function* (ctx) {
    const double = (value: number) => ctx.callActivity<number>("double", value);
    return yield* ctx.all([
      ctx.all([double(1), double(2)]),
      ctx.race([ctx.waitForExternalEvent("never"), ctx.callActivity("echo", "x")]),
      ctx.all([ctx.all([double(3)]), ctx.callActivity("echo", "y")]),
    ]);
  }),
  behaviour({ name: "waits again for what it has", expected: completed([2, 2, [2]]) }, function* (ctx) {
    const task = ctx.callActivity<number>("double", 1);
    return [yield* task, yield* task, yield* ctx.all([task])];
  }),
  behaviour({ name: "maps with bounded concurrency", expected: completed([12, true]) }, function* (ctx) {
    const done = yield* ctx.map(Array.from({ length: 12 }), (_, index) => ctx.callActivity("counted", index), {
      concurrency: 3,
    });
    const most = yield* ctx.callActivity<number>("mostAtOnce");
    return [done.length, most >= 1 && most <= 3];
  }),
  behaviour({ name: "maps waits one after the other", expected: completed([0, 1, 2]) }, function* (ctx) {
    for (const item of [0, 1, 2]) ctx.sendEvent(ctx.instanceId, "item", item);
    ctx.sendEvent(ctx.instanceId, "sent");
    yield ctx.waitForExternalEvent("sent");
    return yield* ctx.map([0, 1, 2], () => ctx.waitForExternalEvent<number>("item"), { concurrency: 1 });
  }),
  behaviour({ name: "maps nothing", expected: completed([]) }, function* (ctx) {
    return yield* ctx.map([], () => ctx.callActivity("nothing"));
  }),
  behaviour(
    { name: "starts nothing more once a mapped call has failed", expected: completed("activity 'fail' failed: 0") },
    function* (ctx) {
      try {
        yield ctx.map([0, 1, 2, 3], (item) => ctx.callActivity("fail", String(item)), { concurrency: 1 });
      } catch (error) {
        return (error as Error).message;
      }
      return "no failure";
    },
  ),
  {
    name: "takes the combinators of Promise in async style",
    ...inEveryStyle(function* (ctx) {
      const all = yield* ctx.all([ctx.callActivity("double", 1), ctx.callActivity("double", 2)]);
      const first = yield* ctx.race([ctx.callActivity("echo", "first"), ctx.waitForExternalEvent("never")]);
      const [outcome] = yield* ctx.allSettled([ctx.callActivity("fail", "x")]);
      return [all, first, outcome.status];
    }),
    async async(ctx) {
      const all = await Promise.all([ctx.callActivity("double", 1), ctx.callActivity("double", 2)]);
      const first = await Promise.race([ctx.callActivity("echo", "first"), ctx.waitForExternalEvent("never")]);
      const [outcome] = await Promise.allSettled([ctx.callActivity("fail", "x")]);
      return [all, first, outcome!.status];
    },
    expected: completed([[2, 4], "first", "rejected"]),
  },
  {
    name: "takes Promise.any for the first success in async style",
    ...inEveryStyle(function* (ctx) {
      const tasks = [ctx.callActivity("fail", "x"), ctx.callActivity("echo", "second")];
      const outcomes = yield* ctx.allSettled(tasks);
      return outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []))[0];
    }),
    async async(ctx) {
      return Promise.any([ctx.callActivity("fail", "x"), ctx.callActivity("echo", "second")]);
    },
    expected: completed("second"),
  },
];
