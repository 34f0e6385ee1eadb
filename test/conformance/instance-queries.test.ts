import { expect, it } from "vitest";
import type { StorageRequest } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { matchesConditions } from "../../src/core/instance-conditions.ts";
import { mapConcurrently } from "../../src/core/map-concurrently.ts";
import type { InstanceConditions, OrchestrationState } from "../../src/core/orchestration-state.ts";
import { orchestrationStatuses } from "../../src/core/orchestration-status.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { createManagementApi } from "../../src/http/management-api.ts";
import { at, executionStarted } from "../../src/testing/history-builder.ts";
import { forSeeds, SeededRandom } from "../support/seeded-random.ts";
import { newHubName, openHub } from "./azure-storage-fixture.ts";

/** What filters, URLs and keys stumble over. */
const pieces = [
  "a",
  "b",
  "'",
  "''",
  '"',
  "%",
  "%27",
  "+",
  "&",
  "=",
  " ",
  "^",
  "^0",
  "(",
  ")",
  " or ",
  " eq ",
  "datetime'",
]
  .concat([
    "/",
    "\\",
    "#",
    "?",
    "\u00e9",
    "e\u0301",
    "\u0130",
    "ß",
    "🌍",
    "\u{10ffff}",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\u200b",
  ])
  .concat(["$", "@", "`", "{", "<", ";", ":", "-", "_", ".", "\u2028", "\n", "\u0001", "\u007f", "\u0085"]);

function textOf(random: SeededRandom): string {
  return Array.from({ length: 1 + random.below(4) }, () => pieces[random.below(pieces.length)]!).join("");
}

async function populate({ store }: ReturnType<typeof openHub>, random: SeededRandom): Promise<OrchestrationState[]> {
  const ids = new Set<string>();
  while (ids.size < 40) ids.add(textOf(random).replace(/^@/, "a"));
  for (const [index, instanceId] of [...ids].entries()) {
    const executionId = `e${index}`;
    const started = executionStarted(textOf(random), { instanceId, executionId });
    const tags = random.chance(0.3) ? { [textOf(random)]: textOf(random) } : undefined;
    await store.createInstance({ event: { ...started, timestamp: at(random.below(20)), tags }, replaces: undefined });
    if (random.chance(0.5)) await store.terminatePending(instanceId, executionId, undefined, at(20 + random.below(20)));
  }
  const all: OrchestrationState[] = [];
  for (const instanceId of ids) all.push((await store.getInstance(instanceId))!);
  return all;
}

function conditionsOf(random: SeededRandom, all: readonly OrchestrationState[]): InstanceConditions {
  const some = all[random.below(all.length)]!;
  const time = () => (random.chance(0.2) ? at(random.below(40)) : undefined);
  return {
    name: random.chance(0.3) ? (random.chance(0.7) ? some.name : textOf(random)) : undefined,
    instanceIdPrefix: random.chance(0.4)
      ? Array.from(some.instanceId)
          .slice(0, 1 + random.below(3))
          .join("")
      : undefined,
    tags: random.chance(0.1) ? some.tags : undefined,
    runtimeStatus: random.chance(0.3) ? orchestrationStatuses.filter(() => random.chance(0.5)) : undefined,
    createdTimeFrom: time(),
    createdTimeTo: time(),
    lastUpdatedTimeFrom: time(),
    lastUpdatedTimeTo: time(),
    completedTimeFrom: time(),
    completedTimeTo: time(),
    includeEntities: random.chance(0.5),
  };
}

it("whatever is asked for is found, and nothing else, in pages of any size", { timeout: 120_000 }, async () => {
  await forSeeds(1, async (seed) => {
    const random = new SeededRandom(seed);
    const hub = openHub(newHubName());
    const client = new TaskHubClient({ store: hub.store, clock: systemClock, random: systemRandom });
    const all = await populate(hub, random);
    for (let round = 0; round < 120; round++) {
      const conditions = conditionsOf(random, all);
      const expected = all.filter((state) => matchesConditions(state, conditions)).map(({ instanceId }) => instanceId);
      const found: string[] = [];
      let continuationToken: string | undefined;
      do {
        const page = await client.queryInstances({ ...conditions, pageSize: 1 + random.below(30), continuationToken });
        found.push(...page.instances.map(({ instanceId }) => instanceId));
        continuationToken = page.continuationToken;
      } while (continuationToken !== undefined);

      expect({ conditions, found: found.toSorted() }).toEqual({ conditions, found: expected.toSorted() });
      expect(await client.countInstances(conditions)).toBe(expected.length);
    }
  });
});

it("a token that was made up costs no request", async () => {
  const requests: string[] = [];
  const { store } = openHub(newHubName(), {
    decorateTransport: (transport) => (request, context) => {
      requests.push(request.kind);
      return transport(request, context);
    },
  });
  const nested = (content: unknown) => Buffer.from(JSON.stringify(content)).toString("base64");
  for (const content of [
    null,
    7,
    {},
    [],
    { nextPartitionKey: null },
    { nextPartitionKey: 7 },
    { nextPartitionKey: {} },
  ]) {
    const continuationToken = Buffer.from(nested(content)).toString("base64url");
    await expect(store.queryInstances({ continuationToken })).rejects.toMatchObject({ code: "InvalidOption" });
  }
  expect(requests).toEqual([]);
});

it("a page of large payloads is as large as one of them, and a list without them reads no blob", async () => {
  const requests: StorageRequest[] = [];
  const { store } = openHub(newHubName(), {
    decorateTransport: (transport) => (request, context) => {
      requests.push(request);
      return transport(request, context);
    },
  });
  const input = JSON.stringify("x".repeat(3_000_000));
  for (let index = 0; index < 8; index++) {
    const started = executionStarted("large", { instanceId: `large-${index}`, executionId: "e" });
    await store.createInstance({ event: { ...started, input }, replaces: undefined });
  }
  requests.length = 0;

  const page = await store.queryInstances({ pageSize: 100 });
  // Two fit into 8 MiB; the third was read in vain.
  expect(page.instances).toHaveLength(2);
  // A busy storage may be asked twice for the same blob.
  const read = new Set(requests.map((request) => (request.kind === "blob.get" ? request.blob : undefined)));
  read.delete(undefined);
  expect([...read]).toHaveLength(3);
  requests.length = 0;
  const bare = await store.queryInstances({ pageSize: 100, fetchInput: false });
  expect(bare.instances).toHaveLength(8);
  expect(requests.filter(({ kind }) => kind.startsWith("blob."))).toEqual([]);
});

it("what lies in blobs is named where it was not asked for, and read in bounded numbers where it was", async () => {
  const requests: StorageRequest[] = [];
  const { store } = openHub(newHubName(), {
    decorateTransport: (transport) => (request, context) => {
      requests.push(request);
      return transport(request, context);
    },
  });
  const client = new TaskHubClient({ store, clock: systemClock, random: systemRandom });
  const api = createManagementApi({ client, basePath: "/", taskHub: store.taskHub, connectionName: "Storage" });
  const large = JSON.stringify("x".repeat(40_000));
  const count = 110;
  const create = async (index: number) => {
    const instanceId = `large-${String(index).padStart(3, "0")}`;
    const started = executionStarted("large", { instanceId, executionId: "e" });
    const input = index === 0 ? '"small"' : large;
    await store.createInstance({ event: { ...started, input }, replaces: undefined });
  };
  await mapConcurrently(
    Array.from({ length: count }, (_, index) => index),
    16,
    create,
  );
  const blobsRead = () =>
    new Set(requests.flatMap((request) => (request.kind.startsWith("blob.") && "blob" in request ? request.blob : [])));
  const ask = async (query: string, token?: string | null) => {
    requests.length = 0;
    const headers: Record<string, string> = token ? { "x-ms-continuation-token": token } : {};
    const answer = await api(new Request(`http://localhost/instances?${query}`, { headers }));
    const statuses = (await answer.json()) as { input: unknown; notLoaded?: string[] }[];
    return { statuses, status: answer.status, next: answer.headers.get("x-ms-continuation-token"), blobs: blobsRead() };
  };

  const light = await ask("top=1000");
  expect([light.statuses.length, light.next, light.blobs.size]).toEqual([count, null, 0]);
  expect(light.statuses[0]).toMatchObject({ input: "small" });
  expect(light.statuses[0]).not.toHaveProperty("notLoaded");
  expect(light.statuses.slice(1).every(({ input, notLoaded }) => input === null && notLoaded?.join() === "input")).toBe(
    true,
  );
  const without = await ask("top=1000&showInput=false");
  expect([without.statuses.length, without.blobs.size]).toEqual([count, 0]);
  expect(without.statuses.some((status) => "notLoaded" in status)).toBe(false);

  const first = await ask("top=1000&showInput=true");
  expect([first.statuses.length, first.blobs.size]).toEqual([101, 100]);
  const second = await ask("top=1000&showInput=true", first.next);
  expect([second.statuses.length, second.next]).toEqual([count - 101, null]);
  const inputs = [...first.statuses, ...second.statuses].map(({ input }) => JSON.stringify(input).length);
  expect(new Set(inputs)).toEqual(new Set([7, 40_002]));

  requests.length = 0;
  const { instances } = await client.queryInstances({ fetchInput: "inline", fetchOutput: "inline", pageSize: 1000 });
  expect([instances.length, blobsRead().size]).toEqual([count, 0]);
});
