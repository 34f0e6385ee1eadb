import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";

let folder: string;
let host: LocalHostProcess;

const appSource = `
import { DFApp, EntityId, isTaskFailedError } from "${pathToFileURL(resolve("dist/index.js")).href}";

class Counter {
  value = 0;
  add(amount) {
    if (typeof amount !== "number") throw new TypeError("not a number");
    this.value += amount;
    return this.value;
  }
}
const app = new DFApp();
app.entity("Counter", Counter);
app.entity("Text", (context) => {
  if (context.operationName === "set") context.setState(context.getInput());
  if (context.operationName === "delete") context.destructOnExit();
});
app.http("call", {
  route: "call/{name}/{key}/{operation}",
  methods: ["POST"],
  handler: async (request, client) => {
    const { name, key, operation } = request.params;
    try {
      return { jsonBody: await client.callEntity(new EntityId(name, key), operation, await request.json()) };
    } catch (error) {
      if (isTaskFailedError(error)) return { status: 422, jsonBody: error.failureDetails.errorType };
      return { status: 400, jsonBody: error.code };
    }
  },
});
app.http("later", {
  route: "later/{key}",
  methods: ["POST"],
  handler: async (request, client) => {
    const scheduledTime = new Date(Date.now() + 1500);
    await client.signalEntity(new EntityId("Counter", request.params.key), "add", 7, { scheduledTime });
    return { jsonBody: scheduledTime };
  },
});
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "durable-entities-"));
  writeFileSync(join(folder, "host.json"), '{ "version": "2.0" }');
  writeFileSync(join(folder, "package.json"), '{ "main": "app.mjs" }');
  writeFileSync(join(folder, "app.mjs"), appSource);
  host = await startLocalHost({ appFolder: folder });
});

afterAll(async () => {
  await host?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const post = (path: string, body: unknown) =>
  fetch(host.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const entities = "/runtime/webhooks/durabletask/entities";
const signal = async (path: string, body: unknown) => (await post(entities + path, body)).status;
const call = async (path: string, body: unknown) => {
  const answer = await post(`/api/call/${path}`, body);
  return [answer.status, await answer.json()];
};
const read = async (path: string) => {
  const answer = await fetch(host.url + entities + path);
  return answer.status === 200 ? answer.json() : answer.status;
};
const remove = async (path: string) => (await fetch(host.url + entities + path, { method: "DELETE" })).status;

it("shows the entities of the app when it starts", () => {
  expect(host.output()).toContain("Counter: entity");
  expect(host.output()).toContain("Text: entity");
});

it("signals, reads, lists and deletes an entity over HTTP", async () => {
  expect(await read("/Counter/a")).toBe(404);
  expect(await signal("/Counter/a?op=add", 2)).toBe(202);
  expect(await signal("/COUNTER/a?op=ADD", 3)).toBe(202);
  await expect.poll(() => read("/counter/a")).toEqual({ value: 5 });
  expect(await read("/Counter")).toMatchObject([{ entityId: { name: "counter", key: "a" }, state: null }]);
  expect(await read("?fetchState=true")).toMatchObject([{ entityId: { key: "a" }, state: { value: 5 } }]);

  expect(await remove("/Counter/a")).toBe(202);

  await expect.poll(() => read("/Counter/a")).toBe(404);
  expect(await read("/Counter")).toEqual([]);
});

it("tells who signals what nobody runs, and who sends what is no JSON", async () => {
  expect(await signal("/Nobody/a?op=add", 2)).toBe(400);
  expect(await remove("/Nobody/a")).toBe(400);
  const url = `${host.url}${entities}/Counter/a?op=add`;
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{" });
  expect(answer.status).toBe(400);
});

it("calls an entity from an HTTP function, and hands on how it has failed", async () => {
  expect(await call("Counter/called/add", 2)).toEqual([200, 2]);
  expect(await call("cOUNTER/called/ADD", 3)).toEqual([200, 5]);
  expect(await call("Counter/called/add", "two")).toEqual([422, "TypeError"]);
  expect(await call("Counter/called/multiply", 2)).toEqual([422, "EntityOperationNotFound"]);
  expect(await call("Nobody/called/add", 2)).toEqual([400, "EntityNotRegistered"]);
  expect(await read("/Counter/called")).toEqual({ value: 5 });
});

it("leaves nothing of the orchestrations that call entities for clients", async () => {
  await call("Counter/called/add", 0);

  const instances = await fetch(`${host.url}/runtime/webhooks/durabletask/instances`);

  expect(await instances.json()).toEqual([]);
});

it("runs a signal not before it is due", async () => {
  const due = new Date((await (await post("/api/later/k", null)).json()) as string);

  await expect.poll(() => read("/Counter/k")).toEqual({ value: 7 });

  expect(Date.now()).toBeGreaterThanOrEqual(due.getTime());
});

it.each(["a/b#c?d", "/ # ?".padEnd(256, "x")])("takes the key '%s' in a path", async (key) => {
  const path = `/Counter/${encodeURIComponent(key)}`;

  expect(await signal(`${path}?op=add`, 4)).toBe(202);

  await expect.poll(() => read(path)).toEqual({ value: 4 });
  expect(await read("/Counter?fetchState=true")).toContainEqual(
    expect.objectContaining({ entityId: { name: "counter", key }, state: { value: 4 } }),
  );
  expect(await remove(path)).toBe(202);
  await expect.poll(() => read(path)).toBe(404);
});

it("refuses a key that is too long", async () => {
  expect(await signal(`/Counter/${"k".repeat(257)}?op=add`, 4)).toBe(400);
});

it("reads and lists a state of 100 KB", async () => {
  const text = "ä€🗝x".repeat(10_000);

  expect(await signal("/Text/large?op=set", text)).toBe(202);

  await expect.poll(() => read("/Text/large")).toEqual(text);
  expect(await read("/Text?fetchState=true")).toMatchObject([{ state: text }]);
});

it("has the state after the host was killed that it had told before", async () => {
  for (let n = 1; n <= 3; n++) expect(await call("Counter/killed/add", 1)).toEqual([200, n]);
  await host.kill("SIGKILL");

  host = await startLocalHost({ appFolder: folder });

  expect(await read("/Counter/killed")).toEqual({ value: 3 });
  expect(await call("Counter/killed/add", 1)).toEqual([200, 4]);
});
