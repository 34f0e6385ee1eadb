import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { afterAll, beforeAll, expect, it } from "vitest";
import { emulator } from "../../src/backends/azure-storage/storage/storage-connection.ts";
import { DFApp, DurableClient, startWorker } from "../../src/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

/** A signature as the portal makes it, for the services of these letters. */
function sign(services: string, livesMs = 3_600_000): string {
  const values = {
    services,
    resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
    permissions: AccountSASPermissions.parse("rwdlacup"),
    startsOn: new Date(Date.now() - 7_200_000),
    expiresOn: new Date(Date.now() + livesMs),
    version: "2019-02-02",
  };
  const key = new StorageSharedKeyCredential(emulator.accountName, emulator.accountKey);
  return generateAccountSASQueryParameters(values, key).toString();
}

const endpoint = (service: "blob" | "queue" | "table") =>
  `http://127.0.0.1:${azurite.ports[service]}/${emulator.accountName}`;

function createApp(): DFApp {
  const app = new DFApp();
  const measure = app.activity("measure", (text: string) => text.length);
  app.orchestration("order", async (context, text: string) => [await context.callActivity(measure, text), text]);
  return app;
}

/** Beyond what fits a message or a row. */
const large = "é".repeat(70_000);

it.each([
  [
    "for all services",
    () =>
      `BlobEndpoint=${endpoint("blob")};QueueEndpoint=${endpoint("queue")};TableEndpoint=${endpoint("table")};SharedAccessSignature=?${sign("bqt")}`,
  ],
  [
    "in the URL of each service",
    () =>
      `BlobEndpoint=${endpoint("blob")}/?${sign("b")};QueueEndpoint=${endpoint("queue")}?${sign("q")};TableEndpoint=${endpoint("table")}/?${sign("t")}`,
  ],
  [
    "in one URL, and another for the rest",
    () =>
      `SharedAccessSignature=${sign("qt")};BlobEndpoint=${endpoint("blob")}?${sign("b")};QueueEndpoint=${endpoint("queue")}/;TableEndpoint=${endpoint("table")}`,
  ],
])("an app runs on signatures %s", async (place, createText) => {
  const options = { storage: createText(), taskHub: `Signed${place.length}` };
  await using _host = await startWorker({ apps: [createApp()], ...options });
  await using client = await DurableClient.connect(options);

  const id = await client.startNew("order", { input: large });
  const status = await client.waitForCompletion(id, { pollInterval: 50 });

  expect(status).toMatchObject({ runtimeStatus: "Completed", output: [large.length, large] });
});

it("a signature that has ended is told with its remedy, and without itself", async () => {
  const text = `BlobEndpoint=${endpoint("blob")};QueueEndpoint=${endpoint("queue")};TableEndpoint=${endpoint("table")};SharedAccessSignature=${sign("bqt", -60_000)}`;
  await using client = await DurableClient.connect({ connectionString: text, taskHub: "Ended" });

  const failure = await client.getStatus("x").catch((error: unknown) => error as Error);

  expect(failure).toMatchObject({
    code: "StorageRejected",
    message: /403 .*the key or signature is of another account/,
  });
  expect(String(failure)).not.toMatch(/sig=(?!\*)/);
});
