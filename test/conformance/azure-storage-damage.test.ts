import { TableClient } from "@azure/data-tables";
import { expect, it } from "vitest";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { allAnswers } from "../support/strict-service.ts";
import { azurite, newHubName, openHub } from "./azure-storage-fixture.ts";

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

/** Without sessions every work item reads the stored history. */
async function openWorker({ maxSessions }: { readonly maxSessions: number }) {
  const taskHub = newHubName();
  const { backend, store } = openHub(taskHub, {}, allAnswers);
  const registry = new Registry();
  registry.addActivity({ name: "work", activity: () => systemClock.sleep(20) });
  registry.addOrchestration({
    name: "waits",
    *orchestrator(ctx) {
      return yield* ctx.waitForExternalEvent("go");
    },
  });
  registry.addOrchestration({
    name: "works",
    *orchestrator(ctx) {
      for (let n = 0; n < 20; n++) yield ctx.callActivity("work");
      return "old";
    },
  });
  registry.addOrchestration({ name: "hello", orchestrator: () => "new" });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ ...ports, backend, store, executor, maxSessions });
  await worker.start();
  return { taskHub, worker, store, client: new TaskHubClient({ store, ...ports }) };
}

it("an instance whose history cannot be decoded is failed with the reason", { timeout: 90_000 }, async () => {
  const hub = await openWorker({ maxSessions: 0 });
  await using _worker = hub.worker;
  const instanceId = await hub.client.startInstance({ name: "waits" });
  await expect.poll(async () => (await hub.client.getInstance(instanceId))?.runtimeStatus).toBe("Running");
  const table = TableClient.fromConnectionString(azurite.connectionString, `${hub.taskHub}History`, {
    allowInsecureConnection: true,
  });
  await table.updateEntity({ partitionKey: instanceId, rowKey: "0000000000000001", Tags: "{ nope" }, "Merge");

  await hub.client.raiseEvent(instanceId, "go", "1");
  const state = await waitUntilEnded(hub.client, instanceId);

  expect(state).toMatchObject({ runtimeStatus: "Failed", output: expect.stringContaining("CorruptData") as string });
});

it("what an unfinished purge has left is no history", { timeout: 90_000 }, async () => {
  const hub = await openWorker({ maxSessions: 0 });
  await using _worker = hub.worker;
  const instanceId = await hub.client.startInstance({ name: "waits" });
  await expect.poll(async () => (await hub.client.getInstance(instanceId))?.runtimeStatus).toBe("Running");
  const connect = (table: string) =>
    TableClient.fromConnectionString(azurite.connectionString, `${hub.taskHub}${table}`, {
      allowInsecureConnection: true,
    });
  await connect("History").deleteEntity(instanceId, "sentinel");
  await connect("Instances").deleteEntity(instanceId, "");

  await hub.client.raiseEvent(instanceId, "go", "1").catch(() => {});
  await hub.client.startInstance({ instanceId, name: "hello" });

  expect(await waitUntilEnded(hub.client, instanceId)).toMatchObject({ name: "hello", output: '"new"' });
  expect(await hub.client.getHistory(instanceId)).toHaveLength(4);
});

it("a purged instance stays purged, and its id is free for another", { timeout: 90_000 }, async () => {
  const hub = await openWorker({ maxSessions: 1 });
  await using _worker = hub.worker;
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const instanceId = `purged-${index}`;
      await hub.client.startInstance({ instanceId, name: "works" });
      await expect.poll(async () => (await hub.client.getInstance(instanceId))?.runtimeStatus).toBe("Running");
      await systemClock.sleep(15 * index);
      await hub.client.purge(instanceId, { force: true });
      if (index % 2 === 0) await hub.client.startInstance({ instanceId, name: "hello" });
      if (index % 2 === 0) return waitUntilEnded(hub.client, instanceId);
      await systemClock.sleep(2000);
      return hub.client.getInstance(instanceId);
    }),
  );

  const shown = outcomes.map((state) => state && `${state.name} ${state.runtimeStatus} ${state.output}`);
  expect(shown).toEqual(outcomes.map((_, index) => (index % 2 === 0 ? 'hello Completed "new"' : undefined)));
});
