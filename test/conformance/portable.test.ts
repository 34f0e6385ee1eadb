import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  EntityInstanceId,
  isDurableError,
  isTaskFailedError,
  type LogEntry,
} from "../../src/portable/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
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
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

describe.each(["memory", "Azurite"])("on %s", (place) => {
  const taskHub = `Portable${randomUUID().replaceAll("-", "").slice(0, 8)}`;
  const lines: LogEntry[] = [];
  let worker: EmbeddedTaskHubWorker;
  let client: EmbeddedTaskHubClient;

  beforeAll(async () => {
    const storage = place === "memory" ? "memory" : { connectionString: azurite.connectionString };
    worker = new EmbeddedTaskHubWorker({ storage, taskHub, log: (entry) => void lines.push(entry) });
    client = new EmbeddedTaskHubClient({ storage, taskHub });
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
    const id = await client.scheduleNewOrchestration(order, { input: { id: style, items: ["tea", "milk"] } });
    const state = await client.waitForOrchestrationCompletion(id);

    expect(state.result).toEqual({
      success: true,
      paymentId: `payment-${style}`,
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
    const found = client.getAllInstances({ instanceIdPrefix: "approve-", pageSize: 1 });
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
    const stock = new EntityInstanceId("Stock", `by-client-${place}`);
    await client.signalEntity(stock, "take", 2);
    expect(await client.callEntity<number>(stock, "take", 3, { timeout: "30s" })).toBe(5);
    await expect.poll(() => client.getEntity<Stock>(stock)).toMatchObject({ state: { sold: 5 } });
    const keys: string[] = [];
    for await (const { id, state } of client.getEntities<Stock>({ name: "stock", keyPrefix: "by-client" })) {
      keys.push(`${id.key} ${state?.sold}`);
    }
    expect(keys).toEqual([`by-client-${place} 5`]);
    await client.callEntity(stock, "delete");
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
