import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DurableClient } from "../../src/functions/durable-client.ts";
import {
  type DurableTaskClient,
  type DurableTaskWorker,
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  isDurableError,
  isTaskFailedError,
  type OrchestrationContext,
  type OrchestrationRun,
  type ReuseOptions,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
} from "../../src/portable/index.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { type RunningSidecar, startSidecar } from "../support/sidecar.ts";

// Runs, starts under an id that is taken, and lists, by the clients of every place.

let azurite: Azurite;
let sidecar: RunningSidecar;
beforeAll(async () => {
  azurite = await startAzurite();
  sidecar = await startSidecar();
});
afterAll(async () => {
  await sidecar[Symbol.asyncDispose]();
  await azurite.stop();
});

/** How often the work of an instance was begun. */
const begun = new Map<string, number>();
function begin(_ctx: unknown, key: string): number {
  const count = (begun.get(key) ?? 0) + 1;
  begun.set(key, count);
  return count;
}
function* work(ctx: OrchestrationContext, value: string): Generator<unknown, string, never> {
  yield ctx.callActivity(begin, ctx.instanceId);
  return `done ${value}`;
}
async function waiting(ctx: OrchestrationContext): Promise<string> {
  return await ctx.waitForExternalEvent<string>("Go");
}
async function failing(): Promise<number> {
  throw new RangeError("boom");
}
async function eternal(ctx: OrchestrationContext, left: number): Promise<string> {
  if (left > 0) ctx.continueAsNew(left - 1);
  return `after ${left}`;
}

interface Place {
  readonly worker: DurableTaskWorker;
  /** Of several processes, as it were. */
  readonly clients: readonly Client[];
  close(): Promise<void>;
}
type Client = Pick<DurableTaskClient, keyof DurableTaskClient & keyof DurableClient>;

const log = () => {};
const newHub = () => `Runs${randomUUID().replaceAll("-", "").slice(0, 8)}`;

async function embedded(storage: string): Promise<Place> {
  const taskHub = newHub();
  const portable = [new EmbeddedTaskHubClient({ storage, taskHub }), new EmbeddedTaskHubClient({ storage, taskHub })];
  const connected = await DurableClient.connect({ storage, taskHub });
  const clients = [...portable, connected as unknown as Client];
  const close = async () => {
    for (const client of [...portable, connected]) await client.close();
  };
  return { worker: new EmbeddedTaskHubWorker({ storage, taskHub, log }), clients, close };
}

async function overGrpc(): Promise<Place> {
  const clients = [new TaskHubGrpcClient(sidecar.address), new TaskHubGrpcClient(sidecar.address)];
  const close = async () => {
    for (const client of clients) await client.close();
  };
  return { worker: new TaskHubGrpcWorker(sidecar.address, { log }), clients, close };
}

const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "no error",
    (error: unknown) => (isDurableError(error) ? error.code : String(error)),
  );

describe.each<[string, () => Promise<Place>]>([
  ["memory", () => embedded("memory")],
  ["Azurite", () => embedded(azurite.connectionString)],
  ["a sidecar", overGrpc],
])("on %s", (name, open) => {
  let place: Place;
  let client: Client;
  const idOf = (what: string) => `${name.replace(" ", "-")}-${what}`;

  beforeAll(async () => {
    place = await open();
    for (const orchestration of [work, waiting, eternal]) place.worker.addOrchestration(orchestration);
    place.worker.addOrchestration(failing);
    place.worker.addActivity(begin);
    await place.worker.start();
    client = place.clients.at(-1)!;
  });
  afterAll(async () => {
    await place.close();
    await place.worker.stop();
  });

  it("a run is waited for and spoken to, from its start to its purge", async () => {
    const run: OrchestrationRun<string> = await client.start<string>("waiting", undefined, { instanceId: idOf("run") });
    expect([run.id, run.isNew]).toEqual([idOf("run"), true]);
    await run.waitForStart({ timeout: "30s" });
    expect(await codeOf(run.result({ timeout: 50 }))).toBe("TaskTimeout");
    expect(await codeOf(run.result({ timeout: 50, pollInterval: 7 }))).toBe("TaskTimeout");
    await run.suspend("a break");
    await expect.poll(async () => (await run.status()).runtimeStatus).toBe("Suspended");
    await run.resume();
    const attached = place.clients[0]!.run<string>(run.id);
    await attached.raiseEvent("Go", "went");

    expect(await run.result({ pollInterval: 5 })).toBe("went");
    expect(await attached.result()).toBe("went");
    expect((await run.history()).map(({ type }) => type)).toEqual(
      expect.arrayContaining(["ExecutionStarted", "EventRaised", "ExecutionCompleted"]),
    );
    const again = await run.restart();
    await again.terminate("enough");
    expect(await codeOf(again.result())).toBe("InstanceTerminated");
    expect(await run.purge()).toBe(1);
    expect(await codeOf(run.result())).toBe("InstanceNotFound");
    expect(await codeOf(client.run("nobody").raiseEvent("Go"))).toBe("InstanceNotFound");
    await client.run("nobody").raiseEvent("Go", 1, { ifMissing: "ignore" });
    expect(await (await client.start<string>("eternal", 3)).result()).toBe("after 0");
    const failed = await client.start("failing");
    expect(isTaskFailedError(await failed.result().catch((error: unknown) => error), "RangeError")).toBe(true);
  });

  it("of twenty that ask for one id at a time one starts it", async () => {
    const instanceId = idOf("crowd");
    const runs = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        place.clients[index % place.clients.length]!.startOrGet<string>("work", `${index}`, { instanceId }),
      ),
    );
    const results = await Promise.all(runs.map((run) => run.result({ timeout: "60s" })));

    const starters = runs.filter(({ isNew }) => isNew);
    expect(starters).toHaveLength(1);
    expect(new Set(results)).toEqual(new Set([`done ${runs.indexOf(starters[0]!)}`]));
    expect(begun.get(instanceId)).toBe(1);
  });

  it("of eight that replace an instance at a time one does", async () => {
    const instanceId = idOf("replaced");
    await (await client.start("work", "old", { instanceId })).result();
    const starts = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        codeOf(place.clients[index % place.clients.length]!.start("work", `${index}`, { instanceId })),
      ),
    );

    expect(starts.toSorted().slice(0, -1)).toEqual(Array.from({ length: 7 }, () => "InstanceAlreadyExists"));
    expect(await client.run(instanceId).result()).toBe(`done ${starts.indexOf("no error")}`);
    expect(begun.get(instanceId)).toBe(2);
  });

  const target = { Completed: "work", Failed: "failing" } as const;
  it.each(["Completed", "Failed", "Terminated", "Running", "Suspended", "Pending"] as const)(
    "a %s instance is refused, left or replaced, as the policy says",
    async (status) => {
      const instanceId = idOf(`policy-${status}`);
      const isLater = status === "Pending";
      const old = await client.start(target[status as "Failed"] ?? "waiting", "old", {
        instanceId,
        ...(isLater && { startAt: new Date(Date.now() + 3_600_000) }),
      });
      if (!isLater) await old.waitForStart();
      if (status === "Terminated") await old.terminate("enough");
      if (status === "Suspended") await old.suspend();
      await expect.poll(async () => (await old.status()).runtimeStatus, { timeout: 30_000 }).toBe(status);
      const start = (reuse: ReuseOptions) => client.start("work", "new", { instanceId, ...reuse });

      expect(await codeOf(start({ reusableStatuses: [] }))).toBe("InstanceAlreadyExists");
      expect(await codeOf(start({ reusePolicy: { replaceableStatuses: ["Canceled"] } }))).toBe("InstanceAlreadyExists");
      expect((await old.status()).runtimeStatus).toBe(status);
      const got = await client.startOrGet<string>((await old.status()).name, "new", { instanceId });
      expect(got.isNew).toBe(false);
      const run = await start({ reusePolicy: { replaceableStatuses: [], action: "terminate" } });
      expect(await run.result({ timeout: "60s" })).toBe("done new");
      expect(begun.get(instanceId)).toBe(status === "Completed" ? 2 : 1);
    },
  );

  it("instances are listed over pages, by what is asked for, and counted", async () => {
    const prefix = idOf("list-");
    const ids = Array.from({ length: 13 }, (_, index) => `${prefix}${index}`);
    const runs = await Promise.all(
      ids.map((instanceId, index) =>
        client.start(index < 9 ? "work" : "waiting", "x", { instanceId, tags: { half: index % 2 ? "odd" : "even" } }),
      ),
    );
    await Promise.all(runs.slice(0, 9).map((run) => run.result({ timeout: "60s" })));
    await Promise.all(runs.slice(9).map((run) => run.waitForStart()));
    const find = async (filter: Parameters<Client["getAllInstances"]>[0]) => {
      const found = client.getAllInstances({ instanceIdPrefix: prefix, pageSize: 4, ...filter });
      const foundIds: string[] = [];
      for await (const { instanceId } of found) foundIds.push(instanceId);
      expect(await client.countInstances({ instanceIdPrefix: prefix, ...filter })).toBe(foundIds.length);
      return foundIds.toSorted();
    };
    const only = (keep: (index: number) => boolean) => ids.filter((_, index) => keep(index)).toSorted();
    const [first] = await client.getAllInstances({ instanceIdPrefix: ids[12]! }).toArray();

    expect(await find({})).toEqual(ids.toSorted());
    expect(await find({ name: "waiting" })).toEqual(only((index) => index >= 9));
    expect(await find({ runtimeStatus: ["Completed"] })).toEqual(only((index) => index < 9));
    expect(await find({ tags: { half: "odd" } })).toEqual(only((index) => index % 2 === 1));
    expect(await find({ createdFrom: new Date(Date.now() + 3_600_000) })).toEqual([]);
    expect(await find({ completedTimeFrom: new Date(0), name: "work" })).toEqual(only((index) => index < 9));
    expect(await find({ createdTimeTo: first!.createdAt, instanceIdPrefix: ids[12]! })).toEqual([ids[12]]);
    const seen: string[] = [];
    let token: string | undefined;
    let pages = 0;
    do {
      for await (const page of client.getAllInstances({ instanceIdPrefix: prefix, pageSize: 4 }).byPage(token)) {
        seen.push(...page.items.map(({ instanceId }) => instanceId));
        token = page.continuationToken;
        break;
      }
      pages++;
    } while (token !== undefined);
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect(pages).toBeGreaterThan(3);
    const ended = await client.listInstanceIds({ runtimeStatus: ["Completed"], pageSize: 7 }).toArray();
    expect(ended.filter((id) => id.startsWith(prefix))).toHaveLength(9);
  });
});
