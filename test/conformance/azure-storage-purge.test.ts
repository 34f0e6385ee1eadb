import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterEach, expect, it } from "vitest";
import { escapeKey } from "../../src/backends/azure-storage/codec/key-escaping.ts";
import type { StorageReply, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { azurite, newHubName, openHub } from "./azure-storage-fixture.ts";

const workers: TaskHubWorker[] = [];
const large = JSON.stringify("x".repeat(70_000));

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
});

/** Breaks off what is asked for, at one write of a purge. */
class BrokenPurge {
  #left = Number.POSITIVE_INFINITY;
  hasBroken = false;

  breakAt(write: number): void {
    this.#left = write;
    this.hasBroken = false;
  }

  decorate(transport: StorageTransport): StorageTransport {
    return async (request, context): Promise<StorageReply> => {
      const isWrite = ["table.batch", "table.deleteRow", "blob.delete"].includes(request.kind);
      if (this.hasBroken || (isWrite && --this.#left === 0)) {
        this.hasBroken = true;
        const failure = { httpStatus: 400, errorCode: "Broken", message: "broken off", host: "test", cause: undefined };
        return {
          outcome: "failed",
          failure: { ...failure, transient: false, answerLost: false, retryAfterMs: undefined },
        };
      }
      return await transport(request, context);
    };
  }

  mend(): void {
    this.#left = Number.POSITIVE_INFINITY;
    this.hasBroken = false;
  }
}

/** A worker, and a client of its own whose purges break off. */
async function openPurgedHub() {
  const taskHub = newHubName();
  const registry = new Registry();
  registry.addActivity({ name: "act", activity: () => large });
  registry.addOrchestration({
    name: "long",
    orchestrator: function* (context) {
      yield context.callActivity("act");
      // More rows than one batch has.
      yield context.all(Array.from({ length: 40 }, () => context.callActivity("small")));
      return `${context.instanceId} of ${context.getInput()}`;
    },
  });
  registry.addActivity({ name: "small", activity: () => 1 });
  const { store: workerStore, backend } = openHub(taskHub);
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ backend, store: workerStore, executor, clock: systemClock, log: { log() {} } });
  workers.push(worker);
  await worker.start();
  const broken = new BrokenPurge();
  const { store } = openHub(taskHub, { decorateTransport: (transport) => broken.decorate(transport) });
  const client = new TaskHubClient({ store, clock: systemClock, random: systemRandom });
  return { taskHub, client, broken };
}

async function ran(client: TaskHubClient, instanceId: string, input: string): Promise<void> {
  await client.startInstance({ name: "long", instanceId, input });
  const state = await client.waitForInstance(instanceId, "ended", { timeoutMs: 40_000 });
  expect(state).toMatchObject({ runtimeStatus: "Completed", input });
}

/** What the hub still keeps of an instance. */
async function leftOf(taskHub: string, instanceId: string): Promise<readonly string[]> {
  const left: string[] = [];
  for (const table of ["History", "Instances"]) {
    const rows = TableClient.fromConnectionString(azurite.connectionString, taskHub + table, {
      allowInsecureConnection: true,
    });
    const filter = `PartitionKey eq '${escapeKey(instanceId)}'`;
    for await (const { rowKey } of rows.listEntities({ queryOptions: { filter } })) left.push(`${table} ${rowKey}`);
  }
  const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const container = blobs.getContainerClient(`${taskHub.toLowerCase()}-largemessages`);
  for await (const { name } of container.listBlobsFlat({ prefix: `${instanceId}/` })) left.push(name);
  return left;
}

it("a purge that breaks off anywhere is repeated to the end, and its id may be started again meanwhile", {
  timeout: 300_000,
}, async () => {
  const { taskHub, client, broken } = await openPurgedHub();
  let writes = 0;
  for (let isBroken = true; isBroken; ) {
    writes++;
    const [repeated, restarted] = [`repeated-${writes}`, `restarted-${writes}`];
    await Promise.all([repeated, restarted].map((id) => ran(client, id, large)));
    for (const id of [repeated, restarted]) {
      broken.breakAt(writes);
      const purge = client.purge(id);
      isBroken = await purge.then(
        () => false,
        () => true,
      );
      broken.mend();
    }

    await client.purge(repeated);
    await ran(client, restarted, '"again"');

    expect(await leftOf(taskHub, repeated)).toEqual([]);
    expect(await client.getInstance(restarted)).toMatchObject({ output: JSON.stringify(`${restarted} of again`) });
    const history = (await client.getHistory(restarted))!;
    expect(history.filter(({ type }) => type === "TaskCompleted")).toHaveLength(41);
    expect(await client.purge(restarted)).toBe(1);
    expect(await leftOf(taskHub, restarted)).toEqual([]);
  }
  // Two batches, the sentinel, some blobs, the row.
  expect(writes).toBeGreaterThan(6);
});

it("a purge that meets a restart takes nothing from it", { timeout: 120_000 }, async () => {
  const { taskHub, client } = await openPurgedHub();
  for (let round = 0; round < 4; round++) {
    const id = `race-${round}`;
    await ran(client, id, large);
    const purged = client.purgeBy({ instanceIdPrefix: id });
    await systemClock.sleep(round * 12);
    await ran(client, id, '"again"');
    const count = await purged;

    expect(count).toBeLessThanOrEqual(1);
    const history = await client.getHistory(id);
    expect(history?.filter(({ type }) => type === "TaskCompleted")).toHaveLength(41);
    expect(await client.getInstance(id)).toMatchObject({ runtimeStatus: "Completed", input: '"again"' });
    await client.purge(id);
    expect(await leftOf(taskHub, id)).toEqual([]);
  }
});
