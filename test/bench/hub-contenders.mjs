/**
 * Task hubs in memory behind one face, so that the same workloads run on each:
 *
 *   start(name, input) → id    started(id)    ended(id) → output as JSON    raise(id, event)    purge(id)    stop()
 *
 * Nobody polls for an end: each is told by the backend itself, which is the cheapest way for both.
 */
import { createRequire } from "node:module";
import { registerDurableTask, silenceDurableTask } from "./durabletask.mjs";
import { createRegistry, loadEngine, portsOf } from "./engine.mjs";

const ended = new Set(["Completed", "Failed", "Terminated"]);

/** Calls `onCheckpoint` after each work item. The promise is the hub's own, so the engine does not wait any longer. */
function observe(Hub) {
  return class extends Hub {
    onCheckpoint = () => {};

    completeOrchestrationWorkItem(checkpoint) {
      const completed = super.completeOrchestrationWorkItem(checkpoint);
      void completed.then(
        () => this.onCheckpoint(checkpoint.workItem.instanceId),
        () => {},
      );
      return completed;
    }
  };
}

/** @param slots orchestrations and activities at once; absent for the defaults, 100 and 20 */
export async function openOurs({ dist, slots, onStep }) {
  const engine = await loadEngine(dist);
  const ports = portsOf(engine);
  const hub = new (observe(engine.MemoryTaskHub))({ clock: ports.clock });
  const waiting = new Map();
  hub.onCheckpoint = async (instanceId) => {
    const wait = waiting.get(instanceId);
    if (wait === undefined) return;
    const state = await hub.getInstance(instanceId);
    if (!wait.until(state.runtimeStatus)) return;
    waiting.delete(instanceId);
    wait.resolve(state);
  };
  const waitFor = async (instanceId, until) => {
    const state = await hub.getInstance(instanceId);
    if (until(state.runtimeStatus)) return state;
    return await new Promise((resolve) => waiting.set(instanceId, { until, resolve }));
  };
  const executor = new engine.InProcessExecutor({ registries: [createRegistry(engine, onStep)], clock: ports.clock });
  const limits = slots && { maxConcurrentOrchestrations: slots[0], maxConcurrentActivities: slots[1] };
  const worker = new engine.TaskHubWorker({ ...ports, backend: hub, store: hub, executor, ...limits });
  const client = new engine.TaskHubClient({ ...ports, store: hub });
  await worker.start();
  return {
    start: (name, input) => client.startInstance({ name, input: input && JSON.stringify(input) }),
    started: (id) => waitFor(id, (status) => status !== "Pending"),
    ended: async (id) => (await waitFor(id, (status) => ended.has(status))).output,
    raise: (id, event) => client.raiseEvent(id, event, "1"),
    purge: (id) => client.purge(id),
    stop: () => worker.stop(),
  };
}

/** The in-memory backend that `@microsoft/durabletask-js` has for tests, without its logs to the console. */
export async function openDurableTask({ onStep }) {
  const durabletask = createRequire(import.meta.url)("@microsoft/durabletask-js");
  const { InMemoryOrchestrationBackend, TestOrchestrationWorker, TestOrchestrationClient } = durabletask;
  silenceDurableTask(durabletask);
  const backend = new InMemoryOrchestrationBackend(Number.MAX_SAFE_INTEGER);
  const worker = new TestOrchestrationWorker(backend);
  const client = new TestOrchestrationClient(backend);
  registerDurableTask(worker, durabletask, onStep);
  await worker.start();
  // No timer for each wait.
  const forEver = 0;
  return {
    start: (name, input) => client.scheduleNewOrchestration(name, input),
    started: (id) => client.waitForOrchestrationStart(id, false, forEver),
    ended: async (id) => (await client.waitForOrchestrationCompletion(id, true, forEver)).serializedOutput,
    raise: (id, event) => client.raiseOrchestrationEvent(id, event, 1),
    purge: (id) => client.purgeOrchestration(id),
    stop: () => worker.stop(),
  };
}
