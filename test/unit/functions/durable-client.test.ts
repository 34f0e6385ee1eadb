import az from "@azure/functions";
import { expect, it } from "vitest";
import type { OrchestrationState } from "../../../src/core/orchestration-state.ts";
import type { DataConverter } from "../../../src/core/payloads/data-converter.ts";
import { DurableClient } from "../../../src/functions/durable-client.ts";
import type { DurableClientOptions } from "../../../src/functions/durable-client-options.ts";
import { createStartChecks } from "../../../src/management/start-checks.ts";
import { createOrchestrationHandle } from "../../../src/orchestration/handles.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { FakeClock, FakeOrchestrationClient, instance } from "../http/fake-orchestration-client.ts";

function durableClient(instances: readonly OrchestrationState[] = [], options: DurableClientOptions = {}) {
  const hub = new FakeOrchestrationClient(...instances);
  const clock = new FakeClock();
  const registry = new Registry();
  registry.addOrchestration({ name: "seq", orchestrator: async () => {} });
  const connection = {
    client: hub,
    managementBaseUrl: "http://localhost:7071/runtime/webhooks/durabletask",
    connectionName: "Storage",
    startChecks: createStartChecks(() => [registry]),
    clock,
  };
  return { hub, clock, client: new DurableClient(connection, options) };
}

const request = new az.HttpRequest({
  method: "POST",
  url: "https://app.example.com/api/start",
  headers: { "x-forwarded-host": "proxy.example.com" },
});

it("starts by name or by handle, with all that a start may carry", async () => {
  const { hub, client } = durableClient();
  const scheduledStartTime = new Date("2030-01-01T00:00:00Z");

  const id = await client.startNew("seq", { instanceId: "a", input: { n: 1 }, version: "2", tags: { t: "x" } });
  await client.startNew(createOrchestrationHandle("seq"), { input: null, scheduledStartTime });

  expect(id).toBe("a");
  expect(hub.calls).toEqual([
    ["startInstance", { name: "seq", instanceId: "a", input: '{"n":1}', version: "2", tags: { t: "x" } }],
    ["startInstance", { name: "seq", input: "null", scheduledStartTime }],
  ]);
});

it.each([
  ["an unknown orchestration", "other", {}, "OrchestratorNotRegistered"],
  ["an empty name", "", {}, "InvalidOption"],
  ["a forbidden id", "seq", { instanceId: "a/b" }, "InvalidInstanceId"],
  ["an empty id", "seq", { instanceId: "" }, "InvalidInstanceId"],
  ["an input without JSON form", "seq", { input: () => {} }, "InvalidPayload"],
  ["a version that is a number", "seq", { version: 2 as unknown as string }, "InvalidOption"],
  ["a start time that is none", "seq", { scheduledStartTime: new Date(Number.NaN) }, "InvalidOption"],
  ["tags that are not text", "seq", { tags: { n: 1 as unknown as string } }, "InvalidOption"],
])("refuses to start %s", async (_, name, options, code) => {
  const { hub, client } = durableClient();

  await expect(client.startNew(name, options)).rejects.toMatchObject({ name: "DurableError", code });
  expect(hub.calls).toEqual([]);
});

it("reads the status in values", async () => {
  const { client } = durableClient([
    instance({ runtimeStatus: "Terminated", input: "[1]", output: "by hand", customStatus: '{"step":2}' }),
  ]);

  expect(await client.getStatus("abc")).toEqual({
    name: "seq",
    instanceId: "abc",
    runtimeStatus: "Terminated",
    input: [1],
    output: "by hand",
    customStatus: { step: 2 },
    createdTime: new Date("2024-05-01T10:00:00.900Z"),
    lastUpdatedTime: new Date("2024-05-01T10:00:03.200Z"),
  });
});

it.each(["Running", "Suspended", "Terminated"] as const)(
  "reads the reason that stands in the output of a %s instance as a text",
  async (runtimeStatus) => {
    const { client } = durableClient([instance({ runtimeStatus, output: "123" })]);

    expect(await client.getStatus("abc")).toMatchObject({ output: "123" });
  },
);

it("names the parent of a sub-orchestration in the status", async () => {
  const { client } = durableClient([instance({ parentInstanceId: "parent" })]);

  expect(await client.getStatus("abc")).toMatchObject({ parentInstanceId: "parent" });
});

it("shows history and leaves the input out when asked to", async () => {
  const { hub, client } = durableClient([instance()]);
  const timestamp = new Date("2024-05-01T10:00:01Z");
  hub.histories.set("abc", [{ type: "TaskCompleted", eventId: -1, timestamp, taskScheduledId: 0, result: "1" }]);

  const status = await client.getStatus("abc", { showHistory: true, showHistoryOutput: true, showInput: false });

  expect(status.input).toBeNull();
  expect(status.history).toEqual([{ EventType: "TaskCompleted", Timestamp: "2024-05-01T10:00:01.000Z", Result: 1 }]);
});

it("throws for an unknown instance, or finds nothing", async () => {
  const { client } = durableClient();

  await expect(client.getStatus("nobody")).rejects.toMatchObject({ code: "InstanceNotFound" });
  expect(await client.findStatus("nobody")).toBeUndefined();
});

it("collects all pages", async () => {
  const { hub, client } = durableClient();
  hub.pages = [
    { instances: [instance({ instanceId: "a" })], continuationToken: "1" },
    { instances: [], continuationToken: "2" },
    { instances: [instance({ instanceId: "b" })], continuationToken: undefined },
  ];

  const found = await client.getStatusBy({ runtimeStatus: ["Running"] });

  const light = { fetchInput: "inline", fetchOutput: "inline" };
  expect(found.map((status) => status.instanceId)).toEqual(["a", "b"]);
  expect(hub.calls).toEqual([
    ["queryInstances", { ...light, runtimeStatus: ["Running"] }],
    ["queryInstances", { ...light, runtimeStatus: ["Running"], continuationToken: "1" }],
    ["queryInstances", { ...light, runtimeStatus: ["Running"], continuationToken: "2" }],
  ]);
});

it("refuses filters it does not understand", async () => {
  const { client } = durableClient();
  const wrong = { runtimeStatus: ["Sleeping" as "Running"] };

  await expect(client.getStatusBy(wrong)).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(client.purgeInstanceHistoryBy(wrong)).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(client.purgeInstanceHistoryBy({})).rejects.toMatchObject({ code: "InvalidOption" });
});

it("sends operations on; a finished instance ignores them", async () => {
  const { hub, client } = durableClient([instance(), instance({ instanceId: "done", runtimeStatus: "Completed" })]);

  for (const id of ["abc", "done"]) {
    await client.raiseEvent(id, "Go", { n: 1 });
    await client.terminate(id, "why");
    await client.suspend(id);
    await client.resume(id, "go on");
  }

  expect(hub.calls.slice(0, 4)).toEqual([
    ["raiseEvent", "abc", "Go", '{"n":1}'],
    ["terminate", "abc", "why"],
    ["suspend", "abc", undefined],
    ["resume", "abc", "go on"],
  ]);
});

it("passes on what an operation on an unknown instance is told", async () => {
  const { client } = durableClient([instance()]);
  const unknown = { code: "InstanceNotFound" };

  await expect(client.raiseEvent("nobody", "Go", 1)).rejects.toMatchObject(unknown);
  await expect(client.terminate("nobody", "")).rejects.toMatchObject(unknown);
  await expect(client.rewind("nobody")).rejects.toMatchObject(unknown);
  await expect(client.restart("nobody")).rejects.toMatchObject(unknown);
  await expect(client.rewind("abc")).rejects.toMatchObject({ code: "InstanceNotActive" });
  await expect(client.raiseEvent("abc", "", 1)).rejects.toMatchObject({ code: "InvalidOption" });
});

it("restarts and purges", async () => {
  const { hub, client } = durableClient([instance({ runtimeStatus: "Completed" })]);
  hub.purgeable = 4;

  expect(await client.restart("abc")).toBe("restarted");
  expect(await client.restart("abc", false)).toBe("abc");
  expect(await client.purgeInstanceHistory("abc")).toEqual({ instancesDeleted: 1 });
  expect(await client.purgeInstanceHistory("abc")).toEqual({ instancesDeleted: 0 });
  expect(await client.purgeInstanceHistoryBy({ createdTimeFrom: new Date(0) })).toEqual({ instancesDeleted: 4 });
});

it("writes and reads values with the app's converter", async () => {
  const dataConverter: DataConverter = {
    serialize: (value) => JSON.stringify({ wrapped: value }),
    deserialize: (text) => (text === undefined ? undefined : JSON.parse(text).wrapped),
  };
  const { hub, client } = durableClient([instance({ runtimeStatus: "Completed", output: '{"wrapped":7}' })], {
    dataConverter,
  });

  await client.startNew("seq", { input: 5 });
  const status = await client.getStatus("abc");

  expect(hub.calls[0]).toEqual(["startInstance", { name: "seq", input: '{"wrapped":5}' }]);
  expect(status.output).toBe(7);
});

it("makes links that lead to the host, to where the request came in, or to the trusted proxy", () => {
  const direct = durableClient().client;
  const behindProxy = durableClient([], { trustForwardedHeaders: true }).client;
  const path = "/runtime/webhooks/durabletask/instances/abc?taskHub=Hub&connection=Storage";

  expect(direct.createHttpManagementPayload("abc").statusQueryGetUri).toBe(`http://localhost:7071${path}`);
  expect(direct.createHttpManagementPayload("abc", request).statusQueryGetUri).toBe(`https://app.example.com${path}`);
  expect(behindProxy.createHttpManagementPayload("abc", request).statusQueryGetUri).toBe(
    `https://proxy.example.com${path}`,
  );
  expect(Object.keys(direct.createHttpManagementPayload("abc"))).toHaveLength(9);
});

it("answers a start with 202 and the links", async () => {
  const { client } = durableClient();

  const response = client.createCheckStatusResponse(request, "abc");

  expect(response).toBeInstanceOf(az.HttpResponse);
  expect(response.status).toBe(202);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(response.headers.get("retry-after")).toBe("10");
  expect(response.headers.get("location")).toMatch(/^https:\/\/app\.example\.com\/runtime\/.*\/instances\/abc\?/);
  expect(await response.json()).toEqual(client.createHttpManagementPayload("abc", request));
});

it.each([
  ["Completed", 200, [1]],
  // A reason is a text, also when it reads as JSON.
  ["Terminated", 200, { instanceId: "abc", output: "[1]" }],
  ["Canceled", 200, { instanceId: "abc" }],
  ["Failed", 500, { instanceId: "abc" }],
] as const)("waits for an instance to be %s", async (runtimeStatus, status, body) => {
  const { hub, clock, client } = durableClient([instance()]);
  clock.onSleep = () => hub.instances.set("abc", instance({ runtimeStatus, output: "[1]" }));

  const response = await client.waitForCompletionOrCreateCheckStatusResponse(request, "abc");

  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject(body);
  expect(clock.sleeps).toEqual([1000]);
});

it("answers null for a completed instance without output", async () => {
  const { client } = durableClient([instance({ runtimeStatus: "Completed" })]);

  const response = await client.waitForCompletionOrCreateCheckStatusResponse(request, "abc");

  expect(await response.text()).toBe("null");
});

it("hands out the links when the time is up", async () => {
  const { clock, client } = durableClient([instance()]);
  const options = { timeoutInMilliseconds: 500, retryIntervalInMilliseconds: 200 };

  const response = await client.waitForCompletionOrCreateCheckStatusResponse(request, "abc", options);

  expect(response.status).toBe(202);
  expect(clock.sleeps).toEqual([200, 200, 100]);
});

it.each([{ timeoutInMilliseconds: 100 }, { timeoutInMilliseconds: Number.NaN }, { retryIntervalInMilliseconds: 0 }])(
  "refuses to wait with %j",
  async (options) => {
    const { client } = durableClient([instance()]);

    await expect(client.waitForCompletionOrCreateCheckStatusResponse(request, "abc", options)).rejects.toMatchObject({
      code: "InvalidOption",
    });
  },
);

it("waits by the clock of its connection, unless it was given one", async () => {
  const hub = new FakeOrchestrationClient(instance());
  const [hostClock, ownClock] = [new FakeClock(), new FakeClock()];
  const connection = { client: hub, managementBaseUrl: "http://localhost", connectionName: "", clock: hostClock };
  const wait = { timeout: 500, pollInterval: 200 };

  await expect(new DurableClient(connection).waitForCompletion("abc", wait)).rejects.toThrow("after 500 ms");
  expect(hostClock.sleeps).toEqual([200, 200, 100]);
  expect(ownClock.sleeps).toEqual([]);
  await expect(new DurableClient(connection, { clock: ownClock }).waitForCompletion("abc", wait)).rejects.toThrow();
  expect(hostClock.sleeps).toHaveLength(3);
  expect(ownClock.sleeps).toEqual([200, 200, 100]);
});

it("shows the tags of an instance, alone and in lists", async () => {
  const { client } = durableClient([instance({ tags: { tenant: "a" } }), instance({ instanceId: "bare" })]);

  expect((await client.getStatus("abc")).tags).toEqual({ tenant: "a" });
  expect(await client.getStatus("bare")).not.toHaveProperty("tags");
  expect((await client.getStatusBy({})).map(({ tags }) => tags)).toEqual([{ tenant: "a" }, undefined]);
});

const strict: DataConverter = {
  serialize: (value) => JSON.stringify(value),
  deserialize: (text) => (text === undefined ? undefined : JSON.parse(text)),
};

it("texts of failures and reasons never fail a status, whatever the converter throws", async () => {
  const failed = instance({ instanceId: "failed", runtimeStatus: "Failed", output: "Error: no {" });
  const ended = instance({ instanceId: "ended", runtimeStatus: "Terminated", output: "not wanted" });
  const { client } = durableClient([failed, ended], { dataConverter: strict });

  expect((await client.getStatus("failed")).output).toBe("Error: no {");
  expect((await client.waitForCompletion("ended")).output).toBe("not wanted");
});

it.each([
  ["input", { input: "{" }, "the input of instance 'abc' cannot be read: the dataConverter has thrown: "],
  ["output", { runtimeStatus: "Completed", output: "{" }, "the output of instance 'abc' cannot be read: "],
  ["custom status", { customStatus: "{" }, "the custom status of instance 'abc' cannot be read: "],
] as const)("%s that a converter cannot read is an error that names it", async (_, state, message) => {
  const { client } = durableClient([instance(state)], { dataConverter: strict });

  await expect(client.getStatus("abc")).rejects.toMatchObject({
    code: "InvalidPayload",
    message: expect.stringContaining(message),
  });
});

it.each<[string, (client: DurableClient) => Promise<unknown>, string]>([
  ["an input", (client) => client.startNew("seq", { input: 1 }), "the input of orchestration 'seq' cannot be written"],
  ["an event", (client) => client.raiseEvent("abc", "go", 1), "the data of event 'go' cannot be written"],
  ["an operation", (client) => client.signalEntity("@c@k", "add", 1), "the input of operation 'add'"],
])("%s that a converter cannot write is an error that names it", async (_, act, message) => {
  const dataConverter: DataConverter = {
    serialize() {
      throw new RangeError("too odd");
    },
    deserialize: () => undefined,
  };
  const hub = new FakeOrchestrationClient(instance());
  const connection = { client: hub, managementBaseUrl: "http://localhost/hook", connectionName: "Storage" };

  await expect(act(new DurableClient(connection, { dataConverter }))).rejects.toMatchObject({
    code: "InvalidPayload",
    message: expect.stringMatching(new RegExp(`^${message}.*too odd`)),
  });
  expect([...hub.calls, ...hub.entities.calls]).toEqual([]);
});
