import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { connectByIdentity } from "../../src/backends/azure-storage/storage/identity-connection.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { DFApp, DurableClient, type LogEntry, startWorker } from "../../src/index.ts";
import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import {
  type Certificate,
  createCertificate,
  createToken,
  servicesOf,
  TestCredential,
} from "../support/storage-identity.ts";

let certificate: Certificate;
let azurite: Azurite;
let credential: TestCredential;
let hubs = 0;

beforeAll(async () => {
  // This file has a process of its own, and a certificate can be made known to a process before its start only.
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  certificate = await createCertificate();
  azurite = await startAzurite({ certificate });
});
beforeEach(() => {
  credential = new TestCredential();
});
afterAll(async () => {
  await azurite.stop();
  await certificate.remove();
});

const storage = () => ({ ...servicesOf(azurite), credential });

/** What requests look like is the same for all of them: `npm run test:identity` does everything by tokens. */
if (process.env["DURABLE_IDENTITY"] === "all") {
  describeTaskHub("azure-storage by an identity", async () => {
    const { backend, store } = createAzureStorageTaskHub({
      connection: connectByIdentity({ ...servicesOf(azurite), credential: new TestCredential() }, "storage"),
      taskHub: `Identity${++hubs}`,
      workerId: `identity-${systemRandom.guid()}`,
      clock: systemClock,
      random: systemRandom,
      maxQueuePollingIntervalMs: 200,
      leaseRenewIntervalMs: 500,
    });
    return { backend, store, close: () => store.deleteTaskHub() };
  });
} else it.skip("every behaviour of a task hub is the same by an identity (npm run test:identity)", () => {});

function createApp(): DFApp {
  const app = new DFApp();
  const measure = app.activity("measure", (text: string) => text.length);
  app.orchestration("order", async (context, text: string) => {
    const length = await context.callActivity(measure, text);
    const reply = await context.waitForExternalEvent<string>("reply");
    return { length, text, reply };
  });
  return app;
}

/** Beyond what fits a message or a row. */
const large = "é".repeat(70_000);

it("an app runs on tokens alone, its blobs too", async () => {
  const options = { storage: storage(), taskHub: "TokensAlone" };
  await using _host = await startWorker({ apps: [createApp()], ...options });
  await using client = await DurableClient.connect(options);

  const id = await client.startNew("order", { input: large });
  await client.raiseEvent(id, "reply", "yes");
  const status = await client.waitForCompletion(id, { pollInterval: 50 });

  expect(status).toMatchObject({
    runtimeStatus: "Completed",
    output: { length: large.length, text: large, reply: "yes" },
  });
  expect(await client.purgeInstanceHistory(id)).toEqual({ instancesDeleted: 1 });
});

it("tokens that end are replaced while the app runs", async () => {
  credential.create = () => createToken(2_000);
  const options = { storage: storage(), taskHub: "ShortTokens" };
  await using host = await startWorker({ apps: [createApp()], ...options });
  const begin = credential.askedCount;

  for (let round = 0; round < 3; round++) {
    const id = await host.client.startNew("order", { input: "short" });
    await sleep(1_500);
    await host.client.raiseEvent(id, "reply", round);
    const status = await host.client.waitForCompletion(id, { pollInterval: 50 });
    expect(status).toMatchObject({ runtimeStatus: "Completed", output: { reply: round } });
  }
  expect(credential.askedCount).toBeGreaterThan(begin + 2);
});

/** Lives for so long, and says that it lives for an hour: revoked before its time. */
const createRevoked = (livesMs: number) => ({ ...createToken(livesMs), expiresOnTimestamp: Date.now() + 3_600_000 });

it.each([
  ["storage refuses the tokens", () => createRevoked(2_000), () => createRevoked(-60_000), /403/],
  [
    "there are no tokens",
    () => createToken(2_000),
    () => {
      throw new Error("the identity endpoint is away");
    },
    /the identity has no token for storage: the identity endpoint is away/,
  ],
])("while %s, a worker goes on loudly, and works again with the next good one", async (_, first, later, told) => {
  const good = credential.create;
  credential.create = first;
  const lines: LogEntry[] = [];
  const options = { storage: storage(), taskHub: `Refused${++hubs}`, maxQueuePollingInterval: 200 };
  await using host = await startWorker({ apps: [createApp()], ...options, log: (entry) => void lines.push(entry) });
  const id = await host.client.startNew("order", { input: "one" });
  const isWaiting = async () => (await host.client.getStatus(id)).runtimeStatus;
  await expect.poll(isWaiting).toBe("Running");

  credential.create = later;
  const loud = () => lines.filter(({ level }) => level === "error" || level === "warn").map(({ message }) => message);
  await expect.poll(() => loud().join("\n")).toMatch(told);
  expect(lines.map(({ message }) => message).join("\n")).not.toContain("eyJ");

  credential.create = good;
  await expect.poll(isWaiting).toBe("Running");
  await host.client.raiseEvent(id, "reply", "late");
  const status = await host.client.waitForCompletion(id, { pollInterval: 50 });
  expect(status).toMatchObject({ runtimeStatus: "Completed", output: { reply: "late" } });
  expect(host.health().state).toBe("running");
});

it("an identity without tokens, and one that storage does not know, are told at the start", async () => {
  const connect = () => DurableClient.connect({ storage: storage(), taskHub: "NoTokens" });
  credential.create = () => null;
  await expect(connect()).rejects.toMatchObject({
    code: "StorageRejected",
    message: "the identity has no token for storage: the credential gave none. Check 'storage'.",
  });

  credential.create = () => createToken(-60_000);
  await using client = await connect();
  await expect(client.getStatus("x")).rejects.toMatchObject({ code: "StorageRejected", message: /403/ });
});
