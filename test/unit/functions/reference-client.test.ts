import az from "@azure/functions";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { DurableClient } from "../../../src/functions/durable-client.ts";
import { createRichDataConverter, type DataConverter, DFApp, defineEvent } from "../../../src/index.ts";
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
