import { expect, it } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { Backend } from "../../src/engine/backend.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import type { ActivityContext } from "../../src/worker/activity-context.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { decorateBackend } from "../support/entities/decorated-backend.ts";
import { newHubName, openHub } from "./azure-storage-fixture.ts";

const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const never = (signal: AbortSignal) =>
  new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));

/** Orchestrations run on one worker, activities on another one only; what became of each run of an activity, by its input. */
async function setUp(renewIntervalMs: number) {
  const taskHub = newHubName();
  const ended = new Map<string, string>();
  const runs: string[] = [];
  const registry = new Registry();
  registry.addActivity({
    name: "slow",
    activity: async (what: string, { signal }: ActivityContext) => {
      runs.push(what);
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      ended.set(what, isDurableError(signal.reason) ? signal.reason.code : String(signal.reason));
      signal.throwIfAborted();
    },
  });
  registry.addActivity({ name: "short", activity: (ms: number) => systemClock.sleep(ms) });
  registry.addOrchestration({
    name: "waits",
    *orchestrator(context, what: string) {
      yield context.callActivity("slow", what);
    },
  });
  registry.addOrchestration({
    name: "races",
    *orchestrator(context) {
      yield context.any([context.callActivity("slow", "race"), context.createTimer({ milliseconds: 500 })]);
      yield context.waitForExternalEvent("end");
    },
  });
  registry.addOrchestration({
    name: "fans out",
    *orchestrator(context, ms: number) {
      yield context.all(Array.from({ length: 10 }, () => context.callActivity("short", ms)));
    },
  });
  const start = async (others: Partial<Backend>) => {
    // One partition is not shared: orchestrations run where it is. On a busy machine that may come to be the other worker.
    const hub = openHub(taskHub, { renewIntervalMs, visibilityTimeoutMs: 5000, partitionCount: 1 });
    const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
    const backend = decorateBackend(hub.backend, others);
    const worker = new TaskHubWorker({ ...ports, backend, store: hub.store, executor, stopGraceMs: 0 });
    await worker.start();
    return { ...hub, worker };
  };
  const orchestrations = await start({ fetchActivityWorkItem: never });
  const activities = await start({});
  const client = new TaskHubClient({ store: orchestrations.store, ...ports });
  const [first, second] = [orchestrations.worker, activities.worker];
  const stop = async () => void (await Promise.all([first.stop(), second.stop()]));
  return { client, ended, runs, activities, store: orchestrations.store, [Symbol.asyncDispose]: stop };
}

it("an activity on another worker learns that nobody wants it any more, and why", async () => {
  await using hub = await setUp(300);
  const { client, ended, runs, store } = hub;
  const start = (name: string, input?: unknown) => client.startInstance({ name, input: JSON.stringify(input) });
  const terminated = await start("waits", "terminated");
  const purged = await start("waits", "purged");
  const racing = await start("races");
  await expect.poll(() => runs.toSorted()).toEqual(["purged", "race", "terminated"]);
  // Whoever has never seen a row does not take it for purged.
  await systemClock.sleep(1000);

  await client.terminate(terminated, "enough");
  await store.purgeInstance(purged);

  await expect
    .poll(() => Object.fromEntries(ended))
    .toEqual({ terminated: "InstanceNotActive", purged: "InstanceNotFound", race: "TaskCancelled" });
  await client.raiseEvent(racing, "end", undefined);
  await waitUntilEnded(client, racing);
  await systemClock.sleep(3000);
  expect(runs).toHaveLength(3);
});

it("short activities cost no read of their instance, and long ones one for each period of the lock", async () => {
  await using hub = await setUp(1000);
  const { client, activities } = hub;
  const reads = () => activities.requests.byKind.get("table.get") ?? 0;
  const run = async (ms: number) => {
    activities.requests.reset();
    await waitUntilEnded(client, await client.startInstance({ name: "fans out", input: String(ms) }));
    return reads();
  };
  await run(1);

  const short = await run(100);
  const long = await run(3500);

  expect(short).toBe(0);
  // Ten activities, of which one read tells all; a busy machine may need longer.
  expect(long).toBeGreaterThan(0);
  expect(long).toBeLessThan(20);
});
