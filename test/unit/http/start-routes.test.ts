import { expect, it } from "vitest";
import { DurableError } from "../../../src/core/errors.ts";
import { publicOriginBy } from "../../../src/management/management-links.ts";
import { createStartChecks } from "../../../src/management/start-checks.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { instance } from "./fake-orchestration-client.ts";
import { baseUrl, managementApi, readJson } from "./management-fixture.ts";

it("starts an orchestration with the body as its input and answers with links", async () => {
  const { client, postJson } = managementApi();

  const response = await postJson("orchestrators/seq/my%20id?version=2.0", '{"n": 12345678901234567890}');

  const query = "taskHub=Hub&connection=Storage";
  expect(response.status).toBe(202);
  expect(response.headers.get("location")).toBe(`${baseUrl}/instances/my%20id?${query}`);
  expect(response.headers.get("retry-after")).toBe("10");
  expect(await readJson(response)).toEqual({
    id: "my id",
    statusQueryGetUri: `${baseUrl}/instances/my%20id?${query}`,
    sendEventPostUri: `${baseUrl}/instances/my%20id/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${baseUrl}/instances/my%20id/terminate?reason={text}&${query}`,
    suspendPostUri: `${baseUrl}/instances/my%20id/suspend?reason={text}&${query}`,
    resumePostUri: `${baseUrl}/instances/my%20id/resume?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${baseUrl}/instances/my%20id?${query}`,
    restartPostUri: `${baseUrl}/instances/my%20id/restart?${query}`,
  });
  expect(client.calls).toEqual([
    ["startInstance", { name: "seq", instanceId: "my id", input: '{"n": 12345678901234567890}', version: "2.0" }],
  ]);
});

it("starts without input when the body is empty, and makes the id itself", async () => {
  const { client, send } = managementApi();

  const response = await send("POST", "ORCHESTRATORS/seq/");

  expect(response.status).toBe(202);
  expect(client.calls).toEqual([["startInstance", { name: "seq" }]]);
});

it.each([
  ["not JSON", "{", "application/json", 400, "Invalid JSON content"],
  ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "application/json", 400, "Invalid JSON content"],
  ["sent as text", "{}", "text/plain", 415, "The input must be sent with 'content-type: application/json'"],
  ["sent as a form", "{}", "application/x-www-form-urlencoded", 415, "The input must be sent with"],
])("refuses an input that is %s", async (_, body, contentType, status, message) => {
  const { client, send } = managementApi();

  const response = await send("POST", "orchestrators/seq", { body, headers: { "content-type": contentType } });

  expect(response.status).toBe(status);
  expect((await readJson(response)).Message).toContain(message);
  expect(client.calls).toEqual([]);
});

it("refuses a body beyond the limit, announced or not", async () => {
  const { client, send } = managementApi([], { maxBodyBytes: 8 });
  const headers = { "content-type": "application/json" };
  const streamed = new Blob(['"0123456789"']).stream();

  const announced = await send("POST", "orchestrators/seq", {
    body: "1",
    headers: { ...headers, "content-length": "9" },
  });
  const sent = await send("POST", "orchestrators/seq", { body: streamed, headers, duplex: "half" } as RequestInit);

  expect([announced.status, sent.status]).toEqual([413, 413]);
  expect(client.calls).toEqual([]);
});

it("a body that breaks off is the sender's trouble, and not for the log", async () => {
  const logged: unknown[] = [];
  const { client, send } = managementApi([], { log: { log: (...entry) => logged.push(entry) } });
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new Error("socket hang up"));
    },
  });

  const response = await send("POST", "orchestrators/seq", {
    body,
    headers: { "content-type": "application/json" },
    duplex: "half",
  } as RequestInit);

  expect(response.status).toBe(400);
  expect([client.calls, logged]).toEqual([[], []]);
});

it.each([
  ["@counter@a", "'@'"],
  ["a%2Fb", "'/'"],
  ["a%23b", "'#'"],
  ["a%00b", "control character"],
  ["a".repeat(257), "256"],
])("refuses the instance id %s", async (id, why) => {
  const { client, send } = managementApi();

  const response = await send("POST", `orchestrators/seq/${id}`);

  expect(response.status).toBe(400);
  expect((await readJson(response)).Message).toContain(why);
  expect(client.calls).toEqual([]);
});

it("decodes ids once and takes any other character", async () => {
  const { client, send } = managementApi();

  await send("POST", `orchestrators/seq/${encodeURIComponent("🦊 ü")}`);
  await send("POST", "orchestrators/seq/a%252Fb");

  expect(client.calls.map(([, options]) => (options as { instanceId: string }).instanceId)).toEqual(["🦊 ü", "a%2Fb"]);
});

it("refuses an orchestration that nobody runs, where that is known", async () => {
  const registry = new Registry();
  for (const name of ["seq", "fan"]) registry.addOrchestration({ name, orchestrator: async () => {} });
  const { send } = managementApi([], { startChecks: createStartChecks(() => [registry]) });

  const known = await send("POST", "orchestrators/SEQ");
  const unknown = await send("POST", "orchestrators/other");
  const entity = await send("POST", "orchestrators/@counter");

  expect([known.status, unknown.status, entity.status]).toEqual([202, 400, 400]);
  expect((await readJson(unknown)).Message).toBe(
    "there is no orchestration named 'other'; registered are 'fan', 'seq'",
  );
});

it("refuses an id in use with 409", async () => {
  const { send } = managementApi([instance()]);

  expect((await send("POST", "orchestrators/seq/abc")).status).toBe(409);
});

it("waits for the output when timeout and pollingInterval are given", async () => {
  const { client, clock, send } = managementApi();
  clock.onSleep = () => {
    if (clock.sleeps.length === 2) {
      client.instances.set("generated", instance({ runtimeStatus: "Completed", output: "[1.50]" }));
    }
  };

  const response = await send("POST", "orchestrators/seq?timeout=10&pollingInterval=0.5");

  expect(response.status).toBe(200);
  expect(await response.text()).toBe("[1.50]");
  expect(clock.sleeps).toEqual([500, 500]);
});

it("answers with the status of an instance that fails while it is waited for", async () => {
  const { client, clock, send } = managementApi();
  clock.onSleep = () => client.instances.set("generated", instance({ runtimeStatus: "Failed", output: "boom" }));

  const path = "orchestrators/seq?timeout=5&pollingInterval=1&returnInternalServerErrorOnFailure=true";
  const response = await send("POST", path);

  expect(response.status).toBe(500);
  expect(await readJson(response)).toMatchObject({ runtimeStatus: "Failed", output: "boom" });
});

it("answers with links when the time is up", async () => {
  const { clock, send } = managementApi();

  const response = await send("POST", "orchestrators/seq?timeout=2.5&pollingInterval=1");

  expect(response.status).toBe(202);
  expect(clock.sleeps).toEqual([1000, 1000, 500]);
});

it.each([
  ["timeout=1&pollingInterval=2", "Total timeout 1 should be bigger than retry timeout 2"],
  ["timeout=soon&pollingInterval=2", "'timeout' must be a number of seconds"],
  ["timeout=3&pollingInterval=-1", "'pollingInterval' must be a number of seconds"],
])("refuses to wait with %s", async (query, message) => {
  const { client, send } = managementApi();

  const response = await send("POST", `orchestrators/seq?${query}`);

  expect(response.status).toBe(400);
  expect((await readJson(response)).Message).toBe(message);
  expect(client.calls).toEqual([]);
});

it("restarts under a new id unless told otherwise", async () => {
  const { client, send } = managementApi([instance()]);

  const fresh = await send("POST", "instances/abc/restart");
  const same = await send("POST", "instances/abc/restart?restartWithNewInstanceId=FALSE");

  expect([fresh.status, same.status]).toEqual([202, 202]);
  expect((await readJson(fresh)).id).toBe("restarted");
  expect((await readJson(same)).id).toBe("abc");
  expect(client.calls).toEqual([
    ["restart", "abc", { restartWithNewInstanceId: true }],
    ["restart", "abc", { restartWithNewInstanceId: false }],
  ]);
});

it("refuses to restart an unknown instance", async () => {
  const { send } = managementApi();

  const response = await send("POST", "instances/nobody/restart");

  expect(response.status).toBe(400);
  expect(await readJson(response)).toEqual({ Message: "InstanceId does not match a valid orchestration instance." });
});

it("makes links for the address the proxy was asked for, only when the proxy is trusted", async () => {
  const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "api.example.com, inner" };
  const trusting = managementApi([], { publicOrigin: publicOriginBy({ trustForwardedHeaders: true }) });
  const careful = managementApi();

  const trusted = await trusting.send("POST", "orchestrators/seq", { headers });
  const ignored = await careful.send("POST", "orchestrators/seq", { headers });

  expect(trusted.headers.get("location")).toMatch(/^https:\/\/api\.example\.com\/runtime\/webhooks\/durabletask\//);
  expect(ignored.headers.get("location")).toMatch(/^http:\/\/localhost:7071\//);
});

it("tells who polls to come back to the address the proxy was asked for", async () => {
  const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "api.example.com" };
  const running = [instance()];
  const trusting = managementApi(running, { publicOrigin: publicOriginBy({ trustForwardedHeaders: true }) });

  const [trusted, ignored] = await Promise.all(
    [trusting, managementApi(running)].map(({ send }) => send("GET", "instances/abc?showInput=false", { headers })),
  );

  const path = "/runtime/webhooks/durabletask/instances/abc?showInput=false";
  expect(trusted?.headers.get("location")).toBe(`https://api.example.com${path}`);
  expect(ignored?.headers.get("location")).toBe(`http://localhost:7071${path}`);
});

it("maps what the hub refuses to status codes", async () => {
  const { client, send } = managementApi();
  const statuses: number[] = [];
  for (const code of ["InvalidPayload", "NotSupported", "StorageUnavailable", "CorruptData"] as const) {
    client.failure = new DurableError(code, "the account key is hunter2");
    statuses.push((await send("POST", "orchestrators/seq")).status);
  }

  expect(statuses).toEqual([400, 501, 503, 500]);
});

it.each(["BuiltIn__HttpPollOrchestrator", "builtin__anything", "BuiltIn%3A%3AHttpActivity"])(
  "refuses to start %s, which is ours",
  async (name) => {
    const { client, postJson } = managementApi();

    const response = await postJson(`orchestrators/${name}`, "{}");

    expect(response.status).toBe(400);
    expect(client.calls).toEqual([]);
  },
);
