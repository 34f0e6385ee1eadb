import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { createRequest } from "../../../src/entities/entity-message.ts";
import { at } from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { type EntityRow, writeEntity } from "../../support/entity-row.ts";

const minutes = (count: number) => count * 60_000;

function openHub() {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  return { clock, hub, client: new TaskHubClient({ store: hub, clock, random: systemRandom }) };
}

async function remaining(client: TaskHubClient): Promise<readonly string[]> {
  const { instances } = await client.queryInstances({ includeEntities: true });
  return instances.map(({ instanceId }) => instanceId);
}

const rows: readonly [string, EntityRow][] = [
  ["@counter@empty", {}],
  ["@counter@full", { state: "0" }],
  ["@counter@locked", { lockedBy: "order" }],
  ["@counter@waiting", { queue: [createRequest({ id: "1", operation: "add" })] }],
];

it("removes what is empty and has rested for the reorder window, and nothing else", async () => {
  const { clock, hub, client } = openHub();
  for (const [id, row] of rows) await writeEntity({ backend: hub, store: hub }, id, row, at(0));
  clock.advance(minutes(30));
  const clean = () => client.entities.cleanStorage({ releaseOrphanedLocks: false });

  const tooSoon = await clean();
  clock.advance(1);
  const done = await clean();

  expect(tooSoon.emptyEntitiesRemoved).toBe(0);
  expect(done).toEqual({ emptyEntitiesRemoved: 1, orphanedLocksReleased: 0, continuationToken: undefined });
  expect(await remaining(client)).toEqual(["@counter@full", "@counter@locked", "@counter@waiting"]);
});

it("removes sooner when it is told so, and only when it is asked to", async () => {
  const { clock, hub, client } = openHub();
  await writeEntity({ backend: hub, store: hub }, "@counter@empty", {}, at(0));
  clock.advance(1000);

  expect(
    (await client.entities.cleanStorage({ removeEmptyEntities: false, minEmptyMs: 10 })).emptyEntitiesRemoved,
  ).toBe(0);
  expect((await client.entities.cleanStorage({ minEmptyMs: 10 })).emptyEntitiesRemoved).toBe(1);
});

it("leaves an entity that came to life after its page was read", async () => {
  const { clock, hub, client } = openHub();
  await writeEntity({ backend: hub, store: hub }, "@counter@empty", {}, at(0));
  clock.advance(minutes(60));
  const query = hub.queryInstances.bind(hub);
  hub.queryInstances = async (asked) => {
    const page = await query(asked);
    await writeEntity({ backend: hub, store: hub }, "@counter@empty", { state: "1" }, new Date(clock.now()));
    return page;
  };

  expect((await client.entities.cleanStorage()).emptyEntitiesRemoved).toBe(0);
  expect(await client.entities.get("@counter@empty")).toMatchObject({ exists: true });
});

it("cleans all pages, or one at a time", async () => {
  const { clock, hub, client } = openHub();
  for (let index = 0; index < 150; index++)
    await writeEntity({ backend: hub, store: hub }, `@counter@${1000 + index}`, {}, at(0));
  clock.advance(minutes(60));

  const first = await client.entities.cleanStorage({ continueUntilComplete: false });
  const { continuationToken } = first;
  const rest = await client.entities.cleanStorage({ continuationToken });

  expect(first.emptyEntitiesRemoved).toBe(100);
  expect(continuationToken).toBeDefined();
  expect(rest).toEqual({ emptyEntitiesRemoved: 50, orphanedLocksReleased: 0, continuationToken: undefined });
});

async function releasesOf(hub: MemoryTaskHub, count: number) {
  const releases: unknown[] = [];
  for (let index = 0; index < count; index++) {
    const workItem = (await hub.fetchEntityWorkItem(new AbortController().signal))!;
    const { event, target } = workItem.messages[0]!.message;
    const { name, input } = event as { name: string; input: string };
    releases.push([target.instanceId, name, JSON.parse(input)]);
  }
  return releases.sort();
}

it("gives back the locks of orchestrations that have ended, and of those that are still missing a while later", async () => {
  const { clock, hub, client } = openHub();
  for (const owner of ["ended", "pending"]) {
    await client.startInstance({ name: "seq", instanceId: owner });
    const { executionId } = (await client.getInstance(owner))!;
    if (owner === "ended") await hub.terminatePending(owner, executionId!, undefined, at(0));
    else await hub.fetchOrchestrationWorkItem(new AbortController().signal);
  }
  for (const owner of ["ended", "pending", "missing", "late", "gone"]) {
    await writeEntity({ backend: hub, store: hub }, `@counter@${owner}`, { lockedBy: owner, state: "1" }, at(0));
  }

  const cleaning = client.entities.cleanStorage();
  const atOnce = await releasesOf(hub, 1);
  await client.startInstance({ name: "seq", instanceId: "late" });
  await hub.fetchOrchestrationWorkItem(new AbortController().signal);
  // Released meanwhile, by whoever held it.
  await writeEntity({ backend: hub, store: hub }, "@counter@gone", { state: "1" }, at(1));
  clock.advance(10_000);

  expect((await cleaning).orphanedLocksReleased).toBe(2);
  expect([...atOnce, ...(await releasesOf(hub, 1))]).toEqual([
    ["@counter@ended", "release", { parent: "ended", id: "fix-orphaned-lock" }],
    ["@counter@missing", "release", { parent: "missing", id: "fix-orphaned-lock" }],
  ]);
});
