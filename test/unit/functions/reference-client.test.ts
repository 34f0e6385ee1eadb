import az from "@azure/functions";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { DurableClient } from "../../../src/functions/durable-client.ts";
import { createRichDataConverter, type DataConverter, DFApp, defineEvent, EntityId } from "../../../src/index.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";

// The client calls of the Python reference, each with its TypeScript counterpart, on a hub in memory.

const hub = new VirtualHub();
const { exports: app, registries } = await hub.loadApp(() => new DFApp({ dataConverter: createRichDataConverter() }));

interface Decision {
  readonly approved: boolean;
  readonly approver: string;
}
const approval = defineEvent<Decision>("ApprovalReceived");
const echo = app.orchestration("my_orchestrator", async (context) => context.getInput());
const approve = app.orchestration("approval_workflow", function* (context) {
  return yield* context.waitForExternalEvent(approval);
});
app.entity("Counter", (context) => {
  const sum = (context.getState<number>() ?? 0) + context.getInput<number>();
  context.setState(sum);
  context.return(sum);
});
app.orchestration("rich", function* (context, when: ReadonlyMap<string, Date>) {
  return yield* context.callActivity(later, when);
});
const later = app.activity("later", (when: ReadonlyMap<string, Date>) => {
  return new Map([...when].map(([key, date]) => [key, new Date(date.getTime() + 1)]));
});

let client: DurableClient<DataConverter>;
beforeAll(async () => {
  await hub.startWorker({ registries });
  client = await app.connect();
});
afterAll(() => hub[Symbol.asyncDispose]());

it("starts with a generated id: client.start_new(name, None, input)", async () => {
  const instanceId = await client.startNew("my_orchestrator", { input: { n: 1 } });

  expect(instanceId).toMatch(/^[0-9a-f]{32}$/);
  expect((await hub.run(client.waitForCompletion(instanceId))).output).toEqual({ n: 1 });
});

it("starts with an id: start_new(name, instance_id=..., client_input=...)", async () => {
  const instanceId = await client.startNew(echo, { instanceId: "my-custom-id", input: "data" });

  expect(instanceId).toBe("my-custom-id");
  expect((await hub.run(client.waitForCompletion(instanceId))).input).toBe("data");
});

it("takes what Python takes by position: start_new(name, instance_id, client_input, version)", async () => {
  const generated = await client.startNew("my_orchestrator", undefined, "data");
  const given = await client.startNew("my_orchestrator", "by-position", "data", "2.0");

  expect(generated).toMatch(/^[0-9a-f]{32}$/);
  expect(given).toBe("by-position");
  for (const id of [generated, given]) expect((await hub.run(client.waitForCompletion(id))).output).toBe("data");
  expect((await client.getOrchestrationState(given))?.version).toBe("2.0");
});

it("answers with a check status response: create_check_status_response", async () => {
  const request = new az.HttpRequest({ method: "POST", url: "http://localhost:7071/api/start" });

  const response = client.createCheckStatusResponse(request, "my-custom-id");

  expect(response.status).toBe(202);
  expect(response.headers.get("location")).toContain(
    "http://localhost:7071/runtime/webhooks/durabletask/instances/my-custom-id",
  );
});

it("queries the status: get_status", async () => {
  await client.startNew(echo, { instanceId: "asked-for", input: "data" });
  await hub.settle();

  const { instanceId, runtimeStatus, output } = await client.getStatus("asked-for");

  expect({ instanceId, runtimeStatus, output }).toEqual({
    instanceId: "asked-for",
    runtimeStatus: "Completed",
    output: "data",
  });
});

it("raises an event: raise_event", async () => {
  const instanceId = await client.startNew(approve);

  await client.raiseEvent(instanceId, "ApprovalReceived", { approved: true, approver: "me" });

  expect((await hub.run(client.waitForCompletion(instanceId))).output).toEqual({ approved: true, approver: "me" });
});

it("terminates: terminate", async () => {
  const instanceId = await client.startNew(approve);

  await client.terminate(instanceId, "Terminated by user");
  const status = await hub.run(client.waitForCompletion(instanceId));

  expect(status).toMatchObject({ runtimeStatus: "Terminated", output: "Terminated by user" });
});

it("schedules and waits: schedule_new_orchestration, wait_for_orchestration_completion", async () => {
  const instanceId = await client.startNew(echo, { input: { id: "order-123", items: ["item1", "item2"] } });

  const result = await hub.run(client.waitForCompletion(instanceId));

  expect(result.output).toEqual({ id: "order-123", items: ["item1", "item2"] });
});

it("schedules and waits under the names of the Durable Task SDKs, too", async () => {
  const instanceId = await client.scheduleNewOrchestration(echo, { input: { id: "order-123" } });

  const state = await hub.run(client.waitForOrchestrationCompletion(instanceId));

  expect(state).toMatchObject({ name: "my_orchestrator", runtimeStatus: "Completed", result: { id: "order-123" } });
  expect((await client.getOrchestrationHistory(instanceId)).map(({ type }) => type)).toContain("ExecutionCompleted");
});

const request = new az.HttpRequest({ method: "POST", url: "http://localhost:7071/api/start" });

it("waits, or answers where to look: wait_for_completion_or_create_check_status_response", async () => {
  const waits = await client.startNew(approve);
  const ends = await client.startNew(echo, { input: "data" });
  const answer = client.waitForCompletionOrCreateCheckStatusResponse;
  const byPosition = answer as unknown as (...args: readonly unknown[]) => ReturnType<typeof answer>;

  expect((await hub.run(byPosition.call(client, request, waits, 2000, 500))).status).toBe(202);
  const ended = await hub.run(answer.call(client, request, ends, { timeoutInMilliseconds: 2000 }));
  expect([ended.status, await ended.json()]).toEqual([200, "data"]);
  expect(Object.keys(client.createHttpManagementPayload(waits))).toContain("statusQueryGetUri");
});

it("lists: get_status_all, get_status_by; with history: get_status(id, show_history, ...)", async () => {
  const instanceId = await client.startNew(echo, { input: "data" });
  await hub.settle();
  const status = await client.getStatus(instanceId, { showHistory: true, showHistoryOutput: true });
  const all = await client.getStatusAll();
  const completed = await client.getStatusBy({ createdTimeFrom: new Date(0), runtimeStatus: ["Completed"] });

  expect(status.history?.at(-1)).toMatchObject({ EventType: "ExecutionCompleted", Result: "data" });
  expect(all.map((each) => each.instanceId)).toContain(instanceId);
  expect(completed.every(({ runtimeStatus }) => runtimeStatus === "Completed")).toBe(true);
  expect(completed.map((each) => each.instanceId)).toContain(instanceId);
});

it("suspends, resumes, restarts, rewinds and purges: suspend, resume, restart, rewind, purge_instance_history(_by)", async () => {
  const instanceId = await client.startNew(approve);
  await client.suspend(instanceId, "a break");
  await hub.settle();
  expect((await client.getStatus(instanceId)).runtimeStatus).toBe("Suspended");
  await client.resume(instanceId, "go on");
  await client.terminate(instanceId, "enough");
  await hub.settle();
  const restarted = await client.restart(instanceId);
  expect(await client.restart(instanceId, false)).toBe(instanceId);
  expect(restarted).not.toBe(instanceId);
  await expect(client.rewind(restarted, "again")).rejects.toMatchObject({ code: "InstanceNotActive" });
  for (const id of [instanceId, restarted]) await client.terminate(id, "enough");
  await hub.settle();

  expect(await client.purgeInstanceHistory(restarted)).toEqual({ instancesDeleted: 1 });
  const { instancesDeleted } = await client.purgeInstanceHistoryBy({
    createdTimeFrom: new Date(0),
    runtimeStatus: ["Terminated"],
  });
  expect(instancesDeleted).toBeGreaterThan(0);
  expect(await client.findStatus(instanceId)).toBeUndefined();
});

it("speaks to entities: signal_entity, read_entity_state", async () => {
  const id = new EntityId("Counter", "reference");
  await client.signalEntity(id, "add", 5);
  await hub.settle();

  expect(await client.readEntityState(id)).toMatchObject({ entityExists: true, entityState: 5 });
  expect(await hub.run(client.callEntity(id, "add", 2))).toBe(7);
  expect(await client.getEntity(id)).toMatchObject({ state: 7 });
});

it("a wait ends when its time is up, when it is told to, and for an unknown instance", async () => {
  const instanceId = await client.startNew(approve);
  const stop = new AbortController();
  const stopped = expect(client.waitForCompletion(instanceId, { signal: stop.signal })).rejects.toMatchObject({
    code: "Aborted",
  });
  stop.abort();

  await stopped;
  await expect(hub.run(client.waitForCompletion(instanceId, { timeout: 20, pollInterval: 5 }))).rejects.toMatchObject({
    code: "TaskTimeout",
  });
  await expect(client.waitForCompletion("nobody")).rejects.toMatchObject({ code: "InstanceNotFound" });
  await expect(client.waitForCompletion(instanceId, { timeout: "soon" as never })).rejects.toMatchObject({
    code: "InvalidOption",
  });
  await expect(client.waitForCompletion(instanceId, { pollInterval: 0 })).rejects.toMatchObject({
    code: "InvalidOption",
  });
});

it("values keep their kind on the whole way with a rich converter", async () => {
  const when = new Map([["start", new Date("2026-01-01T00:00:00Z")]]);

  const status = await hub.run(client.waitForCompletion(await client.startNew("rich", { input: when })));

  expect(status.input).toEqual(when);
  expect(status.output).toEqual(new Map([["start", new Date("2026-01-01T00:00:00.001Z")]]));
});

it("the built-in functions cannot be started", async () => {
  await expect(client.startNew("BuiltIn__HttpPollOrchestrator")).rejects.toMatchObject({ code: "InvalidOption" });
});
