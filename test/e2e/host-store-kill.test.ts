import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { TableClient } from "@azure/data-tables";
import { ContainerClient } from "@azure/storage-blob";
import { QueueClient } from "@azure/storage-queue";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AzuriteStore, AzuriteStoreOptions } from "../../src/hosting/azurite/azurite-store.ts";

const azuriteStoreUrl = pathToFileURL(resolve("dist/hosting/azurite/azurite-store.js")).href;
const { startAzuriteStore } = (await import(azuriteStoreUrl)) as {
  startAzuriteStore(options: AzuriteStoreOptions): Promise<AzuriteStore>;
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-store-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Lets a writer run until it has printed `count` names, kills it at once and returns every name it printed. */
async function writeAndKill(round: number, count: number): Promise<string[]> {
  const writer = spawn(process.execPath, ["test/e2e/apps/store-writer/main.mjs", azuriteStoreUrl, folder, `${round}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: writer.stdout! })) {
    if (line.startsWith("#")) continue;
    acknowledged.push(line);
    if (acknowledged.length === count) writer.kill("SIGKILL");
  }
  await ended(writer);
  return acknowledged;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.once("exit", () => done());
  });
}

async function readEverything(connectionString: string) {
  const rows: string[] = [];
  const table = TableClient.fromConnectionString(connectionString, "rows", { allowInsecureConnection: true });
  for await (const entity of table.listEntities()) rows.push(entity.rowKey!);

  const blobs: string[] = [];
  for await (const blob of new ContainerClient(connectionString, "blobs").listBlobsFlat()) blobs.push(blob.name);

  const messages: string[] = [];
  const queue = new QueueClient(connectionString, "messages");
  for (;;) {
    const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32, visibilityTimeout: 300 });
    if (receivedMessageItems.length === 0) return { rows, blobs, messages };
    messages.push(...receivedMessageItems.map((message) => message.messageText));
  }
}

it("loses nothing that was acknowledged when the host is killed, again and again", async () => {
  const acknowledged: string[] = [];
  for (let round = 0; round < 5; round++) acknowledged.push(...(await writeAndKill(round, 1 + round * 20)));

  const store = await startAzuriteStore({ appFolder: folder, onWait: () => {} });
  const found = await readEverything(store.connectionString);
  await store.stop();

  expect(found.rows).toEqual(expect.arrayContaining(acknowledged));
  expect(found.blobs).toEqual(expect.arrayContaining(acknowledged));
  expect(found.messages).toEqual(expect.arrayContaining(acknowledged));
});

it("refuses a folder that a running host uses, and names that host", async () => {
  const store = await startAzuriteStore({ appFolder: folder, onWait: () => {} });
  const waits: string[] = [];

  const second = startAzuriteStore({ appFolder: folder, onWait: (message) => waits.push(message) });

  await expect(second).rejects.toThrow(`Another host (process ${process.pid}) is using the storage folder`);
  expect(waits).toEqual([]);
  await store.stop();
});

it("starts although the record of a dead process is left, even when its process id was given away", async () => {
  const { writeFileSync, mkdirSync } = await import("node:fs");
  mkdirSync(join(folder, ".durable", "azurite"), { recursive: true });
  writeFileSync(
    join(folder, ".durable", "azurite", "in-use.json"),
    JSON.stringify({ token: "old", pid: process.pid, hostPid: process.pid, controlPort: 1 }),
  );

  const store = await startAzuriteStore({ appFolder: folder, onWait: () => {} });

  expect(store.connectionString).toContain("QueueEndpoint=http://127.0.0.1:");
  await store.stop();
});

it("tells when the storage process dies by itself", async () => {
  const store = await startAzuriteStore({ appFolder: folder, onWait: () => {} });
  const { readStoreRecord } = await import("../../src/hosting/azurite/store-record.ts");

  process.kill(readStoreRecord(store.folder)!.pid, "SIGKILL");

  await expect(store.died).resolves.toBe("The storage process (Azurite) ended unexpectedly (SIGKILL).");
});
