/**
 * `npm run bench:azurite`: a hub in Azure Storage, on the emulator, beside the real .NET library with and without extended
 * sessions, and beside the floor: the same storage requests with no engine. In turn, each workload of each contender in a
 * process and on a hub of its own. Fails on ratios within the run only.
 *
 *   --quick         one round, small
 *   --rounds N      3; what is long (the largest fan-out) is in the first only
 *   --dist DIR      the build to measure; default dist
 *   --before DIR    a build to measure beside it
 *   --sdk           the same build beside it, with the SDKs as its storage client
 *   --only PART     latency, atOnce, fanOut, wide, steps, entities, requests or idle; several with commas. Default: all but idle
 *   --without NAME  leaves contenders out: queued, dotnet, extended, floor; several with commas
 *   --operations N  entities in detail instead, so many operations
 */
import { randomBytes } from "node:crypto";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { startAzurite } from "./azurite-emulator.mjs";
import { checkAzurite } from "./azurite-goals.mjs";
import { groupsOf, rowsOf } from "./azurite-plan.mjs";
import { buildDotnetBench } from "./dotnet-library.mjs";
import { compareEntities } from "./entities-azurite.mjs";
import { format, formatSpread, printTable } from "./markdown.mjs";
import { runProcess, runProgram } from "./run-process.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean" },
    dist: { type: "string", default: "dist" },
    before: { type: "string" },
    sdk: { type: "boolean" },
    rounds: { type: "string" },
    only: { type: "string" },
    without: { type: "string", default: "" },
    operations: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
/** A process that takes longer is killed, and what it should have measured left out. */
const timeoutMs = (options.quick ? 4 : 15) * 60_000;
const throughQueues = { localDispatch: false, overlapWrites: false };
const builds = [
  ...(options.before === undefined ? [] : [{ name: "before", dist: options.before }]),
  { name: "durable-functions-ts", dist: options.dist },
];
const storageOf = (azurite) => ({
  connectionString: azurite.connectionString,
  emulatorPid: azurite.pid,
  taskHub: `Bench${randomBytes(6).toString("hex")}`,
});

async function contendersOf() {
  const without = options.without.split(",");
  const dotnet = await buildDotnetBench();
  if (dotnet.missing !== undefined) console.log(`.NET is left out: ${dotnet.missing}\n`);
  const runDotnet = (extendedSessions) => (plan, storage) => {
    const task = JSON.stringify({ ...storage, extendedSessions, plan });
    return runProgram("dotnet", [dotnet.path, task], { name: ".NET", timeoutMs });
  };
  const withDotnet = dotnet.missing === undefined;
  return [
    ...builds.map(({ name, dist }, i) => ({ id: i < builds.length - 1 ? "before" : "ours", name, run: runOurs(dist) })),
    ...(options.sdk
      ? [{ id: "sdk", name: "with the SDKs", run: runOurs(options.dist, { storageClient: "sdk" }) }]
      : []),
    { id: "queued", name: "all through queues", run: runOurs(options.dist, throughQueues) },
    ...(withDotnet ? [{ id: "dotnet", name: ".NET 2.11.2", run: runDotnet(false) }] : []),
    ...(withDotnet ? [{ id: "extended", name: ".NET, extended sessions", run: runDotnet(true) }] : []),
    { id: "floor", name: "floor", run: runFloor },
  ].filter(({ id }) => !without.includes(id));
}

const isOfEntities = ([{ workload }]) => workload === "signals";

const runOurs = (dist, hubOptions) => (plan, storage) =>
  isOfEntities(plan)
    ? runEntities(plan, ({ workload, ...part }) => {
        return { dist, workload, options: part, storage: { ...storage, ...hubOptions } };
      })
    : runHub({ contender: "ours", dist, ...storage, options: hubOptions, plan });

/** In batches as large as those of ours were. */
const runFloor = (plan, storage, ours) =>
  isOfEntities(plan)
    ? runEntities(plan, ({ name, ...part }) => {
        const perBatch = Math.max(1, Math.round(ours?.[name]?.perBatch ?? 1));
        return { dist: options.dist, workload: "floor", options: { ...part, perBatch }, storage };
      })
    : runHub({ contender: "floor", dist: options.dist, ...storage, plan });

const runHub = (task) => runProcess("azurite-process.mjs", task, { timeoutMs });

async function runEntities(plan, toTask) {
  const results = {};
  for (const part of plan) {
    const task = toTask(part);
    // Each on a hub of its own.
    const storage = { ...task.storage, taskHub: `${task.storage.taskHub}${part.name}` };
    results[part.name] = await runProcess("entity-process.mjs", { ...task, storage }, { timeoutMs });
  }
  return results;
}

/** What each contender measured in each round, by the name in the plan. */
async function measure(contenders, groups) {
  const results = new Map(contenders.map(({ id }) => [id, []]));
  for (let round = 0; round < rounds; round++) {
    const azurite = await startAzurite();
    for (const { id } of contenders) results.get(id).push({});
    // The emulator has a compiler to warm up, too.
    await runHub({ contender: "floor", dist: options.dist, ...storageOf(azurite), plan: warmUp });
    for (const [group, planOf] of Object.entries(groups)) {
      const plan = planOf(round);
      if (plan.length === 0) continue;
      const measureOne = async ({ id, name, run }) => {
        console.error(`azurite: round ${round + 1} of ${rounds}, ${group}, ${name}, load ${format(loadavg()[0])}`);
        const ours = results.get("ours").at(-1);
        const measured = await run(plan, storageOf(azurite), ours).catch((error) => {
          console.error(`${name}, ${group}: ${error.message}`);
        });
        Object.assign(results.get(id).at(-1), measured);
      };
      // Who does nothing is in nobody's way.
      if (group === "idle") await Promise.all(contenders.filter(({ id }) => id !== "floor").map(measureOne));
      else for (const contender of contenders) await measureOne(contender);
    }
    await azurite.stop();
  }
  return results;
}

const warmUp = [{ name: "warmUp", workload: "hellosAtOnce", count: 50 }];

async function compare() {
  const groups = groupsOf(options);
  const contenders = await contendersOf();
  const results = await measure(contenders, groups);
  const valuesOf = (id, read) =>
    (results.get(id) ?? []).map((round) => read(round)).filter((value) => value !== undefined && !Number.isNaN(value));
  const bestOf = (id, read, isRate) => {
    const values = valuesOf(id, read);
    if (values.length === 0) return undefined;
    return isRate ? Math.max(...values) : Math.min(...values);
  };
  console.log("\n### A task hub on Azurite\n");
  const head = rounds === 1 ? "one round" : `median of ${rounds} rounds [least to most]`;
  const rows = rowsOf(options).map(([title, read]) => {
    return [title, ...contenders.map(({ id }) => formatSpread(valuesOf(id, read)))];
  });
  const isMeasured = ([, ...cells]) => cells.some((cell) => cell !== "");
  printTable([head, ...contenders.map(({ name }) => name)], rows.filter(isMeasured));
  for (const { id, name } of contenders) {
    const [{ helloCount, fanOutCount }] = results.get(id);
    for (const [title, counted] of [
      ["a hello", helloCount],
      ["a fan-out of 100", fanOutCount],
    ]) {
      if (counted?.requests.byKind) console.log(`${name}, ${title} by kind: ${describe(counted.requests.byKind)}`);
    }
  }
  console.log("");
  return checkAzurite(bestOf, options);
}

async function compareEntitiesInDetail() {
  const { connectionString, stop } = await startAzurite();
  try {
    return await compareEntities({ connectionString, builds, rounds, count: Number(options.operations) });
  } finally {
    await stop();
  }
}

const describe = (byKind) =>
  Object.entries(byKind)
    .map(([kind, count]) => `${kind} ${format(count)}`)
    .join(", ");

console.log(`Hub on Azurite; load ${loadavg().map(format).join(", ")} at the start`);
const isFine = await (options.operations === undefined ? compare() : compareEntitiesInDetail());
console.log(`load ${loadavg().map(format).join(", ")} at the end`);
process.exitCode = isFine ? 0 : 1;
