import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { callsOfClassicApp, registerClassicApp } from "../support/functions-host-double/classic-app.ts";
import { FunctionsWorkerDouble } from "../support/functions-host-double/functions-worker.ts";

let azurite: Azurite;
let folder: string;

beforeAll(async () => {
  azurite = await startAzurite();
  folder = await mkdtemp(join(tmpdir(), "functions-app-"));
  // With the bundle, as a host without it refuses each function that has the input `durableClient`.
  const extensionBundle = { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.36.0, 5.0.0)" };
  await writeFile(join(folder, "host.json"), JSON.stringify({ version: "2.0", extensionBundle }));
  process.env["DURABLE_HOSTING"] = "ownEngine";
  process.env["AzureWebJobsScriptRoot"] = folder;
  process.env["AzureWebJobsStorage"] = azurite.connectionString;
});

afterAll(async () => {
  delete process.env["DURABLE_HOSTING"];
  delete process.env["AzureWebJobsScriptRoot"];
  delete process.env["AzureWebJobsStorage"];
  await azurite.stop();
  await rm(folder, { recursive: true, force: true });
});

// One test: `df.app` is one app for a process.
it("df.app runs on the engine of this package in a Functions host, with clients of it also for inputs of the extension", async () => {
  const worker = await FunctionsWorkerDouble.load(registerClassicApp);
  try {
    const { clientInputsOf, get, tick } = callsOfClassicApp(worker);
    expect(worker.lines.join("\n")).toContain("because the app setting DURABLE_HOSTING is 'ownEngine'");
    expect(["start", "tick", "status"].map(clientInputsOf)).toEqual([0, 0, 1]);
    expect(await get("start")).toEqual(["Hello Oslo", 1]);
    await tick();
    expect(await get("status")).toEqual(["tour", "tour"]);
  } finally {
    await worker.terminate();
  }
});
