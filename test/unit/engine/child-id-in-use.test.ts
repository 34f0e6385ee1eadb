import { afterAll, beforeAll, expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../../src/testing/task-hub-suite.ts";
import { withBackendFaults } from "../../../src/testing/with-backend-faults.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

const registry = new Registry();
registry.addOrchestration({
  name: "waits",
  *orchestrator(context): Generator<unknown, unknown, unknown> {
    return yield context.waitForExternalEvent("go");
  },
});
registry.addOrchestration({
  name: "calls",
  *orchestrator(context, id: string) {
    return yield* context.callSubOrchestrator("waits", undefined, id);
  },
});
registry.addOrchestration({
  name: "tries",
  *orchestrator(context, id: string) {
    const retry = { firstInterval: 10, maxAttempts: 5 };
    return yield* context.callSubOrchestratorWithRetry("waits", retry, undefined, id);
  },
});

const workers: TaskHubWorker[] = [];
afterAll(() => Promise.all(workers.map((worker) => worker.stop())));

async function openHub(faults: Parameters<typeof withBackendFaults>[1] = []) {
  const hub = new MemoryTaskHub({ clock: systemClock });
  const worker = new TaskHubWorker({
    backend: withBackendFaults(hub, faults),
    store: hub,
    executor: new InProcessExecutor({ registries: [registry] }),
    clock: systemClock,
    log: silentLog,
  });
  await worker.start();
  workers.push(worker);
  return new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom });
}

let client: TaskHubClient;
beforeAll(async () => {
  client = await openHub();
});

async function startHolder(id: string): Promise<void> {
  await client.startInstance({ name: "waits", instanceId: id });
  await expect.poll(async () => (await client.getInstance(id))?.runtimeStatus).toBe("Running");
}

it.each(["calls", "tries"])("an instance that %s a child under an id in use is told so, once", async (name) => {
  const id = `taken by ${name}`;
  await startHolder(id);

  const ended = await waitUntilEnded(client, await client.startInstance({ name, input: JSON.stringify(id) }));

  expect(ended).toMatchObject({ runtimeStatus: "Failed" });
  expect(ended.output).toContain(`'${id}' is in use`);
  const history = (await client.getHistory(ended.instanceId)) ?? [];
  expect(history.filter(({ type }) => type === "SubOrchestrationInstanceFailed")).toMatchObject([
    { failureDetails: { errorType: "InstanceAlreadyExists", isNonRetriable: true } },
  ]);
  expect(await client.getInstance(id)).toMatchObject({ runtimeStatus: "Running" });
});

it("an id is free again once its holder has ended", async () => {
  await startHolder("freed");
  await client.raiseEvent("freed", "go", "1");
  await waitUntilEnded(client, "freed");

  const parent = await client.startInstance({ name: "calls", input: '"freed"' });
  await expect.poll(async () => (await client.getInstance("freed"))?.runtimeStatus).toBe("Running");
  await client.raiseEvent("freed", "go", "2");

  expect(await waitUntilEnded(client, parent)).toMatchObject({ runtimeStatus: "Completed", output: "2" });
});

it.each(["before", "after", "messagesSent", "historyWritten"] as const)(
  "a refusal survives a crash: %s its checkpoint",
  async (when) => {
    const faults = [3, 4].map((call) => {
      return { operation: "completeOrchestrationWorkItem", call, when, error: new Error("crash") } as const;
    });
    const faulty = await openHub(faults);
    await faulty.startInstance({ name: "waits", instanceId: "held" });
    await expect.poll(async () => (await faulty.getInstance("held"))?.runtimeStatus).toBe("Running");

    const parent = await faulty.startInstance({ name: "calls", input: '"held"' });

    expect(await waitUntilEnded(faulty, parent)).toMatchObject({ runtimeStatus: "Failed" });
    expect(await faulty.getInstance("held")).toMatchObject({ runtimeStatus: "Running" });
  },
);
