import { expect, it } from "vitest";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

async function openHub(orchestrations: Readonly<Record<string, Orchestrator>>) {
  const registry = new Registry();
  for (const [name, orchestrator] of Object.entries(orchestrations)) registry.addOrchestration({ name, orchestrator });
  const hub = new VirtualHub();
  await hub.startWorker({ registries: [registry] });
  return hub;
}

const family: Readonly<Record<string, Orchestrator>> = {
  grandparent: function* (context) {
    yield context.callSubOrchestrator("parent", undefined, "middle");
    context.startNewOrchestration("child", undefined, { instanceId: "stranger" });
  },
  parent: function* (context) {
    yield context.callSubOrchestrator("child", undefined, "low");
  },
  child: () => "done",
  fails: () => {
    throw new TypeError("no", { cause: new Error("because") });
  },
  waits: function* (context) {
    yield context.waitForExternalEvent("go");
  },
};

it("purges an instance with the children that it waited for, at any depth", async () => {
  await using hub = await openHub(family);
  await hub.client.startInstance({ name: "grandparent", instanceId: "top" });
  await hub.runUntilEnded("top");
  await hub.settle();

  const purged = await hub.client.purge("top", { recursive: true });

  const left = (await hub.client.queryInstances({})).instances.map(({ instanceId }) => instanceId);
  expect({ purged, left }).toEqual({ purged: 3, left: ["stranger"] });
});

it("purges children with those that a query finds, each once", async () => {
  await using hub = await openHub(family);
  await hub.client.startInstance({ name: "grandparent", instanceId: "top" });
  await hub.runUntilEnded("top");
  await hub.settle();

  const purged = await hub.client.purgeBy({ recursive: true });

  expect(purged).toBe(4);
});

it("leaves the children where nothing is said of them", async () => {
  await using hub = await openHub(family);
  await hub.client.startInstance({ name: "grandparent", instanceId: "top" });
  await hub.runUntilEnded("top");

  const purged = await hub.client.purge("top");

  expect(purged).toBe(1);
  expect(await hub.client.getInstance("middle")).toMatchObject({ runtimeStatus: "Completed" });
});

it("lists the ids of finished instances page by page, in the order of their ends", async () => {
  await using hub = await openHub(family);
  const ids = ["c", "a", "b", "e", "d"];
  for (const instanceId of ids) {
    await hub.client.startInstance({ name: "child", instanceId });
    await hub.runUntilEnded(instanceId);
    if (instanceId !== "b") await hub.advance("1m");
  }
  await hub.client.startInstance({ name: "waits", instanceId: "runs" });
  await hub.settle();

  const pages: (readonly string[])[] = [];
  let continuationToken: string | undefined;
  do {
    const page = await hub.client.listInstanceIds({ pageSize: 2, continuationToken });
    pages.push(page.instanceIds);
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);

  // `b` and `e` ended in the same millisecond.
  expect(pages).toEqual([["c", "a"], ["b", "e"], ["d"]]);
});

it("lists ids by status and by the time of the end, whose last moment is left out", async () => {
  await using hub = await openHub(family);
  const ends: Date[] = [];
  for (const [instanceId, name] of [
    ["a", "child"],
    ["b", "fails"],
    ["c", "child"],
  ] as const) {
    await hub.client.startInstance({ name, instanceId });
    ends.push((await hub.runUntilEnded(instanceId)).completedTime!);
    await hub.advance("1m");
  }
  const list = async (query: Parameters<typeof hub.client.listInstanceIds>[0]) =>
    (await hub.client.listInstanceIds(query)).instanceIds;

  expect(await list({ runtimeStatus: ["Failed"] })).toEqual(["b"]);
  expect(await list({ runtimeStatus: ["Running"] })).toEqual([]);
  expect(await list({ completedTimeFrom: ends[1], completedTimeTo: ends[2] })).toEqual(["b"]);
});

it.each([
  ["a page of no ids", { pageSize: 0 }, /'pageSize'/],
  ["a token of another list", { continuationToken: "x" }, /continuationToken/],
])("refuses %s", async (_, query, message) => {
  await using hub = await openHub(family);

  const listed = hub.client.listInstanceIds(query);

  await expect(listed).rejects.toMatchObject({ code: "InvalidOption", message: expect.stringMatching(message) });
});

it("tells why an instance has failed to those who ask", async () => {
  await using hub = await openHub(family);
  const id = await hub.client.startInstance({ name: "fails" });
  await hub.runUntilEnded(id);

  const asked = await hub.client.getInstance(id, { fetchFailure: true });
  const notAsked = await hub.client.getInstance(id);

  expect(asked?.failureDetails).toMatchObject({
    errorType: "TypeError",
    errorMessage: "no",
    innerFailure: { errorType: "Error", errorMessage: "because" },
  });
  expect(notAsked?.failureDetails).toBeUndefined();
});

it("waits for the begin and for the end of an instance", async () => {
  await using hub = await openHub(family);
  const scheduledStartTime = new Date(hub.clock.now() + 3_600_000);
  const id = await hub.client.startInstance({ name: "waits", scheduledStartTime });
  const started = hub.client.waitForInstance(id, "started");
  const ended = hub.client.waitForInstance(id, "ended");

  expect(await hub.run(started)).toMatchObject({ runtimeStatus: "Running" });
  expect(hub.clock.now()).toBeGreaterThanOrEqual(scheduledStartTime.getTime());
  await hub.client.raiseEvent(id, "go", undefined);
  expect(await hub.run(ended)).toMatchObject({ runtimeStatus: "Completed" });
});

it("ends a wait when its time is up, when it is aborted, and for an unknown instance at once", async () => {
  await using hub = await openHub(family);
  const id = await hub.client.startInstance({ name: "waits" });
  const abort = new AbortController();
  const timedOut = hub.run(hub.client.waitForInstance(id, "ended", { timeoutMs: 5_000 }));
  await expect(timedOut).rejects.toMatchObject({ code: "TaskTimeout" });
  const aborted = hub.client.waitForInstance(id, "ended", { signal: abort.signal });
  abort.abort();

  await expect(hub.run(aborted)).rejects.toMatchObject({ code: "Aborted" });
  expect(await hub.client.waitForInstance("nobody", "ended")).toBeUndefined();
});
