import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { createEncryptingDataConverter } from "../../../src/core/payloads/encrypting-data-converter.ts";
import type { StandardSchema } from "../../../src/core/payloads/standard-schema.ts";
import { createStartChecks } from "../../../src/management/start-checks.ts";
import { defineEvent } from "../../../src/orchestration/external-event.ts";
import { Registry, type RegistryOptions } from "../../../src/worker/registry.ts";
import { instance } from "./fake-orchestration-client.ts";
import { managementApi, readJson } from "./management-fixture.ts";

/** A schema of objects with that member. */
function member(name: string, type: string): StandardSchema {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      async validate(value) {
        const given = (value as Record<string, unknown> | null | undefined)?.[name];
        return typeof given === type ? { value } : { issues: [{ message: `must be a ${type}`, path: [name] }] };
      },
    },
  };
}

function openApi(options: RegistryOptions = {}) {
  const registry = new Registry(options);
  registry.addOrchestration({ name: "plain", orchestrator: () => 1 });
  registry.addEntity({
    name: "Stock",
    entity: () => undefined,
    operationSchemas: { take: { input: member("count", "number") } },
  });
  return managementApi([instance()], { startChecks: createStartChecks(() => [registry]) });
}

const approval = defineEvent("Checked_Approval", member("approved", "boolean"));
const either = [
  defineEvent("Checked_Either", member("a", "string")),
  defineEvent("checked_either", member("b", "number")),
];

it("an event that its definition does not take is refused with 400, and nothing is sent", async () => {
  const { client, postJson, send } = openApi();

  const wrong = await postJson("instances/abc/raiseEvent/Checked_Approval", '{"approved":"yes"}');
  const none = await send("POST", "instances/abc/raiseEvent/checked_approval");
  const before = client.calls.length;
  const right = await postJson(`instances/abc/raiseEvent/${approval.name.toUpperCase()}`, '{"approved":true}');

  expect([wrong.status, none.status, right.status]).toEqual([400, 400, 202]);
  expect(await readJson(wrong)).toEqual({
    Message: "the data of event 'Checked_Approval' is not valid: approved: must be a boolean",
  });
  expect(before).toBe(0);
  expect(client.calls).toEqual([["raiseEvent", "abc", "CHECKED_APPROVAL", '{"approved":true}']]);
});

it("of several definitions of a name one is enough", async () => {
  const { postJson } = openApi();
  const raise = async (body: string) => (await postJson(`instances/abc/raiseEvent/${either[0]!.name}`, body)).status;

  expect([await raise('{"a":"x"}'), await raise('{"b":1}'), await raise('{"a":1}')]).toEqual([202, 202, 400]);
});

it("events of other names take what they like", async () => {
  const { postJson } = openApi();

  expect((await postJson("instances/abc/raiseEvent/Unchecked", '"anything"')).status).toBe(202);
});

it("the input of an operation is checked too", async () => {
  const { client, postJson } = openApi();

  const wrong = await postJson("entities/stock/apple?op=TAKE", '{"count":"three"}');
  const other = await postJson("entities/stock/apple?op=look", '"anything"');

  expect([wrong.status, other.status]).toEqual([400, 202]);
  expect((await readJson(wrong)).Message).toContain("count: must be a number");
  expect(client.calls.filter(([verb]) => verb === "signal")).toHaveLength(client.calls.length);
});

it("what the converter of the app cannot read is refused before it fails an instance", async () => {
  const dataConverter = createEncryptingDataConverter({ keys: [{ id: "k", key: randomBytes(32) }] });
  const { client, postJson } = openApi({ dataConverter });

  const start = await postJson("orchestrators/plain", '{"a":1}');
  const event = await postJson("instances/abc/raiseEvent/Unchecked", '"plain"');
  const encrypted = await postJson("instances/abc/raiseEvent/Unchecked", dataConverter.serialize("secret", "it")!);

  expect([start.status, event.status, encrypted.status]).toEqual([400, 400, 202]);
  expect((await readJson(start)).Message).toContain("is not encrypted");
  expect(client.calls).toHaveLength(1);
});

it("tags stand in the status", async () => {
  const { send } = managementApi([instance({ tags: { tenant: "a", läge: "ü" } }), instance({ instanceId: "bare" })]);

  expect((await readJson(await send("GET", "instances/abc")))["tags"]).toEqual({ tenant: "a", läge: "ü" });
  expect(await readJson(await send("GET", "instances/bare"))).not.toHaveProperty("tags");
});
