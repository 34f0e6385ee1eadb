import { afterAll, beforeAll } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { BackendUnderTest } from "../../src/testing/backend-suite.ts";
import { describeBackend } from "../../src/testing/backend-suite.ts";
import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";
import { startAzurite } from "../support/azurite.ts";

let azurite: Awaited<ReturnType<typeof startAzurite>>;
let hubs = 0;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

async function openAzureHub(): Promise<BackendUnderTest> {
  const { backend, store } = createAzureStorageTaskHub({
    connectionString: azurite.connectionString,
    taskHub: `Suite${++hubs}`,
    workerId: `suite-${systemRandom.guid()}`,
    clock: systemClock,
    random: systemRandom,
    maxQueuePollingIntervalMs: 200,
  });
  return { backend, store, close: () => store.deleteTaskHub() };
}

describeBackend("azure-storage", openAzureHub);
describeTaskHub("azure-storage", openAzureHub);
