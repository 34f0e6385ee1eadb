import { inspect } from "node:util";
import { beforeEach, expect, it } from "vitest";
import type { OrchestrationClient } from "../../../src/core/orchestration-client.ts";
import { DurableTaskClient, type OpenClient } from "../../../src/portable/durable-task-client.ts";
import { defineEvent, EntityId, isTaskFailedError, orchestration } from "../../../src/portable/index.ts";
import { orderSchema } from "../functions/standard-schemas.ts";
import { entity, FakeOrchestrationClient, instance } from "../http/fake-orchestration-client.ts";

class ClientUnderTest extends DurableTaskClient {
  constructor(open: () => Promise<OpenClient>) {
    super(open, { defaultVersion: "2.0" });
  }
}

let hub: FakeOrchestrationClient;
let client: DurableTaskClient;
let closed = 0;

beforeEach(() => {
  closed = 0;
  hub = new FakeOrchestrationClient(instance());
  client = new ClientUnderTest(async () => ({ client: hub, close: async () => void closed++ }));
});

const processOrder = orchestration({ name: "processOrder", input: orderSchema }, async (_ctx, order) => order.id);

it("starts by reference with all that can be said", async () => {
  const startAt = new Date("2030-01-01T00:00:00Z");
  const order = { id: "1", lines: [] };
  const id = await client.scheduleNewOrchestration(processOrder, {
    input: order,
    instanceId: "x",
    startAt,
    version: "3",
    tags: { a: "b" },
    reusableStatuses: ["Failed"],
  });

  expect(id).toBe("x");
  expect(hub.calls).toEqual([
    [
      "startInstance",
      {
        name: "processOrder",
        instanceId: "x",
        input: JSON.stringify(order),
        version: "3",
        tags: { a: "b" },
        scheduledStartTime: startAt,
        reusableStatuses: ["Failed"],
      },
    ],
  ]);
});

it("starts by name, with the version of the client", async () => {
  await client.scheduleNewOrchestration("seq", { input: [1] });
  expect(hub.calls[0]?.[1]).toMatchObject({ name: "seq", input: "[1]", version: "2.0" });
});

it("checks what it can before it writes", async () => {
  await expect(client.scheduleNewOrchestration(processOrder, { input: {} as never })).rejects.toMatchObject({
    code: "InvalidPayload",
  });
  await expect(client.scheduleNewOrchestration("x", { startAt: "soon" as never })).rejects.toThrow(/'startAt'/);
  await expect(client.scheduleNewOrchestration("x", { reusableStatuses: ["Gone"] as never })).rejects.toThrow(
    /'reusableStatuses'/,
  );
  await expect(client.purgeOrchestration({})).rejects.toThrow(/a time or a status/);
  expect(() => client.getAllInstances({ createdFrom: 5 as never })).toThrow(/'createdFrom'/);
  expect(hub.calls).toEqual([]);
});

it("shows an instance with its payloads parsed", async () => {
  hub.instances.set(
    "abc",
    instance({ runtimeStatus: "Completed", output: '{"a":1}', customStatus: '"done"', tags: { t: "1" } }),
  );
  const state = await client.getOrchestrationState("abc");

  expect(state).toMatchObject({
    instanceId: "abc",
    name: "seq",
    runtimeStatus: "Completed",
    isCompleted: true,
    input: "World",
    serializedInput: '"World"',
    result: { a: 1 },
    output: { a: 1 },
    customStatus: "done",
    tags: { t: "1" },
    failureDetails: undefined,
    createdAt: new Date("2024-05-01T10:00:00.900Z"),
  });
  expect(JSON.parse(JSON.stringify(state))).toMatchObject({ instanceId: "abc", result: { a: 1 } });
  expect(await client.getOrchestrationState("unknown")).toBeUndefined();
});

it("shows no payloads when they are not asked for", async () => {
  hub.instances.set("abc", instance({ runtimeStatus: "Completed", output: "1" }));
  expect(await client.getOrchestrationState("abc", { fetchPayloads: false })).toMatchObject({
    input: undefined,
    result: undefined,
  });
  expect(hub.calls).toEqual([["getInstance", "abc", { fetchInput: false, fetchFailure: true }]]);
});

it("shows the reason of a termination as it is", async () => {
  hub.instances.set("abc", instance({ runtimeStatus: "Terminated", output: "enough of it" }));
  expect((await client.getOrchestrationState("abc"))?.result).toBe("enough of it");
});

it("raises the failure of a failed instance", async () => {
  const failureDetails = { errorType: "RangeError", errorMessage: "boom", isNonRetriable: false };
  hub.instances.set("abc", instance({ runtimeStatus: "Failed", output: "RangeError: boom", failureDetails }));
  const state = await client.waitForOrchestrationCompletion("abc");

  expect(state).toMatchObject({ result: undefined, failureDetails });
  let thrown: unknown;
  try {
    state.raiseIfFailed();
  } catch (error) {
    thrown = error;
  }
  expect(isTaskFailedError(thrown, "RangeError")).toBe(true);
});

it("waits through the port, and refuses an unknown instance", async () => {
  await client.waitForOrchestrationStart("abc", { timeout: "5s" });
  await expect(client.waitForOrchestrationCompletion("unknown")).rejects.toMatchObject({ code: "InstanceNotFound" });
  await expect(client.waitForOrchestrationCompletion("abc", { timeout: "soon" as never })).rejects.toThrow(/'timeout'/);
  expect(hub.calls).toEqual([
    ["waitForInstance", "abc", "started"],
    ["waitForInstance", "unknown", "ended"],
  ]);
});

it("lists page after page", async () => {
  const page = (id: string, continuationToken?: string) => ({
    instances: [instance({ instanceId: id })],
    continuationToken,
  });
  hub.pages = [page("a", "next"), { instances: [], continuationToken: "last" }, page("b")];

  const found = client.getAllInstances({ runtimeStatus: ["Running"], pageSize: 1 });
  expect((await found.toArray()).map(({ instanceId }) => instanceId)).toEqual(["a", "b"]);
  expect(hub.calls.map(([, query]) => (query as { continuationToken?: string }).continuationToken)).toEqual([
    undefined,
    "next",
    "last",
  ]);
  for await (const { items } of found.byPage("from here")) expect(items).toHaveLength(1);
  expect(hub.calls.at(-1)?.[1]).toMatchObject({ continuationToken: "from here", pageSize: 1 });
  expect(await client.listInstanceIds().toArray()).toEqual(["abc"]);
});

it("passes the verbs on", async () => {
  await client.raiseOrchestrationEvent("abc", "approve", { by: "me" });
  await client.suspendOrchestration("abc", "rest");
  await client.resumeOrchestration("abc");
  await client.terminateOrchestration("abc", { output: "enough" });
  await client.terminateOrchestration("abc", { output: { a: 1 }, recursive: true });
  expect(await client.restartOrchestration("abc")).toBe("abc");
  expect(await client.restartOrchestration("abc", { restartWithNewInstanceId: true })).toBe("restarted");
  hub.purgeable = 7;
  expect(await client.purgeOrchestration({ runtimeStatus: ["Failed"] })).toEqual({ deletedInstanceCount: 7 });

  expect(hub.calls).toEqual([
    ["raiseEvent", "abc", "approve", '{"by":"me"}'],
    ["suspend", "abc", "rest"],
    ["resume", "abc", undefined],
    ["terminate", "abc", "enough"],
    ["terminate", "abc", '{"a":1}'],
    ["restart", "abc", { restartWithNewInstanceId: false }],
    ["restart", "abc", { restartWithNewInstanceId: true }],
    ["purgeBy", { createdTimeFrom: undefined, createdTimeTo: undefined, runtimeStatus: ["Failed"] }],
  ]);
});

it("events by definition are checked", async () => {
  const event = defineEvent("order", orderSchema);
  await expect(client.raiseOrchestrationEvent("abc", event, {} as never)).rejects.toMatchObject({
    code: "InvalidPayload",
  });
  await client.raiseOrchestrationEvent("abc", event, { id: "1", lines: [] });
  expect(hub.calls).toHaveLength(1);
});

it("leaves a finished instance alone, and refuses an unknown one", async () => {
  hub.instances.set("abc", instance({ runtimeStatus: "Completed" }));
  await client.raiseOrchestrationEvent("abc", "late");
  await client.terminateOrchestration("abc");
  await client.suspendOrchestration("abc");
  await client.resumeOrchestration("abc");
  await expect(client.rewindInstance("abc")).rejects.toMatchObject({ code: "InstanceNotActive" });
  await expect(client.terminateOrchestration("unknown")).rejects.toMatchObject({ code: "InstanceNotFound" });
  await expect(client.getOrchestrationHistory("unknown")).rejects.toMatchObject({ code: "InstanceNotFound" });
  hub.histories.set("abc", []);
  expect(await client.getOrchestrationHistory("abc")).toEqual([]);
});

it("speaks to entities in values", async () => {
  hub.entities.found.set("@counter@a", entity("@counter@a", '{"value":5}'));
  hub.entities.found.set("@counter@gone", entity("@counter@gone", undefined));
  hub.entities.outcome = { kind: "completed", result: "6" };

  expect(await client.callEntity(new EntityId("Counter", "a"), "add", 1, { timeout: "5s" })).toBe(6);
  await client.signalEntity("@counter@a", "reset");
  expect(await client.getEntity("@counter@a")).toMatchObject({ state: { value: 5 }, exists: true });
  expect(await client.getEntity("@counter@a", { includeState: false })).toMatchObject({ state: undefined });
  expect(await client.getEntity("@counter@gone")).toBeUndefined();
  expect((await client.getEntities({ name: "counter" }).toArray()).map(({ id }) => id.key)).toEqual(["a", "gone"]);
  expect(await client.cleanEntityStorage({ removeEmptyEntities: false })).toMatchObject({ emptyEntitiesRemoved: 1 });
  const failureDetails = { errorType: "RangeError", errorMessage: "too much", isNonRetriable: false };
  hub.entities.outcome = { kind: "failed", failureDetails };
  await expect(client.callEntity("@counter@a", "add")).rejects.toMatchObject({ failureDetails });
  await expect(client.callEntity("counter", "add")).rejects.toMatchObject({ code: "InvalidEntityId" });
});

it("opens with the first call, tries again after a failure, and closes what it has opened", async () => {
  let attempts = 0;
  client = new ClientUnderTest(async () => {
    if (++attempts === 1) throw new Error("not yet");
    return { client: hub, close: async () => void closed++ };
  });
  await expect(client.getOrchestrationState("abc")).rejects.toThrow("not yet");
  await Promise.all([client.getOrchestrationState("abc"), client.getOrchestrationState("abc")]);
  expect(attempts).toBe(2);
  await client.close();
  await client[Symbol.asyncDispose]();
  expect(closed).toBe(1);
  await expect(client.getOrchestrationState("abc")).rejects.toMatchObject({ code: "Aborted" });
});

it("ends its waits when it is closed", async () => {
  hub.waitForInstance = (...[, , { signal } = {}]: Parameters<OrchestrationClient["waitForInstance"]>) => {
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("ended"))));
  };
  const waiting = client.waitForOrchestrationCompletion("abc", { signal: new AbortController().signal });
  const calling = client.waitForOrchestrationStart("abc");
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();

  await client.close();

  await expect(waiting).rejects.toThrow("ended");
  await expect(calling).rejects.toThrow("ended");
});

it("purges what has finished, and says so of the one instance that has not", async () => {
  hub = new FakeOrchestrationClient(
    instance({ instanceId: "ended", runtimeStatus: "Completed" }),
    instance({ instanceId: "runs", runtimeStatus: "Running" }),
  );

  await expect(client.purgeOrchestration("runs")).rejects.toMatchObject({
    code: "NotSupported",
    message: "the instance 'runs' is Running; terminate it before it is purged",
  });
  expect(await client.purgeOrchestration("unknown")).toEqual({ deletedInstanceCount: 0 });
  expect(await client.purgeOrchestration(["runs", "ended", "unknown"])).toEqual({ deletedInstanceCount: 1 });
});

it("shows a state to whoever prints it", async () => {
  const state = await client.getOrchestrationState("abc");

  expect(inspect(state)).toContain("instanceId: 'abc'");
});

it("refuses a misspelt option of a start", async () => {
  const start = client.scheduleNewOrchestration("processOrder", { inptu: 1 } as never);

  await expect(start).rejects.toThrow("scheduleNewOrchestration has no option 'inptu'; did you mean 'input'?");
});
