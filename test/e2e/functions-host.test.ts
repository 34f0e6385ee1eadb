import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { HttpAnswer } from "../../src/host/app/http-conversion.ts";
import { DurableClient } from "../../src/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { RpcExtensionHost } from "../support/functions-host-double/rpc-extension-host.ts";
import { RpcHost } from "../support/functions-host-double/rpc-host.ts";
import type { RpcWorker } from "../support/functions-host-double/rpc-worker.ts";

// Worker processes as the genuine Functions host drives them, over its protocol. They run the build: `npm run build`.

const appSource = `
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DFApp } from "${pathToFileURL(resolve("dist/index.js")).href}";

const note = (text) => appendFileSync(process.env.LEDGER_FILE, \`\${text} \${process.pid}\\n\`);

const app = new DFApp();
app.activity("slow", async ({ name, ms }) => {
  note("begin " + name);
  await sleep(ms);
  note("end " + name);
  return name + " done";
});
app.activity("fail", () => {
  throw new RangeError("too much");
});
app.activity("length", (text) => text.length);
app.orchestration("twice", function* (context, ms) {
  const first = yield context.callActivity("slow", { name: "one", ms });
  return [first, yield context.callActivity("slow", { name: "two", ms: 1 })];
});
app.orchestration("child", function* (context, text) {
  return yield context.callActivity("length", text);
});
app.orchestration("many", function* (context, input) {
  const event = yield context.waitForExternalEvent("go");
  const sizes = yield context.all(["a", "ümlaut", ""].map((text) => context.callSubOrchestrator("child", text)));
  const count = yield context.callEntity({ name: "counter", key: input.key }, "add", 5);
  yield context.createTimer(new Date(context.currentUtcDateTime.getTime() + 100));
  let failure = "none";
  try {
    yield context.callActivity("fail");
  } catch (error) {
    failure = error.message;
  }
  return { input, event, sizes, count, failure };
});
app.entity("counter", class {
  value = 0;
  add(amount) {
    note("add");
    this.value += amount;
    return this.value;
  }
});
app.http("start", {
  methods: ["POST"],
  handler: async (request, client) => {
    const { name, input } = await request.json();
    return client.createCheckStatusResponse(request, await client.startNew(name, { input }));
  },
});
app.http("status", {
  handler: async (request, client) => ({ jsonBody: await client.getStatus(request.query.get("id")) }),
});
app.http("raise", {
  methods: ["POST"],
  handler: async (request, client) => {
    await client.raiseEvent(request.query.get("id"), "go", await request.json());
    return { status: 202 };
  },
});
`;

let azurite: Azurite;
let folder: string;
let ledger: string;
let env: Record<string, string>;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "functions-app-"));
  ledger = join(folder, "ledger.txt");
  env = {
    AzureWebJobsStorage: azurite.connectionString,
    AzureFunctionsJobHost__extensions__durableTask__hubName: `Rpc${randomUUID().slice(0, 8)}`,
    LEDGER_FILE: ledger,
    // Its notes for those who come after go with the test.
    TMPDIR: folder,
  };
  await writeFile(join(folder, "package.json"), '{ "main": "app.mjs" }');
  await writeFile(join(folder, "app.mjs"), appSource);
  await writeFile(join(folder, "host.json"), '{ "version": "2.0" }');
  return () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const readLedger = async (): Promise<string[]> =>
  (await readFile(ledger, "utf8").catch(() => "")).split(/\r?\n/).filter(Boolean);

// biome-ignore lint/suspicious/noExplicitAny: whatever the function has answered.
const bodyOf = ({ body }: HttpAnswer): any => JSON.parse(body.toString() || "null");

describe("on its own engine, an app", () => {
  const origin = "https://app.example.com/api";

  async function start(host: RpcHost, worker: RpcWorker, name: string, input: unknown): Promise<string> {
    const request = { method: "POST", url: `${origin}/start`, body: { name, input } };
    const answer = await worker.request(host.find("start"), request);
    expect(answer.status).toBe(202);
    return bodyOf(answer).id;
  }

  async function statusOf(host: RpcHost, worker: RpcWorker, id: string) {
    return bodyOf(await worker.request(host.find("status"), { url: `${origin}/status?id=${id}` }));
  }

  const waitFor = (host: RpcHost, worker: RpcWorker, id: string) =>
    expect.poll(() => statusOf(host, worker, id), { timeout: 60_000 });

  it("is indexed without durable triggers, and another worker finishes what one did that is killed", async () => {
    await using host = await RpcHost.start({ appFolder: folder, env });
    const first = await host.startWorker();
    const types = host.functions.flatMap(({ metadata }) => Object.values(metadata.bindings).map(({ type }) => type));
    expect(new Set(types)).toEqual(new Set(["httpTrigger", "http", "timerTrigger"]));
    expect(first.lines.join("\n")).toMatch(/HostingChosen: .*engine of this package/);

    const id = await start(host, first, "twice", 4000);
    await expect.poll(readLedger).toEqual([`begin one ${first.pid}`]);
    await first.kill();
    const killedAt = Date.now();
    const second = await host.startWorker();
    await waitFor(host, second, id).toMatchObject({ runtimeStatus: "Completed", output: ["one done", "two done"] });

    // Its lease and its message would have come back after 25 seconds.
    expect(Date.now() - killedAt).toBeLessThan(24_000);
    const begun = await readLedger();
    expect(begun.slice(1)).toEqual(["begin one", "end one", "begin two", "end two"].map((at) => `${at} ${second.pid}`));
  });

  it("runs in two workers on one hub, where the clients of either see all, and each works", async () => {
    await using host = await RpcHost.start({ appFolder: folder, env });
    const first = await host.startWorker();
    const second = await host.startWorker();

    const workers = [first, second];
    const ids: string[] = [];
    const startMore = async () => {
      ids.push(
        ...(await Promise.all(Array.from({ length: 8 }, (_, n) => start(host, workers[n % 2]!, "twice", 1000)))),
      );
      await expect.poll(async () => (await readLedger()).length).toBe(ids.length * 4);
      return new Set((await readLedger()).map((line) => Number(line.split(" ").at(-1))));
    };
    // Which of them takes an activity is chance: one that has found none for a while looks less often.
    await expect.poll(startMore).toEqual(new Set([first.pid, second.pid]));
    for (const [index, id] of ids.entries()) {
      await waitFor(host, workers[(index + 1) % 2]!, id).toMatchObject({ runtimeStatus: "Completed" });
    }

    expect((await readLedger()).filter((line) => line.startsWith("end two"))).toHaveLength(ids.length);
  });

  it("ends within its grace when it is terminated mid-activity, and the next worker goes on", async () => {
    await using host = await RpcHost.start({ appFolder: folder, env });
    const first = await host.startWorker();
    const id = await start(host, first, "twice", 8000);
    await expect.poll(readLedger).toEqual([`begin one ${first.pid}`]);

    const { code, elapsedMs } = await first.terminate();
    expect(code).toBe(0);
    expect(elapsedMs).toBeLessThan(5_000);

    const second = await host.startWorker();
    const startedAt = Date.now();
    await expect.poll(readLedger).toContain(`begin one ${second.pid}`);
    expect(Date.now() - startedAt).toBeLessThan(24_000);
    expect(await statusOf(host, second, id)).toMatchObject({ runtimeStatus: "Running" });
    expect(await second.terminate()).toMatchObject({ code: 0 });
  });

  it("follows its signed link, and ends with its host", async () => {
    await using host = await RpcHost.start({ appFolder: folder, env });
    const worker = await host.startWorker();
    const request = { method: "POST", url: `${origin}/start`, body: { name: "child", input: "four" } };
    const { statusQueryGetUri: url } = bodyOf(await worker.request(host.find("start"), request));

    const links = host.find("a_durabletask_links");
    await expect.poll(async () => bodyOf(await worker.request(links, { url }))).toMatchObject({ output: 4 });
    expect((await worker.request(links, { url: url.split("?")[0] })).status).toBeGreaterThanOrEqual(400);

    const brokenAt = Date.now();
    host.breakStreams();
    expect(await worker.exited).not.toBe("SIGKILL");
    expect(Date.now() - brokenAt).toBeLessThan(5_000);
  });

  it("works in a process that was there before it, with the settings that it is given late", async () => {
    await using host = await RpcHost.start({ appFolder: folder, env });
    const worker = await host.startPlaceholder();
    await host.specialize(worker);

    const id = await start(host, worker, "child", "four");
    await waitFor(host, worker, id).toMatchObject({ runtimeStatus: "Completed", output: 4 });
    expect(await worker.terminate()).toMatchObject({ code: 0 });
  });

  it("that throws while it loads says so when it is indexed; one that cannot be hosted answers why", async () => {
    await using host = await RpcHost.start({ appFolder: folder, env });
    await writeFile(join(folder, "app.mjs"), "throw new Error('broken app');");
    await expect(host.startWorker()).rejects.toThrow("No job functions found");
    await writeFile(join(folder, "app.mjs"), `${appSource}; throw new Error('broken app');`);
    await expect(host.startWorker()).rejects.toThrow(/unable to load entry point.*broken app/);

    await writeFile(join(folder, "app.mjs"), appSource);
    const worker = await host.startWorker({ DURABLE_HOSTING: "extension" });
    const answer = await worker.request(host.find("status"), { url: `${origin}/status?id=x` });
    expect(answer.status).toBe(500);
    expect(bodyOf(answer).error.message).toMatch(/add an extensionBundle to host.json/);
    expect(await worker.terminate()).toMatchObject({ code: 0 });
  });
});

describe("on its own engine, an app in several files", () => {
  it("whose code can be loaded in part only leaves its instances to the next deployment", async () => {
    const library = pathToFileURL(resolve("dist/index.js")).href;
    const code = `import { app } from "./a.mjs";
      app.orchestration("waits", function* (context) { return yield context.waitForExternalEvent("go"); });`;
    await writeFile(join(folder, "package.json"), '{ "main": "*.mjs" }');
    await rm(join(folder, "app.mjs"));
    await writeFile(join(folder, "a.mjs"), `import { DFApp } from "${library}"; export const app = new DFApp();`);
    await writeFile(join(folder, "b.mjs"), code);
    await using host = await RpcHost.start({ appFolder: folder, env });
    const whole = await host.startWorker();
    await using client = await DurableClient.connect({
      connectionString: azurite.connectionString,
      taskHub: env["AzureFunctionsJobHost__extensions__durableTask__hubName"]!,
    });
    const id = await client.startNew("waits");
    await expect.poll(async () => (await client.getStatus(id)).runtimeStatus).toBe("Running");
    await whole.terminate();

    await writeFile(join(folder, "b.mjs"), 'throw new Error("a setting is missing");');
    await expect(host.startWorker()).rejects.toThrow(/a setting is missing/);
    await client.raiseEvent(id, "go", 1);
    await writeFile(join(folder, "b.mjs"), code);
    const mended = await host.startWorker();

    await expect.poll(async () => (await client.getStatus(id)).runtimeStatus).toBe("Completed");
    await mended.terminate();
  });
});

describe("behind the Durable extension, an app", () => {
  beforeEach(async () => {
    const extensionBundle = { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.36.0, 5.0.0)" };
    await writeFile(join(folder, "host.json"), JSON.stringify({ version: "2.0", extensionBundle }));
    // The storage is the business of the extension.
    env = { LEDGER_FILE: ledger, TMPDIR: folder, AzureWebJobsStorage: "" };
  });

  async function start(host: RpcExtensionHost, name: string, input: unknown): Promise<string> {
    const answer = await host.request("start", "", { name, input });
    expect(answer.status).toBe(202);
    return bodyOf(answer).id;
  }

  const waitFor = (host: RpcExtensionHost, id: string) =>
    expect.poll(async () => bodyOf(await host.request("status", `?id=${id}`)));

  it("is indexed with triggers of one protocol, and its code runs when the extension calls it", async () => {
    await using host = await RpcExtensionHost.start({ appFolder: folder, env });
    const bindings = host.host.functions.flatMap(({ metadata }) => Object.values(metadata.bindings));
    const durable = bindings.filter(({ type }) => /^(?:orchestration|activity|entity|durable)/.test(type));
    expect(new Set(durable.map(({ type }) => type)).size).toBe(4);
    expect(durable.filter((binding) => binding["durableRequiresGrpc"] !== true)).toEqual([]);

    const id = await start(host, "many", { key: "k", text: "ü" });
    await waitFor(host, id).toMatchObject({ runtimeStatus: "Running" });
    expect((await host.request("raise", `?id=${id}`, { n: [1] })).status).toBe(202);
    await waitFor(host, id).toMatchObject({ runtimeStatus: "Completed" });
    const status = bodyOf(await host.request("status", `?id=${id}`));
    expect(status.output).toMatchObject({
      input: { key: "k", text: "ü" },
      event: { n: [1] },
      sizes: [1, 6, 0],
      count: 5,
    });
    expect(status.output.failure).toContain("too much");

    const { code, elapsedMs } = await host.stop();
    expect(code).toBe(0);
    expect(elapsedMs).toBeLessThan(5_000);
  });

  it("goes on in the next process when its worker is killed mid-activity", async () => {
    await using host = await RpcExtensionHost.start({ appFolder: folder, env });
    const first = await host.worker;
    const ids = await Promise.all([start(host, "twice", 3000), start(host, "twice", 3000)]);
    await expect.poll(readLedger).toEqual([`begin one ${first.pid}`, `begin one ${first.pid}`]);
    await first.kill();

    for (const id of ids) {
      await waitFor(host, id).toMatchObject({ runtimeStatus: "Completed", output: ["one done", "two done"] });
    }
    const second = await host.worker;
    const later = (await readLedger()).slice(2);
    expect(later.filter((line) => line.endsWith(` ${first.pid}`))).toEqual([]);
    expect(later.filter((line) => line === `end two ${second.pid}`)).toHaveLength(2);
  });
});
