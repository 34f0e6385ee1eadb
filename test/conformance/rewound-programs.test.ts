import { afterAll, beforeAll, expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { forSeeds, SeededRandom } from "../support/seeded-random.ts";

interface Step {
  readonly kind: (typeof inner)[number] | (typeof leaves)[number];
  readonly steps: readonly Step[];
  /** What must be fixed before the step succeeds. */
  readonly cause: string;
  readonly ms: number;
}

const tasks = ["succeed", "fail", "fail after a retry", "call a child"] as const;
const leaves = [...tasks, "wait", "tell"] as const;
const inner = ["sequence", "parallel", "all", "all, failed or not", "handle", "handle quietly", "rethrow"] as const;

const causes = [0, 1, 2];

function randomStep(random: SeededRandom, depth: number, seed: number, kinds: readonly Step["kind"][]): Step {
  const kind = depth === 0 ? random.pick(leaves) : random.pick(kinds);
  const isAll = kind === "all" || kind === "all, failed or not";
  const count = kind === "call a child" ? Math.min(depth, 1) : 1 + random.below(3);
  return {
    kind,
    steps: Array.from({ length: depth === 0 ? 0 : count }, () => {
      return randomStep(random, depth - 1, seed, isAll ? tasks : [...inner, ...leaves]);
    }),
    cause: `${seed}-${random.pick(causes)}`,
    ms: random.below(8),
  };
}

const fixed = new Set<string>();
const retry = { firstInterval: 5, maxAttempts: 2 };

function startTask(ctx: OrchestrationContext, { kind, steps, ...rest }: Step) {
  if (kind === "succeed") return ctx.callActivity("succeed", rest);
  if (kind === "call a child") return ctx.callSubOrchestrator("runs", steps);
  return ctx.callActivity("fail", rest, kind === "fail" ? {} : { retry });
}

async function runAll(ctx: OrchestrationContext, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await run(ctx, step);
}

async function run(ctx: OrchestrationContext, step: Step): Promise<unknown> {
  const { kind, steps } = step;
  switch (kind) {
    case "sequence":
      return await runAll(ctx, steps);
    case "parallel":
      return await Promise.all(steps.map((each) => run(ctx, each)));
    case "all":
      return await ctx.all(steps.map((each) => startTask(ctx, each)));
    case "all, failed or not":
      return await ctx.all(
        steps.map((each) => startTask(ctx, each)),
        { failFast: false },
      );
    case "handle":
    case "handle quietly":
      try {
        await ctx.callActivity("fail", { cause: "never", ms: 0 });
      } catch {
        if (kind === "handle") await ctx.callActivity("succeed", { ms: 0 });
      }
      return await runAll(ctx, steps);
    case "rethrow":
      try {
        return await runAll(ctx, steps);
      } catch (error) {
        ctx.sendEvent("nobody", "failed");
        throw error;
      }
    case "wait":
      return await ctx.createTimer(new Date(ctx.currentUtcDateTime.getTime() + step.ms));
    case "tell":
      return ctx.sendEvent("nobody", "told");
    default:
      return await startTask(ctx, step);
  }
}

let worker: TaskHubWorker;
let client: TaskHubClient;

beforeAll(async () => {
  const registry = new Registry();
  const succeed = async ({ ms }: Pick<Step, "ms">) => await systemClock.sleep(ms);
  registry.addActivity({ name: "succeed", activity: succeed });
  registry.addActivity({
    name: "fail",
    activity: async ({ cause, ms }: Pick<Step, "cause" | "ms">) => {
      await systemClock.sleep(ms);
      if (!fixed.has(cause)) throw new Error(`${cause} is not fixed`);
    },
  });
  registry.addOrchestration({ name: "runs", orchestrator: runAll });
  const hub = new MemoryTaskHub({ clock: systemClock });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  worker = new TaskHubWorker({ backend: hub, store: hub, executor, clock: systemClock, log: silentLog });
  await worker.start();
  client = new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom });
});

afterAll(() => worker.stop());

it("a random program completes when it is rewound, be its causes fixed at once or one by one", async () => {
  await forSeeds(60, async (seed) => {
    const random = new SeededRandom(seed);
    const input = JSON.stringify(Array.from({ length: 2 }, () => randomStep(random, 3, seed, inner)));
    const isAtOnce = random.chance(0.5);
    const instanceId = await client.startInstance({ name: "runs", input });
    let state = await waitUntilEnded(client, instanceId);

    const open = causes.map((cause) => `${seed}-${cause}`);
    // More often than there are causes, because an activity that ran before the fix may still tell of its failure.
    for (let rewinds = 0; state.runtimeStatus === "Failed" && rewinds < 10; rewinds++) {
      expect(state.output).toContain("is not fixed");
      for (const cause of open.splice(0, isAtOnce ? open.length : 1)) fixed.add(cause);
      await client.rewind(instanceId, "fixed");
      state = await waitUntilEnded(client, instanceId);
    }

    expect(state).toMatchObject({ runtimeStatus: "Completed" });
  });
});
