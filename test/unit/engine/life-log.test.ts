import { expect, it } from "vitest";
import type { LogSink } from "../../../src/core/ports.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

interface Line {
  readonly event: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function setUp(define: (registry: Registry) => void) {
  const lines: Line[] = [];
  const log: LogSink = { log: (_level, event, text, fields = {}) => lines.push({ event, text, fields }) };
  const registry = new Registry();
  define(registry);
  const life = () =>
    lines
      .filter(({ event }) => /^(?:Orchestration|Activity|Calls)/.test(event))
      .map(({ event, text }) => `${event}: ${text}`);
  return { log, registry, lines, life };
}

it("the life of an orchestration is told, once for each thing that happens, over restarts and replays", async () => {
  const { log, registry, lines, life } = setUp((app) => {
    app.addActivity({ name: "charge", activity: (amount) => amount });
    app.addOrchestration({ name: "child", orchestrator: async () => "done" });
    app.addOrchestration({
      name: "order",
      async orchestrator(ctx) {
        await ctx.callActivity("charge", 7);
        await ctx.waitForExternalEvent("Approved", { timeout: "1h" });
        await ctx.createTimer("10s");
        await ctx.callSubOrchestrator("child", undefined, { instanceId: "the-child" });
      },
    });
  });
  await using hub = new VirtualHub({ log });
  const first = await hub.startWorker({ registries: [registry] });
  const id = await hub.client.startInstance({ name: "order", instanceId: "o-1", version: "1.2" });
  await hub.settle();
  await first.stop();
  await hub.startWorker({ registries: [registry] });
  await hub.client.raiseEvent(id, "Approved", "true");

  await hub.runUntilEnded(id);

  expect(life()).toEqual([
    "OrchestrationStarted: 'order' started",
    "ActivityExecuting: 'charge' executing",
    "ActivityExecuted: 'charge' completed after 0 ms",
    expect.stringMatching(/^OrchestrationWaiting: 'order' waits for event 'Approved'; timer until \d{4}-[^;]*Z$/),
    expect.stringMatching(/^OrchestrationWaiting: 'order' waits for timer until [^;]*Z$/),
    "OrchestrationWaiting: 'order' waits for sub-orchestration 'child' (the-child)",
    "OrchestrationStarted: 'child' started, called by 'order'",
    "OrchestrationCompleted: 'child' completed after 0 ms",
    "OrchestrationCompleted: 'order' completed after 10 s",
  ]);
  const started = lines.find(({ event }) => event === "OrchestrationStarted");
  expect(started?.fields).toMatchObject({ instanceId: "o-1", functionName: "order", version: "1.2" });
  expect(JSON.stringify(lines)).not.toContain('"7"');
});

it("a retried activity has its attempt, and its failure where it was thrown", async () => {
  const { log, registry, lines } = setUp((app) => {
    let runs = 0;
    app.addActivity({
      name: "flaky",
      activity() {
        if (++runs === 1) throw new Error("not yet");
      },
    });
    app.addOrchestration({
      name: "patient",
      *orchestrator(ctx) {
        yield ctx.callActivity("flaky", undefined, { retry: { maxAttempts: 2, firstInterval: "1s" } });
      },
    });
  });
  await using hub = new VirtualHub({ log });
  await hub.startWorker({ registries: [registry] });

  await hub.runUntilEnded(await hub.client.startInstance({ name: "patient" }));

  const failed = lines.find(({ event }) => event === "ActivityFailed");
  expect(failed?.text).toMatch(/'flaky' failed: Error: not yet\n {4}at .*life-log\.test\.ts:\d+:\d+/);
  expect(failed?.fields).toMatchObject({ functionName: "flaky", attempt: 1, durationMs: 0 });
  expect(lines.find(({ event }) => event === "ActivityExecuted")?.fields).toMatchObject({ attempt: 2 });
});

it("calls that nobody waited for are named when an orchestration ends", async () => {
  const { log, registry, life } = setUp((app) => {
    app.addActivity({ name: "sayHello", activity: () => "hello" });
    app.addActivity({ name: "log", activity: () => undefined });
    app.addOrchestration({
      name: "hasty",
      async orchestrator(ctx) {
        void ctx.callActivity("sayHello", 1, { retry: { maxAttempts: 3, firstInterval: "1s" } });
        await ctx.callActivity("log", 2);
        void ctx.callActivity("log", 3);
        ctx.createTimer("1h");
        ctx.createTimer("2h").cancel();
      },
    });
    app.addOrchestration({
      name: "careful",
      async orchestrator(ctx) {
        const started = ctx.callActivity("sayHello", 1);
        const lost = ctx.callActivity("log", 2, { timeout: "1m" });
        await ctx.any([started, lost]);
        ctx.startNewOrchestration("hasty");
      },
    });
  });
  await using hub = new VirtualHub({ log });
  await hub.startWorker({ registries: [registry] });

  await hub.runUntilEnded(await hub.client.startInstance({ name: "careful" }));
  await hub.settle();

  expect(life().filter((line) => line.startsWith("Calls"))).toEqual([
    "CallsNotAwaited: 'hasty' ended with 3 calls that nobody waited for: sayHello, log, createTimer",
  ]);
});

it("a generator's call that it never yields is named too, and one that it does not look at before it continues as new", async () => {
  const { log, registry, life } = setUp((app) => {
    app.addActivity({ name: "sayHello", activity: () => "hello" });
    app.addOrchestration({
      name: "loop",
      *orchestrator(ctx, input) {
        ctx.callActivity("sayHello", 1);
        yield ctx.callActivity("sayHello", 2);
        if (input === 1) ctx.continueAsNew(2);
      },
    });
  });
  await using hub = new VirtualHub({ log });
  await hub.startWorker({ registries: [registry] });
  await hub.client.startInstance({ name: "loop", input: "1" });

  await hub.settle();

  expect(life().filter((line) => !/Activity/.test(line))).toEqual([
    "OrchestrationStarted: 'loop' started",
    "OrchestrationContinuedAsNew: 'loop' continued as new",
    "CallsNotAwaited: 'loop' ended with 1 call that nobody waited for: sayHello",
    "CallsNotAwaited: 'loop' ended with 1 call that nobody waited for: sayHello",
    "OrchestrationCompleted: 'loop' completed after 0 ms",
  ]);
});

it("a long activity is told of again each time that it has run twice as long", async () => {
  const { log, registry, life } = setUp((app) => {
    app.addActivity({
      name: "slow",
      activity: (_input, ctx) => new Promise((end) => release.push(() => end(ctx.instanceId))),
    });
    app.addOrchestration({
      name: "wait",
      async orchestrator(ctx) {
        await ctx.callActivity("slow");
      },
    });
  });
  const release: (() => void)[] = [];
  await using hub = new VirtualHub({ log });
  await hub.startWorker({ registries: [registry] });
  const id = await hub.client.startInstance({ name: "wait" });
  await hub.advance("5m");
  release[0]!();
  await hub.runUntilEnded(id);

  expect(life().filter((line) => line.startsWith("ActivityRunning")).length).toBe(4);
});

it("calls that somebody waits for, in whatever way, are not named", async () => {
  const { log, registry, life } = setUp((app) => {
    app.addActivity({ name: "say", activity: () => "hello" });
    app.addEntity({ name: "counter", entity: () => {} });
    const say = (ctx: OrchestrationContext) => ctx.callActivity("say");
    app.addOrchestration({
      name: "asyncWays",
      async orchestrator(ctx) {
        await Promise.all([say(ctx), say(ctx)]);
        await Promise.race([say(ctx), ctx.createTimer("1h")]);
        await Promise.allSettled([say(ctx)]);
        await ctx.all([say(ctx), ctx.race([say(ctx), say(ctx)])]);
        await ctx.any([say(ctx), ctx.createTimer("1h")]);
        await ctx.allSettled([say(ctx)]);
        await ctx.map([1, 2, 3], () => say(ctx), { concurrency: 2 });
        await ctx.map([1, 2], async () => await say(ctx));
        const later = say(ctx);
        await ctx.callActivityWithRetry("say", { firstInterval: "1s", maxAttempts: 3 });
        if (later.isCompleted) ctx.log(later.result);
        say(ctx).then(
          () => {},
          () => {},
        );
        await ctx.callActivity("say", undefined, { timeout: "1h" });
        ctx.createTimer("1h").cancel();
        await ctx.callEntity("@counter@a", "touch");
        ctx.signalEntity("@counter@a", "touch");
        await using _lock = await ctx.lock("@counter@b");
      },
    });
    app.addOrchestration({
      name: "generatorWays",
      *orchestrator(ctx) {
        yield say(ctx);
        yield* say(ctx);
        const first = say(ctx);
        const second = say(ctx);
        yield ctx.Task.all([first, second]);
        yield ctx.Task.any([say(ctx), ctx.createTimer("1h")]);
        const early = say(ctx);
        yield ctx.createTimer("1s");
        yield early;
        ctx.startNewOrchestration("asyncWays");
        ctx.sendEvent("nobody", "hello");
      },
    });
  });
  await using hub = new VirtualHub({ log });
  await hub.startWorker({ registries: [registry] });

  await hub.runUntilEnded(await hub.client.startInstance({ name: "generatorWays" }));
  const id = await hub.client.startInstance({ name: "asyncWays" });
  await hub.runUntilEnded(id);

  expect(life().filter((line) => /Calls|Failed/.test(line))).toEqual([]);
});
