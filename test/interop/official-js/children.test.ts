import { whenAll } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { collect, completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();
const echo = hub.activity((_ctx, input) => input);

const self = hub.orchestrator(async function* (ctx, input) {
  yield ctx.callActivity(echo);
  return { id: ctx.instanceId, parent: ctx.parent ?? null, input, version: ctx.version };
});

const withChild = hub.orchestrator(async function* (ctx, options) {
  return yield ctx.callSubOrchestrator(self, "for the child", options);
});

describe("children", () => {
  it("are told of their parent", async () => {
    const instanceId = newId();
    const { output } = await hub.run(withChild, undefined, { instanceId });
    expect(output).toEqual({
      id: expect.any(String),
      parent: { name: withChild, instanceId, taskScheduledId: 1 },
      input: "for the child",
      version: "",
    });
  });

  it("have no parent when a client starts them", async () => {
    const instanceId = newId();
    expect(await hub.run(self, 1, { instanceId })).toEqual(
      completed({ id: instanceId, parent: null, input: 1, version: "" }),
    );
  });

  it("have the id that is asked for", async () => {
    const instanceId = newId("child");
    expect(await hub.run(withChild, { instanceId })).toMatchObject({ output: { id: instanceId } });
    expect(await hub.client.getOrchestrationState(instanceId)).toMatchObject({
      name: self,
      serializedInput: '"for the child"',
    });
  });

  it("have the version that is asked for", async () => {
    expect(await hub.run(withChild, { version: "2.1" })).toMatchObject({ output: { version: "2.1" } });
  });

  it("have the tags that are asked for", async () => {
    const instanceId = newId("child");
    await hub.run(withChild, { instanceId, tags: { color: "red", empty: "" } });
    expect((await hub.client.getOrchestrationState(instanceId))?.tags).toEqual({ color: "red", empty: "" });
  });

  const manyChildren = hub.orchestrator(async function* (ctx, count: number) {
    const children = Array.from({ length: count }, (_, i) => ctx.callSubOrchestrator(self, i));
    const results: { id: string; input: number }[] = yield whenAll(children);
    return { inputs: results.map(({ input }) => input), ids: new Set(results.map(({ id }) => id)).size };
  });
  it("run side by side under ids of their own", async () => {
    expect(await hub.run(manyChildren, 5)).toEqual(completed({ inputs: [0, 1, 2, 3, 4], ids: 5 }));
  });

  const nest: string = hub.orchestrator(async function* (ctx, depth: number) {
    if (depth === 0) return [ctx.instanceId];
    const below: string[] = yield ctx.callSubOrchestrator(nest, depth - 1);
    return [ctx.instanceId, ...below];
  });
  it("nest under ids that stay short", async () => {
    const { output } = await hub.run(nest, 5);
    const ids = output as string[];
    expect(new Set(ids).size).toBe(6);
    expect(Math.max(...ids.map((id) => id.length))).toBeLessThanOrEqual(100);
  });

  const again = hub.orchestrator(async function* (ctx, ids: string[]) {
    const { id } = yield ctx.callSubOrchestrator(self);
    if (ids.length < 2) ctx.continueAsNew([...ids, id], false);
    return [...ids, id];
  });
  it("have other ids in each generation of their parent", async () => {
    const { output } = await hub.run(again, []);
    expect(new Set(output as string[]).size).toBe(3);
  });

  const sameIdTwice = hub.orchestrator(async function* (ctx, instanceId: string) {
    const first = yield ctx.callSubOrchestrator(self, 1, { instanceId });
    const second = yield ctx.callSubOrchestrator(self, 2, { instanceId });
    return [first.input, second.input];
  });
  it("may take the id of one that has ended", async () => {
    expect(await hub.run(sameIdTwice, newId("child"))).toEqual(completed([1, 2]));
  });
});

describe("tags and versions", () => {
  it("are kept of an orchestration that a client starts", async () => {
    const instanceId = newId();
    await hub.run(self, undefined, { instanceId, tags: { team: "blue", "": "no name", größe: "😀" } });
    const state = await hub.client.getOrchestrationState(instanceId);
    expect(state?.tags).toEqual({ team: "blue", "": "no name", größe: "😀" });
  });

  it("come with the pages of a query", async () => {
    const instanceId = newId("tagged");
    await hub.run(self, undefined, { instanceId, tags: { team: "blue" } });
    const [state] = await collect(hub.client.getAllInstances({ instanceIdPrefix: instanceId }));
    expect(state?.tags).toEqual({ team: "blue" });
  });

  it("tell the orchestrator its version", async () => {
    expect(await hub.run(self, undefined, { version: "1.2.3" })).toMatchObject({ output: { version: "1.2.3" } });
  });

  const activityTags = hub.orchestrator(async function* (ctx) {
    return yield ctx.callActivity(echo, "x", { tags: { a: "b" }, version: "7" });
  });
  it("stay in the history of an activity", async () => {
    const instanceId = newId();
    expect(await hub.run(activityTags, undefined, { instanceId })).toEqual(completed("x"));
    const history = await hub.client.getOrchestrationHistory(instanceId);
    expect(history.find((event) => event.type === "TaskScheduled")).toMatchObject({ version: "7", tags: { a: "b" } });
  });
});
