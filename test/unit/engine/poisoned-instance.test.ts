import { expect, it } from "vitest";
import { readEntityState } from "../../../src/entities/scheduler-state.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import type { EntityContext } from "../../../src/worker/entities/entity-context.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { MortalProcess } from "../../support/mortal-process.ts";

/** How user code takes the process down in which it runs: `process.exit`. */
interface Deadly {
  readonly exit: () => void;
}

/** Runs workers one after the other, the next as soon as one has died, until `isDone`. Resolves to how many died. */
async function superviseUntil(
  hub: VirtualHub,
  open: (deadly: Deadly) => Registry,
  isDone: () => Promise<boolean>,
  limits: { maxUnfinishedRuns?: number } = {},
): Promise<number> {
  for (let deaths = 0; ; deaths++) {
    const process = new MortalProcess(hub.backend);
    const registry = open({ exit: () => process.kill() });
    const worker = await hub.startWorker({ registries: [registry], backend: process.backend, ...limits });
    const done = async () => process.isDead || (await isDone());
    await hub.runUntil(done);
    if (await isDone()) return deaths;
    void worker.stop();
    hub.backend.expireLocks();
    if (deaths > 200) throw new Error("workers die without end");
  }
}

const hasEnded = (hub: VirtualHub, ids: readonly string[]) => async () => {
  const states = await Promise.all(ids.map((id) => hub.client.getInstance(id)));
  return states.every((state) => state !== undefined && /Completed|Failed|Terminated/.test(state.runtimeStatus));
};

function deadly({ exit }: Deadly): Registry {
  const registry = new Registry();
  registry.addOrchestration({ name: "deadly", orchestrator: exit });
  registry.addOrchestration({
    name: "dies of an event",
    *orchestrator(context: OrchestrationContext) {
      yield context.waitForExternalEvent("die");
      exit();
    },
  });
  registry.addOrchestration({
    name: "neighbour",
    *orchestrator(context: OrchestrationContext) {
      for (let step = 0; step < 3; step++) yield context.callActivity("work");
      return "well";
    },
  });
  registry.addOrchestration({
    name: "parent",
    *orchestrator(context: OrchestrationContext) {
      yield context.callSubOrchestrator("deadly");
    },
  });
  registry.addActivity({ name: "work", activity: () => 1 });
  registry.addEntity({
    name: "account",
    entity: (context: EntityContext<number>) => {
      if (context.operationName === "die") exit();
      else if (context.operationName === "get") context.return(context.getState(() => 0));
      else context.setState(context.getState(() => 0) + 1);
    },
  });
  return registry;
}

it("an orchestration that takes its process down is failed after some unfinished runs, and its neighbours end well", async () => {
  await using hub = new VirtualHub();
  const ids = ["neighbour 1", "neighbour 2", "neighbour 3", "neighbour 4"];
  for (const instanceId of ids.slice(0, 2)) await hub.client.startInstance({ name: "neighbour", instanceId });
  await hub.client.startInstance({ name: "deadly", instanceId: "deadly" });
  for (const instanceId of ids.slice(2)) await hub.client.startInstance({ name: "neighbour", instanceId });

  const deaths = await superviseUntil(hub, deadly, hasEnded(hub, [...ids, "deadly"]));

  expect(deaths).toBe(10);
  const state = await hub.client.getInstance("deadly");
  expect(state?.runtimeStatus).toBe("Failed");
  expect(state?.output).toMatch(/^OrchestrationPoisoned: the code of 'deadly' was begun 10 times and never ended/);
  for (const id of ids) expect(await hub.client.getInstance(id)).toMatchObject({ runtimeStatus: "Completed" });
});

it("an activity that is at work each time a process dies of something else is not taken for the reason", async () => {
  await using hub = new VirtualHub();
  const { clock } = hub;
  for (let index = 0; index < 3; index++) await hub.client.startInstance({ name: "long", instanceId: `long ${index}` });
  for (let index = 0; index < 2; index++)
    await hub.client.startInstance({ name: "deadly", instanceId: `deadly ${index}` });
  const open = (process: Deadly) => {
    const registry = deadly(process);
    registry.addOrchestration({
      name: "long",
      *orchestrator(context: OrchestrationContext): Generator<unknown, unknown> {
        return yield context.callActivity("takes long");
      },
    });
    registry.addActivity({ name: "takes long", activity: () => clock.sleep(8000).then(() => "well") });
    return registry;
  };

  const ids = ["long 0", "long 1", "long 2", "deadly 0", "deadly 1"];
  await superviseUntil(hub, open, hasEnded(hub, ids));

  const states = await Promise.all(ids.map((id) => hub.client.getInstance(id)));
  expect(states.map((state) => state?.runtimeStatus)).toEqual([
    "Completed",
    "Completed",
    "Completed",
    "Failed",
    "Failed",
  ]);
});

it("several that take their process down are all failed, and how often is an option", async () => {
  await using hub = new VirtualHub();
  const ids = ["a", "b", "c"];
  for (const instanceId of ids) await hub.client.startInstance({ name: "deadly", instanceId });
  await hub.client.startInstance({ name: "neighbour", instanceId: "neighbour" });

  const deaths = await superviseUntil(hub, deadly, hasEnded(hub, [...ids, "neighbour"]), { maxUnfinishedRuns: 4 });

  expect(deaths).toBeLessThanOrEqual(12);
  for (const id of ids) expect((await hub.client.getInstance(id))?.runtimeStatus).toBe("Failed");
  expect((await hub.client.getInstance("neighbour"))?.runtimeStatus).toBe("Completed");
});

it("an episode in the middle counts by itself, and the parent of a child that is failed is told", async () => {
  await using hub = new VirtualHub();
  await hub.client.startInstance({ name: "dies of an event", instanceId: "late" });
  await hub.client.startInstance({ name: "parent", instanceId: "parent" });
  let isRaised = false;

  await superviseUntil(hub, deadly, async () => {
    const late = await hub.client.getInstance("late");
    if (!isRaised && late?.runtimeStatus === "Running") {
      isRaised = true;
      await hub.client.raiseEvent("late", "die", undefined);
    }
    return await hasEnded(hub, ["late", "parent"])();
  });

  expect((await hub.client.getInstance("late"))?.output).toMatch(/^OrchestrationPoisoned: /);
  const parent = await hub.client.getInstance("parent");
  expect(parent?.runtimeStatus).toBe("Failed");
  expect(parent?.output).toContain("the code of '");
  expect((await hub.client.getHistory("late"))?.filter(({ type }) => type === "EventRaised")).toHaveLength(1);
});

it("what takes its process down can be terminated at once: its code is not begun again for that", async () => {
  await using hub = new VirtualHub();
  await hub.client.startInstance({ name: "deadly", instanceId: "deadly" });
  const ended = hasEnded(hub, ["deadly"]);
  let looks = 0;
  const isTerminated = async () => {
    if (++looks === 4) await hub.client.terminate("deadly", "enough");
    return await ended();
  };

  expect(await superviseUntil(hub, deadly, isTerminated)).toBeLessThan(10);

  expect((await hub.client.getInstance("deadly"))?.runtimeStatus).toBe("Terminated");
});

it("an operation that takes its process down is failed alone: the entity keeps its state, and the others are run", async () => {
  await using hub = new VirtualHub();
  const state = async () => readEntityState((await hub.backend.getInstance("@account@1"))?.input);
  for (const operation of ["add", "add", "die", "add", "add", "add"]) {
    await hub.client.entities.signal({ name: "account", key: "1" }, { operation });
  }

  const deaths = await superviseUntil(hub, deadly, async () => (await state()) === "5");

  expect(deaths).toBeLessThanOrEqual(13);
  expect(await state()).toBe("5");
});

it("a run that was handed back, or whose lock was lost by a process that is still there, does not count", async () => {
  await using hub = new VirtualHub();
  const registry = new Registry();
  let runs = 0;
  registry.addOrchestration({
    name: "unlucky",
    orchestrator: () => {
      if (++runs < 30) hub.backend.expireLocks();
      return "done";
    },
  });
  await hub.startWorker({ registries: [registry], maxUnfinishedRuns: 3 });
  const id = await hub.client.startInstance({ name: "unlucky" });

  expect(await hub.runUntilEnded(id)).toMatchObject({ runtimeStatus: "Completed", output: '"done"' });
});
