import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { DurableClient } from "../../src/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { endWithParent, signalChild } from "../support/end-with-parent.ts";

let azurite: Azurite;
let folder: string;
let taskHub: string;
let ledger: string;
const processes: { kill(): Promise<void> }[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  folder = await mkdtemp(join(tmpdir(), "function-app-"));
});
afterAll(async () => {
  await azurite.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});
beforeEach(() => {
  const id = randomUUID().slice(0, 8);
  taskHub = `App${id}`;
  ledger = join(folder, `${id}.txt`);
});
afterEach(async () => {
  for (const each of processes.splice(0)) await each.kill();
});

const readLedger = async (): Promise<string[]> =>
  (await readFile(ledger, "utf8").catch(() => "")).split(/\r?\n/).filter(Boolean);

function connect(): Promise<DurableClient> {
  return DurableClient.connect({ connectionString: azurite.connectionString, taskHub });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

/** Ends with all its connections. */
async function forward(from: number, to: number): Promise<{ close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const target = createConnection({ host: "127.0.0.1", port: to });
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
    }
  }).listen(from, "127.0.0.1");
  await once(server, "listening");
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The worker process of an app. Needs `npm run build`. */
async function startApp(name: string, more: Record<string, string> = {}) {
  const env = {
    ...process.env,
    AzureWebJobsStorage: azurite.connectionString,
    AzureFunctionsJobHost__extensions__durableTask__hubName: taskHub,
    LEDGER_FILE: ledger,
    // Its notes for those who come after go with the test.
    TMPDIR: folder,
    WORKER_NAME: name,
    ...more,
  };
  const child = spawn(process.execPath, [...endWithParent, "test/e2e/apps/function-app/main.mjs"], {
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const started = {
    output: () => output,
    exited,
    stop: () => child.stdin.write("stop\n"),
    terminate: () => signalChild(child, "SIGTERM"),
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
  processes.push(started);
  return started;
}

async function startReadyApp(name: string, more: Record<string, string> = {}) {
  const app = await startApp(name, more);
  await expect.poll(() => app.output(), { interval: 20 }).toMatch(/^ready healthy$/m);
  return app;
}

it("what a process was doing that is killed mid-activity is done by the next one within seconds", async () => {
  await using client = await connect();
  const first = await startReadyApp("first");
  const id = await client.startNew("twice", { input: 3000 });
  await expect.poll(readLedger).toEqual(["begin first"]);
  await first.kill();

  const killedAt = Date.now();
  const second = await startReadyApp("second");
  const { runtimeStatus, output } = await client.waitForCompletion(id, { timeout: "60s", pollInterval: 50 });

  expect({ runtimeStatus, output }).toEqual({ runtimeStatus: "Completed", output: ["done", "done"] });
  // Its lease and its message would have come back after 25 seconds.
  expect(Date.now() - killedAt).toBeLessThan(15_000);
  expect(second.output()).toMatch(/HeldMessagesReleased/);
  expect(await readLedger()).toEqual(["begin first", "begin second", "end second", "begin second", "end second"]);
});

it("of two processes on one hub each works, and the one that lives goes on with what the other did", async () => {
  await using client = await connect();
  const first = await startReadyApp("first");
  const second = await startReadyApp("second");
  const ids = await Promise.all(Array.from({ length: 8 }, () => client.startNew("twice", { input: 1500 })));
  await expect.poll(async () => new Set(await readLedger()).size).toBeGreaterThanOrEqual(2);
  await first.kill();
  const third = await startReadyApp("third");

  // What was on its way to the first when it was killed comes back after 25 seconds.
  for (const id of ids) {
    const { runtimeStatus } = await client.waitForCompletion(id, { timeout: "90s", pollInterval: 100 });
    expect(runtimeStatus).toBe("Completed");
  }
  const workerIds = [first, second, third].map((app) => /takes work as (\S+),/.exec(app.output())?.[1]);
  expect(new Set(workerIds).size).toBe(3);
});

it("a stop is over within four seconds, whatever the activity does, and gives all back", async () => {
  await using client = await connect();
  const first = await startReadyApp("first", { HEARS: "nothing" });
  const id = await client.startNew("twice", { input: 20_000 });
  await expect.poll(readLedger).toEqual(["begin first"]);
  first.stop();
  await first.exited;
  const stoppedAfter = Number(/^stopped (\d+)$/m.exec(first.output())?.[1]);
  expect(stoppedAfter).toBeLessThan(4_200);

  const stoppedAt = Date.now();
  await startReadyApp("second");
  await expect.poll(readLedger).toContain("begin second");
  expect(Date.now() - stoppedAt).toBeLessThan(15_000);
  await client.terminate(id, "over");
});

it("SIGTERM stops an engine that no hook was called of", async () => {
  const app = await startReadyApp("first");
  const begin = Date.now();
  app.terminate();

  expect(await app.exited).toEqual([null, "SIGTERM"]);
  expect(Date.now() - begin).toBeLessThan(5_000);
});

it("an engine whose storage is not there yet says so, starts when it is, and stops in time when it is gone", async () => {
  const ports = await freePorts(3);
  const url = (port: number) => `http://127.0.0.1:${port}/devstoreaccount1`;
  const key = /AccountKey=[^;]+/.exec(azurite.connectionString)![0];
  const connectionString = `AccountName=devstoreaccount1;${key};BlobEndpoint=${url(ports[0]!)};QueueEndpoint=${url(ports[1]!)};TableEndpoint=${url(ports[2]!)}`;
  const app = await startApp("first", { AzureWebJobsStorage: connectionString });
  await expect.poll(() => app.output()).toMatch(/EngineStartFailed.*cannot be reached.*AzureWebJobsStorage/);
  expect(app.output()).not.toMatch(/local store/);

  const { blob, queue, table } = azurite.ports;
  const forwards = await Promise.all([blob, queue, table].map((port, index) => forward(ports[index]!, port)));
  await expect.poll(() => app.output(), { timeout: 60_000 }).toMatch(/^ready/m);
  for (const server of forwards) server.close();
  await new Promise((resolve) => setTimeout(resolve, 500));
  app.stop();
  await app.exited;
  expect(Number(/^stopped (\d+)$/m.exec(app.output())?.[1])).toBeLessThan(4_200);
});

it("an app without a storage account is told what to set", async () => {
  const app = await startApp("first", { AzureWebJobsStorage: "" });

  await app.exited;
  expect(app.output()).toMatch(/no app setting names the storage account.*set 'AzureWebJobsStorage'/);
});
