/**
 * A worker and its client on Azure Storage in a process of their own. Argument: what to run, as JSON. Writes what it
 * measured as one line of JSON.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openOurs } from "./azurite-contenders.mjs";
import { openFloor } from "./azurite-floor.mjs";
import { helloOutput } from "./engine.mjs";
import { RequestTally } from "./request-tally.mjs";
import { timed } from "./statistics.mjs";

const { contender, plan, emulatorPid, ...task } = JSON.parse(process.argv[2]);
const tally = new RequestTally();
const marks = [];
const onStep = (step) => {
  marks[step] ??= performance.now();
};
const open = { ours: openOurs, floor: openFloor }[contender];
const hub = await open({ ...task, tally, onStep });

async function run(name, input, expected) {
  const output = await hub.ended(await hub.start(name, input));
  if (output !== expected) throw new Error(`${name} gave ${output} where ${expected} was expected`);
}

/** What `run` takes of one instance: milliseconds of the worker's CPU, of the emulator's, and on the wall. */
async function costOf(count, run) {
  const { wallMs, cpuMs, otherCpuMs } = await timed(run, emulatorPid);
  return { wall: wallMs, cpu: cpuMs / count, emulatorCpu: otherCpuMs && otherCpuMs / count };
}

const hello = () => run("hello", undefined, helloOutput);
const fanOut = (tasks) => run("fanOut", tasks, String(tasks));

const workloads = {
  /** @param settleMs until what goes on after the end of an instance is done, for those who count */
  async hello({ count, warmUp, settleMs = 0 }) {
    for (let i = 0; i < warmUp; i++) await hello();
    await sleep(settleMs);
    tally.reset();
    const times = [];
    const cost = await costOf(count, async () => {
      for (let i = 0; i < count; i++) {
        const begin = performance.now();
        await hello();
        times.push(performance.now() - begin);
      }
    });
    await sleep(settleMs);
    return { ...cost, times, requests: tally.read(count) };
  },
  async hellosAtOnce({ count, warmUp = 1 }) {
    await fanOut(warmUp);
    tally.reset();
    const cost = await costOf(count, () => Promise.all(Array.from({ length: count }, hello)));
    return { ...cost, perSecond: (1000 * count) / cost.wall, requests: tally.read(count) };
  },
  async fanOut({ tasks, settleMs = 0 }) {
    tally.reset();
    const cost = await costOf(1, () => fanOut(tasks));
    await sleep(settleMs);
    return { ...cost, requests: tally.read() };
  },
  async steps({ steps }) {
    marks.length = 0;
    tally.reset();
    const cost = await costOf(steps, () => run("steps", steps, String(steps)));
    const tenth = Math.floor(steps / 10);
    const early = (marks[tenth] - marks[0]) / tenth;
    const late = (marks[steps - 1] - marks[steps - 1 - tenth]) / tenth;
    return { ...cost, early, late, requests: tally.read(steps) };
  },
  async event({ count, warmUp }) {
    const times = [];
    for (let i = 0; i < warmUp + count; i++) {
      const id = await hub.start("event");
      await hub.started(id);
      await sleep(20);
      tally.reset();
      const begin = performance.now();
      await hub.raise(id, "go");
      if ((await hub.ended(id)) !== "1") throw new Error("the event did not arrive");
      if (i >= warmUp) times.push(performance.now() - begin);
    }
    return { times };
  },
  async idle({ quietS, measureS }) {
    await sleep(quietS * 1000);
    tally.reset();
    const { cpuMs } = await timed(() => sleep(measureS * 1000));
    const perHour = tally.read(measureS / 3600);
    return { requests: perHour, cpuPerHour: (cpuMs * 3600) / measureS };
  },
};

const results = {};
for (const { name, workload, ...options } of plan) {
  await sleep(1000);
  results[name] = { ...(await workloads[workload](options)), rss: process.memoryUsage().rss / 2 ** 20 };
}
console.log(JSON.stringify(results));
await hub.stop();
process.exit(0);
