import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueClient } from "@azure/storage-queue";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AzuriteStore, AzuriteStoreOptions } from "../../src/hosting/azurite/azurite-store.ts";
import { readStoreRecord } from "../../src/hosting/azurite/store-record.ts";
import { startLocalHost } from "../support/local-host.ts";

// What ends everything at once: `docker kill`, the first process of a container that ends, a closed console of Windows.

const azuriteStoreUrl = pathToFileURL(resolve("dist/hosting/azurite/azurite-store.js")).href;
const { startAzuriteStore } = (await import(azuriteStoreUrl)) as {
  startAzuriteStore(options: AzuriteStoreOptions): Promise<AzuriteStore>;
};

let folder: string;
const storeFolder = () => join(folder, ".durable", "azurite");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-killed-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function killBoth(host: ChildProcess | { readonly pid: number }): void {
  const { pid } = readStoreRecord(storeFolder())!;
  process.kill(pid, "SIGKILL");
  process.kill(host.pid!, "SIGKILL");
}

/** Lets a writer run until it has printed `count` lines, kills it and its store, and returns what it had printed. */
async function writeAndKillBoth(round: number, count: number): Promise<readonly Acknowledged[]> {
  const script = "test/e2e/apps/store-writer/changes.mjs";
  const writer = spawn(process.execPath, [script, azuriteStoreUrl, folder, `${round}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: Acknowledged[] = [];
  for await (const line of createInterface({ input: writer.stdout! })) {
    if (!line.startsWith("{")) continue;
    lines.push(JSON.parse(line) as Acknowledged);
    if (lines.length === count) killBoth(writer);
  }
  return lines;
}

/** One round of changes that were all acknowledged. */
interface Acknowledged {
  readonly name: string;
  /** Value of a row that was written several times. */
  readonly counter: number;
}

it("loses nothing that was acknowledged when host and store are killed together, again and again", async () => {
  const rounds: (readonly Acknowledged[])[] = [];
  for (let round = 0; round < 6; round++) rounds.push(await writeAndKillBoth(round, 1 + round * 15));

  const store = await startAzuriteStore({ appFolder: folder, onWait: () => {} });
  const { connectionString } = store;
  const table = TableClient.fromConnectionString(connectionString, "rows", { allowInsecureConnection: true });
  const counters = new Map<string, number>();
  const batches = new Map<string, number>();
  const rows: string[] = [];
  for await (const { rowKey, value, batch } of table.listEntities<{ value?: number; batch?: string }>()) {
    if (batch !== undefined) batches.set(batch, (batches.get(batch) ?? 0) + 1);
    else if (rowKey!.startsWith("counter-")) counters.set(rowKey!, value!);
    else rows.push(rowKey!);
  }
  const queue = new QueueClient(connectionString, "messages");
  const messages: string[] = [];
  for (;;) {
    const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32, visibilityTimeout: 300 });
    if (receivedMessageItems.length === 0) break;
    messages.push(...receivedMessageItems.map((message) => message.messageText));
  }
  const blobs = BlobServiceClient.fromConnectionString(connectionString).getContainerClient("blobs");
  const contents: string[] = [];
  for (const { name } of rounds.flat()) contents.push((await blobs.getBlobClient(name).downloadToBuffer()).toString());
  await store.stop();

  const names = rounds.flat().map(({ name }) => name);
  expect(rows).toEqual(expect.arrayContaining(names));
  expect(rows.filter((name) => name.startsWith("deleted-") && names.includes(name.slice(8)))).toEqual([]);
  expect(contents).toEqual(names.map((name) => `content of ${name}`));
  // A message that was received by the killed host is there again; one that it had deleted is not.
  expect(messages).toEqual(expect.arrayContaining(names));
  expect(messages.filter((text) => text.startsWith("deleted-") && names.includes(text.slice(8)))).toEqual([]);
  // A transaction is there as a whole, also the last one, that nobody has acknowledged.
  expect(new Set(batches.values())).toEqual(new Set([5]));
  expect([...batches.keys()]).toEqual(expect.arrayContaining(names));
  for (const [round, lines] of rounds.entries()) {
    expect(counters.get(`counter-${round}`)).toBeGreaterThanOrEqual(lines.at(-1)!.counter);
  }
});

const appSource = `
import { setTimeout as sleep } from "node:timers/promises";
import { DFApp } from "${pathToFileURL(resolve("dist/index.js")).href}";
const app = new DFApp();
app.activity("greet", async (name) => {
  await sleep(1500);
  return \`Hello \${name}!\`;
});
app.orchestration("greetings", function* (context, names) {
  const done = [];
  for (const name of names) done.push(yield context.callActivity("greet", name));
  return done;
});
app.http("start", {
  route: "start",
  methods: ["POST"],
  handler: async (request, client) => {
    const id = await client.startNew("greetings", { input: ["Köln", "東京"] });
    return client.createCheckStatusResponse(request, id);
  },
});
`;

it("finishes every instance that was acknowledged up to four seconds before host and store were killed", async () => {
  writeFileSync(join(folder, "host.json"), '{ "version": "2.0" }');
  writeFileSync(join(folder, "package.json"), '{ "main": "app.mjs" }');
  writeFileSync(join(folder, "app.mjs"), appSource);
  const ids: string[] = [];
  for (const pauseMs of [0, 300, 1000, 2500, 4000]) {
    await using host = await startLocalHost({ appFolder: folder });
    const answer = await fetch(`${host.url}/api/start`, { method: "POST" });
    expect(answer.status).toBe(202);
    ids.push(((await answer.json()) as { id: string }).id);
    await sleep(pauseMs);
    killBoth({ pid: host.pid });
  }

  await using host = await startLocalHost({ appFolder: folder });
  for (const id of ids) {
    const status = async () =>
      (await fetch(`${host.url}/runtime/webhooks/durabletask/instances/${id}`)).json() as Promise<unknown>;
    await expect
      .poll(status, { timeout: 60_000, interval: 250 })
      .toMatchObject({ runtimeStatus: "Completed", output: ["Hello Köln!", "Hello 東京!"] });
  }
  expect(await host.stop()).toBe(0);
});
