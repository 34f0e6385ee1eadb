/**
 * What a task hub in memory costs: ours beside the in-memory backend of durabletask-js and, when asked, beside another
 * build of ours. Each in a process of its own, in turn, several rounds, medians. Fails on ratios within the run only.
 *
 *   --quick          one round, small
 *   --dist DIR       the build to measure; default dist
 *   --before DIR     a build to measure beside it
 *   --soak [COUNT]   memory over so many hellos instead (100,000)
 */
import { parseArgs } from "node:util";
import { checkHub, isFlat } from "./hub-goals.mjs";
import { format, formatSpread, printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";
import { median } from "./statistics.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean" },
    dist: { type: "string", default: "dist" },
    before: { type: "string" },
    soak: { type: "boolean" },
    rounds: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const contenders = [
  ...(options.before === undefined ? [] : [{ name: "before", contender: "ours", dist: options.before }]),
  { name: "durable-functions-ts", contender: "ours", dist: options.dist },
  { name: "durabletask-js 0.4.0", contender: "durabletask" },
];
const maxMs = options.quick ? 5000 : 20_000;
const plan = {
  helloOneAtATime: { count: options.quick ? 300 : 1500, maxMs },
  hellosAtOnce: { atOnce: 500, batches: options.quick ? 2 : 6, maxMs },
  fanOut: { warmUp: 500, sizes: [1000, 5000], repeats: options.quick ? 1 : 3, maxMs: 4 * maxMs },
  steps: { warmUp: 500, sizes: [200, 1000], repeats: options.quick ? 1 : 3, maxMs },
  eventRoundTrip: { count: options.quick ? 100 : 500, maxMs },
  allocations: { count: 400, maxMs },
};
/** Everything that a few hundred hellos allocate has room, so that nothing is collected. */
const largeHeap = ["--expose-gc", "--min-semi-space-size=512", "--max-semi-space-size=512"];

/** Each workload has a process of its own, so that what one leaves behind is no burden to the next. */
async function measure({ contender, dist }) {
  const results = {};
  for (const [workload, taskOptions] of Object.entries(plan)) {
    const flags = workload === "allocations" ? largeHeap : ["--expose-gc"];
    const task = { contender, dist, workload, options: taskOptions };
    results[workload] = await runProcess("hub-process.mjs", task, { flags }).catch((error) => {
      console.error(`${workload}: ${error.message}`);
      return {};
    });
  }
  return results;
}

const measures = {
  "hello, one at a time: p50 ms": (r) => r.helloOneAtATime.p50,
  "p95 ms": (r) => r.helloOneAtATime.p95,
  "CPU ms each": (r) => r.helloOneAtATime.cpu,
  "kB allocated each": (r) => r.allocations.kilobytes,
  "500 hellos at once: a second": (r) => r.hellosAtOnce.perSecond,
  "500 hellos at once: CPU ms each": (r) => r.hellosAtOnce.cpu,
  "fan-out of 1,000: ms": (r) => r.fanOut.smallWall,
  "fan-out of 1,000: CPU ms": (r) => r.fanOut.smallCpu,
  "fan-out of 5,000: ms": (r) => r.fanOut.largeWall,
  "fan-out of 5,000: CPU ms": (r) => r.fanOut.largeCpu,
  "fan-out: growth exponent (CPU)": (r) => r.fanOut.exponent,
  "1,000 steps: ms a step, first 100": (r) => r.steps.early,
  "1,000 steps: ms a step, last 100": (r) => r.steps.late,
  "1,000 steps: CPU ms a step": (r) => r.steps.cpu,
  "steps: growth exponent (CPU)": (r) => r.steps.exponent,
  "event round trip: p50 ms": (r) => r.eventRoundTrip.p50,
  "event round trip: p95 ms": (r) => r.eventRoundTrip.p95,
};

async function compare() {
  const results = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      console.error(`hub: round ${round} of ${rounds}, ${contender.name}`);
      results.get(contender.name).push(await measure(contender));
    }
  }
  const valuesOf = (name, read) =>
    results
      .get(name)
      .map(read)
      .filter((value) => value != null);
  const medianOf = (name, read) => {
    const values = valuesOf(name, read);
    return values.length === 0 ? undefined : median(values);
  };
  const names = contenders.map(({ name }) => name);
  console.log("\n### A task hub in memory\n");
  const rows = Object.entries(measures).map(([title, read]) => {
    return [title, ...names.map((name) => formatSpread(valuesOf(name, read)) || "–")];
  });
  printTable([rounds === 1 ? "one round" : `median of ${rounds} rounds [least to most]`, ...names], rows);
  const [ours, theirs] = names.slice(-2).map((name) => (read) => medianOf(name, read));
  process.exitCode = checkHub(ours, theirs) ? 0 : 1;
}

async function soak() {
  const count = Number(positionals[0] ?? 100_000);
  console.log(`\n### Memory over ${format(count)} hellos, purged when they have ended\n`);
  for (const { name, contender, dist } of contenders) {
    const task = { contender, dist, workload: "soak", options: { count } };
    const measured = await runProcess("hub-process.mjs", task, { flags: ["--expose-gc"] });
    const { points, heapBytesPerHello, rssBytesPerHello } = measured;
    const megabytes = (bytes) => bytes / 2 ** 20;
    const rows = points.map(({ hellos, rss, heapUsed }) => [format(hellos), megabytes(rss), megabytes(heapUsed)]);
    printTable([name, "resident MB", "heap MB after collection"], rows);
    console.log(`bytes a hello: heap ${format(heapBytesPerHello)}, resident ${format(rssBytesPerHello)}\n`);
    if (dist === options.dist && !isFlat(heapBytesPerHello)) process.exitCode = 1;
  }
}

console.log("Hub workloads");
await (options.soak ? soak() : compare());
