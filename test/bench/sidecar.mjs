/**
 * What it costs to run orchestrations through the sidecar, beside the same engine in the worker's own process, the
 * official worker on our sidecar, and the official worker on the in-memory backend of its tests. Each in processes of
 * their own, in turn, several rounds, medians. Fails on ratios within the run only.
 *
 *   --quick    one round, small
 */
import { parseArgs } from "node:util";
import { format, printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";
import { median } from "./statistics.mjs";

const { values: options } = parseArgs({ options: { quick: { type: "boolean" } } });
const rounds = options.quick ? 1 : 3;
const maxMs = options.quick ? 5000 : 15_000;
const contenders = {
  "in process": "ours",
  "our worker on the sidecar": "ours on the sidecar",
  "durabletask-js on the sidecar": "durabletask on the sidecar",
  "durabletask-js in its own memory": "durabletask",
};
const plan = {
  helloOneAtATime: { count: options.quick ? 200 : 1000, maxMs },
  hellosAtOnce: { atOnce: 200, batches: options.quick ? 2 : 5, maxMs },
  fanOut: { warmUp: 200, sizes: [100, 1000], repeats: options.quick ? 1 : 3, maxMs },
};
const measures = {
  "hello, one at a time: p50 ms": (r) => r.helloOneAtATime.p50,
  "p95 ms": (r) => r.helloOneAtATime.p95,
  "CPU ms each, worker and client": (r) => r.helloOneAtATime.cpu,
  "200 hellos at once: a second": (r) => r.hellosAtOnce.perSecond,
  "fan-out of 100: ms": (r) => r.fanOut.smallWall,
  "fan-out of 1,000: ms": (r) => r.fanOut.largeWall,
};

const results = new Map(Object.keys(contenders).map((name) => [name, []]));
for (let round = 1; round <= rounds; round++) {
  for (const [name, contender] of Object.entries(contenders)) {
    console.error(`sidecar: round ${round} of ${rounds}, ${name}`);
    const measured = {};
    for (const [workload, taskOptions] of Object.entries(plan)) {
      const task = { contender, dist: "dist", workload, options: taskOptions };
      measured[workload] = await runProcess("hub-process.mjs", task, { flags: ["--expose-gc"] });
    }
    results.get(name).push(measured);
  }
}
const medianOf = (name, read) => {
  const values = results.get(name).map(read).filter(Number.isFinite);
  return values.length === 0 ? undefined : median(values);
};

console.log("\n### Through the sidecar, its hub in memory\n");
const names = Object.keys(contenders);
printTable(
  [rounds === 1 ? "one round" : `median of ${rounds} rounds`, ...names],
  Object.entries(measures).map(([title, read]) => [title, ...names.map((name) => medianOf(name, read) ?? "–")]),
);

/** Our worker is to be no slower than the official one on the same sidecar; the machine is noisy. */
for (const [title, read] of Object.entries(measures).slice(3)) {
  const [ours, theirs] = [names[1], names[2]].map((name) => medianOf(name, read));
  const ratio = title.includes("a second") ? ours / theirs : theirs / ours;
  const isFine = ratio >= 0.7;
  console.log(
    `${isFine ? "ok     " : "FAILED "} ${title}: ${format(ratio)} times as fast as durabletask-js on the sidecar`,
  );
  if (!isFine) process.exitCode = 1;
}
