/** An app with an entity that counts, written as users write it, and what runs it. */
import { loadModules, portsOf } from "./engine.mjs";

const modules = {
  DFApp: "functions/df-app.js",
  installEmbeddedHost: "functions/embedded-host.js",
  MemoryTaskHub: "backends/memory/memory-task-hub.js",
  createAzureStorageTaskHub: "backends/azure-storage/azure-storage-task-hub.js",
  TaskHubWorker: "engine/task-hub-worker.js",
  TaskHubClient: "engine/task-hub-client.js",
  InProcessExecutor: "worker/in-process-executor.js",
  systemClock: "core/system-ports.js",
  systemRandom: "core/system-ports.js",
};

/**
 * An app and its client on a hub of one build. The worker is started by whoever measures, before or after the sends.
 *
 * @param openHub makes backend and store of the engine; the store of whoever looks may be another, so that looks do not
 * count
 */
export async function openEntityApp(dist, openHub) {
  const engine = await loadModules(dist, modules);
  const ports = portsOf(engine);
  const { backend, store, watched = store } = openHub(engine, ports);
  const registries = [];
  const connect = (store) => ({
    client: new engine.TaskHubClient({ ...ports, store }),
    managementBaseUrl: "http://localhost",
    connectionName: "Storage",
  });
  const attach = ({ registry }) => void registries.push(registry);
  const uninstall = engine.installEmbeddedHost({ attach, connect: async () => connect(store) });
  const app = new engine.DFApp();
  uninstall();
  engine.installEmbeddedHost({ attach() {}, connect: async () => connect(watched) });
  const watcher = await new engine.DFApp().connect();

  const work = { batches: 0, operations: 0, onOperation() {} };
  defineApp(app, () => {
    work.operations++;
    work.onOperation();
  });
  const executor = new engine.InProcessExecutor({ registries, clock: ports.clock });
  const run = executor.executeEntityBatch.bind(executor);
  executor.executeEntityBatch = (batch) => {
    work.batches++;
    return run(batch);
  };
  const worker = new engine.TaskHubWorker({ ...ports, backend, store, executor });
  return {
    client: await app.connect(),
    watcher,
    worker,
    /** What the worker has done so far. */
    work,
    stateOf: async (name, key) => (await watcher.readEntityState({ name, key })).entityState,
  };
}

function defineApp(app, onOperation) {
  class Counter {
    value = 0;
    /** Signals of one orchestration come in order. */
    last = -1;
    isInOrder = true;
    add(amount) {
      this.value += amount;
      onOperation();
      return this.value;
    }
    next(place) {
      this.isInOrder &&= place === this.last + 1;
      this.last = place;
      this.add(1);
    }
  }
  class Basket {
    value = 0;
    articles = Array.from({ length: 600 }, (_, i) => ({ id: `article-${i}`, amount: i, note: "n".repeat(60) }));
    add(amount) {
      this.value += amount;
      this.articles[this.value % this.articles.length].amount++;
      onOperation();
    }
  }
  const counter = app.entity("Counter", Counter);
  app.entity("Basket", Basket);
  app.orchestration("calls", function* (context, { key, calls }) {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum += Math.sign(yield* context.callEntity({ name: "Counter", key }, "add", 1));
    return sum;
  });
  app.orchestration("signals", function* (context, { key, signals }) {
    const { signal } = context.entity(counter, key);
    for (let i = 0; i < signals; i++) signal.next(i);
    return signals;
  });
}
