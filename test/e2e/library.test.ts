import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DurableClient } from "../../src/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { endWithParent, signalChild } from "../support/end-with-parent.ts";

let azurite: Azurite;
let folder: string;

beforeAll(async () => {
  azurite = await startAzurite();
  folder = await mkdtemp(join(tmpdir(), "library-"));
});
afterAll(async () => {
  await azurite.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** A worker process. Needs `npm run build`. */
async function startWorkerProcess(ledger: string) {
  const env = { ...process.env, STORAGE: azurite.connectionString, TASK_HUB: "LibraryMode", LEDGER_FILE: ledger };
  const child = spawn(process.execPath, [...endWithParent, "test/e2e/apps/library/worker.mjs"], {
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
  await expect.poll(() => output).toMatch(/^ready healthy$/m);
  return {
    output: () => output,
    async terminate() {
      signalChild(child, "SIGTERM");
      return exited;
    },
  };
}

it("a worker process lets its activity finish at SIGTERM, and the next one goes on at once", async () => {
  const ledger = join(folder, "ledger.txt");
  const readLedger = async () => (await readFile(ledger, "utf8").catch(() => "")).split(/\r?\n/).filter(Boolean);
  await using client = await DurableClient.connect({
    connectionString: azurite.connectionString,
    taskHub: "LibraryMode",
  });
  const first = await startWorkerProcess(ledger);
  expect(first.output()).toMatch(
    /TriggerNotServed functions with these triggers are called by a Functions host only, so not here: unused \(httpTrigger\)/,
  );

  const id = await client.startNew("twice", { input: 3000 });
  await expect.poll(readLedger).toEqual(["begin"]);
  // It ends as a process ends that nobody has told what a signal means.
  expect(await first.terminate()).toEqual([null, "SIGTERM"]);
  expect((await readLedger()).slice(0, 2)).toEqual(["begin", "end"]);

  const second = await startWorkerProcess(ledger);
  const secondStartedAt = Date.now();
  const { runtimeStatus, output } = await client.waitForCompletion(id, { timeout: "60s", pollInterval: 100 });
  expect({ runtimeStatus, output }).toEqual({ runtimeStatus: "Completed", output: ["done", "done"] });
  // What was not given back would come again after 25 seconds.
  expect(Date.now() - secondStartedAt).toBeLessThan(20_000);
  expect(await readLedger()).toEqual(["begin", "end", "begin", "end"]);
  await second.terminate();
});

it("a process without an app and a worker starts what another one runs, or finds it there", async () => {
  const worker = await startWorkerProcess(join(folder, "elsewhere.txt"));
  const { AzureWebJobsStorage: _, ...others } = process.env;
  const env = { ...others, OrdersStorage: azurite.connectionString, TASK_HUB: "LibraryMode" };
  const ask = async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["test/e2e/apps/library/client.mjs"], { env });
    return JSON.parse(stdout) as unknown;
  };

  const result = ["done", "done"];
  expect(await ask()).toEqual({ isNew: true, result });
  expect(await ask()).toEqual({ isNew: false, result });
  await worker.terminate();
});

it("the portable entry needs no other package, and runs in memory", async () => {
  const home = join(folder, "alone");
  const installed = join(home, "node_modules", "durable-functions-ts");
  await mkdir(installed, { recursive: true });
  await copyFile("package.json", join(installed, "package.json"));
  await cp("dist", join(installed, "dist"), {
    recursive: true,
    filter: (source) => !/^dist[\\/](?:samples|types-)/.test(source),
  });
  await copyFile("test/e2e/apps/library/portable.mjs", join(home, "portable.mjs"));

  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["portable.mjs"], { cwd: home });
  expect({ stdout, stderr }).toEqual({ stdout: "Hello you!\n", stderr: "" });
});

it("workers and clients of one process share the embedded store, whose data stays", async () => {
  const args = ["test/e2e/apps/library/embedded.mjs", join(folder, "embedded")];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect({ stdout, stderr }).toEqual({ stdout: "Hello there!\nCompleted\nHello there!\n", stderr: "" });
});
