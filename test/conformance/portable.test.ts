import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type DurableTaskClient,
  DurableTaskSchedulerClient,
  DurableTaskSchedulerWorker,
  type DurableTaskWorker,
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  EntityInstanceId,
  isDurableError,
  isTaskFailedError,
  type StorageOption,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
} from "../../src/portable/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { type RunningSidecar, startSidecar } from "../support/sidecar.ts";
import {
  addOrders,
  approveOrder,
  failing,
  processOrder,
  processOrderAsync,
  processOrderStepwise,
  type Stock,
  shipAll,
} from "./portable-orders.ts";

let azurite: Azurite;
let sidecar: RunningSidecar;
beforeAll(async () => {
  azurite = await startAzurite();
  sidecar = await startSidecar();
});
afterAll(async () => {
  await sidecar[Symbol.asyncDispose]();
  await azurite.stop();
});

interface Pair {
  readonly worker: DurableTaskWorker;
  readonly client: DurableTaskClient;
}

const log = () => {};

function embedded(storage: StorageOption): Pair {
  const taskHub = `Portable${randomUUID().replaceAll("-", "").slice(0, 8)}`;
  return {
    worker: new EmbeddedTaskHubWorker({ storage, taskHub, log }),
    client: new EmbeddedTaskHubClient({ storage, taskHub }),
  };
}

function scheduler(): Pair {
  const connectionString = `Endpoint=http://${sidecar.address};TaskHub=${sidecar.hub.taskHub};Authentication=None`;
  return {
    worker: new DurableTaskSchedulerWorker(connectionString, { log, workItemFilters: true }),
    client: new DurableTaskSchedulerClient(connectionString),
  };
}

function overGrpc(): Pair {
  return {
    worker: new TaskHubGrpcWorker(sidecar.address, { log }),
    client: new TaskHubGrpcClient(sidecar.address),
  };
}

describe.each<[string, () => Pair]>([
  ["memory", () => embedded("memory")],
  ["Azurite", () => embedded({ connectionString: azurite.connectionString })],
  ["a sidecar", overGrpc],
  ["a scheduler", scheduler],
])("on %s", (place, connect) => {
  let worker: DurableTaskWorker;
  let client: DurableTaskClient;

  beforeAll(async () => {
    ({ worker, client } = connect());
    addOrders(worker);
    await worker.start();
  });
  afterAll(async () => {
    await client.close();
    await worker.stop();
  });

  it.each([
    ["generator", processOrder],
    ["async function", processOrderAsync],
    ["async generator", processOrderStepwise],
  ])("runs an order as a %s", async (style, order) => {
    const number = `${place} ${style}`;
    const id = await client.scheduleNewOrchestration(order, { input: { id: number, items: ["tea", "milk"] } });
    const state = await client.waitForOrchestrationCompletion(id);

    expect(state.result).toEqual({
      success: true,
      paymentId: `payment-${number}`,
      shipped: ["shipItem:tea", "shipItem:milk"],
      sold: 2,
    });
    expect(state).toMatchObject({ runtimeStatus: "Completed", name: order.name || "processOrderAsync" });
    state.raiseIfFailed();
  });

  it("ships nothing", async () => {
    const id = await client.scheduleNewOrchestration(shipAll, { input: [] });
    expect((await client.waitForOrchestrationCompletion(id)).result).toEqual([]);
  });

  it("manages an instance from its start to its end", async () => {
    const id = await client.scheduleNewOrchestration(approveOrder, {
      instanceId: `approve-${place}`,
      tags: { a: "b" },
    });
    await expect(client.scheduleNewOrchestration(approveOrder, { instanceId: id })).rejects.toMatchObject({
      code: "InstanceAlreadyExists",
    });
    const started = await client.waitForOrchestrationStart(id, { timeout: "30s" });
    expect(started.isCompleted).toBe(false);
    await expect(client.waitForOrchestrationCompletion(id, { timeout: 50 })).rejects.toMatchObject({
      code: "TaskTimeout",
    });
    expect(await client.getOrchestrationState(id)).toMatchObject({ customStatus: "waiting", tags: { a: "b" } });
    await client.suspendOrchestration(id, "rest");
    await expect.poll(async () => (await client.getOrchestrationState(id))?.runtimeStatus).toBe("Suspended");
    await client.resumeOrchestration(id);
    await client.raiseOrchestrationEvent(id, "approval", true);

    const { result } = await client.waitForOrchestrationCompletion(id);
    expect(result).toBe("approved");
    await client.raiseOrchestrationEvent(id, "approval", true);
    expect((await client.getOrchestrationHistory(id)).map(({ type }) => type)).toContain("EventRaised");
    expect(await client.listInstanceIds().toArray()).toContain(id);
    const found = client.getAllInstances({ instanceIdPrefix: `approve-${place}`, pageSize: 1 });
    expect((await found.toArray()).map(({ instanceId }) => instanceId)).toEqual([id]);
    expect(await client.restartOrchestration(id)).toBe(id);
    await client.terminateOrchestration(id, { output: { why: "enough" } });
    const ended = await client.waitForOrchestrationCompletion(id);
    expect(ended).toMatchObject({ runtimeStatus: "Terminated", output: { why: "enough" } });
    expect(await client.purgeOrchestration([id, "unknown"])).toEqual({ deletedInstanceCount: 1 });
    expect(await client.getOrchestrationState(id)).toBeUndefined();
    await expect(client.waitForOrchestrationCompletion(id)).rejects.toSatisfy((error) =>
      isDurableError(error, "InstanceNotFound"),
    );
  });

  it("tells why an instance has failed", async () => {
    const id = await client.scheduleNewOrchestration(failing);
    const state = await client.waitForOrchestrationCompletion(id);

    expect(state).toMatchObject({ runtimeStatus: "Failed", result: undefined });
    expect(() => state.raiseIfFailed()).toThrow(/'failing' failed: .*boom/);
    const thrown = await Promise.resolve()
      .then(() => state.raiseIfFailed())
      .catch((error: unknown) => error);
    expect(isTaskFailedError(thrown)).toBe(true);
    await client.rewindInstance(id);
    await expect.poll(async () => (await client.getOrchestrationState(id))?.runtimeStatus).toBe("Failed");
  });

  it("speaks to entities", async () => {
    const stock = new EntityInstanceId("Stock", `${place} client`);
    await client.signalEntity(stock, "take", 2);
    await client.signalEntity(stock, "take", 3, { scheduledTime: new Date(Date.now() + 50) });
    await expect.poll(() => client.getEntity<Stock>(stock)).toMatchObject({ state: { sold: 5 } });
    const keys: string[] = [];
    for await (const { id, state } of client.getEntities<Stock>({ name: "stock", keyPrefix: `${place} client` })) {
      keys.push(`${id.key}: ${state?.sold}`);
    }
    expect(keys).toEqual([`${place} client: 5`]);
    await client.signalEntity(stock, "delete");
    await expect.poll(() => client.getEntity(stock)).toBeUndefined();
    expect(await client.cleanEntityStorage()).toMatchObject({ emptyEntitiesRemoved: 0 });
  });

  it("starts again after it was stopped, and takes no functions while it runs", async () => {
    expect(worker.isRunning).toBe(true);
    expect(() => worker.addActivity(() => {})).toThrow(/before the worker starts/);
    await worker.stop();
    expect(worker.isRunning).toBe(false);
    const id = await client.scheduleNewOrchestration(shipAll, { input: ["late"] });
    await worker.start();
    expect((await client.waitForOrchestrationCompletion(id)).result).toEqual(["shipItem:late"]);
  });
});

it.each<[string, () => Pair]>([
  ["memory", () => embedded("memory")],
  ["Azurite", () => embedded({ connectionString: azurite.connectionString })],
  ["a sidecar", overGrpc],
])("calls entities on %s", async (place, connect) => {
  const { worker, client } = connect();
  addOrders(worker);
  await worker.start();
  try {
    const stock = new EntityInstanceId("Stock", place);
    expect(await client.callEntity<number>(stock, "take", 3, { timeout: "30s" })).toBe(3);
    await expect(client.callEntity(stock, "unknown")).rejects.toSatisfy((error) => isTaskFailedError(error));
  } finally {
    await client.close();
    await worker.stop();
  }
});
