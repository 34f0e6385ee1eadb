import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { describeFailure } from "../../src/core/failure-details.ts";
import { jsonDataConverter } from "../../src/core/payloads/data-converter.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import type { EntityContext } from "../../src/worker/entities/entity-context.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

/**
 * Payloads around every limit of the store, in every position, to the character: as they are read while everything runs,
 * and once more after host and store were ended and started again on what is on the disk.
 *
 * A slice of the sizes is in every run; all of them with `npm run test:payloads`, which takes minutes and some GB.
 */

const kib = 1024;
/** UTF-16 units of the text as it is stored, quotes included; 2 is the empty string. */
const edges = [2, 30_720, 30_721, 32_767, 32_768, 32_769, 47 * kib, 48 * kib, 49 * kib];
const messageEdges = [64 * kib - 1, 64 * kib, 64 * kib + 1];
const isAll = process.env["DURABLE_PAYLOADS"] === "all";
const large = isAll ? [1_000_000, 10_000_000, 100_000_000] : [1_000_000];
const sizes = isAll ? [...edges, ...messageEdges, ...large] : [2, 30_721, 48 * kib, 64 * kib + 1, ...large];
const kinds = ["plain", "wide", "quotes"] as const;
type Kind = (typeof kinds)[number];

const alphabets: Readonly<Record<Kind, string>> = {
  plain: "abcdefghij klmnop.",
  wide: "aß世\u{1f680}\u2028é\ufffe",
  quotes: '{"a":"b\\c"},\n\t\u0001',
};

/** What is large has at most so many bytes as JSON as it has units. */
const shares: Readonly<Record<Kind, number>> = { plain: 1, wide: 0.45, quotes: 0.55 };

/** Unlike itself everywhere. The JSON of `wide` and `plain` has just so many units; that of `quotes` is longer. */
function makeText(size: number, kind: Kind): string {
  const units = size < 1_000_000 ? size : Math.floor(size * shares[kind]);
  const parts: string[] = [];
  const block = alphabets[kind].repeat(40);
  for (let length = 0, index = 0; length < units; index++) {
    const part = `${block}${index}`;
    parts.push(part);
    length += part.length;
  }
  // A cut within a surrogate pair would leave what no UTF-8 can hold.
  return parts
    .join("")
    .slice(0, units - 2)
    .replace(/[\ud800-\udbff]$/, "~");
}

function digest(text: unknown): string {
  if (typeof text !== "string") return `not a text: ${typeof text}`;
  const hash = createHash("sha256");
  for (let start = 0; start < text.length; start += 1_000_000)
    hash.update(text.slice(start, start + 1_000_000), "utf16le");
  return `${text.length} ${hash.digest("hex")}`;
}

interface Spec {
  readonly units: number;
  readonly kind: Kind;
}

function createRegistry(): Registry {
  const registry = new Registry();
  registry.addActivity({ name: "make", activity: ({ units, kind }: Spec) => makeText(units, kind) });
  registry.addActivity({ name: "digest", activity: (text: string) => digest(text) });
  registry.addActivity({
    name: "fail",
    activity: ({ units, kind }: Spec) => {
      throw new Error(makeText(units, kind));
    },
  });
  registry.addOrchestration({
    name: "input",
    *orchestrator(_context, text: string) {
      return digest(text);
    },
  });
  registry.addOrchestration({
    name: "output",
    *orchestrator(_context, { units, kind }: Spec) {
      return makeText(units, kind);
    },
  });
  registry.addOrchestration({
    name: "activity",
    *orchestrator(context, spec: Spec) {
      const text = yield* context.callActivity<string>("make", spec);
      return yield* context.callActivity<string>("digest", text);
    },
  });
  registry.addOrchestration({
    name: "child",
    *orchestrator(context, { units, kind }: Spec) {
      const text = makeText(units, kind);
      const result = yield* context.callSubOrchestrator<string>("echo", text);
      return digest(result);
    },
  });
  registry.addOrchestration({
    name: "status",
    *orchestrator(context, text: string) {
      context.setCustomStatus(text);
    },
  });
  registry.addOrchestration({
    name: "echo",
    *orchestrator(_context, text: string) {
      return text;
    },
  });
  registry.addOrchestration({
    name: "event",
    *orchestrator(context) {
      return digest(yield* context.waitForExternalEvent<string>("go"));
    },
  });
  registry.addOrchestration({
    name: "failure",
    *orchestrator(context, spec: Spec) {
      yield* context.callActivity("fail", spec);
      return "";
    },
  });
  registry.addOrchestration({
    name: "again",
    *orchestrator(context, { round, text }: { round: number; text: string }) {
      if (round === 3) return digest(text);
      context.continueAsNew({ round: round + 1, text });
      return undefined;
    },
  });
  registry.addEntity({
    name: "keeper",
    entity(context: EntityContext<string>) {
      if (context.operationName === "keep") context.setState(context.getInput<string>());
      return digest(context.getState(() => ""));
    },
  });
  return registry;
}

let folder: string;
let azurite: Azurite;
let worker: TaskHubWorker;
let client: TaskHubClient;
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const taskHub = `Payloads${process.pid}`;

async function open(): Promise<void> {
  azurite = await startAzurite({ folder });
  const { backend, store } = createAzureStorageTaskHub({
    ...ports,
    connectionString: azurite.connectionString,
    taskHub,
    workerId: `worker-${systemRandom.guid()}`,
    partitionCount: 2,
    maxQueuePollingIntervalMs: 200,
    leaseRenewIntervalMs: 500,
    leaseIntervalMs: 5000,
    storeInputsInOrchestrationHistory: true,
  });
  const executor = new InProcessExecutor({ registries: [createRegistry()], clock: systemClock });
  worker = new TaskHubWorker({ ...ports, backend, store, executor });
  client = new TaskHubClient({ ...ports, store });
  await worker.start();
}

async function close(): Promise<void> {
  await worker.stop();
  await azurite.stop();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "durable-payloads-"));
  await open();
}, 60_000);

afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}, 60_000);

const json = (value: unknown) => jsonDataConverter.serialize(value, "it");
const text = (value: string | undefined) => jsonDataConverter.deserialize(value, "it");

/** A position: how a payload gets there, and where it is found afterwards. */
interface Position {
  readonly begin: (spec: Spec) => Promise<string>;
  readonly look: (instanceId: string) => Promise<readonly unknown[]>;
  /** What is found there. @defaultValue the text */
  readonly kept?: (text: string) => string;
}

const orchestration = (name: string, inputOf: (spec: Spec) => unknown = (spec) => spec) => {
  return async (spec: Spec) => await client.startInstance({ name, input: json(inputOf(spec)) });
};
const textOf = ({ units, kind }: Spec) => makeText(units, kind);
const stateOf = async (instanceId: string) => {
  for (;;) {
    const state = await client.getInstance(instanceId, { fetchInput: false });
    if (state?.completedTime !== undefined) return state;
    await systemClock.sleep(50);
  }
};
const eventsOf = async (instanceId: string) => (await client.getHistory(instanceId)) ?? [];
const find = async <T extends string>(instanceId: string, type: T) => {
  const events = await eventsOf(instanceId);
  return events.find((event) => event.type === type) as Record<string, unknown> | undefined;
};

const positions: Readonly<Record<string, Position>> = {
  input: {
    begin: orchestration("input", textOf),
    look: async (id) => [
      text((await client.getInstance(id))?.input),
      text((await find(id, "ExecutionStarted"))?.["input"] as string),
    ],
  },
  output: {
    begin: orchestration("output"),
    look: async (id) => [
      text((await client.getInstance(id))?.output),
      text((await find(id, "ExecutionCompleted"))?.["result"] as string),
    ],
  },
  "result and input of activities": {
    begin: orchestration("activity"),
    look: async (id) => {
      const scheduled = (await eventsOf(id)).filter(({ type }) => type === "TaskScheduled")[1] as { input?: string };
      const [input] = text(scheduled.input) as [string];
      return [text((await find(id, "TaskCompleted"))?.["result"] as string), input];
    },
  },
  "input and output of a child": {
    begin: orchestration("child"),
    look: async (id) => {
      const created = await find(id, "SubOrchestrationInstanceCreated");
      const child = await client.getInstance(created?.["instanceId"] as string);
      const answer = await find(id, "SubOrchestrationInstanceCompleted");
      return [created?.["input"], child?.input, child?.output, answer?.["result"]].map((value) =>
        text(value as string),
      );
    },
  },
  event: {
    begin: async (spec) => {
      const id = await client.startInstance({ name: "event" });
      await client.raiseEvent(id, "go", json(textOf(spec)));
      return id;
    },
    look: async (id) => [text((await find(id, "EventRaised"))?.["input"] as string)],
  },
  "continue-as-new": {
    begin: orchestration("again", (spec) => ({ round: 1, text: textOf(spec) })),
    look: async (id) => [(text((await client.getInstance(id))?.input) as { text: string }).text],
  },
  "text of an exception": {
    begin: orchestration("failure"),
    look: async (id) => {
      const failed = await find(id, "TaskFailed");
      const details = failed?.["failureDetails"] as { errorMessage: string };
      return [failed?.["reason"], details.errorMessage];
    },
    // A failure travels in every copy of its history: its text is cut where it was thrown, and nowhere again.
    kept: (text) => describeFailure(new Error(text)).errorMessage,
  },
  "reason of a termination": {
    begin: async (spec) => {
      const id = await client.startInstance({ name: "event" });
      await client.terminate(id, textOf(spec));
      return id;
    },
    look: async (id) => [(await client.getInstance(id))?.output ?? ""],
  },
  "state of an entity": {
    begin: async (spec) => {
      const entity = `@keeper@${spec.kind}-${spec.units}`;
      await client.entities.signal(entity, { operation: "keep", input: json(textOf(spec)) });
      while ((await client.entities.get(entity))?.exists !== true) await systemClock.sleep(50);
      return entity;
    },
    look: async (entity) => [text((await client.entities.get(entity))?.state)],
  },
};

const hasEnd = (instanceId: string) => !instanceId.startsWith("@");
interface Check {
  readonly id: string;
  readonly name: string;
  readonly expected: string;
  readonly look: () => Promise<readonly unknown[]>;
}
const checks: Check[] = [];

const cases = Object.keys(positions).flatMap((position) => kinds.map((kind) => ({ position, kind })));
it.each(cases)(
  "$position, $kind: every size comes back as it was",
  { timeout: 900_000 },
  async ({ position, kind }) => {
    const { begin, look, kept = (text) => text } = positions[position]!;
    for (const units of sizes) {
      const expected = digest(kept(makeText(units, kind)));
      const id = await begin({ units, kind });
      if (hasEnd(id)) {
        const { output } = await stateOf(id);
        // Whoever has taken it in says what it was.
        const says = output !== undefined && output.length < 200 && /^"\d+ [0-9a-f]{64}"$/.test(output);
        if (says) expect(output).toBe(`"${expected}"`);
      }
      const name = `${position}, ${kind}, ${units} units`;
      const found = async () => await look(id);
      expect({ name, found: (await found()).map(digest) }).toEqual({
        name,
        found: (await found()).map(() => expected),
      });
      checks.push({ id, name, expected, look: found });
    }
  },
);

/** What stands in a row has its own limits; more is refused, see the tests of the limits. */
const rowTexts = {
  "custom status": {
    units: 8192,
    begin: async (text: string) => await client.startInstance({ name: "status", input: json(text) }),
    look: async (id: string) => text((await client.getInstance(id))?.customStatus),
  },
  tags: {
    units: 32_768 - '{"a":}'.length,
    begin: async (text: string) => await client.startInstance({ name: "status", input: json("x"), tags: { a: text } }),
    look: async (id: string) => (await client.getInstance(id))?.tags?.["a"],
  },
};

it.each(["plain", "wide"] as const)("%s: a custom status and tags as long as they may be", async (kind) => {
  for (const [name, { units, begin, look }] of Object.entries(rowTexts)) {
    // Of what JSON escapes a row holds less.
    const content = makeText(units, kind).replaceAll("\u2028", "~");
    const id = await begin(content);
    expect((await stateOf(id)).runtimeStatus).toBe("Completed");
    const found = async () => [await look(id)];
    const expected = digest(content);
    expect({ name, found: (await found()).map(digest) }).toEqual({ name, found: [expected] });
    checks.push({ id, name, expected, look: found });
  }
});

it("all of it is there after host and store have started again", { timeout: 900_000 }, async () => {
  await close();
  await open();
  expect(checks).toHaveLength(cases.length * sizes.length + 2 * Object.keys(rowTexts).length);
  for (const { name, expected, look } of checks) {
    const found = (await look()).map(digest);
    expect({ name, found }).toEqual({ name, found: found.map(() => expected) });
  }
});

it("a purge leaves no blob of any of it", { timeout: 300_000 }, async () => {
  const instances = await client.queryInstances({ pageSize: 1000, fetchInput: false, fetchOutput: false });
  expect(instances.instances.length).toBeGreaterThan(100);
  for (const { instanceId } of instances.instances) await client.purge(instanceId);
  for (const { id } of checks) if (!hasEnd(id)) await client.entities.purge(id);
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const container = service.getContainerClient(`${taskHub.toLowerCase()}-largemessages`);
  const names = async () => {
    const found: string[] = [];
    for await (const { name } of container.listBlobsFlat()) found.push(name);
    return found;
  };
  await expect.poll(names).toEqual([]);
});
