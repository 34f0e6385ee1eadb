import { afterAll, beforeAll, expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";

/**
 * A worker dies at each storage write of a small workload, just before it or just after it was done, and another takes
 * over. Death is simulated at the storage seam: from then on nothing the dead worker asks for reaches the storage.
 */
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const hubsAtOnce = 8;

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

interface Death {
  readonly step: number;
  readonly when: "before" | "after";
}

/** The writes of the checkpoint protocol; creating the hub and renewing leases are not among them. */
function isProtocolWrite(request: StorageRequest): boolean {
  if (request.kind === "table.batch") return request.table.endsWith("History");
  if (request.kind === "table.update") return request.table.endsWith("Instances");
  return ["queue.send", "queue.deleteMessage", "table.upsert"].includes(request.kind);
}

/** Counts the writes of a worker, and lets it die at one of them. */
class MortalTransport {
  steps = 0;
  isDead = false;
  readonly #death: Death | undefined;

  constructor(death: Death | undefined) {
    this.#death = death;
  }

  decorate(transport: StorageTransport): StorageTransport {
    return async (request, context) => {
      if (this.isDead) return dead(request);
      const isFatal = isProtocolWrite(request) && ++this.steps === this.#death?.step;
      if (!isFatal) return transport(request, context);
      if (this.#death?.when === "after") await transport(request, context);
      this.isDead = true;
      return dead(request);
    };
  }
}

function dead(request: StorageRequest): never {
  throw new Error(`the worker is dead and asks for ${request.kind}`);
}

function createRegistry(ledger: string[], mortal: MortalTransport): Registry {
  const registry = new Registry();
  registry.addActivity({
    name: "hello",
    activity: (name: string) => {
      // The code of a dead process does nothing any more.
      if (!mortal.isDead) ledger.push(name);
      return `Hello ${name}!`;
    },
  });
  registry.addOrchestration({
    name: "child",
    *orchestrator(ctx, name: string) {
      return yield* ctx.callActivity("hello", name);
    },
  });
  registry.addOrchestration({
    name: "parent",
    *orchestrator(ctx) {
      const first: unknown = yield ctx.callActivity("hello", "first");
      const second: unknown = yield ctx.callSubOrchestrator("child", "second");
      yield ctx.createTimer({ milliseconds: 100 });
      const third: unknown = yield ctx.callActivity("hello", "third");
      return [first, second, third];
    },
  });
  return registry;
}

function openWorker(taskHub: string, workerId: string, transport: MortalTransport, ledger: string[]) {
  const { backend, store } = createAzureStorageTaskHub({
    ...ports,
    connectionString: azurite.connectionString,
    taskHub,
    workerId,
    maxQueuePollingIntervalMs: 100,
    visibilityTimeoutMs: 4000,
    storageTimeoutMs: 1000,
    leaseRenewIntervalMs: 500,
    isDeadWorker: (id) => id !== workerId,
    decorateTransport: (next) => transport.decorate(next),
  });
  const executor = new InProcessExecutor({ registries: [createRegistry(ledger, transport)] });
  const worker = new TaskHubWorker({ ...ports, backend, store, executor, stopGraceMs: 0 });
  return { worker, store };
}

interface Run {
  readonly output: string | undefined;
  readonly steps: number;
  readonly died: boolean;
  readonly activityRuns: readonly string[];
}

let hubs = 0;

async function run(death: Death | undefined): Promise<Run> {
  const taskHub = `Crash${++hubs}`;
  const ledger: string[] = [];
  const mortal = new MortalTransport(death);
  const first = openWorker(taskHub, "first", mortal, ledger);
  const second = openWorker(taskHub, "second", new MortalTransport(undefined), ledger);
  const client = new TaskHubClient({ store: second.store, ...ports });
  await first.worker.start();
  const instanceId = await client.startInstance({ name: "parent" });

  const ended = waitUntilEnded(client, instanceId);
  while (death !== undefined && !mortal.isDead && !(await isSettled(ended))) await systemClock.sleep(20);
  if (death !== undefined) await second.worker.start();
  const { output } = await ended;

  // The last delete of the fault-free run may come after the row.
  await systemClock.sleep(200);
  await Promise.all([first.worker.stop(), second.worker.stop()]);
  return { output, steps: mortal.steps, died: mortal.isDead, activityRuns: ledger };
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), systemClock.sleep(1).then(() => false)]);
}

it("ends with the right output wherever the worker dies", { timeout: 400_000 }, async () => {
  const oracle = await run(undefined);
  const deaths = Array.from({ length: oracle.steps }, (_, index) => index + 1).flatMap((step): Death[] => [
    { step, when: "before" },
    { step, when: "after" },
  ]);

  const failures: string[] = [];
  const pending = [...deaths];
  const drain = async (): Promise<void> => {
    for (let death = pending.shift(); death !== undefined; death = pending.shift()) {
      const result = await run(death).catch((error: Error) => error.message);
      const problem = typeof result === "string" ? result : describeProblem(result, oracle);
      if (problem !== undefined) failures.push(`death ${death.when} write ${death.step}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: hubsAtOnce }, drain));

  expect(oracle.output).toBe('["Hello first!","Hello second!","Hello third!"]');
  expect(oracle.activityRuns).toEqual(["first", "second", "third"]);
  expect(deaths.length).toBeGreaterThan(40);
  expect(failures).toEqual([]);
});

function describeProblem(result: Run, oracle: Run): string | undefined {
  if (!result.died) return "the worker never got there";
  if (result.output !== oracle.output) return `output ${result.output}`;
  // One death can hit a checkpoint, whose request is sent again, and the run of that request, which is delivered again.
  const repeats = result.activityRuns.length - new Set(result.activityRuns).size;
  return repeats > 2 ? `activities ran ${result.activityRuns.join(", ")}` : undefined;
}
