import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MessageEncoding } from "../../src/backends/azure-storage/codec/message-data.ts";
import { buildDotnet } from "./dotnet-program.ts";
import { readsDataContract } from "./parts.ts";
import { runScenarios, type Scenario, scenarios } from "./scenarios.ts";
import { type SharedHub, SharedStorage } from "./shared-hub.ts";
import type { Side, Status, TheirOptions } from "./sides.ts";
import { Stage } from "./stage.ts";

// This is the library itself: DurableTask.AzureStorage with DurableTask.Core, driven by `dotnet-library`.
const program = await buildDotnet("dotnet-library");
const path = "path" in program ? program.path : undefined;
const because = "missing" in program ? ` (skipped: ${program.missing})` : "";

interface Pairing {
  readonly client: "ours" | "theirs";
  readonly ours: MessageEncoding;
  readonly theirs: TheirOptions;
}

/** Each worker runs what the other's client starts; encodings and settings of .NET are spread over the pairings. */
const pairings: readonly Pairing[] = [
  { client: "theirs", ours: "base64", theirs: { encoding: "utf8" } },
  { client: "ours", ours: "base64", theirs: { encoding: "utf8" } },
  { client: "theirs", ours: "utf8", theirs: { encoding: "base64", ...(readsDataContract && { dataContract: true }) } },
  { client: "ours", ours: "utf8", theirs: { encoding: "base64", extendedSessions: true, instanceEtag: true } },
  { client: "ours", ours: "utf8", theirs: { encoding: "utf8", serializeExceptions: true } },
];
const lanes = 5;
const pairingsAtOnce = 2;
const timeout = 240_000;

interface Run {
  readonly hub: SharedHub;
  readonly client: Side;
  readonly worker: Side;
  readonly outcomes: ReadonlyMap<string, Promise<void>>;
}

const runs = new Map<Pairing, Promise<Run>>();
let storage: SharedStorage;

describe.skipIf(path === undefined)(`a task hub that is shared with DurableTask.AzureStorage${because}`, () => {
  beforeAll(async () => {
    storage = await SharedStorage.start(path!);
    // Most of it is waiting: two pairings are at it at a time, and their tests await what comes of it.
    for (const [index, pairing] of pairings.entries()) {
      const run = begin(pairing, pairings[index - pairingsAtOnce]);
      run.catch(() => undefined);
      runs.set(pairing, run);
    }
  });

  afterAll(() => storage.stop());

  describe.each(pairings.map((pairing) => ({ pairing, title: titleOf(pairing) })))("$title", ({ pairing }) => {
    it.each(scenariosOf(pairing))("$name", { timeout }, async ({ name }) => {
      await (await runs.get(pairing)!).outcomes.get(name);
    });

    it("all instances and their histories are the same to both clients", { timeout }, async () => {
      const { client, worker, outcomes } = await runs.get(pairing)!;
      await Promise.allSettled(outcomes.values());
      const [seen, others] = await Promise.all([client.list(""), worker.list("")]);

      expect(seen.length).toBeGreaterThanOrEqual(scenariosOf(pairing).length);
      expect(byId(others)).toEqual(byId(seen));
      for (const { instanceId } of seen) {
        const history = await client.history(instanceId);
        expect(history.length, instanceId).toBeGreaterThan(2);
        expect(await worker.history(instanceId), instanceId).toEqual(history);
      }
    });

    it("nothing is left once the client has purged what the other's worker has written", { timeout }, async () => {
      const { hub, client, worker, outcomes } = await runs.get(pairing)!;
      await Promise.allSettled(outcomes.values());
      for (const { instanceId } of await client.list("")) {
        expect(await client.purge(instanceId), instanceId).toBe(1);
      }
      await worker.stopWorker();
      const { rows, histories, blobs } = await hub.stored.read();

      expect([...rows.keys(), ...histories.keys(), ...blobs]).toEqual([]);
    });
  });
});

async function begin(pairing: Pairing, before: Pairing | undefined): Promise<Run> {
  if (before !== undefined) await Promise.allSettled((await runs.get(before)!).outcomes.values());
  const hub = storage.open(pairing.ours, pairing.theirs);
  const client = hub[pairing.client];
  const worker = pairing.client === "ours" ? hub.theirs : hub.ours;
  await worker.startWorker();
  // Flags are of all hubs, and named by the instance.
  const stageFor = ({ name, instanceId = `${name.replace(/\W+/g, "-")}-${pairings.indexOf(pairing)}` }: Scenario) =>
    new Stage({ hub: hub.stored, client, other: worker, instanceId, flags: storage.flags });
  return { hub, client, worker, outcomes: runScenarios(stageFor, scenariosOf(pairing), lanes) };
}

function scenariosOf({ client }: Pairing): readonly Scenario[] {
  return client === "ours" ? scenarios.filter(({ isRefusedByUs }) => isRefusedByUs !== true) : scenarios;
}

function titleOf({ client, ours, theirs: { encoding, ...settings } }: Pairing): string {
  const roles = client === "ours" ? "our client, their worker" : "their client, our worker";
  return `${roles} (ours ${ours}, theirs ${[encoding, ...Object.keys(settings)].join(", ")})`;
}

function byId(statuses: readonly Status[]): readonly Partial<Status>[] {
  return statuses
    .map(({ instanceId, executionId, name, version, runtimeStatus, input, output, customStatus, ...rest }) => {
      const { createdTime, generation, tags, parentInstanceId } = rest;
      const payloads = { input, output, customStatus };
      const header = { instanceId, executionId, name, version, runtimeStatus, parentInstanceId };
      return { ...header, ...payloads, createdTime, generation, tags };
    })
    .sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
}
