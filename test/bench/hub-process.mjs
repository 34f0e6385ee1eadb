/**
 * One workload of one contender in a process of its own. Argument: what to run, as JSON. Writes what it measured as one
 * line of JSON.
 */
import { openDurableTask, openOurs } from "./hub-contenders.mjs";
import { workloads } from "./hub-workloads.mjs";
import { openDurableTaskOnSidecar, openOursOnSidecar } from "./sidecar-contenders.mjs";

const { contender, dist, slots, workload, options } = JSON.parse(process.argv[2]);
const marks = [];
const onStep = (step) => {
  marks[step] ??= performance.now();
};
const openers = {
  ours: () => openOurs({ dist, slots, onStep }),
  durabletask: () => openDurableTask({ onStep }),
  "ours on the sidecar": () => openOursOnSidecar({ dist, onStep }),
  "durabletask on the sidecar": () => openDurableTaskOnSidecar({ dist, onStep }),
};
const open = openers[contender];

console.log(JSON.stringify(await workloads.get(workload)(open, { ...options, marks })));
process.exit(0);
