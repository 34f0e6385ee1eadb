import { whenAll } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();
const mended = new Set<string>();
const runs = new Map<string, number>();
const count = (key: string) => runs.set(key, (runs.get(key) ?? 0) + 1);

/** Works once it is mended. */
const fragile = hub.activity((_ctx, key: string) => {
  count(key);
  if (!mended.has(key)) throw new Error(`${key} is broken`);
  return `${key} works`;
});
const sound = hub.activity((_ctx, key: string) => {
  count(`sound ${key}`);
  return key;
});
const simple = hub.orchestrator(async function* (ctx, key: string) {
  const first = yield ctx.callActivity(sound, key);
  return [first, yield ctx.callActivity(fragile, key)];
});
const parent = hub.orchestrator(async function* (ctx, { key, child }: { key: string; child: string }) {
  yield ctx.callActivity(sound, key);
  return ["parent", yield ctx.callSubOrchestrator(simple, key, { instanceId: child })];
});
const grandparent = hub.orchestrator(async function* (ctx, { key, child }: { key: string; child: string }) {
  return ["grandparent", yield ctx.callSubOrchestrator(parent, { key, child })];
});
const waiting = hub.orchestrator(async function* (ctx) {
  return yield ctx.waitForExternalEvent("end");
});

describe("rewind", () => {
  it("goes on where an instance failed", async () => {
    const key = newId("key");
    const id = await hub.start(simple, key);
    expect(await hub.ended(id)).toMatchObject({ status: "FAILED" });
    mended.add(key);
    await hub.client.rewindInstance(id, "it is mended");
    expect(await hub.ended(id)).toEqual(completed([key, `${key} works`]));
    expect([runs.get(`sound ${key}`), runs.get(key)]).toEqual([1, 2]);
  });

  it("needs no reason", async () => {
    const key = newId("key");
    const id = await hub.start(simple, key);
    await hub.ended(id);
    mended.add(key);
    await hub.client.rewindInstance(id, "");
    expect((await hub.ended(id)).status).toBe("COMPLETED");
  });

  it("leaves no failure in the history", async () => {
    const key = newId("key");
    const id = await hub.start(simple, key);
    await hub.ended(id);
    mended.add(key);
    await hub.client.rewindInstance(id, "because");
    expect((await hub.ended(id)).status).toBe("COMPLETED");
    const history = await hub.client.getOrchestrationHistory(id);
    const types = history.map(({ type }) => type as string);
    expect(types.filter((type) => type === "TaskFailed")).toEqual([]);
    expect(types.filter((type) => type === "ExecutionCompleted")).toHaveLength(1);
    expect(JSON.stringify(history)).toContain("because");
  });

  const failsItself = hub.orchestrator(async function* (ctx, key: string) {
    yield ctx.callActivity(sound, key);
    if (!mended.has(key)) throw new Error("not yet");
    return "done";
  });
  it("runs again what failed of itself", async () => {
    const key = newId("key");
    const id = await hub.start(failsItself, key);
    expect(await hub.ended(id)).toMatchObject({ status: "FAILED" });
    mended.add(key);
    await hub.client.rewindInstance(id, "mended");
    expect(await hub.ended(id)).toEqual(completed("done"));
    expect(runs.get(`sound ${key}`)).toBe(1);
  });

  it("may be repeated", async () => {
    const key = newId("key");
    const id = await hub.start(simple, key);
    await hub.ended(id);
    await hub.client.rewindInstance(id, "too early");
    expect((await hub.ended(id)).status).toBe("FAILED");
    expect(runs.get(key)).toBe(2);
    mended.add(key);
    await hub.client.rewindInstance(id, "now");
    expect((await hub.ended(id)).status).toBe("COMPLETED");
    expect(runs.get(`sound ${key}`)).toBe(1);
  });

  it("reaches the children that failed", async () => {
    const key = newId("key");
    const id = await hub.start(grandparent, { key, child: newId("child") });
    expect(await hub.ended(id)).toMatchObject({ status: "FAILED" });
    mended.add(key);
    await hub.client.rewindInstance(id, "mended");
    expect(await hub.ended(id)).toEqual(completed(["grandparent", ["parent", [key, `${key} works`]]]));
    expect(runs.get(`sound ${key}`)).toBe(2);
  });

  it("makes a child again that was purged", async () => {
    const key = newId("key");
    const child = newId("child");
    const id = await hub.start(parent, { key, child });
    expect(await hub.ended(id)).toMatchObject({ status: "FAILED" });
    await hub.client.purgeOrchestration(child);
    mended.add(key);
    await hub.client.rewindInstance(id, "mended");
    expect(await hub.ended(id)).toEqual(completed(["parent", [key, `${key} works`]]));
    expect(await hub.status(child)).toBe("COMPLETED");
  });

  const wide = hub.orchestrator(async function* (ctx, keys: string[]) {
    return yield whenAll(keys.map((key) => ctx.callActivity(fragile, key)));
  });
  it("repeats only what failed of many", async () => {
    const keys = [newId("key"), newId("key"), newId("key"), newId("key")];
    mended.add(keys[0]!);
    mended.add(keys[2]!);
    const id = await hub.start(wide, keys);
    expect(await hub.ended(id)).toMatchObject({ status: "FAILED" });
    for (const key of keys) mended.add(key);
    await hub.client.rewindInstance(id, "mended");
    expect((await hub.ended(id)).output).toEqual(keys.map((key) => `${key} works`));
    expect(keys.map((key) => runs.get(key))).toEqual([1, 2, 1, 2]);
  });

  it("knows of no unknown instance", async () => {
    await expect(hub.client.rewindInstance(newId(), "x")).rejects.toThrow(/was not found/);
  });

  it("is only for what failed", async () => {
    const key = newId("key");
    mended.add(key);
    const ended = await hub.start(simple, key);
    await hub.ended(ended);
    await expect(hub.client.rewindInstance(ended, "x")).rejects.toThrow();
    const running = await hub.start(waiting);
    await hub.running(running);
    await expect(hub.client.rewindInstance(running, "x")).rejects.toThrow();
    await hub.client.terminateOrchestration(running);
    await hub.ended(running);
    await expect(hub.client.rewindInstance(running, "x")).rejects.toThrow();
    expect([await hub.status(ended), await hub.status(running)]).toEqual(["COMPLETED", "TERMINATED"]);
  });
});
