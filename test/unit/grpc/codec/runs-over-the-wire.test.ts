import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/ports.ts";
import type { TaskExecutor } from "../../../../src/core/task-executor.ts";
import { TaskHubWorker } from "../../../../src/engine/task-hub-worker.ts";
import { VirtualHub } from "../../../../src/testing/virtual-hub.ts";
import { InProcessExecutor } from "../../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../../src/worker/registry.ts";
import { EntityHistory } from "../../../support/entities/entity-history.ts";
import { randomScenario, scenarioKinds } from "../../../support/entities/entity-scenario.ts";
import { judgeScenario } from "../../../support/entities/judge-scenario.ts";
import { act, haveEnded } from "../../../support/entities/run-scenario.ts";
import { registerScenario } from "../../../support/entities/scenario-functions.ts";
import { orchestratorOf, styles } from "../../../support/program-orchestrator.ts";
import { type Program, randomProgram, randomSteadyProgram } from "../../../support/random-program.ts";
import { forSeeds, SeededRandom } from "../../../support/seeded-random.ts";
import { WireExecutor } from "./wire-executor.ts";

const encodings = ["messages", "events"] as const;

async function startWorker(hub: VirtualHub, executor: TaskExecutor, maxSessions: number): Promise<TaskHubWorker> {
  const { backend, clock } = hub;
  const limits = { maxSessions, maxConcurrentOrchestrations: 3, maxEntityOperations: 3 };
  const worker = new TaskHubWorker({ ...limits, backend, store: backend, executor, clock, log: silentLog });
  await worker.start();
  return worker;
}

function registryOf(program: Program, seed: number): Registry {
  const registry = new Registry();
  const style = styles[seed % styles.length]!;
  registry.addOrchestration({ name: "program", orchestrator: orchestratorOf(program, style) });
  registry.addOrchestration({
    name: "child",
    *orchestrator(context, input: number) {
      return (yield* context.callActivity<number>("double", input)) + 1;
    },
  });
  registry.addOrchestration({
    name: "grandchild",
    orchestrator: async (context, input: number) => (await context.callSubOrchestrator<number>("child", input)) + 1,
  });
  for (const name of ["failingChild", "flakyChild"]) {
    registry.addOrchestration({
      name,
      *orchestrator(context, input: number) {
        yield context.callActivity("double", input);
        if (name === "failingChild" || input % 3 === 1) throw new Error(`child ${input} fails`);
        return input;
      },
    });
  }
  registry.addActivity({ name: "double", activity: (value: number) => value * 2 });
  registry.addActivity({
    name: "flaky",
    activity: (needed: number, { attempt }) => {
      if (attempt < needed) throw Object.assign(new Error(`attempt ${attempt}`), { needed, list: [null, { attempt }] });
      return attempt;
    },
  });
  return registry;
}

/** How the program ends, or where it stands when all that it waits for cannot come. */
async function runProgram(
  program: Program,
  seed: number,
  wrap: (inner: TaskExecutor, hub: VirtualHub) => TaskExecutor,
) {
  await using hub = new VirtualHub();
  const registry = registryOf(program, seed);
  registry.addActivity({ name: "slow", activity: () => hub.clock.sleep(20_000_000) });
  const inner = new InProcessExecutor({ registries: [registry], clock: hub.clock });
  const worker = await startWorker(hub, wrap(inner, hub), seed % 2 === 0 ? 1 : 100);
  const { client } = hub;
  const id = await client.startInstance({ name: "program", instanceId: "program", tags: { of: "the wire" } });
  for (const name of ["go", "stop", "go", "stop", "go", "stop"]) {
    await hub.advance("10m");
    if ((await client.getInstance(id))?.runtimeStatus === "Running") await client.raiseEvent(id, name, `"${name}"`);
  }
  await hub.advance("7d");
  const { runtimeStatus, output, customStatus } = (await client.getInstance(id))!;
  await hub.run(worker.stop());
  return { runtimeStatus, output, customStatus };
}

describe.each(encodings)("with entity %s", (encoding) => {
  it("a program that ends in one way only ends over the wire as without it", async () => {
    await forSeeds(8, async (seed) => {
      const program = randomSteadyProgram(new SeededRandom(seed));
      const direct = await runProgram(program, seed, (inner) => inner);
      const problems: unknown[] = [];
      const wired = await runProgram(program, seed, (inner, hub) => {
        return new WireExecutor(inner, encoding, hub.clock, problems);
      });
      expect(problems).toEqual([]);
      expect(wired).toEqual(direct);
    });
  });

  it("what a random program says and hears is the same on both sides of the wire", async () => {
    await forSeeds(8, async (seed) => {
      const problems: unknown[] = [];
      await runProgram(randomProgram(new SeededRandom(seed)), seed, (inner, hub) => {
        return new WireExecutor(inner, encoding, hub.clock, problems);
      });
      expect(problems).toEqual([]);
    });
  });

  it.each(scenarioKinds)("entities of a scenario '%s' are called over the wire as they shall be", async (kind) => {
    await forSeeds(3, async (seed) => {
      const scenario = randomScenario(kind, seed);
      const history = new EntityHistory();
      const registry = new Registry();
      registerScenario(registry, history);
      await using hub = new VirtualHub();
      const inner = new InProcessExecutor({ registries: [registry], clock: hub.clock });
      const problems: unknown[] = [];
      const executor = new WireExecutor(inner, encoding, hub.clock, problems);
      const worker = await startWorker(hub, executor, seed % 2 === 0 ? 1 : 100);
      for (const [index, action] of scenario.actions.entries()) {
        await act(hub.client, history, action, scenario.actions.length - index);
        await hub.advance(seed % 3 === 0 ? "1s" : "1ms");
      }
      await hub.runUntil(async () => problems.length > 0 || (await haveEnded(hub.client, scenario)));
      await hub.advance("1h");
      const violations = await judgeScenario(scenario, history, (entity) => hub.client.entities.get(entity));
      await hub.run(worker.stop());
      expect(problems).toEqual([]);
      expect(violations).toEqual([]);
    });
  });
});
