import { expect, it } from "vitest";
import { giveConnection } from "../../../../src/functions/compat/function-json-contract.ts";
import { type FunctionJsonClient, getClient, orchestrator } from "../../../../src/index.ts";
import { FakeOrchestrationClient } from "../../http/fake-orchestration-client.ts";

function createClient() {
  const hub = new FakeOrchestrationClient();
  const context = {};
  giveConnection(context, { client: hub, managementBaseUrl: "http://localhost:7071/hook", connectionName: "Storage" });
  return { hub, client: getClient(context as never) as unknown as FunctionJsonClient };
}

it("starts by position, and by the options of version 3", async () => {
  const { hub, client } = createClient();

  await client.startNew("seq", "id-1", { n: 1 });
  await client.startNew("seq", undefined, "in");
  await client.startNew("seq", { instanceId: "id-2", input: 5 });

  expect(hub.calls.map((call) => JSON.parse(JSON.stringify(call)))).toMatchObject([
    ["startInstance", { name: "seq", instanceId: "id-1", input: '{"n":1}' }],
    ["startInstance", { name: "seq", input: '"in"' }],
    ["startInstance", { name: "seq", instanceId: "id-2", input: "5" }],
  ]);
});

it("answers with plain objects whose links lead to where the request came in", () => {
  const { client } = createClient();
  const request = { url: "http://elsewhere:80/api/start", headers: { host: "elsewhere" } };

  const response = client.createCheckStatusResponse(request, "id-1");

  expect(response.status).toBe(202);
  expect(response.headers["Location"]).toMatch(/^http:\/\/elsewhere\/hook\/instances\/id-1\?/);
  expect(response.body).toMatchObject({ id: "id-1", statusQueryGetUri: response.headers["Location"] });
  expect(client.createHttpManagementPayload("id-1").statusQueryGetUri).toMatch(/^http:\/\/localhost:7071\/hook/);
});

it("refuses another hub than its own, by position too", async () => {
  const { client } = createClient();

  await expect(client.raiseEvent("id-1", "go", 1, "OtherHub")).rejects.toMatchObject({ code: "NotSupported" });
  await expect(client.rewind("id-1", "why", { taskHubName: "OtherHub" })).rejects.toMatchObject({
    code: "NotSupported",
  });
});

it("an export that is called by a host that does not know it says what to do", () => {
  const exported = orchestrator(function* () {});

  expect(() => exported({} as never)).toThrow("npx durable start");
  expect(() => orchestrator(undefined as never)).toThrow("df.orchestrator takes a function");
});
