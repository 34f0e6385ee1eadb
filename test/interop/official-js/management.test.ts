import { type OrchestrationQuery, OrchestrationStatus } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { collect, completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();
const echo = hub.activity((_ctx, input) => input);
const done = hub.orchestrator(async function* (ctx, input) {
  ctx.setCustomStatus({ saw: input });
  return yield ctx.callActivity(echo, input);
});
const failed = hub.orchestrator(async function* (ctx) {
  yield ctx.callActivity(echo);
  throw new Error("it fails");
});
const waiting = hub.orchestrator(async function* (ctx) {
  return yield ctx.waitForExternalEvent("end");
});

async function startWaiting(instanceId = newId()): Promise<string> {
  await hub.start(waiting, undefined, { instanceId });
  await hub.running(instanceId);
  return instanceId;
}

const idsOf = async (query: OrchestrationQuery) =>
  (await collect(hub.client.getAllInstances(query))).map(({ instanceId }) => instanceId).toSorted();

describe("query", () => {
  /** Three that completed, one that failed, one that waits and one that was ended: all under a prefix. */
  const startSome = async () => {
    const prefix = newId("query");
    const completedIds = [1, 2, 3].map((n) => `${prefix}-c${n}`);
    for (const instanceId of completedIds) await hub.run(done, instanceId.at(-1), { instanceId });
    await hub.run(failed, undefined, { instanceId: `${prefix}-f` });
    await startWaiting(`${prefix}-r`);
    await startWaiting(`${prefix}-t`);
    await hub.client.terminateOrchestration(`${prefix}-t`);
    await hub.ended(`${prefix}-t`);
    return { prefix, completedIds };
  };

  it("finds by prefix, status and both", async () => {
    const { prefix, completedIds } = await startSome();
    expect(await idsOf({ instanceIdPrefix: prefix })).toEqual([
      ...completedIds,
      ...["f", "r", "t"].map((name) => `${prefix}-${name}`),
    ]);
    const byStatus = (...statuses: OrchestrationStatus[]) => idsOf({ instanceIdPrefix: prefix, statuses });
    expect(await byStatus(OrchestrationStatus.COMPLETED)).toEqual(completedIds);
    expect(await byStatus(OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)).toEqual([
      `${prefix}-f`,
      `${prefix}-t`,
    ]);
    expect(await byStatus(OrchestrationStatus.RUNNING)).toEqual([`${prefix}-r`]);
    expect(await byStatus(OrchestrationStatus.SUSPENDED)).toEqual([]);
    const everyone = await idsOf({ statuses: [OrchestrationStatus.COMPLETED] });
    expect(everyone).toEqual(expect.arrayContaining(completedIds));
  });

  it("gives inputs and outputs only when asked", async () => {
    const instanceId = newId("io");
    await hub.run(done, "value", { instanceId });
    const [full] = await collect(
      hub.client.getAllInstances({ instanceIdPrefix: instanceId, fetchInputsAndOutputs: true }),
    );
    expect(full).toMatchObject({
      instanceId,
      name: done,
      runtimeStatus: OrchestrationStatus.COMPLETED,
      serializedInput: '"value"',
      serializedOutput: '"value"',
      serializedCustomStatus: '{"saw":"value"}',
    });
    const [bare] = await collect(hub.client.getAllInstances({ instanceIdPrefix: instanceId }));
    expect(bare?.serializedInput).toBeUndefined();
    expect(bare?.serializedOutput).toBeUndefined();
  });

  it("gives the failure", async () => {
    const instanceId = newId("failure");
    await hub.run(failed, undefined, { instanceId });
    const [state] = await collect(
      hub.client.getAllInstances({ instanceIdPrefix: instanceId, fetchInputsAndOutputs: true }),
    );
    expect(state?.failureDetails).toMatchObject({ message: "it fails", errorType: "Error" });
  });

  it("finds in a window of creation", async () => {
    const prefix = newId("window");
    const start = async (name: string) => {
      await hub.run(done, name, { instanceId: `${prefix}-${name}` });
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { createdAt } = (await hub.client.getOrchestrationState(`${prefix}-${name}`))!;
      return createdAt;
    };
    const [first, second, third] = [await start("1"), await start("2"), await start("3")];
    expect(first < second && second < third).toBe(true);
    const window = (createdFrom?: Date, createdTo?: Date) =>
      idsOf({
        instanceIdPrefix: prefix,
        ...(createdFrom !== undefined && { createdFrom }),
        ...(createdTo !== undefined && { createdTo }),
      });
    const justAfter = (date: Date) => new Date(date.getTime() + 5);
    expect(await window(justAfter(first), justAfter(second))).toEqual([`${prefix}-2`]);
    expect(await window(justAfter(second))).toEqual([`${prefix}-3`]);
    expect(await window(undefined, justAfter(second))).toEqual([`${prefix}-1`, `${prefix}-2`]);
    expect(await window(justAfter(third))).toEqual([]);
  });

  it.each([1, 2, 3, 7, 100])("finds each once in pages of %d", async (pageSize) => {
    const prefix = newId("pages");
    const ids = Array.from({ length: 7 }, (_, i) => `${prefix}-${i}`);
    await Promise.all(ids.map((instanceId) => hub.run(done, 1, { instanceId })));
    const seen: string[] = [];
    for await (const page of hub.client.getAllInstances({ instanceIdPrefix: prefix, pageSize }).asPages()) {
      expect(page.values.length).toBeLessThanOrEqual(pageSize);
      seen.push(...page.values.map(({ instanceId }) => instanceId));
    }
    expect(seen.toSorted()).toEqual(ids);
  });

  it("goes on from a token", async () => {
    const prefix = newId("token");
    const ids = Array.from({ length: 3 }, (_, i) => `${prefix}-${i}`);
    for (const instanceId of ids) await hub.run(done, 1, { instanceId });
    const pages = hub.client.getAllInstances({ instanceIdPrefix: prefix, pageSize: 2 });
    const [first] = await collect(pages.asPages());
    const rest = await collect(pages.asPages(first!.continuationToken));
    const all = [first!, ...rest].flatMap(({ values }) => values.map((state) => state.instanceId));
    expect(all.toSorted()).toEqual(ids);
  });

  it("finds nothing where nothing is", async () => {
    expect(await idsOf({ instanceIdPrefix: newId("nobody") })).toEqual([]);
  });
});

describe("ids of those that ended", () => {
  it("come by status and by window of completion", async () => {
    const from = new Date();
    const [good, bad, live] = [newId("list"), newId("list"), newId("list")];
    await hub.run(done, 1, { instanceId: good });
    await hub.run(failed, 1, { instanceId: bad });
    await startWaiting(live);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const to = new Date();
    const later = newId("list");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await hub.run(done, 1, { instanceId: later });
    const list = async (options: Parameters<typeof hub.client.listInstanceIds>[0]) =>
      (await hub.client.listInstanceIds({ completedTimeFrom: from, ...options })).values;
    expect([...(await list({ completedTimeTo: to }))].toSorted()).toEqual([good, bad].toSorted());
    expect([...(await list({ runtimeStatus: [OrchestrationStatus.COMPLETED] }))].toSorted()).toEqual(
      [good, later].toSorted(),
    );
    expect(await list({ runtimeStatus: [OrchestrationStatus.FAILED] })).toEqual([bad]);
    expect(await list({ completedTimeFrom: new Date(Date.now() + 60_000) })).toEqual([]);
    await hub.client.terminateOrchestration(live);
    await hub.ended(live);
  });

  it("come in pages, each once and in the order of completion", async () => {
    const from = new Date();
    const ids = Array.from({ length: 5 }, () => newId("paged"));
    for (const instanceId of ids) {
      await hub.run(done, 1, { instanceId });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const seen: string[] = [];
    let key: string | undefined;
    do {
      const page = await hub.client.listInstanceIds({
        completedTimeFrom: from,
        pageSize: 2,
        ...(key !== undefined && { lastInstanceKey: key }),
      });
      expect(page.values.length).toBeLessThanOrEqual(2);
      seen.push(...page.values);
      key = page.hasMoreResults ? page.continuationToken : undefined;
    } while (key !== undefined);
    expect(seen).toEqual(ids);
  });
});

describe("restart", () => {
  it("runs an ended instance again under its id", async () => {
    const id = await hub.start(done, { n: 1 }, { tags: { a: "b" }, version: "4" });
    await hub.ended(id);
    const { createdAt } = (await hub.client.getOrchestrationState(id))!;
    expect(await hub.client.restartOrchestration(id)).toBe(id);
    await expect
      .poll(async () => (await hub.client.getOrchestrationState(id))!.createdAt.getTime())
      .toBeGreaterThan(createdAt.getTime());
    expect(await hub.ended(id)).toEqual(completed({ n: 1 }, { saw: { n: 1 } }));
    expect(await hub.client.getOrchestrationState(id)).toMatchObject({ name: done, tags: { a: "b" } });
    const history = await hub.client.getOrchestrationHistory(id);
    expect(history.find((event) => event.type === "ExecutionStarted")).toMatchObject({ version: "4" });
  });

  it.each([failed, done])("runs it again under another id", async (name) => {
    const id = await hub.start(name, "x");
    const outcome = await hub.ended(id);
    const other = await hub.client.restartOrchestration(id, true);
    expect(other).not.toBe(id);
    expect(await hub.ended(other)).toEqual(outcome);
    expect(await hub.ended(id)).toEqual(outcome);
  });

  it("runs one again that failed or was terminated", async () => {
    const bad = await hub.start(failed);
    await hub.ended(bad);
    expect(await hub.client.restartOrchestration(bad)).toBe(bad);
    expect((await hub.ended(bad)).status).toBe("FAILED");
    const killed = await startWaiting();
    await hub.client.terminateOrchestration(killed, "x");
    await hub.ended(killed);
    await hub.client.restartOrchestration(killed);
    await hub.client.raiseOrchestrationEvent(killed, "end", "second life");
    expect(await hub.ended(killed)).toEqual(completed("second life"));
  });

  it("knows of no unknown instance", async () => {
    await expect(hub.client.restartOrchestration(newId())).rejects.toThrow(/was not found/);
    await expect(hub.client.restartOrchestration(newId(), true)).rejects.toThrow(/was not found/);
  });

  it("does not disturb a running or suspended instance, unless under another id", async () => {
    const id = await startWaiting();
    await expect(hub.client.restartOrchestration(id)).rejects.toThrow(/cannot be restarted/);
    await hub.client.suspendOrchestration(id);
    await expect.poll(() => hub.status(id)).toBe("SUSPENDED");
    await expect(hub.client.restartOrchestration(id)).rejects.toThrow(/cannot be restarted/);
    const other = await hub.client.restartOrchestration(id, true);
    await hub.client.raiseOrchestrationEvent(other, "end", "other");
    expect(await hub.ended(other)).toEqual(completed("other"));
    expect(await hub.status(id)).toBe("SUSPENDED");
    await hub.client.terminateOrchestration(id);
  });
});
