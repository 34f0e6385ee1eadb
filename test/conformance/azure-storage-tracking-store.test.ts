import { TableServiceClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DFApp, DurableClient, startWorker } from "../../src/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

/** Of the queues, and of all the rest. */
let main: Azurite;
let tracking: Azurite;

beforeAll(async () => {
  [main, tracking] = await Promise.all([startAzurite(), startAzurite()]);
});
afterAll(() => Promise.all([main.stop(), tracking.stop()]));

async function namesIn(names: AsyncIterable<{ readonly name?: string | undefined }>): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of names) found.push(name ?? "");
  return found.sort();
}

async function contentsOf({ connectionString }: Azurite) {
  const tables = TableServiceClient.fromConnectionString(connectionString, { allowInsecureConnection: true });
  return {
    queues: await namesIn(QueueServiceClient.fromConnectionString(connectionString).listQueues()),
    tables: await namesIn(tables.listTables()),
    containers: await namesIn(BlobServiceClient.fromConnectionString(connectionString).listContainers()),
  };
}

function createApp(): DFApp {
  const app = new DFApp();
  const measure = app.activity("measure", (text: string) => text.length);
  app.orchestration("order", async (context, text: string) => {
    const length = await context.callActivity(measure, text);
    return [length, text, await context.waitForExternalEvent<string>("reply")];
  });
  return app;
}

/** Beyond what fits a message or a row. */
const large = "é".repeat(70_000);

it.each([
  [undefined, "DurableTask"],
  ["Shop", "Shop"],
])("with the prefix %s, queues stay in their account and the rest goes to the other", async (namePrefix, prefix) => {
  const taskHub = `Tracked${prefix}`;
  const options = {
    storage: main.connectionString,
    trackingStore: { storage: tracking.connectionString, namePrefix },
    taskHub,
    partitionCount: 2,
  };
  await using _host = await startWorker({ apps: [createApp()], ...options });
  await using client = await DurableClient.connect(options);
  const id = await client.startNew("order", { input: large });
  await client.raiseEvent(id, "reply", "yes");
  const status = await client.waitForCompletion(id, { pollInterval: 50 });
  expect(status).toMatchObject({ runtimeStatus: "Completed", output: [large.length, large, "yes"] });

  const lower = taskHub.toLowerCase();
  const queues = [`${lower}-control-00`, `${lower}-control-01`, `${lower}-workitems`];
  expect(await contentsOf(main)).toEqual({ queues: expect.arrayContaining(queues), tables: [], containers: [] });
  const kept = await contentsOf(tracking);
  expect(kept.queues).toEqual([]);
  // The partitions are of the hub; history and instances are of the prefix.
  expect(kept.tables).toEqual(
    expect.arrayContaining([`${prefix}History`, `${prefix}Instances`, `${taskHub}Partitions`]),
  );
  expect(kept.tables).not.toContain(`${taskHub}History`);
  expect(kept.containers).toContain(`${lower}-largemessages`);

  expect(await client.purgeInstanceHistory(id)).toEqual({ instancesDeleted: 1 });
  const container = BlobServiceClient.fromConnectionString(tracking.connectionString).getContainerClient(
    `${lower}-largemessages`,
  );
  expect(await namesIn(container.listBlobsFlat())).toEqual([]);
});

it("an account of tracking that cannot be reached is told by the name of its setting", async () => {
  const nowhere =
    "AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:9;QueueEndpoint=http://127.0.0.1:9;TableEndpoint=http://127.0.0.1:9";
  const connect = DurableClient.connect({ storage: main.connectionString, trackingStore: { storage: nowhere } });

  await expect(connect).rejects.toMatchObject({
    code: "StorageUnavailable",
    message: expect.stringMatching(/cannot be reached at 127\.0\.0\.1:9 .*Check 'trackingStore\.storage'\./),
  });
});
