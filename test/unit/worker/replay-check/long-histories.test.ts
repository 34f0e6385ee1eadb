import { expect, it } from "vitest";
import type { OrchestrationContext } from "../../../../src/orchestration/orchestration-context.ts";
import { VirtualHub } from "../../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../../src/worker/registry.ts";

function registryOf(orchestrator: (context: OrchestrationContext) => Generator<unknown, unknown, unknown>): Registry {
  const registry = new Registry();
  registry.addActivity({ name: "echo", activity: (value: unknown) => value });
  registry.addOrchestration({ name: "long", orchestrator });
  return registry;
}

it("the check of a long history costs a few replays, not one for each episode", async () => {
  const rounds = 800;
  let steps = 0;
  await using hub = new VirtualHub();
  const registry = registryOf(function* (ctx) {
    for (let round = 0; round < rounds; round++) {
      steps++;
      yield ctx.callActivity("echo", round);
    }
    return "done";
  });
  await hub.startWorker({ registries: [registry], replayCheck: true });

  const state = await hub.runUntilEnded(await hub.client.startInstance({ name: "long" }));

  expect(state).toMatchObject({ runtimeStatus: "Completed", output: '"done"' });
  // The first thousand events are of 250 rounds, which are checked one by one; afterwards, by the quarter.
  const eachOfTheFirst = (250 * 250) / 2;
  expect(steps).toBeGreaterThan(eachOfTheFirst / 2);
  expect(steps).toBeLessThan(eachOfTheFirst * 1.1 + rounds * 7);
});

it.each([
  [400, "in an episode that is checked later"],
  [798, "in one of the last episodes"],
])("what replay cannot repeat is found in round %d of a long history, %s", async (bad) => {
  await using hub = new VirtualHub();
  const registry = registryOf(function* (ctx) {
    for (let round = 0; round < 800; round++) {
      yield ctx.callActivity("echo", round === bad ? Math.random() : round);
    }
    return "done";
  });
  await hub.startWorker({ registries: [registry], replayCheck: true });

  const state = await hub.runUntilEnded(await hub.client.startInstance({ name: "long" }));

  expect(state.runtimeStatus).toBe("Failed");
  expect(state.output).toContain(`in episode ${bad + 1} the orchestrator asked for ScheduleTask('echo') with input 0.`);
});

it("an event that comes in thousands is replayed in turns of the event loop", async () => {
  const count = 5000;
  await using hub = new VirtualHub();
  const registry = registryOf(function* (ctx) {
    const tasks = Array.from({ length: count }, (_, index) => ctx.callActivity("echo", index));
    yield* ctx.all(tasks);
    return ctx.newGuid();
  });
  await hub.startWorker({ registries: [registry], replayCheck: true, maxConcurrentActivities: 200 });

  const state = await hub.runUntilEnded(await hub.client.startInstance({ name: "long" }));

  expect(state.runtimeStatus).toBe("Completed");
});
