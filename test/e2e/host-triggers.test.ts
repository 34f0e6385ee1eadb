import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";

const appSource = `
import { setTimeout as sleep } from "node:timers/promises";
import * as df from "durable-functions-ts";
import az from "@azure/functions";

const app = new df.DFApp();
app.orchestration("echo", function* (context, input) {
  return input;
});
app.timer("everySecond", {
  schedule: "%EVERY%",
  handler: async (timer, client) => {
    await client.startNew("echo", { input: timer, instanceId: "of-the-timer" });
  },
});
app.timer("hourly", {
  schedule: "0 0 * * * *",
  handler: (timer, client, context) => context.log("hourly, past due:", timer.isPastDue, "next:", timer.scheduleStatus.next),
});
app.timer("wrong", { schedule: "0 0 0 * * 7", handler: () => {} });
app.storageQueue("onOrder", {
  queueName: "orders-%STAGE%",
  handler: async (order, client, context) => {
    if (order.isBad) throw new Error("a bad order");
    const times = context.triggerMetadata.dequeueCount;
    await client.startNew("echo", { input: { ...order, times }, instanceId: order.id });
  },
});
app.storageQueue("onSlow", {
  queueName: "slow",
  handler: async (entry, client, context) => {
    context.log("works on", entry.ms);
    await sleep(entry.ms);
  },
});
app.serviceBusQueue("onBus", {
  queueName: "bus",
  connection: "Bus",
  handler: (message, client, context) => context.log("from the bus:", message.text),
});

const toOrders = az.output.storageQueue({ queueName: "orders-%STAGE%", connection: "AzureWebJobsStorage" });
az.app.http("order", {
  methods: ["POST"],
  extraOutputs: [toOrders],
  handler: async (request, context) => {
    context.extraOutputs.set(toOrders, await request.json());
    return { status: 202 };
  },
});
az.app.storageQueue("plain", {
  queueName: "plain",
  connection: "AzureWebJobsStorage",
  extraInputs: [df.input.durableClient()],
  handler: async (entry, context) => {
    await df.getClient(context).startNew("echo", { input: entry, instanceId: "of-the-plain-function" });
  },
});
`;

let azurite: Azurite;
let folder: string;
let queues: QueueServiceClient;

beforeAll(async () => {
  azurite = await startAzurite();
  queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
});

/** Serves several tests: every start of a host takes seconds. */
let host: LocalHostProcess | undefined;

afterAll(async () => {
  await host?.stop();
  await azurite?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-triggers-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(resolve("node_modules/@azure"), join(folder, "node_modules/@azure"), "junction");
  symlinkSync(resolve("."), join(folder, "node_modules/durable-functions-ts"), "junction");
  writeFileSync(
    join(folder, "host.json"),
    '{ "version": "2.0", "extensions": { "durableTask": { "hubName": "Triggers" }, "queues": { "maxDequeueCount": 2 } } }',
  );
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "main": "app.mjs" }');
  writeFileSync(join(folder, "app.mjs"), appSource);
});

const start = (env: Record<string, string> = {}) =>
  startLocalHost({
    appFolder: folder,
    env: { AzureWebJobsStorage: azurite.connectionString, EVERY: "* * * * * *", STAGE: "test", ...env },
  });

const send = async (queue: string, content: unknown) => {
  const client = queues.getQueueClient(queue);
  await client.createIfNotExists();
  await client.sendMessage(Buffer.from(JSON.stringify(content)).toString("base64"));
};

const read = (queue: string) =>
  queues
    .getQueueClient(queue)
    .peekMessages({ numberOfMessages: 32 })
    .then(
      ({ peekedMessageItems }) =>
        peekedMessageItems.map(
          ({ messageText }) => JSON.parse(Buffer.from(messageText, "base64").toString()) as unknown,
        ),
      () => [],
    );

const statusOf = async (host: LocalHostProcess, id: string) =>
  (await fetch(`${host.url}/runtime/webhooks/durabletask/instances/${id}`)).json();

it("timers and queues start orchestrations, and what cannot be served is said", async () => {
  host ??= await start();
  const running = host;
  await send("plain", "text");
  const ordered = await fetch(`${running.url}/api/order`, {
    method: "POST",
    body: JSON.stringify([{ id: "of-the-queue" }, { id: "bad", isBad: true }]),
  });
  const byHand = (name: string, body: string) =>
    fetch(`${running.url}/admin/functions/${name}`, { method: "POST", body });

  expect(ordered.status).toBe(202);
  await expect
    .poll(() => statusOf(running, "of-the-queue"))
    .toMatchObject({ runtimeStatus: "Completed", output: { id: "of-the-queue", times: 1 } });
  await expect
    .poll(() => statusOf(running, "of-the-plain-function"))
    .toMatchObject({ runtimeStatus: "Completed", output: "text" });
  await expect
    .poll(() => statusOf(running, "of-the-timer"))
    .toMatchObject({ output: { isPastDue: false, schedule: { adjustForDST: true }, scheduleStatus: null } });
  await expect.poll(() => read("orders-test-poison")).toEqual([{ id: "bad", isBad: true }]);
  expect(running.output().match(/Error: a bad order/g)).toHaveLength(2);

  expect((await byHand("onBus", '{ "input": "{ \\"text\\": \\"hello\\" }" }')).status).toBe(202);
  expect((await byHand("hourly", "{}")).status).toBe(202);
  await expect.poll(() => running.output()).toContain("from the bus: hello");
  await expect.poll(() => running.output()).toMatch(/hourly, past due: false next: \d{4}-\d\d-\d\dT\d\d:00:00[+-]/);
  expect(running.output()).toMatch(
    /onBus \(serviceBusTrigger\): not served locally; it runs in Azure\. To call it by hand: POST http:\S+\/admin\/functions\/onBus with/,
  );
  expect(running.output()).toMatch(/The 'wrong' function is in error: the schedule '0 0 0 \* \* 7' is not valid/);
  expect(running.output()).toContain("hourly: timerTrigger (0 0 * * * *)");
  expect(running.output()).toContain("onOrder: queueTrigger (orders-test)");
  const status = (await (await fetch(`${running.url}/admin/host/status`)).json()) as { readonly errors: unknown };
  expect(status.errors).toEqual([expect.stringContaining("The 'wrong' function is in error")]);
});

it("a stop waits for functions, and gives back the message of one that takes too long", async () => {
  const running = host ?? (await start());
  host = undefined;
  await send("slow", { ms: 1_500 });
  await send("slow", { ms: 600_000 });
  await expect.poll(() => running.output().match(/works on/g)).toHaveLength(2);
  const code = await running.stop();

  expect(code).toBe(0);
  expect(running.output()).toContain("1 function call was cut off");
  expect(await read("slow")).toEqual([{ ms: 600_000 }]);
  await queues.deleteQueue("slow");
});

it("of two hosts one has the timers, whose status is kept, and another takes over what is past due", async () => {
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
    "azure-webjobs-hosts",
  );
  const env = { EVERY: "0 0 0 1 1 *", AzureFunctionsWebHost__hostid: "shared" };
  const status = container.getBlockBlobClient("timers/shared/Host.Functions.hourly/status");
  const first = await start(env);
  await expect.poll(() => status.exists()).toBe(true);
  await using second = await start(env);
  await expect.poll(() => second.output()).toContain("TriggerWaits: the timer waits for its lock: another host has it");
  const kept = JSON.parse((await status.downloadToBuffer()).toString()) as { Next: string };
  expect(kept).toEqual({
    Last: "0001-01-01T00:00:00+00:00",
    Next: expect.stringMatching(/T\d\d:00:00[+-]\d\d:\d\d$/) as unknown,
    LastUpdated: expect.any(String) as unknown,
  });
  // As if the hour had come while no host ran.
  const [Last, Next] = ["2026-01-01T00:00:00+00:00", "2026-01-01T01:00:00+00:00"];
  await first.stop();
  await status.uploadData(Buffer.from(JSON.stringify({ Last, Next, LastUpdated: Last })));
  await expect.poll(() => second.output()).toContain("hourly, past due: true next: 2026-01-01T01:00:00+00:00");
  expect(first.output()).not.toContain("hourly, past due");
});
