/** The engine of one build, so that two builds can be measured side by side. */
import { pathToFileURL } from "node:url";

const modules = {
  MemoryTaskHub: "backends/memory/memory-task-hub.js",
  createAzureStorageTaskHub: "backends/azure-storage/azure-storage-task-hub.js",
  TaskHubWorker: "engine/task-hub-worker.js",
  TaskHubClient: "engine/task-hub-client.js",
  InProcessExecutor: "worker/in-process-executor.js",
  Registry: "worker/registry.js",
  systemClock: "core/system-ports.js",
  systemRandom: "core/system-ports.js",
};

/** @param dist folder of the build */
export const loadEngine = (dist) => loadModules(dist, modules);

/** @param modules what to load of the build: files by the name that they export */
export async function loadModules(dist, modules) {
  const base = pathToFileURL(dist.endsWith("/") ? dist : `${dist}/`);
  const loaded = Object.entries(modules).map(async ([name, path]) => [name, (await import(new URL(path, base)))[name]]);
  return Object.fromEntries(await Promise.all(loaded));
}

/** What every hub, worker and client takes. Only what goes wrong is written. */
export function portsOf({ systemClock, systemRandom }) {
  const log = { leastLevel: "error", log: (_level, event, message) => console.error(`${event}: ${message}`) };
  return { clock: systemClock, random: systemRandom, log };
}

const cities = ["Tokyo", "Seattle", "London"];
export const helloOutput = JSON.stringify(cities.map((city) => `Hello ${city}!`));

/**
 * The orchestrations of all hub workloads.
 *
 * @param onStep called whenever an orchestration goes on after a step; marks the time of the first call for each
 */
export function createRegistry({ Registry }, onStep = () => {}) {
  const registry = new Registry();
  registry.addActivity({ name: "sayHello", activity: (city) => `Hello ${city}!` });
  registry.addActivity({ name: "echo", activity: (value) => value });
  registry.addOrchestration({
    name: "hello",
    *orchestrator(context) {
      const greetings = [];
      for (const city of cities) greetings.push(yield* context.callActivity("sayHello", city));
      return greetings;
    },
  });
  registry.addOrchestration({
    name: "fanOut",
    *orchestrator(context, tasks) {
      const calls = Array.from({ length: tasks }, (_, i) => context.callActivity("echo", i));
      return (yield* context.all(calls)).length;
    },
  });
  registry.addOrchestration({
    name: "steps",
    *orchestrator(context, steps) {
      let results = 0;
      for (let i = 0; i < steps; i++) {
        if ((yield* context.callActivity("echo", i)) === i) results++;
        onStep(i);
      }
      return results;
    },
  });
  registry.addOrchestration({
    name: "event",
    *orchestrator(context) {
      return yield* context.waitForExternalEvent("go");
    },
  });
  return registry;
}
