import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { FailureDetails } from "../../../../src/core/failure-details.ts";
import type { OrchestrationState } from "../../../../src/core/orchestration-state.ts";
import type { OrchestrationContext } from "../../../../src/orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../../../src/orchestration/orchestrator.ts";
import { type GeneratorCode, inEveryStyle, styles } from "../../../../src/testing/behaviours/styles.ts";
import { VirtualHub } from "../../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../../src/worker/registry.ts";

interface Run {
  readonly state: OrchestrationState;
  readonly failure: FailureDetails | undefined;
  readonly logged: readonly unknown[];
}

function registryOf(orchestrator: Orchestrator): Registry {
  const registry = new Registry();
  registry.addActivity({ name: "echo", activity: (value: unknown) => value });
  registry.addActivity({
    name: "fails",
    activity: () => {
      throw new Error("no");
    },
  });
  registry.addActivity({ name: "other", activity: (value: unknown) => value });
  registry.addOrchestration({ name: "child", orchestrator: (_, input) => input });
  registry.addOrchestration({ name: "code", orchestrator });
  return registry;
}

/** One first run, without any crash. */
async function run(orchestrator: Orchestrator, replayCheck = true): Promise<Run> {
  const logged: unknown[] = [];
  await using hub = new VirtualHub();
  const userLog = (_level: unknown, _id: string, _name: string, args: readonly unknown[]) => void logged.push(...args);
  await hub.startWorker({ registries: [registryOf(orchestrator)], replayCheck, userLog });
  const id = await hub.client.startInstance({ name: "code" });
  const state = await hub.runUntilEnded(id);
  return { state, failure: await failureOf(hub, id), logged };
}

async function failureOf(hub: VirtualHub, id: string): Promise<FailureDetails | undefined> {
  const history = (await hub.client.getHistory(id)) ?? [];
  return history.find((event) => event.type === "ExecutionCompleted")?.failureDetails;
}

let counter = 0;
const codes: readonly (readonly [string, GeneratorCode, string])[] = [
  [
    "a branch on Math.random",
    function* (ctx) {
      yield ctx.callActivity(Math.random() < 0.5 ? "echo" : "other", 1);
    },
    "Math.random() at",
  ],
  [
    "a branch that Math.random takes once in a hundred times",
    function* (ctx) {
      if (Math.random() < 0.01) yield ctx.callActivity("other");
      yield ctx.callActivity("echo");
    },
    "Math.random() at",
  ],
  [
    "Date.now as an input, and only as one",
    function* (ctx) {
      const time: number = yield ctx.callActivity("echo", Date.now());
      yield ctx.createTimer("6s");
      return time;
    },
    "ScheduleTask('echo') with input 1",
  ],
  [
    "the day of today in the id of a child",
    function* (ctx) {
      const day = new Date().toISOString().slice(0, 10);
      yield ctx.callSubOrchestrator("child", 1, { instanceId: `report-${day}` });
    },
    "new Date() at",
  ],
  [
    "the day of the week",
    function* (ctx) {
      yield ctx.callActivity("echo", new Date().getDay());
    },
    "new Date() at",
  ],
  [
    "the due time of a timer",
    function* (ctx) {
      yield ctx.createTimer(new Date(Date.now() + 5000));
    },
    "CreateTimer(",
  ],
  [
    "a random id",
    function* (ctx) {
      yield ctx.callActivity("echo", crypto.randomUUID());
    },
    "crypto.randomUUID() at",
  ],
  [
    "a random id of a source that nobody can watch",
    function* (ctx) {
      yield ctx.callActivity("echo", randomUUID());
    },
    "the state of a module",
  ],
  [
    "the state of a module",
    function* (ctx) {
      yield ctx.callActivity("echo", ++counter);
    },
    "the state of a module",
  ],
  [
    "what is sent",
    function* (ctx) {
      ctx.sendEvent("nobody", "told", Math.random());
      yield ctx.callActivity("echo");
    },
    "SendEvent('told' to 'nobody') with input 0.",
  ],
  [
    "the custom status",
    function* (ctx) {
      ctx.setCustomStatus({ at: new Date() });
      yield ctx.callActivity("echo");
    },
    'the custom status {"at":"',
  ],
  [
    "the output, after the only wait",
    function* (ctx) {
      yield ctx.callActivity("echo");
      return Math.random();
    },
    "CompleteOrchestration(Completed) with output 0.",
  ],
  [
    "the output of code that never waits",
    () => once(() => Date.now()),
    "CompleteOrchestration(Completed) with output 1",
  ],
  [
    "the failure of code that goes by the clock",
    function* (ctx) {
      yield ctx.callActivity("echo");
      throw new Error(`too late, at ${Date.now()}`);
    },
    "CompleteOrchestration(Failed: Error: too late, at 1",
  ],
  [
    "the input of the next execution",
    function* (ctx) {
      yield ctx.createTimer("1m");
      ctx.continueAsNew({ started: Date.now() });
    },
    "CompleteOrchestration(ContinuedAsNew) with input ",
  ],
  [
    "what is done once only",
    function* (ctx) {
      if (!ctx.isReplaying) yield ctx.callActivity("other");
      yield ctx.callActivity("echo");
    },
    "by context.isReplaying",
  ],
  [
    "what is done once only, of code that shows whether it replays",
    function* (ctx) {
      if (!ctx.isReplaying) ctx.setCustomStatus("began");
      yield ctx.callActivity("echo");
      if (!ctx.isReplaying) ctx.sendEvent("nobody", "went on");
      yield ctx.callActivity("echo");
    },
    "by context.isReplaying",
  ],
  [
    "a retry handler",
    function* (ctx) {
      yield ctx.callActivity("fails", 1, {
        retry: { firstInterval: "1s", maxAttempts: 3, retryIf: () => Math.random() < 0.5 },
      });
    },
    "Math.random() at",
  ],
];

function* once(make: () => unknown): Generator<unknown, unknown, unknown> {
  return make();
}

describe.each(styles)("code that replay cannot repeat fails in its first run (%s)", (style) => {
  it.each(codes)("%s", async (_, code, told) => {
    const { state, failure } = await run(inEveryStyle(code)[style]);

    expect(state.runtimeStatus).toBe("Failed");
    expect(failure?.errorType).toBe("NondeterministicOrchestration");
    const errorMessage = failure!.errorMessage;
    expect(errorMessage).toContain(told);
    expect(errorMessage).toMatch(/^in episode \d+ the orchestrator asked for .+, but replayed at once .+ it asks for /);
    for (const name of ["context.patched", "context.currentUtcDateTime", "context.newGuid", "rewind"]) {
      expect(errorMessage).toContain(name);
    }
  });

  it("and completes without the check", async () => {
    const { state } = await run(inEveryStyle(codes[2]![1])[style], false);

    expect(state.runtimeStatus).toBe("Completed");
  });
});

it("the failure names the line that has read the clock", async () => {
  const { failure } = await run(inEveryStyle(codes[2]![1]).async);

  expect(failure?.errorMessage).toMatch(/Date\.now\(\) at .*replay-check\.test\.ts:\d+:\d+/);
});

const harmless: readonly (readonly [string, GeneratorCode])[] = [
  [
    "shows a status once only, and whether it replays",
    function* (ctx) {
      if (!ctx.isReplaying) ctx.setCustomStatus("began");
      yield ctx.callActivity("echo");
      if (!ctx.isReplaying) ctx.setCustomStatus("went on");
      yield ctx.callActivity("echo");
      return ctx.isReplaying;
    },
  ],
  [
    "reads the clock and random numbers for nothing that it decides",
    function* (ctx) {
      const began = Date.now();
      yield ctx.callActivity("echo", 1);
      if (Date.now() - began < Number.NEGATIVE_INFINITY) throw new Error(`${Math.random()}${performance.now()}`);
      return "done";
    },
  ],
  [
    "takes times and ids from its context",
    function* (ctx) {
      yield ctx.callActivity("echo", [ctx.newGuid(), ctx.currentUtcDateTime]);
      yield ctx.createTimer(new Date(ctx.currentUtcDateTime.getTime() + 5000));
      ctx.setCustomStatus({ at: ctx.currentUtcDateTime });
      return ctx.newGuid();
    },
  ],
  [
    "meets a change of its code",
    function* (ctx) {
      yield ctx.callActivity("echo", ctx.patched("first") ? 1 : 2);
      const changed = ctx.patched("second");
      yield ctx.callActivity("echo", changed);
      return ctx.patched("third") && changed;
    },
  ],
  [
    "compares the class of its dates",
    function* (ctx) {
      const now = ctx.currentUtcDateTime;
      yield ctx.callActivity("echo", [now instanceof Date, now.constructor === Date, new Date(5).constructor === Date]);
      return Object.prototype.toString.call(now);
    },
  ],
  [
    "tries random numbers until one fits",
    function* (ctx) {
      for (const most of [0.4, 0.6]) while (Math.random() < most);
      for (const least of [0.4, 0.6]) while (Math.random() > least);
      yield ctx.callActivity("echo");
    },
  ],
  [
    "answers with the stack of an error",
    function* (ctx) {
      yield ctx.callActivity("echo");
      return { stack: new Error("of here").stack, text: `at\n${new Error("of here").stack}` };
    },
  ],
];

describe.each(styles)("code that replay can repeat is left alone (%s)", (style) => {
  it.each(harmless)("when it %s", async (_, code) => {
    const { state, failure } = await run(inEveryStyle(code)[style]);

    expect(failure?.errorMessage).toBeUndefined();
    expect(state.runtimeStatus).toBe("Completed");
  });

  it("when it fails", async () => {
    const { failure } = await run(
      inEveryStyle(function* (ctx) {
        yield ctx.callActivity("unknown");
      })[style],
    );

    expect(failure).toMatchObject({ errorType: "TaskFailedError" });
  });
});

it("what the code logs comes once, and in the check it is told that it replays", async () => {
  const seen: boolean[] = [];
  const { logged } = await run(async (ctx) => {
    ctx.log("first");
    seen.push(ctx.isReplaying);
    await ctx.callActivity("echo");
    ctx.warn("second");
    seen.push(ctx.isReplaying);
  });

  expect(logged).toEqual(["first", "second"]);
  expect(seen.filter((isReplaying) => !isReplaying)).toHaveLength(2);
  expect(seen.length).toBeGreaterThan(4);
});

it("an instance that was found out goes on after a rewind, once its code is mended", async () => {
  const mended = { isSo: false };
  const orchestrator = async (ctx: OrchestrationContext) => {
    const value = await ctx.callActivity<number>("echo", 1);
    return await ctx.callActivity("echo", mended.isSo ? value : Math.random());
  };
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registryOf(orchestrator)], replayCheck: true });
  const id = await hub.client.startInstance({ name: "code" });
  await hub.runUntilEnded(id);
  const failure = await failureOf(hub, id);
  mended.isSo = true;
  await hub.client.rewind(id, "mended");
  await hub.runUntil(async () => (await hub.client.getInstance(id))?.runtimeStatus === "Completed");

  expect(failure?.errorType).toBe("NondeterministicOrchestration");
  expect((await hub.client.getInstance(id))?.output).toBe("1");
});
