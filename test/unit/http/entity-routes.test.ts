import { expect, it } from "vitest";
import type { EntityMetadata } from "../../../src/core/entity-client.ts";
import { createStartChecks } from "../../../src/management/start-checks.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { entity, instance } from "./fake-orchestration-client.ts";
import { baseUrl, managementApi } from "./management-fixture.ts";

const counters = [entity("@counter@", "5"), entity("@counter@k1", "5"), entity("@counter@k2", '"07"')];

function entityApi(entities: readonly EntityMetadata[] = counters) {
  const app = new Registry();
  app.addEntity({ name: "Counter", entity: () => undefined });
  const opened = managementApi([], { startChecks: createStartChecks(() => [app]) });
  const { client } = opened;
  for (const each of entities) client.entities.found.set(each.id.toString(), each);
  return { ...opened, entities: client.entities };
}

const json = { "content-type": "application/json" };
const text = { "content-type": "text/plain" };

// What the genuine extension was asked, and has answered.
it.each<[string, string, string, Record<string, string>, string | undefined, unknown[]]>([
  ["JSON", "POST", "Counter/k1?op=add&code=KEY", json, "5", ["@counter@k1", { operation: "add", input: "5" }]],
  ["no operation", "POST", "Counter/k1?code=KEY", json, "5", ["@counter@k1", { input: "5" }]],
  ["no body", "POST", "Counter/k1?op=reset2", {}, undefined, ["@counter@k1", { operation: "reset2" }]],
  ["a text", "POST", "Counter/k2?op=add", text, "7", ["@counter@k2", { operation: "add", input: '"7"' }]],
  ["no key", "POST", "Counter?op=add", json, "5", ["@counter@", { operation: "add", input: "5" }]],
  ["the key $", "POST", "Counter/%24?op=add", json, "5", ["@counter@", { operation: "add", input: "5" }]],
  [
    "a key with a slash",
    "POST",
    "COUNTER/a%2Fb/?OP=add",
    json,
    "5",
    ["@counter@a/b", { operation: "add", input: "5" }],
  ],
  [
    "all digits",
    "POST",
    "Counter/k1",
    json,
    " 1234567890.1234567890 ",
    ["@counter@k1", { input: "1234567890.1234567890" }],
  ],
  ["a deletion", "DELETE", "Counter/k1", {}, undefined, ["@counter@k1", { operation: "delete" }]],
])("signals %s", async (_, method, path, headers, body, signal) => {
  const { send, entities } = entityApi();

  const response = await send(method, `entities/${path}`, { headers, ...(body !== undefined && { body }) });

  expect(response.status).toBe(202);
  expect(await response.text()).toBe("");
  expect(entities.calls).toEqual([["signal", ...signal]]);
});

it("refuses a signal that is not JSON, or to what nobody runs", async () => {
  const { send, entities } = entityApi();

  const notJson = await send("POST", "entities/Counter/k2?op=add", { headers: json, body: '{"a":' });
  const unknown = await send("POST", "entities/Nope/k1?op=add", { headers: json, body: "5" });
  const deletion = await send("DELETE", "entities/Nope/k1");
  const noEntity = await send("POST", "entities/a%40b/k1?op=add");

  expect(notJson.status).toBe(400);
  expect(await notJson.text()).toMatch(/^{"Message":"Could not parse JSON content: /);
  expect(unknown.status).toBe(400);
  expect(await unknown.json()).toEqual({ Message: "there is no entity named 'Nope'; registered are 'Counter'" });
  expect(deletion.status).toBe(400);
  expect(noEntity.status).toBe(400);
  expect(entities.calls).toEqual([]);
});

it("takes any entity where it is not known which there are", async () => {
  const { send, client } = managementApi();

  expect((await send("POST", "entities/a%40b/k1")).status).toBe(400);
  expect((await send("POST", "entities/Nope/k1")).status).toBe(202);
  expect(client.entities.calls).toEqual([["signal", "@nope@k1", {}]]);
});

it.each([
  ["Counter/k1", 200, "5"],
  ["COUNTER/k1", 200, "5"],
  ["Counter/$", 200, "5"],
  ["Counter/k2", 200, '"07"'],
  ["Counter/none", 404, ""],
  ["Counter/gone", 404, ""],
  ["Nope/k1", 404, ""],
])("shows the state of %s", async (path, status, body) => {
  const { send } = entityApi([...counters, entity("@counter@gone", undefined)]);

  const response = await send("GET", `entities/${path}`);

  expect(response.status).toBe(status);
  expect(await response.text()).toBe(body);
  expect(response.headers.get("content-type")).toBe(status === 200 ? "application/json; charset=utf-8" : null);
});

it.each([
  ["entities", undefined, false],
  ["entities/", undefined, false],
  ["entities?fetchState=true", undefined, true],
  ["entities/Counter", "Counter", false],
  ["entities/Counter/?FETCHSTATE=True", "Counter", true],
])("lists at %s", async (path, name, includeState) => {
  const { send, entities } = entityApi();
  const listed = includeState ? counters : counters.map((each) => ({ ...each, state: undefined }));
  entities.pages = [{ entities: listed, continuationToken: undefined }];
  const states = includeState ? ["5", "5", '"07"'] : ["null", "null", "null"];

  const response = await send("GET", path);

  const expected = ["", "k1", "k2"].map(
    (key, index) =>
      `{"entityId":{"name":"counter","key":"${key}"},"lastOperationTime":"2024-05-01T10:00:03.2Z","state":${states[index]}}`,
  );
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(response.headers.has("x-ms-continuation-token")).toBe(false);
  expect(await response.text()).toBe(`[${expected.join(",")}]`);
  expect(entities.calls).toEqual([["query", { name, includeState, pageSize: 100 }]]);
});

it("lists page by page, and by time", async () => {
  const { send, entities } = entityApi();
  entities.pages = [{ entities: [counters[0]!], continuationToken: "next" }];

  const from = "lastOperationTimeFrom=2020-01-01T00:00:00Z&lastOperationTimeTo=2099-01-01T00:00:00Z";
  const first = await send("GET", `entities?top=1&${from}`);
  await send("GET", "entities?pageSize=2", { headers: { "x-ms-continuation-token": "next" } });

  expect(first.headers.get("x-ms-continuation-token")).toBe("next");
  expect(await first.json()).toHaveLength(1);
  expect(entities.calls).toEqual([
    [
      "query",
      {
        includeState: false,
        pageSize: 1,
        lastModifiedFrom: new Date("2020-01-01T00:00:00Z"),
        lastModifiedTo: new Date("2099-01-01T00:00:00Z"),
      },
    ],
    ["query", { includeState: false, pageSize: 2, continuationToken: "next" }],
  ]);
});

it.each([
  ["GET", "entities/Counter/k1/more"],
  ["POST", "entities"],
  ["DELETE", "entities"],
  ["PUT", "entities/Counter/k1"],
  ["GET", "entities//k1"],
])("answers %s %s by 404", async (method, path) => {
  const { send, entities } = entityApi();

  expect((await send(method, path)).status).toBe(404);
  expect(entities.calls).toEqual([]);
});

it("refuses a page size or time that is none", async () => {
  const { send } = entityApi();

  for (const query of ["top=0", "top=abc", "pageSize=-1", "lastOperationTimeFrom=soon"]) {
    expect((await send("GET", `entities?${query}`)).status).toBe(400);
  }
});

it("shows an entity as the instance that it is", async () => {
  const id = "@counter@k1";
  const state = { instanceId: id, name: id, input: '{"exists":true,"state":"5","sorter":{}}', version: "" };
  const { send } = managementApi([instance({ ...state, customStatus: '{"entityExists":true}' })]);

  const response = await send("GET", "instances/%40counter%40k1");

  expect(response.status).toBe(202);
  expect(response.headers.get("location")).toBe(`${baseUrl}/instances/%40counter%40k1`);
  expect(await response.text()).toBe(
    '{"name":"@counter@k1","instanceId":"@counter@k1","runtimeStatus":"Running",' +
      '"input":{"exists":true,"state":"5","sorter":{}},"customStatus":{"entityExists":true},"output":null,' +
      '"createdTime":"2024-05-01T10:00:00Z","lastUpdatedTime":"2024-05-01T10:00:03Z"}',
  );
  expect((await send("DELETE", "instances/%40counter%40k1")).status).toBe(400);
});
