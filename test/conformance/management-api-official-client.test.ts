import { expect, it } from "vitest";
import type { OrchestrationRuntimeStatus } from "../../src/core/orchestration-status.ts";
import { createManagementApi } from "../../src/http/management-api.ts";
import { entity, FakeOrchestrationClient, instance } from "../unit/http/fake-orchestration-client.ts";

/**
 * The requests that the client of `durable-functions` 3.5.0 was seen to send (parts unencoded, `reason=undefined`), with
 * the status codes that it takes for success.
 */
const post = { method: "POST", "content-type": "application/json" };
const cases: readonly [string, Partial<typeof post>, string, string, OrchestrationRuntimeStatus, number][] = [
  ["startNew without input", post, "orchestrators/seq", '""', "Running", 202],
  ["startNew with id, input and version", post, "orchestrators/seq/new-id?version=1.0", '{"a":1}', "Running", 202],
  ["getStatus", {}, "instances/abc", "", "Running", 202],
  ["getStatus with history", {}, "instances/abc?showHistory=true&showHistoryOutput=true", "", "Completed", 200],
  ["getStatusAll", {}, "instances/", "", "Running", 200],
  [
    "getStatusBy",
    {},
    "instances/?createdTimeFrom=2024-05-01T10:00:00.000Z&createdTimeTo=2024-05-02T10:00:00.000Z&runtimeStatus=Running,Failed",
    "",
    "Running",
    200,
  ],
  ["raiseEvent", post, "instances/abc/raiseEvent/Go", '{"a":1}', "Running", 202],
  ["raiseEvent without data", post, "instances/abc/raiseEvent/Go", "", "Running", 202],
  ["raiseEvent to a finished instance", post, "instances/abc/raiseEvent/Go", "1", "Completed", 410],
  ["terminate without reason", post, "instances/abc/terminate?reason=undefined", "", "Running", 202],
  ["terminate with a plain reason", post, "instances/abc/terminate?reason=by hand", "", "Running", 202],
  ["suspend", post, "instances/abc/suspend?reason=rest", "", "Running", 202],
  ["resume", post, "instances/abc/resume?reason=go", "", "Running", 202],
  ["rewind", post, "instances/abc/rewind?reason=fixed&taskHub=Hub", "", "Failed", 202],
  ["rewind of a running instance", post, "instances/abc/rewind?reason=fixed", "", "Running", 412],
  ["signalEntity", post, "entities/Counter/k?op=add", "5", "Running", 202],
  ["signalEntity without content", post, "entities/Counter/k?op=reset&taskHub=Hub", "", "Running", 202],
  ["readEntityState", {}, "entities/Counter/k?taskHub=Hub", "", "Running", 200],
  ["readEntityState of none", {}, "entities/Counter/none", "", "Running", 404],
  ["purgeInstanceHistory", { method: "DELETE" }, "instances/abc", "", "Completed", 200],
  [
    "purgeInstanceHistoryBy",
    { method: "DELETE" },
    "instances/?createdTimeFrom=2024-05-01T10:00:00.000Z&runtimeStatus=Completed",
    "",
    "Completed",
    200,
  ],
];

it.each(cases)("%s", async (_, { method = "GET", ...headers }, path, body, runtimeStatus, status) => {
  const client = new FakeOrchestrationClient(instance({ runtimeStatus }));
  client.purgeable = 1;
  client.entities.found.set("@counter@k", entity("@counter@k", "5"));
  const api = createManagementApi({ client, basePath: "/durabletask", taskHub: "Hub", connectionName: "Storage" });
  const url = `http://127.0.0.1:17071/durabletask/${path}`;

  const response = await api(new Request(url, { method, headers, ...(method === "POST" && { body }) }));

  expect(response.status).toBe(status);
});

it("shows every property that the official client requires of a status", async () => {
  const client = new FakeOrchestrationClient(instance({ input: undefined }));
  const api = createManagementApi({ client, basePath: "/durabletask", taskHub: "Hub", connectionName: "Storage" });

  const response = await api(new Request("http://127.0.0.1:17071/durabletask/instances/abc"));

  expect(await response.json()).toEqual({
    name: "seq",
    instanceId: "abc",
    runtimeStatus: "Running",
    input: null,
    customStatus: null,
    output: null,
    createdTime: "2024-05-01T10:00:00Z",
    lastUpdatedTime: "2024-05-01T10:00:03Z",
  });
});
