import { afterAll, beforeAll, expect } from "vitest";
import {
  type AzureStorageTaskHub,
  createAzureStorageTaskHub,
} from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { StrictAnswers } from "../../src/testing/azure-storage-strict.ts";
import { describeBackend } from "../../src/testing/backend/backend-suite.ts";
import type { BackendUnderTest, OpenOptions } from "../../src/testing/backend/hub-under-test.ts";
import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";
import { startAzurite } from "../support/azurite.ts";
import { HeldReceipts } from "../support/held-receipts.ts";
import { allAnswers, eachMessageOnce, openStrictService } from "../support/strict-service.ts";

let azurite: Awaited<ReturnType<typeof startAzurite>>;
let hubs = 0;
const strict = openStrictService();

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
  expect(strict.violations).toEqual([]);
});

const openAzureHub =
  (answers: Partial<StrictAnswers>) =>
  async ({ lockMs = 60_000 }: OpenOptions = {}): Promise<BackendUnderTest> => {
    const taskHub = `Suite${++hubs}`;
    const held = new HeldReceipts(lockMs);
    const workers: string[] = [];
    const open = (): AzureStorageTaskHub => {
      // The newest worker takes the partitions over at once, instead of when the leases of the others have run out.
      const earlier = new Set(workers);
      const workerId = `suite-${systemRandom.guid()}`;
      workers.push(workerId);
      return createAzureStorageTaskHub({
        connectionString: azurite.connectionString,
        taskHub,
        workerId,
        clock: systemClock,
        random: systemRandom,
        visibilityTimeoutMs: lockMs,
        maxQueuePollingIntervalMs: 200,
        leaseRenewIntervalMs: 500,
        isDeadWorker: (id) => earlier.has(id),
        decorateTransport: (transport) => strict.decorate(held.watch(transport), answers),
      });
    };
    const { backend, store } = open();
    return {
      backend,
      store,
      openAnother: async () => open().backend,
      expireLocks: () => held.expire(),
      close: () => store.deleteTaskHub(),
    };
  };

describeBackend("azure-storage", openAzureHub(eachMessageOnce));
describeTaskHub("azure-storage", openAzureHub(allAnswers));
