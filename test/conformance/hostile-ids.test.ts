import { describe, expect, it } from "vitest";
import { isBlobFolder } from "../../src/backends/azure-storage/tracking/large-payloads.ts";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { escapedLength, maxEscapedLength } from "../../src/core/entity-id.ts";
import { isDurableError } from "../../src/core/errors.ts";
import { mapConcurrently } from "../../src/core/map-concurrently.ts";
import type { OrchestrationClient } from "../../src/core/orchestration-client.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { Backend, TaskHubStore } from "../../src/engine/backend.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { DurableClient } from "../../src/functions/durable-client.ts";
import { createFunctionAppManagement } from "../../src/hosting/function-app-management.ts";
import { createManagementApi, type ManagementApi } from "../../src/http/management-api.ts";
import { publicOriginBy } from "../../src/management/management-links.ts";
import { createStartChecks } from "../../src/management/start-checks.ts";
import { executionStarted } from "../../src/testing/history-builder.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { hostileIds } from "../support/hostile-ids.ts";
import { serveThroughSidecar } from "../support/served-hub.ts";
import { newHubName, openHub } from "./azure-storage-fixture.ts";

/**
 * What is done to the instance of one id is seen at no other, whichever door it is done at; and each id is read, or refused
 * with a reason.
 *
 * `DURABLE_IDS=all` (`npm run test:ids`) tries all ids in storage too, of which else one in sixteen is.
 */
const isWhole = process.env["DURABLE_IDS"] === "all";

/** What no store could have: no text, or longer than a key may be. */
const isPossible = (id: string) => id !== "" && id.isWellFormed() && escapedLength(id) <= maxEscapedLength;
const isEntity = (id: string) => id.startsWith("@");
const possible = hostileIds.filter(isPossible);
const impossible = hostileIds.filter((id) => !isPossible(id));
/** Of those that orchestrations have. */
const runnable = possible.filter((id) => !isEntity(id));

type Verdict = "done" | "refused" | "unknown";

/** One way to instances. */
interface Door {
  readonly name: string;
  /** Whether an id can be said there at all. */
  reaches(id: string): boolean;
  /** The id and the input that are shown; or what came in their place. */
  status(id: string): Promise<readonly [id: unknown, input: unknown] | Verdict>;
  start(id: string, name?: string): Promise<Verdict>;
  raise(id: string, data: string, event?: string): Promise<Verdict>;
  terminate(id: string, reason: string): Promise<Verdict>;
  purge(id: string): Promise<Verdict>;
}

const refusals = new Set(["InvalidInstanceId", "InvalidOption", "OrchestratorNotRegistered"]);

async function verdictOf(call: Promise<unknown>): Promise<Verdict> {
  try {
    const answer = await call;
    return answer === 0 ? "unknown" : "done";
  } catch (error) {
    if (isDurableError(error) && refusals.has(error.code)) return "refused";
    if (isDurableError(error, "InstanceNotFound") || isDurableError(error, "InstanceNotActive")) return "unknown";
    throw error;
  }
}

function clientDoor(name: string, client: OrchestrationClient): Door {
  return {
    name,
    reaches: () => true,
    async status(id) {
      try {
        const state = await client.getInstance(id);
        return state === undefined ? "unknown" : [state.instanceId, JSON.parse(state.input!)];
      } catch (error) {
        if (isDurableError(error) && refusals.has(error.code)) return "refused";
        throw error;
      }
    },
    start: (instanceId, orchestration = "collects") =>
      verdictOf(client.startInstance({ name: orchestration, instanceId, input: JSON.stringify(instanceId) })),
    raise: (id, data, event = "go") => verdictOf(client.raiseEvent(id, event, JSON.stringify(data))),
    terminate: (id, reason) => verdictOf(client.terminate(id, reason)),
    purge: (id) => verdictOf(client.purge(id)),
  };
}

function durableDoor(client: DurableClient): Door {
  return {
    name: "DurableClient",
    reaches: () => true,
    async status(id) {
      try {
        const state = await client.getStatus(id, { showInput: true });
        return [state.instanceId, state.input];
      } catch (error) {
        return await verdictOf(Promise.reject(error));
      }
    },
    start: (instanceId, name = "collects") => verdictOf(client.startNew(name, { instanceId, input: instanceId })),
    raise: (id, data, event = "go") => verdictOf(client.raiseEvent(id, event, data)),
    terminate: (id, reason) => verdictOf(client.terminate(id, reason)),
    purge: (id) => verdictOf(client.purgeInstanceHistory(id).then(({ instancesDeleted }) => instancesDeleted)),
  };
}

function httpDoor(name: string, base: string, api: ManagementApi): Door {
  const send = (method: string, path: string, body?: unknown) =>
    api(
      new Request(`http://localhost${base}/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      }),
    );
  const judge = async (sent: Promise<Response>): Promise<Verdict> => {
    const { status } = await sent;
    if (status < 300) return "done";
    if (status === 400) return "refused";
    if (status === 404 || status === 410) return "unknown";
    throw new Error(`answered ${status}`);
  };
  const path = encodeURIComponent;
  return {
    name,
    // Of these no URL leads anywhere.
    reaches: (id) => id.isWellFormed() && id !== "" && id !== "." && id !== "..",
    async status(id) {
      const response = await send("GET", `instances/${path(id)}`);
      if (response.status > 202) return judge(Promise.resolve(response));
      const state = (await response.json()) as { readonly instanceId: unknown; readonly input: unknown };
      return [state.instanceId, state.input];
    },
    start: (id, orchestration = "collects") =>
      judge(send("POST", `orchestrators/${path(orchestration)}/${path(id)}`, id)),
    raise: (id, data, event = "go") => judge(send("POST", `instances/${path(id)}/raiseEvent/${path(event)}`, data)),
    terminate: (id, reason) => judge(send("POST", `instances/${path(id)}/terminate?reason=${path(reason)}`)),
    purge: (id) => judge(send("DELETE", `instances/${path(id)}`)),
  };
}

const registry = new Registry();
registry.addOrchestration({
  name: "collects",
  orchestrator: function* (context) {
    const seen: unknown[] = [];
    for (;;) {
      seen.push(yield context.waitForExternalEvent("go"));
      context.setCustomStatus(seen);
    }
  },
});

interface Hub {
  readonly backend: Backend;
  readonly store: TaskHubStore;
}

/** All doors to a hub, and a worker that runs what is started there. */
async function openDoors(hub: Hub) {
  const inside = new TaskHubClient({ store: hub.store, clock: systemClock, random: systemRandom });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const served = await serveThroughSidecar(hub, executor);
  const publicOrigin = publicOriginBy({ trustForwardedHeaders: false });
  const startChecks = createStartChecks(() => [registry]);
  const common = { client: inside, connectionName: "Storage", publicOrigin, startChecks, clock: systemClock };
  const basePath = "/runtime/webhooks/durabletask";
  const functionApp = createFunctionAppManagement({
    ...common,
    functions: { route: "durabletask", authLevel: "function", linkRoute: "durabletask-links" },
    routePrefix: "api",
    allowed: { hosts: [], origins: [] },
    signer: undefined,
    health: () => {
      throw new Error("nobody asks");
    },
    limits: { maxBodyBytes: undefined, maxJsonDepth: 1000 },
    log: silentLog,
  });
  const doors: readonly Door[] = [
    clientDoor("client", inside),
    httpDoor("HTTP", basePath, createManagementApi({ ...common, basePath, taskHub: inside.taskHub })),
    clientDoor("gRPC", served.client),
    httpDoor("HTTP in a Function App", "/api/durabletask", functionApp.handleManagement),
    durableDoor(
      new DurableClient({
        client: inside,
        managementBaseUrl: `http://localhost${basePath}`,
        connectionName: "Storage",
        startChecks,
      }),
    ),
  ];
  return { inside, doors, stop: () => served.stop() };
}

/** Past the checks of clients: other programs give such ids. */
async function create({ store }: Hub, instanceId: string): Promise<void> {
  const executionId = systemRandom.guid().replaceAll("-", "");
  const started = executionStarted("collects", { instanceId, executionId });
  const event = { ...started, timestamp: new Date(), input: inputOf(instanceId) };
  await store.createInstance({ event, replaces: undefined });
}

/** Each third lies in blobs, in the folder of its id, which may be that of another; those of which none may be are refused large payloads. */
function inputOf(id: string): string {
  const isLarge = hostileIds.indexOf(id) % 3 === 0 && isBlobFolder(id);
  return JSON.stringify(`${id}${isLarge ? "x".repeat(70_000) : ""}`);
}

async function shownOf(client: OrchestrationClient): Promise<ReadonlyMap<string, unknown>> {
  const shown = new Map<string, unknown>();
  let continuationToken: string | undefined;
  do {
    const page = await client.queryInstances({ pageSize: 1000, continuationToken, fetchInput: false });
    for (const { instanceId, runtimeStatus, output, customStatus } of page.instances) {
      shown.set(instanceId, [runtimeStatus, output, customStatus]);
    }
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return shown;
}

/**
 * Acts on each id in turn, and looks at each before it is its turn. An effect of an earlier one would be seen there; one on
 * an earlier one would be seen when they are done in the other order.
 *
 * @param firstDoor of the first id; the next id has the next door
 */
async function isolate(hub: Hub, ids: readonly string[], firstDoor: number): Promise<void> {
  const { inside, doors, stop } = await openDoors(hub);
  const doorOf = (id: string) => {
    const start = firstDoor + ids.indexOf(id);
    return [0, 1, 2, 3, 4].map((step) => doors[(start + step) % doors.length]!).find((door) => door.reaches(id))!;
  };
  const expected = (status: string, output: (id: string) => string | undefined) =>
    new Map(ids.map((id) => [id, [status, output(id), JSON.stringify([id])]]));
  try {
    await mapConcurrently(ids, 8, (id) => create(hub, id));
    await mapConcurrently(ids, 8, async (id) => {
      for (const door of doors.filter((each) => each.reaches(id))) {
        expect([door.name, await door.status(id)]).toEqual([door.name, [id, JSON.parse(inputOf(id))]]);
      }
      expect([id, await doorOf(id).raise(id, id)]).toEqual([id, "done"]);
    });
    await expect.poll(() => shownOf(inside), { timeout: 300_000 }).toEqual(expected("Running", () => undefined));

    for (const id of ids) expect([id, await doorOf(id).terminate(id, `end of ${id}`)]).toEqual([id, "done"]);
    await expect
      .poll(() => shownOf(inside), { timeout: 300_000 })
      .toEqual(expected("Terminated", (id) => `end of ${id}`));

    const left = expected("Terminated", (id) => `end of ${id}`);
    for (const [index, id] of ids.entries()) {
      expect(await inside.getInstance(id)).toMatchObject({
        instanceId: id,
        input: inputOf(id),
        output: `end of ${id}`,
      });
      const begun = (await inside.getHistory(id))?.find(({ type }) => type === "ExecutionStarted");
      expect(begun).toMatchObject({ orchestrationInstance: { instanceId: id }, input: inputOf(id) });
      expect([id, await doorOf(id).purge(id)]).toEqual([id, "done"]);
      left.delete(id);
      expect(await inside.getInstance(id)).toBeUndefined();
      if (index % 20 === 0) expect(await shownOf(inside)).toEqual(left);
    }
    expect(await shownOf(inside)).toEqual(new Map());
  } finally {
    await stop();
  }
}

const openMemory = (): Hub => {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return { backend: hub, store: hub };
};
const openStorage = (): Hub => openHub(newHubName());
/**
 * Messages for ids with noncharacters are put aside: storage cannot keep them all. With U+2028 and U+2029 the emulator
 * does not read the keys of a batch that deletes, which the service does.
 */
const storable = runnable.filter((id) => !/[\ufffe\uffff\u2028\u2029]/.test(id));
const someIds = isWhole ? storable : storable.filter((_, index) => index % 16 === 0);

describe("ids", () => {
  it("are 500 and more, and each is there once", () => {
    expect(runnable.length).toBeGreaterThan(500);
    expect(new Set(hostileIds).size).toBe(hostileIds.length);
  });

  it.each([
    ["in their order", runnable],
    ["the other way round", runnable.toReversed()],
  ])(
    "in memory: events, terminations, looks and purges meet one of all, %s",
    async (order, ids) => {
      for (const door of isWhole ? [0, 1, 2, 3, 4] : [order.length % 5]) await isolate(openMemory(), ids, door);
    },
    600_000,
  );

  it.each([
    ["in their order", someIds],
    ["the other way round", someIds.toReversed()],
  ])(
    "in storage: the same, %s",
    async (order, ids) => {
      await isolate(openStorage(), ids, order.length % 5);
    },
    1_800_000,
  );

  it("are given or refused alike at every door, `.` and `..` never", async () => {
    const verdicts = new Map<string, Map<string, Verdict>>();
    for (let index = 0; index < 5; index++) {
      const { inside, doors, stop } = await openDoors(openMemory());
      const door = doors[index]!;
      const given = new Set<string>();
      for (const id of hostileIds.filter((each) => door.reaches(each))) {
        const verdict = await door.start(id);
        if (verdict === "done") given.add(id);
        const others = verdicts.get(id) ?? new Map<string, Verdict>();
        verdicts.set(id, others.set(door.name, verdict));
      }
      expect(new Set((await shownOf(inside)).keys())).toEqual(given);
      await stop();
    }
    for (const [id, byDoor] of verdicts) expect([id, new Set(byDoor.values()).size]).toEqual([id, 1]);
    for (const id of [".", "..", "", "@a@b", "a/b", "\ud800", "a\0", "l".repeat(257)]) {
      expect([id, new Set(verdicts.get(id)?.values())]).toEqual([id, new Set(["refused"])]);
    }
    expect(verdicts.get("l".repeat(256))?.get("HTTP")).toBe("done");
  }, 300_000);

  it.each([
    ["memory", openMemory],
    ["storage", openStorage],
  ])(
    "that cannot be, or are of entities, change nothing and break nothing in %s",
    async (_, open) => {
      const hub = open();
      const { inside, doors, stop } = await openDoors(hub);
      const entities = ["@a@b", "@a@B", "@A@b", "@", "@@"];
      for (const id of entities) await create(hub, id);
      const before = await shownOf(inside);
      for (const door of doors) {
        for (const id of [...impossible, ...entities, "nobody", "/".repeat(256)].filter((each) => door.reaches(each))) {
          const read = await door.status(id);
          if (entities.includes(id)) expect(read).toEqual([id, JSON.parse(inputOf(id))]);
          else expect(["refused", "unknown"]).toContain(read);
          for (const act of [door.raise(id, "x"), door.terminate(id, "x"), door.purge(id)]) {
            expect([door.name, id, ["refused", "unknown"].includes(await act)]).toEqual([door.name, id, true]);
          }
        }
      }
      expect(await shownOf(inside)).toEqual(before);
      await stop();
    },
    300_000,
  );
});
