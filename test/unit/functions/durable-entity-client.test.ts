import { expect, it } from "vitest";
import { EntityId } from "../../../src/core/entity-id.ts";
import { createRichDataConverter } from "../../../src/core/payloads/rich-data-converter.ts";
import { DurableClient } from "../../../src/functions/durable-client.ts";
import type { DurableClientOptions } from "../../../src/functions/durable-client-options.ts";
import { createStartChecks } from "../../../src/management/start-checks.ts";
import { isTaskFailedError } from "../../../src/orchestration/task-failed-error.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { entity, FakeOrchestrationClient } from "../http/fake-orchestration-client.ts";

function durableClient(options: DurableClientOptions = {}) {
  const hub = new FakeOrchestrationClient();
  const app = new Registry();
  app.addEntity({ name: "Counter", entity: () => undefined });
  const connection = {
    client: hub,
    managementBaseUrl: "http://localhost:7071/runtime/webhooks/durabletask",
    connectionName: "Storage",
    startChecks: createStartChecks(() => [app]),
  };
  return { entities: hub.entities, client: new DurableClient(connection, options) };
}

const id = new EntityId("Counter", "k");

it("signals as durable-functions 3.x does, and later", async () => {
  const { entities, client } = durableClient();
  const scheduledTime = new Date("2030-01-01T00:00:00Z");

  await client.signalEntity(id, "add", 5, { taskHubName: "HUB", connectionName: "storage" });
  await client.signalEntity(id);
  await client.signalEntity("@counter@k", "add", null, { scheduledTime, requestId: "a" });

  expect(entities.calls).toEqual([
    ["signal", "@counter@k", { operation: "add", input: "5" }],
    ["signal", "@counter@k", {}],
    ["signal", "@counter@k", { operation: "add", input: "null", scheduledTime, requestId: "a" }],
  ]);
});

it.each<[string, (client: DurableClient) => Promise<unknown>, string]>([
  ["to signal another hub", (client) => client.signalEntity(id, "add", 5, { taskHubName: "Other" }), "NotSupported"],
  ["to read from another account", (client) => client.readEntityState(id, { connectionName: "x" }), "NotSupported"],
  ["an unknown entity", (client) => client.signalEntity({ name: "Nope", key: "k" }, "add"), "EntityNotRegistered"],
  ["to call an unknown entity", (client) => client.callEntity("@nope@k", "add"), "EntityNotRegistered"],
  ["the id of an instance", (client) => client.signalEntity("counter"), "InvalidEntityId"],
  ["an input without JSON form", (client) => client.signalEntity(id, "add", () => {}), "InvalidPayload"],
  ["a page of no entities", (client) => client.listEntities({ pageSize: 0 }), "InvalidOption"],
  ["a time that is none", (client) => client.listEntities({ lastModifiedTo: new Date(Number.NaN) }), "InvalidOption"],
  [
    "a wait without measure",
    (client) => client.callEntity(id, "add", 1, { timeout: "long" as never }),
    "InvalidOption",
  ],
])("refuses %s", async (_, ask, code) => {
  const { entities, client } = durableClient();

  // Some are refused at once, some by their promise.
  await expect((async () => ask(client))()).rejects.toMatchObject({ name: "DurableError", code });
  expect(entities.calls).toEqual([]);
});

it("reads a state in values; an entity that never was does not exist", async () => {
  const dataConverter = createRichDataConverter();
  const { entities, client } = durableClient({ dataConverter });
  const state = dataConverter.serialize({ since: new Date(0) }, "the state");
  entities.found.set("@counter@k", entity("@counter@k", state, { lockedBy: "order", queueSize: 2 }));
  entities.found.set("@counter@gone", entity("@counter@gone", undefined));
  const lastModifiedTime = new Date("2024-05-01T10:00:03.200Z");

  expect(await client.readEntityState<{ since: Date }>(id)).toEqual({
    entityExists: true,
    entityState: { since: new Date(0) },
    lockedBy: "order",
    queueSize: 2,
    lastModifiedTime,
  });
  expect(await client.readEntityState("@counter@gone")).toEqual({
    entityExists: false,
    queueSize: 0,
    lastModifiedTime,
  });
  expect(await client.readEntityState({ name: "nope", key: "" })).toEqual({ entityExists: false });
});

it("lists a page", async () => {
  const { entities, client } = durableClient();
  entities.pages = [{ entities: [entity("@counter@k", "[1]")], continuationToken: "next" }];

  const page = await client.listEntities({ name: "Counter", pageSize: 1, includeTransient: true });

  expect(page).toEqual({
    entities: [
      {
        entityId: new EntityId("counter", "k"),
        entityExists: true,
        entityState: [1],
        queueSize: 0,
        lastModifiedTime: new Date("2024-05-01T10:00:03.200Z"),
      },
    ],
    continuationToken: "next",
  });
  expect(await client.listEntities()).toEqual({ entities: [] });
  expect(entities.calls).toEqual([
    ["query", { name: "Counter", pageSize: 1, includeTransient: true }],
    ["query", {}],
  ]);
});

it("calls an operation, and throws what it has thrown", async () => {
  const { entities, client } = durableClient();
  entities.outcome = { kind: "completed", result: '{"left":3}' };

  expect(await client.callEntity(id, "take", 2, { timeout: "10s" })).toEqual({ left: 3 });
  entities.outcome = { kind: "completed", result: undefined };
  expect(await client.callEntity(id, "take")).toBeUndefined();
  entities.outcome = {
    kind: "failed",
    failureDetails: { errorType: "RangeError", errorMessage: "none left", isNonRetriable: false },
  };
  const failure = await client.callEntity(id, "take").catch((error: unknown) => error);

  expect(isTaskFailedError(failure, "RangeError")).toBe(true);
  expect((failure as Error).message).toBe("operation 'take' of entity '@counter@k' failed: none left");
  expect(entities.calls.map((call) => call.slice(0, 4))).toEqual([
    ["call", "@counter@k", { operation: "take", input: "2" }, 10_000],
    ["call", "@counter@k", { operation: "take" }, undefined],
    ["call", "@counter@k", { operation: "take" }, undefined],
  ]);
});

it("deletes and cleans", async () => {
  const { entities, client } = durableClient();
  entities.found.set("@counter@k", entity("@counter@k", "1"));

  expect(await client.purgeEntity(id)).toEqual({ instancesDeleted: 1 });
  expect(await client.cleanEntityStorage({ releaseOrphanedLocks: false })).toEqual({
    emptyEntitiesRemoved: 1,
    orphanedLocksReleased: 2,
  });
  expect(entities.calls.at(-1)).toEqual(["cleanStorage", { releaseOrphanedLocks: false }]);
});
