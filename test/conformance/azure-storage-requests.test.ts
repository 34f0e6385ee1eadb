import { afterAll, beforeAll, expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

it("a hello sequence of three activities asks the storage as often as documented", async () => {
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  // The plain emulator: requests are counted, and a strict account makes some more.
  const { connectionString } = azurite;
  const { backend, store, requests } = createAzureStorageTaskHub({
    ...ports,
    connectionString,
    taskHub: "Requests",
    workerId: "worker",
  });
  const registry = new Registry();
  registry.addActivity({ name: "sayHello", activity: (city: string) => `Hello ${city}!` });
  registry.addOrchestration({
    name: "helloSequence",
    *orchestrator(ctx) {
      for (const city of ["Tokyo", "Seattle", "London"]) yield ctx.callActivity("sayHello", city);
    },
  });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  await using worker = new TaskHubWorker({ ...ports, backend, store, executor });
  await worker.start();
  const client = new TaskHubClient({ store, ...ports });
  await waitUntilEnded(client, await client.startInstance({ name: "helloSequence" }));
  requests.reset();

  await waitUntilEnded(client, await client.startInstance({ name: "helloSequence" }));

  const of = (kind: Parameters<typeof requests.byKind.get>[0]) => requests.byKind.get(kind) ?? 0;
  // Receives depend on the pace of the polling, queries of the row on the waiting; the rest is the protocol.
  expect(of("queue.send")).toBe(7); // start, 3 requests, 3 answers
  expect(of("queue.deleteMessage")).toBeLessThanOrEqual(7); // the last may come after the row
  expect(of("table.batch")).toBe(4); // one per episode
  expect(of("blob.put")).toBe(0);
});
