import type { DFApp } from "../../../src/functions/df-app.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";

class Counter {
  value = 0;
  add(amount: number): number {
    this.value += amount;
    return this.value;
  }
  fail(): never {
    throw new RangeError("too much");
  }
}

/** The activities and the entity that the orchestrations use. */
export function registerTasks(app: DFApp): void {
  app.activity("say", (city: string) => `Hello ${city}!`);
  app.activity("double", (value: number) => value * 2);
  app.activity("fail", (text: string) => {
    throw new RangeError(text, { cause: new TypeError("the cause") });
  });
  app.entity("Counter", Counter);
}

const oneMinute = 60_000;

/** Each orchestration as a generator. */
export function registerGenerators(app: DFApp): void {
  app.orchestration("hello_generator", function* (context) {
    const outputs: unknown[] = [];
    for (const city of ["Tokyo", "Seattle", "London"]) outputs.push(yield context.callActivity("say", city));
    return outputs;
  });
  app.orchestration("fanOut_generator", function* (context, count: number) {
    const tasks = Array.from({ length: count }, (_, i) => context.callActivity<number>("double", i));
    const results: number[] = yield context.Task.all(tasks);
    return results.reduce((sum, value) => sum + value, 0);
  });
  app.orchestration("timer_generator", function* (context) {
    yield context.createTimer("2s");
    return "fired";
  });
  app.orchestration("event_generator", function* (context) {
    context.setCustomStatus("waits");
    const timeout = context.createTimer({ milliseconds: oneMinute });
    const approval = context.waitForExternalEvent<string>("approval");
    const winner: unknown = yield context.Task.any([approval, timeout]);
    if (winner === approval) timeout.cancel();
    return winner === approval ? approval.result : "timed out";
  });
  app.orchestration("child_generator", function* (context) {
    const child: unknown = yield context.callSubOrchestrator(
      "hello_generator",
      undefined,
      `${context.instanceId}-child`,
    );
    return { child };
  });
  app.orchestration("failure_generator", function* (context) {
    yield context.callActivity("fail", "no");
  });
  app.orchestration("eternal_generator", function* (context, count: number) {
    const next: number = yield context.callActivity("double", count);
    if (next < 16) context.continueAsNew(next);
    return next;
  });
  app.orchestration("entity_generator", function* (context) {
    const id = { name: "Counter", key: context.instanceId };
    context.signalEntity(id, "add", 1);
    const sum: unknown = yield context.callEntity(id, "add", 2);
    try {
      yield context.callEntity(id, "fail");
    } catch (error) {
      return [sum, (error as Error).message];
    }
    return "no failure";
  });
}

/** The same as async functions. */
export function registerAsyncs(app: DFApp): void {
  app.orchestration("hello_async", async (context) => {
    const outputs: unknown[] = [];
    for (const city of ["Tokyo", "Seattle", "London"]) outputs.push(await context.callActivity("say", city));
    return outputs;
  });
  app.orchestration("fanOut_async", async (context, count: number) => {
    const results = await Promise.all(
      Array.from({ length: count }, (_, i) => context.callActivity<number>("double", i)),
    );
    return results.reduce((sum, value) => sum + value, 0);
  });
  app.orchestration("timer_async", async (context) => {
    await context.createTimer("2s");
    return "fired";
  });
  app.orchestration("event_async", async (context) => {
    context.setCustomStatus("waits");
    const timeout = context.createTimer({ milliseconds: oneMinute });
    const approval = context.waitForExternalEvent<string>("approval");
    if ((await context.any([approval, timeout])) !== approval) return "timed out";
    timeout.cancel();
    return approval.result;
  });
  app.orchestration("child_async", async (context) => ({
    child: await context.callSubOrchestrator("hello_async", undefined, `${context.instanceId}-child`),
  }));
  app.orchestration("failure_async", async (context) => {
    await context.callActivity("fail", "no");
  });
  app.orchestration("eternal_async", async (context: OrchestrationContext, count: number) => {
    const next = await context.callActivity<number>("double", count);
    if (next < 16) context.continueAsNew(next);
    return next;
  });
  app.orchestration("entity_async", async (context) => {
    const id = { name: "Counter", key: context.instanceId };
    context.signalEntity(id, "add", 1);
    const sum = await context.callEntity(id, "add", 2);
    const failure = await context.callEntity(id, "fail").then(
      () => "no failure",
      (error: unknown) => (error as Error).message,
    );
    return [sum, failure];
  });
}
