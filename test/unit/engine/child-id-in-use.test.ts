import { expect, it } from "vitest";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { type ScriptedFault, withBackendFaults } from "../../../src/testing/with-backend-faults.ts";
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

async function openHub(faults: readonly ScriptedFault[] = []): Promise<VirtualHub> {
  const hub = new VirtualHub();
  await hub.startWorker({ registries: [registry], backend: withBackendFaults(hub.backend, faults) });
  return hub;
}

async function startHolder(hub: VirtualHub, id: string): Promise<void> {
  await hub.client.startInstance({ name: "waits", instanceId: id });
  await hub.settle();
  expect(await hub.client.getInstance(id)).toMatchObject({ runtimeStatus: "Running" });
}

it.each(["calls", "tries"])("an instance that %s a child under an id in use is told so, once", async (name) => {
  await using hub = await openHub();
  const { client } = hub;
  const id = `taken by ${name}`;
  await startHolder(hub, id);

  const ended = await hub.runUntilEnded(await client.startInstance({ name, input: JSON.stringify(id) }));

  expect(ended).toMatchObject({ runtimeStatus: "Failed" });
  expect(ended.output).toContain(`'${id}' is in use`);
  const history = (await client.getHistory(ended.instanceId)) ?? [];
  expect(history.filter(({ type }) => type === "SubOrchestrationInstanceFailed")).toMatchObject([
    { failureDetails: { errorType: "InstanceAlreadyExists", isNonRetriable: true } },
  ]);
  expect(await client.getInstance(id)).toMatchObject({ runtimeStatus: "Running" });
});

it("an id is free again once its holder has ended", async () => {
  await using hub = await openHub();
  const { client } = hub;
  await startHolder(hub, "freed");
  await client.raiseEvent("freed", "go", "1");
  await hub.runUntilEnded("freed");

  const parent = await client.startInstance({ name: "calls", input: '"freed"' });
  await hub.settle();
  expect(await client.getInstance("freed")).toMatchObject({ runtimeStatus: "Running" });
  await client.raiseEvent("freed", "go", "2");

  expect(await hub.runUntilEnded(parent)).toMatchObject({ runtimeStatus: "Completed", output: "2" });
});

it.each(["before", "after", "messagesSent", "historyWritten"] as const)(
  "a refusal survives a crash: %s its checkpoint",
  async (when) => {
    const faults = [3, 4].map((call) => {
      return { operation: "completeOrchestrationWorkItem", call, when, error: new Error("crash") } as const;
    });
    await using hub = await openHub(faults);
    const { client } = hub;
    await startHolder(hub, "held");

    const parent = await client.startInstance({ name: "calls", input: '"held"' });

    expect(await hub.runUntilEnded(parent)).toMatchObject({ runtimeStatus: "Failed" });
    expect(await client.getInstance("held")).toMatchObject({ runtimeStatus: "Running" });
  },
);
