import { expect, it } from "vitest";
import { isDurableError } from "../../../src/core/errors.ts";
import type { Backend } from "../../../src/engine/backend.ts";
import type { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { type GeneratorCode, inEveryStyle } from "../../../src/testing/behaviours/styles.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import type { ActivityContext } from "../../../src/worker/activity-context.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { decorateBackend } from "../../support/entities/decorated-backend.ts";

/** A run of the activity `slow`, which works until it is told to stop. */
interface Run {
  readonly input: unknown;
  readonly deliveryCount: number;
  readonly signal: AbortSignal;
  end(): void;
}

const never = (signal: AbortSignal) =>
  new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));

/** A hub whose orchestrations run on one worker, and whose activities on the same or on another. */
async function setUp(orchestrator: unknown, where: "here" | "elsewhere") {
  const runs: Run[] = [];
  const looks: string[] = [];
  const registry = new Registry();
  registry.addOrchestration({ name: "test", orchestrator: orchestrator as never });
  registry.addActivity({ name: "quick", activity: () => "quick" });
  registry.addActivity({
    name: "slow",
    activity: (input: unknown, { signal, deliveryCount }: ActivityContext) =>
      new Promise((resolve, reject) => {
        runs.push({ input, deliveryCount, signal, end: () => resolve("done") });
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      }),
  });
  registry.addActivity({
    name: "stubborn",
    activity: async (input: unknown, { signal, deliveryCount }: ActivityContext) => {
      runs.push({ input, deliveryCount, signal, end() {} });
      await hub.clock.sleep(300_000);
      return "stubborn";
    },
  });
  const hub = new VirtualHub();
  const observed = (others: Partial<Backend>) =>
    decorateBackend(hub.backend, {
      readInstanceProgress: (instanceId) => {
        looks.push(instanceId);
        return hub.backend.readInstanceProgress(instanceId);
      },
      ...others,
    });
  const registries = [registry];
  const workers: TaskHubWorker[] = [];
  const start = async (others: Partial<Backend>) =>
    void workers.push(await hub.startWorker({ registries, backend: observed(others) }));
  if (where === "here") await start({});
  else {
    await start({ fetchActivityWorkItem: never });
    await start({ fetchOrchestrationWorkItem: never });
  }
  const instanceId = await hub.client.startInstance({ name: "test" });
  const reasonOf = (run: Run | undefined) => {
    const reason: unknown = run?.signal.aborted ? run.signal.reason : undefined;
    return isDurableError(reason) ? reason.code : reason;
  };
  return { hub, instanceId, runs, looks, reasonOf, workers };
}

const places = ["here", "elsewhere"] as const;
/** More than one renewal of the hub in memory. */
const soon = "25s";

function* waitForSlow(ctx: OrchestrationContext) {
  yield ctx.callActivity("slow");
}

it.each(places)(
  "an activity that runs %s learns that its instance was terminated, and does not run again",
  async (where) => {
    const { hub, instanceId, runs, reasonOf } = await setUp(waitForSlow, where);
    await using _ = hub;
    await hub.advance("1m");
    expect(runs.map(reasonOf)).toEqual([undefined]);

    await hub.client.terminate(instanceId, "enough");
    await hub.advance(soon);

    expect(runs.map(reasonOf)).toEqual(["InstanceNotActive"]);
    await hub.advance("1h");
    expect(runs).toHaveLength(1);
  },
);

it.each(places)("an activity that runs %s learns that its instance has ended without it", async (where) => {
  const { hub, runs, reasonOf } = await setUp(function* (ctx: OrchestrationContext) {
    void ctx.callActivity("slow");
    yield ctx.createTimer("1m");
    return "done";
  }, where);
  await using _ = hub;

  await hub.advance("50s");
  expect(runs.map(reasonOf)).toEqual([undefined]);
  await hub.advance("35s");

  expect(runs.map(reasonOf)).toEqual(["InstanceNotActive"]);
});

it.each(places)("an activity that runs %s learns that its orchestration has continued as new", async (where) => {
  const { hub, runs, reasonOf } = await setUp(function* (ctx: OrchestrationContext) {
    const round = ctx.getInput<number | undefined>() ?? 0;
    void ctx.callActivity("slow", round);
    yield ctx.createTimer(round === 0 ? "1m" : "1h");
    if (round === 0) ctx.continueAsNew(1);
  }, where);
  await using _ = hub;

  await hub.advance("2m");

  expect(runs.map((run) => [run.input, reasonOf(run)])).toEqual([
    [0, "InstanceNotActive"],
    [1, undefined],
  ]);
});

it.each(places)("an activity that runs %s learns that its instance was purged", async (where) => {
  const { hub, instanceId, runs, reasonOf } = await setUp(waitForSlow, where);
  await using _ = hub;
  await hub.advance("1m");

  await hub.backend.purgeInstance(instanceId);
  await hub.advance(soon);

  expect(runs.map(reasonOf)).toEqual(["InstanceNotFound"]);
});

it("an activity whose instance has no row yet works on", async () => {
  const { hub, runs, reasonOf } = await setUp(waitForSlow, "elsewhere");
  await using _ = hub;
  await hub.settle();
  const none = async () => undefined;
  Object.assign(hub.backend, { readInstanceProgress: none });

  await hub.advance("5m");

  expect(runs.map(reasonOf)).toEqual([undefined]);
});

const races: readonly [string, GeneratorCode][] = [
  ["any", (ctx) => ctx.any([ctx.callActivity("slow"), ctx.createTimer("1m")]) as never],
  ["race", (ctx) => ctx.race([ctx.callActivity("slow"), ctx.createTimer("1m")]) as never],
  [
    "a race with what was over before",
    function* (ctx) {
      const timer = ctx.createTimer("1m");
      const slow = ctx.callActivity("slow");
      yield timer;
      yield ctx.any([timer, slow]);
    },
  ],
  [
    "a race of combinations",
    (ctx) => {
      const all = ctx.all([ctx.callActivity("slow"), ctx.callActivity("quick")]);
      return ctx.any([ctx.allSettled([all]), ctx.createTimer("1m")]) as never;
    },
  ],
  [
    "a race of a call with retries and a timeout",
    (ctx) => {
      const retry = { maxAttempts: 3, firstInterval: "1s" } as const;
      return ctx.any([ctx.callActivity("slow", 1, { retry, timeout: "1h" }), ctx.createTimer("1m")]) as never;
    },
  ],
  [
    "an all that has failed",
    function* (ctx) {
      const failing = ctx.waitForExternalEvent("never", { timeout: "1m" });
      try {
        yield ctx.all([ctx.callActivity("slow"), failing]);
      } catch {}
    },
  ],
  [
    "its time",
    function* (ctx) {
      // The worker's own time begins when it begins.
      yield ctx.createTimer("10s");
      try {
        yield ctx.callActivity("slow", 1, { timeout: "50s" });
      } catch {}
    },
  ],
];

it.each(races.flatMap(([what, code]) => places.map((where) => [what, where, code] as const)))(
  "an activity that has lost %s is told so, %s, while its orchestration goes on",
  async (_what, where, code) => {
    for (const orchestrator of Object.values(
      inEveryStyle(function* (ctx) {
        yield* code(ctx, undefined) as Generator;
        yield ctx.waitForExternalEvent("end");
      }),
    )) {
      const { hub, runs, reasonOf } = await setUp(orchestrator, where);
      await using _ = hub;
      await hub.advance("55s");
      expect(runs.map(reasonOf)).toEqual([undefined]);

      await hub.advance("40s");

      expect(["TaskCancelled", "TaskTimeout"]).toContain(reasonOf(runs[0]));
      await hub.advance("30m");
      expect(runs).toHaveLength(1);
    }
  },
);

const waits: readonly [string, GeneratorCode][] = [
  [
    "is waited for in the next round",
    function* (ctx) {
      const slow = ctx.callActivity("slow");
      for (;;) if ((yield ctx.any([slow, ctx.createTimer("1m")])) === slow) return;
    },
  ],
  [
    "is awaited after the race",
    function* (ctx) {
      const slow = ctx.callActivity("slow");
      yield ctx.any([slow, ctx.createTimer("1m")]);
      yield slow;
    },
  ],
  [
    "is part of a combination that is not decided",
    function* (ctx) {
      const slow = ctx.callActivity("slow");
      const all = ctx.all([slow, ctx.createTimer("2h")]);
      yield ctx.any([slow, ctx.createTimer("1m")]);
      yield ctx.waitForExternalEvent("end");
      yield all;
    },
  ],
  [
    "was never waited for",
    function* (ctx) {
      void ctx.callActivity("slow");
      yield ctx.any([ctx.createTimer("1h"), ctx.createTimer("1m")]);
      yield ctx.waitForExternalEvent("end");
    },
  ],
];

it.each(waits.flatMap(([what, code]) => places.map((where) => [what, where, code] as const)))(
  "an activity that %s is left alone, %s",
  async (_what, where, code) => {
    for (const orchestrator of Object.values(inEveryStyle(code))) {
      const { hub, runs, reasonOf } = await setUp(orchestrator, where);
      await using _ = hub;

      await hub.advance("10m");

      expect(runs.map(reasonOf)).toEqual([undefined]);
    }
  },
);

it.each(places)(
  "an orchestration that comes back to an activity it went on without has it run again, %s",
  async (where) => {
    const { hub, instanceId, runs, reasonOf } = await setUp(function* (ctx: OrchestrationContext) {
      const slow = ctx.callActivity("slow");
      yield ctx.any([slow, ctx.createTimer("1m")]);
      yield ctx.waitForExternalEvent("again");
      return (yield slow) as string;
    }, where);
    await using _ = hub;
    await hub.advance("10m");
    expect(runs.map(reasonOf)).toEqual(["TaskCancelled"]);

    await hub.client.raiseEvent(instanceId, "again", undefined);
    await hub.runUntil(() => runs.length === 2);
    await hub.advance("2m");
    expect(runs.map(reasonOf)).toEqual(["TaskCancelled", undefined]);
    runs[1]?.end();

    expect(await hub.runUntilEnded(instanceId)).toMatchObject({ runtimeStatus: "Completed", output: '"done"' });
  },
);

it("an activity that runs on regardless has its answer taken when the orchestration comes back", async () => {
  const { hub, instanceId, reasonOf, runs } = await setUp(function* (ctx: OrchestrationContext) {
    const stubborn = ctx.callActivity("stubborn");
    yield ctx.any([stubborn, ctx.createTimer("1m")]);
    yield ctx.createTimer("10m");
    return (yield stubborn) as string;
  }, "here");
  await using _ = hub;

  expect(await hub.runUntilEnded(instanceId)).toMatchObject({ runtimeStatus: "Completed", output: '"stubborn"' });
  expect(runs.map(reasonOf)).toEqual(["TaskCancelled"]);
});

it("a worker that stops says so, and the activity runs again elsewhere", async () => {
  const { hub, runs, reasonOf, workers } = await setUp(waitForSlow, "elsewhere");
  await using _ = hub;
  await hub.advance("1m");

  await hub.run(workers.at(-1)!.stop());
  expect(runs.map(reasonOf)).toEqual(["WorkerStopping"]);
  await hub.advance("1h");

  expect(runs).toHaveLength(1);
});

it("one read tells all activities of an instance, and none is made for those that end before", async () => {
  const { hub, instanceId, runs, looks } = await setUp(function* (ctx: OrchestrationContext) {
    yield ctx.all(Array.from({ length: 10 }, () => ctx.callActivity("quick")));
    yield ctx.all(Array.from({ length: 15 }, (_, index) => ctx.callActivity("slow", index)));
  }, "elsewhere");
  await using _ = hub;
  await hub.advance("19s");
  expect(looks).toEqual([]);

  await hub.advance("1s");
  expect([runs.length, looks]).toEqual([15, [instanceId]]);
  await hub.advance("40s");
  expect(looks).toHaveLength(3);
  for (const run of runs) run.end();

  expect(await hub.runUntilEnded(instanceId)).toMatchObject({ runtimeStatus: "Completed" });
});
