import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { inspect } from "node:util";
import { status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { DFApp } from "../../../src/functions/df-app.ts";
import { bodyBytes } from "../../../src/host/app/typed-data.ts";
import { createEncryptingDataConverter, DurableClient, type LogEntry, startWorker } from "../../../src/index.ts";
import {
  activity,
  DurableTaskSchedulerClient,
  DurableTaskSchedulerWorker,
  orchestration,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
} from "../../../src/portable/index.ts";
import { type Azurite, startAzurite } from "../../support/azurite.ts";
import { endWithParent, signalChild } from "../../support/end-with-parent.ts";
import { FunctionsWorkerDouble } from "../../support/functions-host-double/functions-worker.ts";
import { SidecarPeer } from "../../support/sidecar-peer.ts";
import { Captures, canary, canaryKey } from "./captures.ts";

const captures = new Captures();
const children: ChildProcess[] = [];
let azurite: Azurite;
let folder: string;

beforeAll(async () => {
  azurite = await startAzurite();
  folder = await mkdtemp(join(tmpdir(), "durable-canaries-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(async () => {
  await azurite.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** The error of what must fail: as a text, as Node shows it, and as JSON. */
async function captureError(source: string, act: () => unknown): Promise<void> {
  const error = await Promise.resolve()
    .then(act)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect({ source, error }).toEqual({ source, error: expect.any(Error) });
  captures.add(`error: ${source}`, error);
}

const wrongKey = () =>
  azurite.connectionString.replace(/AccountKey=[^;]*/, `AccountKey=${canaryKey("account key of a library", 64)}`);

/** The log as whoever has set `log` gets it: every level, and fields. */
const log = (source: string) => (entry: LogEntry) => captures.add(`log: ${source}`, inspect(entry, { depth: 10 }));

it("a worker and clients in a process of one's own keep secrets to themselves", async () => {
  const taskHub = "CanariesLibrary";
  const app = new DFApp();
  await using stranger = await DurableClient.connect({ connectionString: wrongKey(), taskHub });
  const look = app.activity("look", () => stranger.getStatus("any"));
  app.orchestration("looks", async (context, input: { secret: string }) => {
    context.setCustomStatus(input.secret);
    return await context.callActivity(look);
  });
  await captureError("a wrong key", () => stranger.getStatus("any"));
  const withoutKey = azurite.connectionString.replace(/AccountKey=[^;]*/, "");
  const signed = `${withoutKey};SharedAccessSignature=sv=2021&ss=bqt&sig=${canary("SAS of a library")}%3D`;
  await using holder = await DurableClient.connect({ connectionString: signed, taskHub });
  await captureError("a wrong signature", () => holder.getStatus("any"));
  await captureError("a worker", () => startWorker({ apps: [app], storage: wrongKey(), taskHub, log: log("worker") }));
  const connection = `AccountKey=${canary("connection string as options")};`;
  await captureError("a text as options", () => DurableClient.connect(connection as never));
  await captureError("a text as storage", () => startWorker({ apps: [app], storage: connection, taskHub }));
  await captureError("a list as a text", () =>
    DurableClient.connect({ connectionString: [canary("connection string in a list")] as never, taskHub }),
  );
  const keys = [{ id: "k1", key: canary("encryption key that is too short") }];
  await captureError("a short key", () => createEncryptingDataConverter({ keys }));

  await using worker = await startWorker({ apps: [app], storage: "memory", taskHub, log: log("worker in memory") });
  const { client } = worker;
  const id = await client.startNew("looks", { input: { secret: canary("input of a library") } });
  const { runtimeStatus } = await client.waitForCompletion(id, { timeout: "60s", pollInterval: 50 });
  expect(runtimeStatus).toBe("Failed");
  const { history } = await client.getStatus(id, { showHistory: true, showInput: false });
  captures.add("failure details", JSON.stringify(history));
  await captureError("an event to nobody", () =>
    client.raiseEvent("nobody", "x", { secret: canary("event to nobody") }),
  );
  await captureError("a token", () => client.listInstances({ continuationToken: canary("token of a client") }));
  expect(captures.leaks()).toEqual({});
});

async function startSidecar(env: Readonly<Record<string, string>>) {
  const args = ["sidecar", "--port", "0", "--storage", "memory", "--token-setting", "TOKEN", "--verbose"];
  const child = spawn(
    process.execPath,
    [...endWithParent, resolve("dist/cli/main.js"), ...args, "--script-root", folder],
    {
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  children.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await expect.poll(() => text).toMatch(/Ready on http:\/\/localhost:\d+\./);
  return { child, output: () => text, address: `127.0.0.1:${/localhost:(\d+)\./.exec(text)![1]}` };
}

const credentialOf = (token: string) => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
});

it("over gRPC neither worker, client nor server tell", async () => {
  const levels = { version: "2.0", logging: { logLevel: { default: "Trace" } } };
  await writeFile(join(folder, "host.json"), JSON.stringify(levels));
  const token = canary("token of the sidecar");
  const sidecar = await startSidecar({ TOKEN: token });
  const { address } = sidecar;
  const metadata = { "x-secret": canary("gRPC metadata") };
  const worker = new TaskHubGrpcWorker({ address, credential: credentialOf(token), metadata, log: log("gRPC worker") });
  const work = activity(function work(): string {
    throw new Error(`SharedAccessKey=${canary("shared access key in an error")};x`);
  });
  const order = orchestration(function* order(context, _input: { secret: string }) {
    context.setCustomStatus({ secret: canary("gRPC custom status") });
    return yield* context.callActivity(work);
  });
  worker.addActivity(work);
  worker.addOrchestration(order);
  await worker.start();
  const client = new TaskHubGrpcClient({ address, credential: credentialOf(token), metadata });
  const id = await client.scheduleNewOrchestration(order, { input: { secret: canary("gRPC input") } });
  const state = await client.waitForOrchestrationCompletion(id);
  expect(inspect(state, { depth: 10 })).toContain(canary("shared access key in an error"));

  const stranger = new TaskHubGrpcClient({ address, credential: credentialOf(canary("token of a stranger")) });
  await captureError("a wrong token", () => stranger.getOrchestrationState("x"));
  const failing = { getToken: () => Promise.reject(new Error(`client_secret=${canary("secret in a token's error")}`)) };
  const tokenless = new TaskHubGrpcClient({ address, credential: failing });
  await captureError("no token", () => tokenless.getOrchestrationState("x"));
  const headed = new TaskHubGrpcClient({ address, metadata: { k: `${canary("header")}\n` } });
  await captureError("a header", () => headed.getOrchestrationState("x"));
  using peer = new SidecarPeer(address, { headers: { authorization: `Bearer ${token}` } });
  await captureError("a request that is none", () => peer.callWith("startInstance", Buffer.from(canary("gRPC bytes"))));
  const continuationToken = canary("gRPC continuation token");
  for (const call of [
    () => peer.call("queryInstances", { query: { continuationToken } }),
    () => peer.call("listInstanceIds", { lastInstanceKey: continuationToken }),
    () => peer.call("queryEntities", { query: { continuationToken } }),
    () => peer.call("cleanEntityStorage", { continuationToken, removeEmptyEntities: true }),
  ]) {
    await captureError("a forged token", call);
    expect(await peer.codeOf(call())).toBe(status.INVALID_ARGUMENT);
  }

  const schedulers = [
    `Endpoint=https://x;TaskHub=h;Authentication=None;Key=${canary("key of a scheduler")}`,
    `Endpoint=https://u:${canary("password of a scheduler")}@h;TaskHub=h;Authentication=None`,
    `Endpoint=https://x;TaskHub=h;Authentication=${canary("kind of a scheduler")}`,
    `${canary("scheduler text")}=;Endpoint=https://x`,
  ];
  for (const connectionString of schedulers) {
    await captureError("scheduler worker", () => new DurableTaskSchedulerWorker(connectionString));
    await captureError("scheduler client", () => new DurableTaskSchedulerClient({ connectionString }));
  }
  await Promise.all([client, stranger, tokenless, headed].map((each) => each.close()));
  await worker.stop();
  signalChild(sidecar.child, "SIGTERM");
  await expect.poll(sidecar.output).toContain("Stopping.");
  captures.add("sidecar", sidecar.output());
  expect(captures.leaks()).toEqual({});
});

async function request(worker: FunctionsWorkerDouble, name: string, url: string, headers: Record<string, string> = {}) {
  const fn = worker.core.functions.find(({ metadata }) => metadata.name === name)!;
  const query = Object.fromEntries([...new URL(url).searchParams].map(([key, value]) => [key, { value }]));
  const nullableHeaders = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, { value }]));
  const http = { method: "GET", url, nullableHeaders, nullableQuery: query };
  const returned = await worker.call(fn, { value: { http }, log: (line) => captures.add("lines of calls", line) });
  const { statusCode, body } = returned!.http!;
  return { status: Number(statusCode ?? 200), text: bodyBytes(body).toString() };
}

async function runFunctionApp(storage: string, drive: (worker: FunctionsWorkerDouble) => Promise<void>) {
  await writeFile(join(folder, "host.json"), '{ "version": "2.0" }');
  const settings = {
    AzureWebJobsScriptRoot: folder,
    AzureWebJobsStorage: storage,
    DURABLE_LINK_KEY: canary("link key").repeat(2),
    HOME: folder,
    TMPDIR: folder,
  };
  const before = new Map(Object.keys(settings).map((name) => [name, process.env[name]]));
  Object.assign(process.env, settings);
  try {
    const worker = await FunctionsWorkerDouble.load(() => {
      const app = new DFApp();
      app.orchestration("fails", (_context, _input: unknown) => {
        throw new Error(`MasterKey=${canary("master key in an error")}`);
      });
      app.http("start", {
        handler: async (request, client) => {
          const id = await client.startNew("fails", { input: canary("input in a Function App") });
          return client.createCheckStatusResponse(request, id);
        },
      });
    });
    try {
      await drive(worker);
    } finally {
      await worker.terminate();
      captures.add("Function App", worker.lines.join("\n"));
    }
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

it("an engine in a Function App neither, nor what it writes to disk", async () => {
  const base = "https://app.example.com/api/durabletask/instances";
  await runFunctionApp(azurite.connectionString, async (worker) => {
    const started = await request(worker, "start", "https://app.example.com/api/start");
    expect(started.status).toBe(202);
    const link: string = JSON.parse(started.text).statusQueryGetUri;
    const statusOf = async (url: string) => JSON.parse((await request(worker, "a_durabletask_links", url)).text);
    await expect.poll(async () => (await statusOf(link)).runtimeStatus).toBe("Failed");
    for (const url of [
      link.replace(/signature=[^&]*/, `signature=${canary("forged signature")}`),
      `${base}/none?code=${canary("code of a link")}`,
    ]) {
      const answer = await request(worker, "a_durabletask_links", url);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      captures.add("answer: link", answer.text);
    }
    const headers = { "x-functions-key": canary("key of a management request") };
    const refused = await request(
      worker,
      "a_durabletask_management",
      `${base}?top=${canary("top of a list")}`,
      headers,
    );
    expect(refused.status).toBe(400);
    captures.add("answer: management", refused.text);
    await expect.poll(() => worker.lines.join("\n")).toContain("MasterKey=***");
  });
  const wrong = azurite.connectionString.replace(
    /AccountKey=[^;]*/,
    `AccountKey=${canaryKey("account key of a Function App", 64)}`,
  );
  await runFunctionApp(wrong, async (worker) => {
    await expect.poll(() => worker.lines.join("\n")).toContain("EngineStartFailed");
    await captureError("a start in a Function App", () =>
      request(worker, "start", "https://app.example.com/api/start"),
    );
  });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) captures.add(`file ${entry.name}`, await readFile(join(entry.parentPath, entry.name)));
  }
  expect(captures.leaks()).toEqual({});
});
