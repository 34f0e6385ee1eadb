/** One large payload in one position, in a process of its own. Argument: what to run, as JSON. */
import { createHash } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { loadModules, portsOf } from "./engine.mjs";

const { dist, connectionString, megabytes, position, text: kind } = JSON.parse(process.argv[2]);
const units = megabytes * 1_000_000;
const patterns = { plain: "abcdefghij klmnop ", quotes: '{"a":1,"b":"cd"},', wide: "aß世б " };

/** Flat in memory, and unlike itself everywhere, so that it neither folds to nothing nor hides a lost part. */
function makeText() {
  const parts = [];
  for (let i = 0, length = 0; length < units; i++) {
    const part = `${patterns[kind].repeat(50)}${(i * 2654435761) % 4294967296}`;
    parts.push(part);
    length += part.length;
  }
  return parts.join("").slice(0, units);
}
const digest = (text) => {
  const hash = createHash("sha256");
  for (let i = 0; i < text.length; i += 1_000_000) hash.update(text.slice(i, i + 1_000_000), "utf16le");
  return hash.digest("hex");
};

const engine = await loadModules(dist, {
  createAzureStorageTaskHub: "backends/azure-storage/azure-storage-task-hub.js",
  TaskHubWorker: "engine/task-hub-worker.js",
  TaskHubClient: "engine/task-hub-client.js",
  InProcessExecutor: "worker/in-process-executor.js",
  Registry: "worker/registry.js",
  jsonDataConverter: "core/payloads/data-converter.js",
  systemClock: "core/system-ports.js",
  systemRandom: "core/system-ports.js",
});
const ports = portsOf(engine);
const taskHub = `Payloads${process.pid}x${Date.now() % 100000}`;
const workerId = `bench-${process.pid}`;
const hub = engine.createAzureStorageTaskHub({
  ...ports,
  connectionString,
  taskHub,
  workerId,
  maxQueuePollingIntervalMs: 200,
  leaseRenewIntervalMs: 1000,
});
let made = "";
const registry = new engine.Registry();
registry.addActivity({ name: "make", activity: () => made });
registry.addActivity({ name: "measure", activity: (text) => text.length });
registry.addOrchestration({
  name: "input",
  *orchestrator(_context, input) {
    return input.length;
  },
});
registry.addOrchestration({
  name: "result",
  *orchestrator(context) {
    const text = yield* context.callActivity("make", 1);
    return text.length;
  },
});
registry.addOrchestration({
  name: "activity",
  *orchestrator(context) {
    return yield* context.callActivity("measure", made);
  },
});
registry.addOrchestration({
  name: "output",
  *orchestrator() {
    return made;
  },
});
registry.addOrchestration({
  name: "failure",
  *orchestrator() {
    throw new Error(made);
  },
});
registry.addOrchestration({
  name: "event",
  *orchestrator(context) {
    return (yield* context.waitForExternalEvent("go")).length;
  },
});
registry.addOrchestration({
  name: "all",
  *orchestrator(context, input) {
    return yield* context.callActivity("echo", input);
  },
});
registry.addActivity({ name: "echo", activity: (text) => text });
const executor = new engine.InProcessExecutor({ registries: [registry], clock: ports.clock });
const worker = new engine.TaskHubWorker({ ...ports, ...hub, executor });
const client = new engine.TaskHubClient({ ...ports, store: hub.store });
await worker.start();

const json = (value) => engine.jsonDataConverter.serialize(value, "it");
const run = async (value) => {
  made = value;
  const takesInput = position === "input" || position === "all";
  const name = position;
  const instanceId = await client.startInstance({ name, input: takesInput ? json(value) : undefined });
  if (position === "event") await client.raiseEvent(instanceId, "go", json(value));
  let state;
  do {
    await ports.clock.sleep(50);
    state = await client.getInstance(instanceId, { fetchInput: false });
  } while (state?.completedTime === undefined);
  return { instanceId, state };
};
/** What came out the other end. */
const look = async ({ instanceId, state }) => {
  if (position === "output" || position === "all") return JSON.parse(state.output);
  const events = (await client.getHistory(instanceId)) ?? [];
  if (position === "failure")
    return events.find(({ type }) => type === "ExecutionCompleted").failureDetails.errorMessage;
  if (position === "input") return JSON.parse(events.find(({ type }) => type === "ExecutionStarted").input);
  if (position === "result") return JSON.parse(events.find(({ type }) => type === "TaskCompleted").result);
  if (position === "event") return JSON.parse(events.find(({ type }) => type === "EventRaised").input);
  return made;
};

await run("warm");
const text = makeText();
const expected = digest(text);
globalThis.gc?.();
await ports.clock.sleep(300);
const idle = process.memoryUsage().rss - text.length * (kind === "wide" ? 2 : 1);
let peak = 0;
const sampler = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 20);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const begin = performance.now();
const ended = await run(text);
const seconds = (performance.now() - begin) / 1000;
delay.disable();
clearInterval(sampler);
peak = Math.max(peak, process.memoryUsage().rss);
const isExact =
  digest(await look(ended)) === expected && (position !== "input" || JSON.parse(ended.state.output) === units);
console.log(JSON.stringify({ seconds, memory: (peak - idle) / 1e6, stall: delay.max / 1e6, isExact }));
process.exit(0);
