/** One contender in a process of its own. Argument: what to run, as JSON. Writes what it measured as one line of JSON. */
import { openDurableTask, openOurs } from "./hub-contenders.mjs";
import { workloads } from "./hub-workloads.mjs";

const { contender, dist, slots, plan } = JSON.parse(process.argv[2]);
const marks = [];
const onStep = (step) => {
  marks[step] ??= performance.now();
};
const open = () => (contender === "durabletask" ? openDurableTask({ onStep }) : openOurs({ dist, slots, onStep }));

const results = {};
for (const [name, options] of Object.entries(plan)) {
  globalThis.gc();
  results[name] = await workloads.get(name)(open, { ...options, marks });
}
console.log(JSON.stringify(results));
process.exit(0);
