import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { QueueServiceClient } from "@azure/storage-queue";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../support/azurite.ts";
import { type LocalHostProcess, runDurable, startLocalHost } from "../../support/local-host.ts";
import { Captures, canary, canaryKey, canaryNames } from "./captures.ts";

const captures = new Captures();
const app = pathToFileURL(resolve("test/e2e/canaries/app.mjs")).href;
const hub = "Canaries";
let azurite: Azurite;
let folder: string;

/** Everything on trace, so that nothing is hidden by a level. */
const hostJson = {
  version: "2.0",
  logging: { logLevel: { default: "Trace", Host: "Trace", Durable: "Trace", Function: "Trace" } },
  extensions: { durableTask: { hubName: hub } },
};

beforeAll(async () => {
  azurite = await startAzurite();
  folder = await mkdtemp(join(tmpdir(), "durable-canaries-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module", "main": "main.mjs" }');
  await writeFile(join(folder, "main.mjs"), `import ${JSON.stringify(app)};`);
  await writeFile(join(folder, "host.json"), JSON.stringify(hostJson));
  const values = {
    LOCAL_SECRET: canary("local setting"),
    LOCAL_OBJECT: { member: canary("local setting that is no text") },
    BOTH: canary("local setting that is skipped"),
    VAULT: `@Microsoft.KeyVault(SecretUri=https://v/secrets/${canary("vault reference")})`,
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: canary("setting of the wrong kind"),
  };
  await writeFile(join(folder, "local.settings.json"), JSON.stringify({ Values: values }));
});

afterAll(async () => {
  await azurite.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Delivered four times already: the fifth puts it aside. */
async function sendUnreadable(queueName: string, text: string): Promise<void> {
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(queueName);
  await queue.createIfNotExists();
  await queue.sendMessage(text);
  for (let delivery = 0; delivery < 4; delivery++) {
    const { messageId, popReceipt } = (await queue.receiveMessages()).receivedMessageItems[0]!;
    await queue.updateMessage(messageId, popReceipt, text, 0);
  }
}

/** Where what was asked for is shown as it is; nothing of it is captured. */
const allowedPlaces: readonly (readonly [place: string | readonly string[], shown: readonly string[]])[] = [
  ["/runtime/webhooks/durabletask/instances/{id}", ["input", "output", "custom status"]],
  [
    "/runtime/webhooks/durabletask/instances/{id}?showHistory=true&showHistoryOutput=true",
    ["event", "activity result"],
  ],
  ["/runtime/webhooks/durabletask/instances?showOutput=true", ["output", "access key in an error"]],
  ["/runtime/webhooks/durabletask/entities/safe/k", ["entity state"]],
  [
    ["show", "{id}", "--full"],
    ["input", "output", "custom status"],
  ],
  [
    ["history", "{id}", "--full"],
    ["event", "account key in an error", "child output"],
  ],
];

async function readAllowed(url: string, id: string): Promise<readonly string[]> {
  const read = async ([place]: (typeof allowedPlaces)[number]) =>
    typeof place === "string" ? await (await fetch(url + place.replace("{id}", id))).text() : "";
  return await Promise.all(allowedPlaces.map(read));
}

/** @param answers of those places that a host answers */
async function expectShown(answers: readonly string[], id: string, env: Readonly<Record<string, string>>) {
  for (const [index, [place, shown]] of allowedPlaces.entries()) {
    let text = answers[index]!;
    if (typeof place !== "string") {
      const args = place.map((arg) => arg.replace("{id}", id));
      const { stdout, stderr } = await runDurable([...args, "--script-root", folder], { env });
      captures.add(`stderr of ${place[0]}`, stderr);
      text = stdout;
    }
    const missing = shown.filter((name) => !text.includes(canary(name)));
    expect({ place, missing }).toEqual({ place, missing: [] });
  }
}

const json = { "content-type": "application/json" };

async function drive(host: LocalHostProcess, closedPort: number): Promise<string> {
  const send = async (source: string, path: string, init: RequestInit = {}) =>
    await captures.addAnswer(`answer: ${source}`, await fetch(`${host.url}${path}`, init));
  const start = async (name: string, input: unknown) =>
    await (await send("start", `/api/start/${name}`, { method: "POST", body: JSON.stringify(input) })).text();
  const base = "/runtime/webhooks/durabletask";

  const all = await start("all", { closedPort, input: canary("input") });
  await start("fails", canary("input of one that fails"));
  const misuses = await Promise.all([0, 1, 2, 3].map((number) => start("misuses", number)));
  const sealed = await start("sealed", null);
  const waiting = await start("waits", {});
  const authorized = {
    authorization: `Bearer ${canary("authorization header")}`,
    "x-functions-key": canary("functions key header"),
    cookie: `session=${canary("cookie header")}`,
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: `vendor=${canary("trace state")}`,
  };
  await send("boom", `/api/boom?code=${canary("code of a request")}`, {
    method: "POST",
    headers: authorized,
    body: canary("body of a request"),
  });
  await send("404", `/api/nothing?sig=${canary("sig of a request")}`, { headers: authorized });
  await send("misuse", "/api/misuse");
  await send("refused", "/api/refused");
  await send("rejects", "/api/rejects");
  for (const query of ["createdTimeFrom", "runtimeStatus", "top", "taskHub"]) {
    await send(query, `${base}/instances?${query}=${canary("wrong query parameter")}`, { headers: authorized });
  }
  const forged = { "x-ms-continuation-token": canary("continuation token") };
  for (const list of ["instances", "entities"]) {
    expect((await fetch(`${host.url}${base}/${list}`, { headers: forged })).status).toBe(400);
    await send(`${list} by a forged token`, `${base}/${list}`, { headers: forged });
  }
  await send("no instance", `${base}/instances/none?code=${canary("code of a request")}`, { headers: authorized });
  const bodies = [canary("body that is no JSON"), `{"a":"${canary("body that breaks off")}`];
  for (const body of bodies) {
    await send("bad start", `${base}/orchestrators/all`, { method: "POST", headers: json, body });
    await send("bad event", `${base}/instances/${waiting}/raiseEvent/x`, { method: "POST", headers: json, body });
    await send("admin", "/admin/functions/boom", { method: "POST", headers: json, body });
  }
  await send("unknown start", `${base}/orchestrators/nope`, { method: "POST", headers: json, body: '"x"' });
  const reason = encodeURIComponent(`token=${canary("secret in a reason")}`);
  for (const verb of ["suspend", "resume", "terminate", "rewind"])
    await send(verb, `${base}/instances/${waiting}/${verb}?reason=${reason}`, { method: "POST" });
  await send("unencrypted event", `${base}/instances/${sealed}/raiseEvent/go`, {
    method: "POST",
    headers: json,
    body: JSON.stringify(canary("unencrypted event")),
  });
  await send("event", `${base}/instances/${all}/raiseEvent/go`, {
    method: "POST",
    headers: json,
    body: JSON.stringify(canary("event")),
  });
  for (const path of ["/", "/admin/host/status", "/admin/functions", `${base}/openapi.json`]) await send(path, path);
  const ended = async (id: string) => {
    const state = await (await fetch(`${host.url}${base}/instances/${id}?showInput=false`)).json();
    return (state as { runtimeStatus: string }).runtimeStatus;
  };
  await expect.poll(() => ended(all)).toBe("Completed");
  for (const id of [...misuses, sealed]) await expect.poll(() => ended(id)).toMatch(/Failed|Completed/);
  return all;
}

it("sixty secrets and more are planted", async () => {
  const files = ["app.mjs", "host.test.ts", "library.test.ts"].map((name) => join("test/e2e/canaries", name));
  const sources = (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
  expect(canaryNames.length).toBeGreaterThanOrEqual(60);
  expect(canaryNames.filter((name) => !new RegExp(`canary(?:Key)?\\(\\s*"${name}"`).test(sources))).toEqual([]);
});

it("nothing of what an app holds gets into its host's log and answers", async () => {
  await sendUnreadable("canaries-control-00", Buffer.from(canary("unreadable message")).toString("base64"));
  await sendUnreadable("canaries-control-01", `{"$type":"x","secret":"${canary("message of no type")}`);
  await sendUnreadable("canaries-workitems", JSON.stringify({ TaskMessage: { Event: canary("member of a message") } }));
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port: closedPort } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  const env = {
    AzureWebJobsStorage: azurite.connectionString,
    SECRET_SETTING: canary("environment setting"),
    BOTH: "the environment's",
  };
  await using host = await startLocalHost({ appFolder: folder, args: ["--verbose"], env });
  const all = await drive(host, closedPort);
  await expect.poll(() => host.output().match(/MessageQuarantined/g)?.length ?? 0).toBe(3);
  const allowed = await readAllowed(host.url, all);
  await fetch(`${host.url}/api/crashes`).catch(() => {});
  await expect.poll(host.output).toContain("Uncaught exception");
  captures.add("text log", host.output());

  await expectShown(allowed, all, env);
  expect(captures.find(canary("line of the user"))).toHaveLength(1);
  // It was there to be seen.
  for (const trace of ["ActivityFailed", "OrchestrationFailed", "EntityOperationFailed", "HttpRequestUnmatched"])
    expect(host.output()).toContain(trace);
  for (const trace of ["AccountKey=***;X=y", "is not valid JSON", "Password=***;", "sv=1&sig=***", "'secret=***'"])
    expect(host.output()).toContain(trace);
  expect(captures.leaks()).toEqual({});
});

it("as JSON lines neither", async () => {
  const env = { AzureWebJobsStorage: azurite.connectionString, DURABLE_LOG_FORMAT: "json" };
  await using host = await startLocalHost({ appFolder: folder, args: ["--verbose"], env });
  await fetch(`${host.url}/api/start/fails`, {
    method: "POST",
    body: JSON.stringify(canary("input of one that fails")),
  });
  await fetch(`${host.url}/api/boom?code=${canary("code of a request")}`);
  await fetch(`${host.url}/api/rejects`);
  await expect.poll(host.output).toContain('"OrchestrationFailed"');
  await expect.poll(host.output).toContain('"PromiseRejectionUnhandled"');
  await fetch(`${host.url}/api/crashes`).catch(() => {});
  await expect.poll(host.output).toContain("Uncaught exception");
  captures.add("JSON log", host.output());
  expect(captures.leaks()).toEqual({});
});

it("commands say what is wrong with a storage account, and not what they were given", async () => {
  const { blob, queue, table } = azurite.ports;
  const endpoints = (query: (service: string) => string, user = "") =>
    Object.entries({ Blob: blob, Queue: queue, Table: table })
      .map(([name, port]) => `${name}Endpoint=http://${user}127.0.0.1:${port}/devstoreaccount1${query(name)}`)
      .join(";");
  const plain = endpoints(() => "");
  const account = (key: string) => `AccountName=devstoreaccount1;AccountKey=${key}`;
  const wrongKey = `${account(canaryKey("account key", 64))};${plain}`;
  const sas = `SharedAccessSignature=sv=2021-06-08&ss=bqt&srt=sco&sp=rwdl&sig=${canary("account SAS")}%3D;${plain}`;
  const sasOf = new Map([
    ["Blob", canary("blob SAS")],
    ["Queue", canary("queue SAS")],
    ["Table", canary("table SAS")],
  ]);
  const signed = endpoints((service) => `?sv=2021-06-08&sp=rl&sig=${sasOf.get(service)}`);
  const unreachable = `${account(canaryKey("key of an account that is away", 64))};${plain.replaceAll(/:\d+/g, ":1")}`;
  const runs: readonly (readonly [args: readonly string[], storage: string, stderr: RegExp])[] = [
    [["start", "--port", "0", "--verbose"], wrongKey, /AuthorizationFailure|AuthenticationFailed/],
    [["ls"], wrongKey, /AuthorizationFailure|AuthenticationFailed/],
    [["show", "x"], sas, /rejected/],
    [["history", "x", "--full"], signed, /rejected/],
    [["purge", "--status", "Completed", "--older-than", "1d", "--yes"], sas, /./],
    [["quarantine", "ls"], signed, /rejected/],
    [["hub", "delete", "--task-hub", hub, "--yes"], unreachable, /cannot|could not|reached/],
    [["sidecar", "--port", "0", "--verbose"], wrongKey, /rejected/],
    [["ls"], canary("text that is no connection string"), /is not a connection string/],
    [["ls"], `${account(`!${canary("key that is not Base64")}`)};${plain}`, /not Base64/],
    [["ls"], `${account("AAAA")};${endpoints(() => "", `u:${canary("password in an endpoint")}@`)}`, /Endpoint/],
    [
      ["ls", "--connection", account(canary("connection string as an argument"))],
      "",
      /takes the name of an app setting/,
    ],
    [["ls", "--after", canary("continuation token")], azurite.connectionString, /'continuationToken' is not one/],
    [["run", "x", "--input", `{"a":"${canary("input that is no JSON")}`], wrongKey, /./],
  ];
  await Promise.all(
    runs.map(async ([args, storage, expected], index) => {
      const env = { AzureWebJobsStorage: storage };
      const { code, stdout, stderr } = await runDurable([...args, "--script-root", folder], { env });
      const source = `${index} ${args.slice(0, 2).join(" ")}`;
      captures.add(source, stdout + stderr);
      expect({ source, code, said: expected.test(stdout + stderr) ? true : stdout + stderr }).toEqual({
        source,
        code: expect.toSatisfy((exit) => exit !== 0),
        said: true,
      });
    }),
  );
  expect(captures.leaks()).toEqual({});
});
