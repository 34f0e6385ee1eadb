/**
 * A worker and its client on Azure Storage in a process of their own. Argument: what to run, as JSON. Writes what it
 * measured as one line of JSON.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createRegistry, helloOutput, loadEngine, portsOf } from "./engine.mjs";
import { RequestTally } from "./request-tally.mjs";
import { median, quantile, timed } from "./statistics.mjs";

const { dist, storageClient, connectionString, taskHub, plan } = JSON.parse(process.argv[2]);
const engine = await loadEngine(dist);
const ports = portsOf(engine);
const tally = new RequestTally();
const marks = [];
const account = { ...ports, connectionString, storageClient, taskHub, workerId: `bench-${process.pid}` };
const { backend, store } = engine.createAzureStorageTaskHub({ ...account, decorateTransport: tally.decorate });
// Looks of a waiting client are no work of the hub, so they are not counted.
const watched = engine.createAzureStorageTaskHub(account);
const registry = createRegistry(engine, (step) => {
  marks[step] ??= performance.now();
});
const executor = new engine.InProcessExecutor({ registries: [registry], clock: ports.clock });
const worker = new engine.TaskHubWorker({ ...ports, backend, store, executor });
const client = new engine.TaskHubClient({ ...ports, store });
const watcher = new engine.TaskHubClient({ ...ports, store: watched.store });

const start = (name, input) => client.startInstance({ name, input: input && JSON.stringify(input), version: "" });

async function ended(id, lookMs) {
  for (;;) {
    const state = await watcher.getInstance(id, { fetchInput: false });
    if (state?.runtimeStatus === "Completed") return state.output;
    if (state !== undefined && ["Failed", "Terminated"].includes(state.runtimeStatus)) throw new Error(state.output);
    await sleep(lookMs);
  }
}

async function run(name, input, expected, lookMs) {
  const output = await ended(await start(name, input), lookMs);
  if (output !== expected) throw new Error(`${name} gave ${output} where ${expected} was expected`);
}

const workloads = {
  /** @param settleMs until what goes on after the end of an instance is done, for those who count */
  async hello({ count, warmUp, lookMs, settleMs = 0 }) {
    for (let i = 0; i < warmUp; i++) await run("hello", undefined, helloOutput, lookMs);
    await sleep(settleMs);
    tally.reset();
    const times = [];
    const { cpuMs } = await timed(async () => {
      for (let i = 0; i < count; i++) {
        const begin = performance.now();
        await run("hello", undefined, helloOutput, lookMs);
        times.push(performance.now() - begin);
      }
    });
    await sleep(settleMs);
    const requests = tally.read(count);
    return { p50: median(times), p95: quantile(times, 0.95), cpu: cpuMs / count, requests };
  },
  async hellosAtOnce({ count, lookMs }) {
    tally.reset();
    const hellos = () => Promise.all(Array.from({ length: count }, () => run("hello", undefined, helloOutput, lookMs)));
    const { wallMs, cpuMs } = await timed(hellos);
    return { perSecond: (1000 * count) / wallMs, cpu: cpuMs / count, requests: tally.read(count) };
  },
  async fanOut({ tasks, lookMs, settleMs = 0 }) {
    tally.reset();
    const { wallMs, cpuMs } = await timed(() => run("fanOut", tasks, String(tasks), lookMs));
    await sleep(settleMs);
    return { wall: wallMs, cpu: cpuMs, requests: tally.read() };
  },
  async steps({ steps, lookMs }) {
    marks.length = 0;
    tally.reset();
    const { wallMs, cpuMs } = await timed(() => run("steps", steps, String(steps), lookMs));
    const third = Math.floor(steps / 3);
    const early = (marks[third] - marks[0]) / third;
    const late = (marks[steps - 1] - marks[steps - 1 - third]) / third;
    return { wall: wallMs, cpu: cpuMs, early, late, requests: tally.read(steps) };
  },
  async event({ count, warmUp, lookMs }) {
    const times = [];
    for (let i = 0; i < warmUp + count; i++) {
      const id = await start("event");
      while ((await watcher.getInstance(id, { fetchInput: false }))?.runtimeStatus !== "Running") await sleep(5);
      await sleep(5);
      const begin = performance.now();
      await client.raiseEvent(id, "go", "1");
      if ((await ended(id, lookMs)) !== "1") throw new Error("the event did not arrive");
      if (i >= warmUp) times.push(performance.now() - begin);
    }
    return { p50: median(times), p95: quantile(times, 0.95) };
  },
  async idle({ quietS, measureS }) {
    await sleep(quietS * 1000);
    tally.reset();
    const { cpuMs } = await timed(() => sleep(measureS * 1000));
    const perHour = tally.read(measureS / 3600);
    return { perHour, cpuPerHour: (cpuMs * 3600) / measureS };
  },
};

await worker.start();
// All control queues and that of the activities.
while (tally.polledQueues < 5) await sleep(50);
const results = {};
for (const { name, workload, ...options } of plan) {
  await sleep(1000);
  results[name] = await workloads[workload](options);
}
console.log(JSON.stringify(results));
await worker.stop();
process.exit(0);
