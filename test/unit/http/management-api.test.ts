import { expect, it } from "vitest";
import type { LogSink } from "../../../src/core/ports.ts";
import { createManagementApi } from "../../../src/http/management-api.ts";
import { instance } from "./fake-orchestration-client.ts";
import { baseUrl, managementApi, readJson } from "./management-fixture.ts";

it.each([
  ["PUT", "instances/abc"],
  ["HEAD", "instances/abc"],
  ["POST", "instances"],
  ["GET", "instances/abc/terminate"],
  ["POST", "instances/abc/explode"],
  ["POST", "instances/abc/terminate/now"],
  ["POST", "instances/abc/raiseEvent"],
  ["POST", "instances//terminate"],
  ["GET", "orchestrators/seq"],
  ["POST", "orchestrators"],
  ["POST", "orchestrators/seq/id/more"],
  ["GET", "entities/counter/a"],
  ["GET", "makeprimary"],
  ["POST", "makeprimary/more"],
  ["GET", ""],
])("answers %s %s with an empty 404", async (method, path) => {
  const { client, send } = managementApi([instance()]);

  const response = await send(method, path);

  expect(response.status).toBe(404);
  expect(await response.text()).toBe("");
  expect(client.calls).toEqual([]);
});

it("does not answer outside its base path", async () => {
  const { api } = managementApi([instance()]);

  const beside = await api(new Request("http://localhost/runtime/webhooks/durabletaskinstances/abc"));
  const climbed = await api(new Request(`${baseUrl}/../instances/abc`));
  const folded = await api(new Request(`http://localhost/RUNTIME/Webhooks/DurableTask/instances/abc`));

  expect([beside.status, climbed.status, folded.status]).toEqual([404, 404, 202]);
});

it("refuses a path that is no UTF-8", async () => {
  const { send } = managementApi();

  expect((await send("GET", "instances/%C3%28")).status).toBe(400);
});

it.each([
  ["taskHub=Other", "'taskHub' must be 'Hub' or absent"],
  ["TASKHUB=Other", "'taskHub' must be 'Hub' or absent"],
  ["taskHub=Hub&connection=OtherStorage", "'connection' must be 'Storage' or absent"],
])("serves no other hub or account (%s)", async (query, message) => {
  const { client, send } = managementApi([instance()]);

  const response = await send("GET", `instances/abc?${query}`);

  expect(response.status).toBe(400);
  expect((await readJson(response)).Message).toContain(message);
  expect(client.calls).toEqual([]);
});

it.each([
  ["localhost:7071", 202],
  ["127.0.0.1:7071", 202],
  ["[::1]:7071", 202],
  ["LOCALHOST", 202],
  ["dev.internal", 202],
  ["evil.example", 403],
  ["localhost.evil.example", 403],
  ["127.0.0.1@evil.example", 403],
  ["not a host", 403],
])("answers a request to host %s with %i", async (host, status) => {
  const { send } = managementApi([instance()], { allowedHosts: ["Dev.internal"] });

  expect((await send("GET", "instances/abc", { headers: { host } })).status).toBe(status);
});

it("checks the host of the address as well, unless something in front does", async () => {
  const rebound = new Request("http://evil.example/runtime/webhooks/durabletask/instances/abc");

  expect((await managementApi([instance()]).api(rebound)).status).toBe(403);
  expect((await managementApi([instance()], { allowedHosts: "any" }).api(rebound)).status).toBe(202);
});

it.each([
  ["http://localhost:7071", 202],
  ["http://localhost:3000", 202],
  ["http://localhost:8080", 403],
  ["https://evil.example", 403],
  ["null", 403],
])("answers a change asked for by a page of %s with %i", async (origin, status) => {
  const { client, send } = managementApi([instance()], { allowedOrigins: ["http://localhost:3000"] });

  const response = await send("POST", "instances/abc/terminate", { headers: { origin, host: "localhost:7071" } });

  expect(response.status).toBe(status);
  expect(client.calls.length).toBe(status === 202 ? 1 : 0);
});

it("lets pages of other origins ask, without giving them leave to read", async () => {
  const { send } = managementApi([instance()]);

  const response = await send("GET", "instances/abc", { headers: { origin: "https://evil.example" } });

  expect(response.status).toBe(202);
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
});

it("ignores attempts to override the method", async () => {
  const { client, send } = managementApi([instance()]);

  await send("GET", "instances/abc", { headers: { "x-http-method-override": "DELETE" } });

  expect(client.calls.map(([method]) => method)).toEqual(["getInstance"]);
});

it("tells the log what went wrong, and the caller nothing", async () => {
  const logged: unknown[] = [];
  const log: LogSink = { log: (level, event, message) => logged.push([level, event, message]) };
  const { client, send } = managementApi([instance()], { log });
  client.failure = new Error("AccountKey=hunter2");

  const response = await send("GET", "instances/abc?code=secret");

  expect(response.status).toBe(500);
  expect(await response.text()).toBe('{"Message":"Something went wrong while processing your request"}');
  expect(logged).toHaveLength(1);
  expect(JSON.stringify(logged)).toContain("AccountKey=***");
  expect(JSON.stringify(logged)).not.toContain("secret");
});

it("marks every answer as the caller's own", async () => {
  const { send } = managementApi();

  for (const response of [await send("GET", "instances"), await send("GET", "nothing")]) {
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(response.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  }
});

it("agrees to be the primary app, which is nothing here", async () => {
  const { send } = managementApi();

  const response = await send("POST", "makePrimary");

  expect([response.status, await response.text()]).toEqual([200, ""]);
});

it("takes the name of a connection with the prefix of its setting and without", async () => {
  const { client } = managementApi([instance()]);
  const connectionName = "AzureWebJobsStorage";
  const api = createManagementApi({ client, basePath: "/durabletask", taskHub: "Hub", connectionName });
  const answers = await Promise.all(
    ["Storage", "AzureWebJobsStorage", "Other"].map((asked) =>
      api(new Request(`http://localhost/durabletask/instances/abc?connection=${asked}`)),
    ),
  );

  expect(answers.map(({ status }) => status)).toEqual([202, 202, 400]);
});
