import { randomUUID } from "node:crypto";
import { expect, type it } from "vitest";
import type { DotnetSdk, SdkEntity } from "./dotnet-sdk.ts";
import { status } from "./orchestration-cases.ts";
import { eventually } from "./sdk-under-test.ts";

/**
 * Entities of the .NET worker, whichever way it writes what it asks of them.
 * @param sdk its worker has been started
 */
export function entityCases(sdk: () => DotnetSdk, test: typeof it.concurrent): void {
  const state = async (id: string): Promise<unknown> => (await sdk().entity(id))?.state;
  const expectState = (id: string, value: unknown) => eventually(() => state(id), value);

  test("the client signals an entity, and reads its state", async () => {
    const id = newCounter();
    expect(await sdk().entity(id)).toBeUndefined();
    for (let i = 1; i <= 4; i++) await sdk().signal(id, "Add", i);
    await expectState(id, 10);
    await sdk().signal(id, "add", 1);
    await expectState(id, 11);
    expect(await sdk().entity(id)).toMatchObject({ id, backlogQueueSize: 0 });
    await sdk().signal(id, "delete");
    await expectState(id, undefined);
    await sdk().signal(id, "Add", 2);
    await expectState(id, 2);
  });

  test("a signal of a later time is not delivered early", async () => {
    const id = newCounter();
    await sdk().signal(id, "Add", 5, new Date(Date.now() + 1500).toISOString());
    await sdk().signal(id, "Set", 1);
    await expectState(id, 1);
    await expectState(id, 6);
  });

  test("an orchestration calls and signals an entity, in its order", async () => {
    const entityId = newCounter();
    expect(await sdk().output("CallEntity", { entityId, name: "Add", input: 5 })).toBe(5);
    expect(await sdk().output("SignalThenCall", { entityId })).toBe(12);
    expect(await sdk().output("CallEntity", { entityId, name: "Get" })).toBe(12);
    await sdk().output("CallEntity", { entityId, name: "Set", input: 0 });
    await expectState(entityId, 0);
  });

  test("many calls at the same time are each done once", async () => {
    const entityId = newCounter();
    const calls = Array.from({ length: 20 }, () => sdk().output("CallEntity", { entityId, name: "Add", input: 1 }));
    const results = (await Promise.all(calls)) as number[];
    expect(results.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test("a failed operation is undone, and its failure told to the caller", async () => {
    const entityId = newCounter();
    await sdk().output("CallEntity", { entityId, name: "Add", input: 5 });
    expect(await sdk().output("CatchEntity", { entityId, name: "ChangeAndFail", input: "on purpose" })).toEqual({
      type: "System.InvalidOperationException",
      message: "on purpose",
    });
    expect(await sdk().output("CatchEntity", { entityId, name: "NoSuchOperation" })).toMatchObject({
      type: "System.NotSupportedException",
    });
    expect(await sdk().run("CallEntity", { entityId, name: "ChangeAndFail", input: "x" })).toMatchObject({
      status: "Failed",
      failure: { type: "Microsoft.DurableTask.Entities.EntityOperationFailedException" },
    });
    expect(await state(entityId)).toBe(5);
    expect(await sdk().entity("@counter@never")).toBeUndefined();
    expect(await sdk().output("CatchEntity", { entityId: "@nosuchentity@x", name: "Get" })).toMatchObject({
      type: "EntityTaskNotFound",
    });
  });

  test("an entity signals another one, and starts an orchestration", async () => {
    const id = newCounter();
    const other = newCounter();
    await sdk().signal(id, "Add", 7);
    await sdk().signal(id, "Forward", other.split("@")[2]);
    await expectState(other, 7);
    const instanceId = `started-${randomUUID()}`;
    expect(await sdk().output("CallEntity", { entityId: id, name: "StartWith", input: instanceId })).toBe(instanceId);
    await eventually(() => status(sdk(), instanceId), "Completed");
    expect(await sdk().get(instanceId)).toMatchObject({ name: "CallEcho", output: 7 });
  });

  test("what is locked waits for nobody else, and is free again afterwards", async () => {
    const [from, to] = [newCounter(), newCounter()];
    await sdk().signal(from, "Add", 100);
    await expectState(from, 100);
    const instanceId = await sdk().start("Transfer", { from, to, amount: 30, hold: true });
    await eventually(async () => (await sdk().entity(from))?.lockedBy, instanceId);
    await sdk().signal(from, "Add", 1000);
    const rival = await sdk().start("Transfer", { from: to, to: from, amount: 10 });
    expect(await state(from)).toBe(100);
    await sdk().raise(instanceId, "Go");
    expect((await sdk().end(instanceId)).output).toEqual([100, 30]);
    expect((await sdk().end(rival)).output).toEqual([30, expect.any(Number)]);
    await expectState(from, 1080);
    await expectState(to, 20);
    await eventually(async () => (await sdk().entity(from))?.lockedBy, undefined);
  });

  test("entities are queried by prefix, page by page, and the empty ones cleaned away", async () => {
    const key = randomUUID();
    const ids = [1, 2, 3].map((i) => `@counter@${key}-${i}`);
    for (const id of ids) await sdk().signal(id, "Add", 1);
    for (const id of ids) await expectState(id, 1);
    const query = async (filter: object): Promise<readonly (readonly SdkEntity[])[]> =>
      sdk().ask("queryEntities", { prefix: `@counter@${key}`, ...filter });
    const pages = await query({ pageSize: 2 });
    expect(idsOf(pages)).toEqual(ids);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(2);
    expect(pages.flat()[0]?.state).toBe(1);
    await sdk().signal(ids[0]!, "delete");
    await expectState(ids[0]!, undefined);
    expect(idsOf(await query({}))).toEqual(ids.slice(1));
    // Empty entities are kept for a while, since what comes late is still compared with what they have received.
    expect(await sdk().ask("cleanEntities")).toMatchObject({ emptyEntitiesRemoved: 0 });
    expect(idsOf(await query({}))).toEqual(ids.slice(1));
  });
}

function newCounter(): string {
  return `@counter@${randomUUID()}`;
}

function idsOf(pages: readonly (readonly SdkEntity[])[]): readonly string[] {
  return pages
    .flat()
    .map((entity) => entity.id)
    .sort();
}
