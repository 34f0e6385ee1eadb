/** Entities on Azurite: operations a second, CPU and requests, beside the same requests without an engine. */
import { randomBytes } from "node:crypto";
import { format, printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";
import { median } from "./statistics.mjs";

const goalPerSecond = 300;
/** As host.json has it by default. */
const controlQueueBufferThreshold = 256;
/** Of the floor: less fails the run. */
const leastOfFloor = 0.5;

const planOf = (count) => ({
  one: ["signals", { keys: 1, count, warmUp: 200 }],
  oneAlone: ["signals", { keys: 1, count, alone: true, warmUp: 200 }],
  many: ["signals", { keys: 100, count, warmUp: 200 }],
  calls: ["calls", { each: 10, count: 500, warmUp: 50 }],
  ordered: ["fromOrchestration", { sizes: [count / 2], warmUp: 100 }],
});

const rowsOf = (count) => {
  const n = format(count);
  const workloads = [
    ["one", `${n} signals to one entity, sends included`],
    ["oneAlone", `${n} signals that are there already`],
    ["many", `${n} signals to 100 entities, sends included`],
    ["calls", "500 calls from 50 orchestrations"],
    ["ordered", `${format(count / 2)} signals from one orchestration`],
  ];
  return workloads.flatMap(([name, title]) => [
    [`${title}: a second`, (r) => r[name]?.perSecond],
    [`${title}: requests each`, (r) => r[name]?.requests.work],
    [`${title}: in one batch`, (r) => r[name]?.perBatch],
    [`${title}: CPU ms each`, (r) => r[name]?.cpu],
  ]);
};

/** @returns whether all that is insisted on is so */
export async function compareEntities({ connectionString, builds, rounds, count }) {
  const measure = async (dist, workload, options) => {
    const taskHub = `Bench${randomBytes(6).toString("hex")}`;
    const storage = { connectionString, taskHub, controlQueueBufferThreshold };
    return await runProcess("entity-process.mjs", { dist, workload, options, storage });
  };
  const plan = planOf(count);
  const columns = [...builds.map(({ name }) => name), "the same requests alone"];
  const results = new Map(columns.map((name) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    const measured = columns.map(() => ({}));
    for (const [name, [workload, options]] of Object.entries(plan)) {
      for (const [at, build] of builds.entries()) {
        console.error(`azurite: entities, round ${round} of ${rounds}, ${name}, ${build.name}`);
        measured[at][name] = await measure(build.dist, workload, options).catch((error) => {
          console.error(`${name}: ${error.message}`);
        });
      }
      const ours = measured[builds.length - 1][name];
      if (workload !== "signals" || ours === undefined) continue;
      const perBatch = Math.round(ours.perBatch);
      measured.at(-1)[name] = { ...(await measure(builds.at(-1).dist, "floor", { ...options, perBatch })), perBatch };
    }
    for (const [at, name] of columns.entries()) results.get(name).push(measured[at]);
  }
  const medianOf = (name, read) => {
    const values = results.get(name).map(read);
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : median(known);
  };
  console.log("\n### Entities on Azurite\n");
  const rows = rowsOf(count).map(([title, read]) => [title, ...columns.map((name) => medianOf(name, read))]);
  printTable([rounds === 1 ? "one round" : `median of ${rounds} rounds`, ...columns], rows);

  let isFine = true;
  const [ours, floor] = columns.slice(-2);
  const perSecond = medianOf(ours, (r) => r.oneAlone?.perSecond);
  const isMet = perSecond >= goalPerSecond;
  console.log(`${isMet ? "met    " : "NOT met"} ${goalPerSecond} operations a second on one key: ${format(perSecond)}`);
  for (const name of ["one", "oneAlone", "many"]) {
    const ratio = medianOf(ours, (r) => r[name]?.perSecond) / medianOf(floor, (r) => r[name]?.perSecond);
    const isEnough = ratio >= leastOfFloor;
    console.log(`${isEnough ? "ok     " : "FAILED "} ${name}: ${format(ratio)} of the floor, at least ${leastOfFloor}`);
    isFine &&= isEnough;
  }
  return isFine;
}
