import { expect, it } from "vitest";
import type { EntityPage, EntityQuery } from "../../src/core/entity-client.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import type { EntityRow } from "../support/entity-row.ts";
import { writeEntity } from "../support/entity-row.ts";
import { at, newHubName, openHub, until } from "./azure-storage-fixture.ts";

/** A hub with entities that were last changed a second after each other. */
async function withEntities(entities: Readonly<Record<string, EntityRow>>) {
  const hub = openHub(newHubName());
  await hub.backend.start();
  const client = new TaskHubClient({ store: hub.store, clock: systemClock, random: systemRandom });
  for (const [index, [id, row]] of Object.entries(entities).entries()) await writeEntity(hub, id, row, at(index));
  // A page may be short or empty and have one after it.
  const ids = async (query: EntityQuery) => {
    const found: string[] = [];
    let continuationToken: string | undefined;
    do {
      const page: EntityPage = await client.entities.query({ ...query, continuationToken });
      found.push(...page.entities.map(({ id }) => id.toString()));
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    return found.sort();
  };
  return { hub, client, entities: client.entities, ids };
}

it("finds entities by name, key and time, whatever their keys hold", async () => {
  const large = JSON.stringify("x".repeat(80_000));
  const { client, entities, ids } = await withEntities({
    "@counter@": { state: "0" },
    "@counter@a/b#c?d": { state: "1" },
    "@counter@a@b": { state: large },
    "@counter@A": { state: "3" },
    "@counters@a": { state: "4" },
    "@counter@gone": {},
    "@counter@locked": { lockedBy: "order" },
  });

  expect(await ids({ name: "Counter" })).toEqual(["@counter@", "@counter@A", "@counter@a/b#c?d", "@counter@a@b"]);
  expect(await ids({ name: "counter", keyPrefix: "a" })).toEqual(["@counter@a/b#c?d", "@counter@a@b"]);
  expect(await ids({ name: "counter", keyPrefix: "a/b#" })).toEqual(["@counter@a/b#c?d"]);
  expect(await ids({ lastModifiedFrom: at(3), includeTransient: true })).toEqual([
    "@counter@A",
    "@counter@gone",
    "@counter@locked",
    "@counters@a",
  ]);
  expect(await ids({ lastModifiedTo: at(0), includeState: false })).toEqual(["@counter@"]);
  expect(await entities.get("@counter@a@b")).toMatchObject({ exists: true, state: large, lastModifiedTime: at(2) });
  expect(await entities.get("@counter@locked")).toMatchObject({ exists: false, lockedBy: "order" });
  expect((await client.queryInstances({})).instances).toEqual([]);
});

it("lists page by page, and cleans page by page", async () => {
  const { entities, ids } = await withEntities({
    "@counter@1": {},
    "@counter@2": { state: "2" },
    "@counter@3": {},
    "@lamp@1": { state: "4" },
  });
  expect(await ids({ pageSize: 1 })).toEqual(["@counter@2", "@lamp@1"]);

  expect((await entities.cleanStorage()).emptyEntitiesRemoved).toBe(2);
  expect(await ids({ includeTransient: true })).toEqual(["@counter@2", "@lamp@1"]);
  expect(await entities.purge("@counter@2")).toBe(1);
  expect(await entities.get("@counter@2")).toBeUndefined();
});

it("delivers a signal, and a scheduled one when it is due", async () => {
  const { hub, entities } = await withEntities({});
  const scheduledTime = new Date(systemClock.now() + 3000);

  await entities.signal({ name: "Counter", key: "k/1" }, { operation: "later", scheduledTime });
  await entities.signal({ name: "Counter", key: "k/2" }, { operation: "now" });

  const next = () => hub.backend.fetchEntityWorkItem(AbortSignal.timeout(20_000));
  expect((await next())?.instanceId).toBe("@counter@k/2");
  expect((await next())?.instanceId).toBe("@counter@k/1");
  expect(systemClock.now()).toBeGreaterThanOrEqual(scheduledTime.getTime() - 1000);
});

it("runs orchestrations though running entities have as many messages as may be held", async () => {
  // One partition, so that nothing comes by another way.
  const { backend, store } = openHub(newHubName(), { controlQueueBufferThreshold: 3, partitionCount: 1 });
  const running: (() => void)[] = [];
  const registry = new Registry();
  registry.addEntity({ name: "slow", entity: () => new Promise<void>((resolve) => void running.push(resolve)) });
  registry.addOrchestration({ name: "quick", orchestrator: async () => "done" });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ backend, store, executor, clock: systemClock, log: silentLog });
  await worker.start();
  const client = new TaskHubClient({ store, clock: systemClock, random: systemRandom });
  for (const key of ["a", "b", "c", "d", "e"]) {
    await client.entities.signal({ name: "slow", key }, { operation: "wait" });
  }
  await until(() => running.length === 5);

  const started = await Promise.all([1, 2, 3].map(() => client.startInstance({ name: "quick" })));
  const ended = await Promise.all(started.map((id) => waitUntilEnded(client, id)));
  for (const end of running) end();
  await worker.stop();

  expect(ended.map(({ output }) => output)).toEqual(['"done"', '"done"', '"done"']);
});
