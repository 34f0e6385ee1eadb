import type { OrchestratorOf } from "../../orchestration/orchestrator.ts";
import type { Registry } from "../../worker/registry.ts";

/** What each orchestration returns after its rewind, which comes once its cause is fixed. */
export const rewoundOutputs: readonly (readonly [orchestration: string, output: string])[] = [
  ["needs a fix", '"fixed"'],
  ["has a child that needs a fix", '"fixed"'],
  ["has a grandchild that needs a fix, and a child of its own", '["fixed","fixed"]'],
  ["ends at the first of several failures", '["fixed","fixed","echo"]'],
  ["ends at the first failure of several children", '["fixed","fixed","echo"]'],
  ["ends while it waits for a timer and for others", '["fixed",null,"echo"]'],
  ["waits for all of several failures", '["fixed","echo","fixed"]'],
  ["gives up after a retry", '"fixed"'],
  ["gives up after retries side by side", '["fixed","fixed"]'],
  ["has handled a failure before", '["caught","fixed"]'],
  ["has handled the failure of a child before", '["caught","fixed"]'],
  ["tells another instance of its failure", '"fixed"'],
  ["fails in its second generation", '"fixed"'],
];

/** They fail until the cause that they are given is among `fixed`. */
export function registerRewound(registry: Registry, fixed: ReadonlySet<string>): void {
  registry.addActivity({
    name: "failUntilFixed",
    activity: (cause: string) => {
      if (!fixed.has(cause)) throw new Error(`${cause} is not fixed`);
      return "fixed";
    },
  });
  const add = (name: string, orchestrator: OrchestratorOf<string, unknown>) => {
    registry.addOrchestration({ name, orchestrator });
  };
  add("needs a fix", function* (ctx, cause) {
    yield ctx.callActivity("nothing");
    return yield* ctx.callActivity("failUntilFixed", cause);
  });
  add("calls failUntilFixed", function* (ctx, cause) {
    return yield* ctx.callActivity("failUntilFixed", cause);
  });
  add("calls echo", function* (ctx) {
    return yield* ctx.callActivity("echo", "echo");
  });
  add("has a child that needs a fix", function* (ctx, cause) {
    return yield* ctx.callSubOrchestrator("needs a fix", cause);
  });
  add("has a grandchild that needs a fix, and a child of its own", function* (ctx, cause) {
    const names = ["has a child that needs a fix", "needs a fix"];
    return yield* ctx.all(names.map((name) => ctx.callSubOrchestrator(name, cause)));
  });
  add("ends at the first of several failures", function* (ctx, cause) {
    const tasks = [cause, cause].map((each) => ctx.callActivity("failUntilFixed", each));
    return yield* ctx.all([...tasks, ctx.callActivity("echo", "echo")]);
  });
  add("ends at the first failure of several children", function* (ctx, cause) {
    const names = ["calls failUntilFixed", "needs a fix", "calls echo"];
    return yield* ctx.all(names.map((name) => ctx.callSubOrchestrator(name, cause)));
  });
  add("ends while it waits for a timer and for others", function* (ctx, cause) {
    const timer = ctx.createTimer(new Date(ctx.currentUtcDateTime.getTime() + 1500));
    return yield* ctx.all([ctx.callActivity("failUntilFixed", cause), timer, ctx.callSubOrchestrator("calls echo")]);
  });
  add("waits for all of several failures", function* (ctx, cause) {
    const fail = () => ctx.callActivity("failUntilFixed", cause);
    return yield* ctx.all([fail(), ctx.callActivity("echo", "echo"), fail()], { failFast: false });
  });
  const retry = { firstInterval: 10, maxAttempts: 2 };
  add("gives up after a retry", function* (ctx, cause) {
    return yield* ctx.callActivity("failUntilFixed", cause, { retry });
  });
  add("gives up after retries side by side", function* (ctx, cause) {
    const intervals = [10, 500];
    const tasks = intervals.map((firstInterval) => {
      return ctx.callActivity("failUntilFixed", cause, { retry: { ...retry, firstInterval } });
    });
    return yield* ctx.all(tasks, { failFast: false });
  });
  add("has handled a failure before", function* (ctx, cause) {
    let handled: unknown;
    try {
      yield ctx.callActivity("fail", "handled");
    } catch {
      handled = yield ctx.callActivity("echo", "caught");
    }
    return [handled, yield* ctx.callActivity("failUntilFixed", cause)];
  });
  add("has handled the failure of a child before", function* (ctx, cause) {
    let handled: unknown;
    try {
      yield ctx.callSubOrchestrator("calls failUntilFixed", `never ${cause}`);
    } catch {
      handled = yield ctx.callActivity("echo", "caught");
    }
    return [handled, yield* ctx.callSubOrchestrator("calls failUntilFixed", cause)];
  });
  add("tells another instance of its failure", function* (ctx, cause) {
    try {
      return yield* ctx.callActivity("failUntilFixed", cause);
    } catch (error) {
      ctx.sendEvent("nobody", "failed");
      throw error;
    }
  });
  add("fails in its second generation", function* (ctx, cause) {
    const [isSecond, text] = cause.startsWith("2") ? [true, cause.slice(1)] : [false, cause];
    if (isSecond) return yield* ctx.callSubOrchestrator("calls failUntilFixed", text);
    yield ctx.callActivity("nothing");
    return ctx.continueAsNew(`2${text}`);
  });
  registry.addOrchestration({
    name: "needs two fixes",
    *orchestrator(ctx, causes: readonly string[]) {
      for (const cause of causes) yield ctx.callActivity("failUntilFixed", cause, { retry });
      ctx.setCustomStatus("waits");
      yield ctx.waitForExternalEvent("go");
      return "done";
    },
  });
}
