/**
 * Task hubs on Azure Storage behind one face, so that the same workloads run on each:
 *
 *   start(name, input) → id    started(id)    ended(id) → output as JSON    raise(id, event)    stop()
 *
 * Nobody polls for an end: the client is told in its process, and reads the row once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createRegistry, loadEngine, portsOf } from "./engine.mjs";

const allQueues = 5;

/** @param options of the hub, besides the account */
export async function openOurs({ dist, connectionString, taskHub, options, tally, onStep }) {
  const engine = await loadEngine(dist);
  const ports = portsOf(engine);
  const { backend, store } = engine.createAzureStorageTaskHub({
    ...ports,
    ...options,
    connectionString,
    taskHub,
    workerId: `bench-${process.pid}`,
    decorateTransport: tally.decorate,
  });
  const executor = new engine.InProcessExecutor({ registries: [createRegistry(engine, onStep)], clock: ports.clock });
  const worker = new engine.TaskHubWorker({ ...ports, backend, store, executor });
  const client = new engine.TaskHubClient({ ...ports, store });
  await worker.start();
  while (tally.polledQueues < allQueues) await sleep(50);
  return {
    start: (name, input) => client.startInstance({ name, input: input && JSON.stringify(input), version: "" }),
    started: (id) => client.waitForInstance(id, "started", {}),
    ended: async (id) => {
      const { runtimeStatus, output } = await client.waitForInstance(id, "ended", {});
      if (runtimeStatus !== "Completed") throw new Error(`${id} is ${runtimeStatus}: ${output}`);
      return output;
    },
    raise: (id, event) => client.raiseEvent(id, event, "1"),
    stop: () => worker.stop(),
  };
}
