import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { callEntityOrchestratorName } from "../../../src/core/reserved-names.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import type { Backend } from "../../../src/engine/backend.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { createRequest, formatAnswer } from "../../../src/entities/entity-message.ts";
import { at } from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { writeEntity } from "../../support/entity-row.ts";

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function openHub() {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
  return { clock, hub, client, entities: client.entities };
}

async function nextMessage(hub: Backend) {
  const workItem = (await hub.fetchEntityWorkItem(new AbortController().signal))!;
  return workItem.messages[0]!.message;
}

it("sends a signal as .NET does: one message to the entity, by whatever the entity is named", async () => {
  const { hub, entities } = openHub();

  await entities.signal({ name: "Counter", key: "K" }, { operation: "add", input: "5" });

  const { event, target } = await nextMessage(hub);
  const { input, ...rest } = event as typeof event & { input: string };
  expect(target).toEqual({ instanceId: "@counter@K", executionId: undefined });
  expect(rest).toMatchObject({ type: "EventRaised", eventId: -1, name: "op", timestamp: at(0) });
  expect(JSON.parse(input)).toEqual({
    op: "add",
    signal: true,
    input: "5",
    id: expect.stringMatching(guid),
    Timestamp: "0001-01-01T00:00:00",
    Predecessor: "0001-01-01T00:00:00",
    IsLockRequest: false,
    createTrace: false,
  });
});

it("an operation without a name has the empty one, and a request the id that it is given", async () => {
  const { hub, entities } = openHub();
  const requestId = "0f8fad5b-d9cb-469f-a165-70867728950e";

  await entities.signal("@counter@", { requestId });

  const { event } = await nextMessage(hub);
  expect(JSON.parse((event as { input: string }).input)).toMatchObject({ op: "", id: requestId });
});

it("holds a scheduled signal back until it is due", async () => {
  const { clock, hub, entities } = openHub();

  await entities.signal("@counter@k", { operation: "add", scheduledTime: at(60) });

  let arrived: string | undefined;
  const arrival = nextMessage(hub).then(({ event }) => {
    arrived = (event as { name: string }).name;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(arrived).toBeUndefined();
  clock.advance(60_000);
  await arrival;
  expect(arrived).toBe("op@2026-01-01T00:01:00.0000000Z");
});

it.each<[string, Parameters<ReturnType<typeof openHub>["entities"]["signal"]>, string]>([
  ["an instance", ["counter", {}], "InvalidEntityId"],
  ["an entity without a name", [{ name: "", key: "k" }, {}], "InvalidEntityId"],
  ["a name with @", [{ name: "a@b", key: "k" }, {}], "InvalidEntityId"],
  ["an operation that is no text", ["@counter@k", { operation: 1 as unknown as string }], "InvalidOption"],
  ["a time that is none", ["@counter@k", { scheduledTime: new Date(Number.NaN) }], "InvalidOption"],
  ["a time that no row can hold", ["@counter@k", { scheduledTime: new Date("1500-01-01") }], "InvalidOption"],
  ["a request id that is no GUID", ["@counter@k", { requestId: "7" }], "InvalidOption"],
])("refuses to signal %s", async (_, [entity, signal], code) => {
  const { entities } = openHub();

  await expect(entities.signal(entity, signal)).rejects.toMatchObject({ code });
});

it("knows an entity by its state; one that never was is unknown", async () => {
  const { hub, entities } = openHub();
  const queue = [createRequest({ id: "1", operation: "add" })];
  await writeEntity({ backend: hub, store: hub }, "@counter@a", { state: '{"n":12345678901234567890}' }, at(7));
  await writeEntity({ backend: hub, store: hub }, "@counter@b", { queue, lockedBy: "order" }, at(8));

  expect(await entities.get({ name: "COUNTER", key: "a" })).toMatchObject({
    exists: true,
    state: '{"n":12345678901234567890}',
    lastModifiedTime: at(7),
    queueSize: 0,
    lockedBy: undefined,
  });
  expect(await entities.get("@counter@b")).toMatchObject({
    exists: false,
    state: undefined,
    queueSize: 1,
    lockedBy: "order",
  });
  expect(await entities.get("@counter@A")).toBeUndefined();
});

async function withEntities() {
  const opened = openHub();
  await opened.client.startInstance({ name: "seq", instanceId: "counter" });
  for (const [index, id] of ["@counter@", "@counter@a1", "@counter@a2", "@counters@a1", "@lamp@a1"].entries()) {
    await writeEntity({ backend: opened.hub, store: opened.hub }, id, { state: String(index) }, at(index));
  }
  await writeEntity({ backend: opened.hub, store: opened.hub }, "@counter@deleted", {}, at(10));
  await writeEntity({ backend: opened.hub, store: opened.hub }, "@counter@locked", { lockedBy: "order" }, at(11));
  return opened;
}

it.each([
  [{}, ["@counter@", "@counter@a1", "@counter@a2", "@counters@a1", "@lamp@a1"]],
  [{ name: "Counter" }, ["@counter@", "@counter@a1", "@counter@a2"]],
  [{ name: "counter", keyPrefix: "a" }, ["@counter@a1", "@counter@a2"]],
  [{ name: "counter", keyPrefix: "A" }, []],
  [{ lastModifiedFrom: at(1), lastModifiedTo: at(3) }, ["@counter@a1", "@counter@a2", "@counters@a1"]],
  [{ lastModifiedFrom: at(5), includeTransient: true }, ["@counter@deleted", "@counter@locked"]],
])("lists the entities of %j", async (query, ids) => {
  const { entities } = await withEntities();

  const withState = await entities.query(query);
  const without = await entities.query({ ...query, includeState: false });

  expect(withState.entities.map(({ id }) => id.toString())).toEqual(ids);
  expect(without.entities.map(({ id }) => id.toString())).toEqual(ids);
  expect(withState.entities.every(({ exists, state }) => exists === (state !== undefined))).toBe(true);
  expect(without.entities.every(({ state }) => state === undefined)).toBe(true);
});

it("lists page by page", async () => {
  const { entities } = await withEntities();
  const seen: string[] = [];
  let continuationToken: string | undefined;
  do {
    const page = await entities.query({ pageSize: 2, continuationToken });
    expect(page.entities.length).toBeLessThanOrEqual(2);
    seen.push(...page.entities.map(({ id }) => id.toString()));
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);

  expect(seen).toEqual(["@counter@", "@counter@a1", "@counter@a2", "@counters@a1", "@lamp@a1"]);
});

it("looks for keys under a name only", async () => {
  await expect(openHub().entities.query({ keyPrefix: "a" })).rejects.toMatchObject({ code: "InvalidOption" });
  await expect(openHub().entities.query({ name: "a@b" })).rejects.toMatchObject({ code: "InvalidEntityId" });
});

it("deletes an entity, which the purge of instances does not", async () => {
  const { client, entities } = await withEntities();

  expect(await entities.purge("@counter@a1")).toBe(1);
  expect(await entities.purge("@counter@a1")).toBe(0);
  expect(await entities.get("@counter@a1")).toBeUndefined();
  await expect(client.purge("@counter@a2")).rejects.toMatchObject({ code: "InvalidInstanceId" });
});

/** A worker that ends the helper of a call. */
async function answerCall(hub: MemoryTaskHub, status: "Completed" | "Failed" | "Terminated", output: string) {
  const workItem = (await hub.fetchOrchestrationWorkItem(new AbortController().signal))!;
  const { event } = workItem.messages[0]!.message;
  if (event.type !== "ExecutionStarted") throw new Error("not a start");
  const { executionId } = event.orchestrationInstance;
  const failureDetails = { errorType: "OrchestratorNotRegistered", errorMessage: output, isNonRetriable: false };
  await hub.completeOrchestrationWorkItem({
    workItem,
    history: {
      executionId: executionId!,
      expectedHistoryVersion: undefined,
      firstIndex: 0,
      episode: 1,
      events: [
        event,
        {
          type: "ExecutionCompleted",
          eventId: -1,
          timestamp: at(1),
          orchestrationStatus: status,
          result: output,
          failureDetails: status === "Failed" ? failureDetails : undefined,
        },
      ],
    },
    outgoing: [],
    instance: {
      executionId: executionId!,
      lastUpdatedTime: at(1),
      customStatus: undefined,
      runtimeStatus: status,
      output,
      completedTime: at(1),
    },
    settled: workItem.messages,
    deferred: [],
  });
  return event;
}

async function run<T>(clock: SteppedClock, work: Promise<T>): Promise<T> {
  let isSettled = false;
  const settled = () => {
    isSettled = true;
  };
  work.then(settled, settled);
  while (!isSettled) {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(50);
  }
  return work;
}

it("calls an entity by an orchestration of its own, and leaves nothing of it", async () => {
  const { clock, hub, client, entities } = openHub();

  const call = entities.call({ name: "Counter", key: "k" }, { operation: "add", input: '{ "by": 1.0 }' });
  const start = await answerCall(hub, "Completed", formatAnswer({ kind: "completed", result: "[5.00]" }));

  expect(await run(clock, call)).toEqual({ kind: "completed", result: "[5.00]" });
  expect(start.name).toBe(callEntityOrchestratorName);
  expect(JSON.parse(start.input!)).toEqual({ entity: "@counter@k", operation: "add", input: '{ "by": 1.0 }' });
  expect((await client.queryInstances({})).instances).toEqual([]);
});

it("tells how an operation has failed, or its helper", async () => {
  const { clock, hub, client, entities } = openHub();
  const failureDetails = { errorType: "TypeError", errorMessage: "boom", isNonRetriable: false, stackTrace: "at x" };

  const failing = entities.call("@counter@k", { operation: "add" });
  await answerCall(hub, "Completed", formatAnswer({ kind: "failed", failureDetails }));
  expect(await run(clock, failing)).toEqual({ kind: "failed", failureDetails });

  const unknown = entities.call("@counter@k", { operation: "add" });
  await answerCall(hub, "Failed", "not here");
  expect(await run(clock, unknown)).toMatchObject({
    kind: "failed",
    failureDetails: { errorType: "OrchestratorNotRegistered", errorMessage: "not here" },
  });

  const terminated = entities.call("@counter@k", { operation: "add" });
  await answerCall(hub, "Terminated", "by hand");
  await expect(run(clock, terminated)).rejects.toMatchObject({ code: "Aborted" });
  expect((await client.queryInstances({})).instances).toEqual([]);
});

it("gives up a call when its time is up, or when it is told to", async () => {
  const { clock, client, entities } = openHub();
  const stop = new AbortController();

  const late = entities.call("@counter@k", { operation: "add" }, { timeoutMs: 2000 });
  await expect(run(clock, late)).rejects.toMatchObject({ code: "TaskTimeout" });
  expect(clock.now() - at(0).getTime()).toBeLessThan(2200);
  const stopped = entities.call("@counter@k", { operation: "add" }, { signal: stop.signal });
  stop.abort();
  await expect(run(clock, stopped)).rejects.toMatchObject({ code: "Aborted" });
  expect((await client.queryInstances({})).instances).toEqual([]);
});

it("nobody starts the helper of calls by its name", async () => {
  const { client } = openHub();

  await expect(client.startInstance({ name: callEntityOrchestratorName })).rejects.toMatchObject({
    code: "InvalidOption",
  });
});
