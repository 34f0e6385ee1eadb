/**
 * `npm run bench:azurite`: a hub in Azure Storage, on the emulator: time, CPU of our process, and requests, which are the
 * bill. With `--before` another build is measured beside it, in turn.
 *
 *   --dist DIR      the build to measure; default dist
 *   --before DIR    a build to measure beside it
 *   --sdk           the same build beside it, with the SDKs as its storage client
 *   --rounds N      3
 *   --quick         one round, without the idle hour and the long ones
 *   --requests      only what counts requests
 *   --only PART     hub or entities
 *   --operations N  on entities; 2000
 */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { startAzurite } from "./azurite-emulator.mjs";
import { compareEntities } from "./entities-azurite.mjs";
import { format, printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";
import { median } from "./statistics.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean" },
    requests: { type: "boolean" },
    dist: { type: "string", default: "dist" },
    before: { type: "string" },
    sdk: { type: "boolean" },
    rounds: { type: "string" },
    only: { type: "string" },
    operations: { type: "string", default: "2000" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const builds = [
  ...(options.before === undefined ? [] : [{ name: "before", dist: options.before }]),
  ...(options.sdk ? [{ name: "through the SDKs", dist: options.dist, storageClient: "sdk" }] : []),
  { name: "durable-functions-ts", dist: options.dist },
];

/** In the order, with the counts and with the looks of the .NET measurements. */
const timing = [
  { name: "hello", workload: "hello", count: 20, warmUp: 5, lookMs: 25 },
  { name: "event", workload: "event", count: 15, warmUp: 5, lookMs: 25 },
  { name: "steps", workload: "steps", steps: options.quick ? 60 : 300, lookMs: 25 },
  { name: "atOnce", workload: "hellosAtOnce", count: 200, lookMs: 1000 },
  ...(options.quick ? [] : [{ name: "fanOut", workload: "fanOut", tasks: 1000, lookMs: 250 }]),
  { name: "warmHello", workload: "hello", count: 100, warmUp: options.quick ? 20 : 150, lookMs: 25 },
];
const counting = [
  { name: "hello", workload: "hello", count: 10, warmUp: 3, lookMs: 300, settleMs: 300 },
  { name: "fanOut", workload: "fanOut", tasks: 100, lookMs: 1000, settleMs: 2000 },
  ...(options.quick ? [] : [{ name: "idle", workload: "idle", quietS: 60, measureS: 180 }]),
];

const measures = {
  "hello, one at a time: p50 ms": (r) => r.hello.p50,
  "hello: p95 ms": (r) => r.hello.p95,
  "hello: CPU ms each, the first 20": (r) => r.hello.cpu,
  "hello: CPU ms each, warm": (r) => r.warmHello.cpu,
  "200 hellos at once: a second": (r) => r.atOnce.perSecond,
  "200 hellos at once: CPU ms each": (r) => r.atOnce.cpu,
  "200 hellos at once: requests each": (r) => r.atOnce.requests.total,
  "fan-out of 1,000: s": (r) => r.fanOut && r.fanOut.wall / 1000,
  "fan-out of 1,000: CPU s": (r) => r.fanOut && r.fanOut.cpu / 1000,
  "fan-out of 1,000: requests": (r) => r.fanOut?.requests.total,
  "fan-out of 1,000: most requests in flight": (r) => r.fanOut?.requests.mostInFlight,
  "300 steps: ms a step, first 100": (r) => r.steps.early,
  "300 steps: ms a step, last 100": (r) => r.steps.late,
  "300 steps: CPU ms a step": (r) => r.steps.cpu / (options.quick ? 60 : 300),
  "event round trip: p50 ms": (r) => r.event.p50,
  "event round trip: p95 ms": (r) => r.event.p95,
};
const counts = {
  "hello: requests of the work": (r) => r.hello.requests.work,
  "hello: empty polls meanwhile, a look every 300 ms": (r) => r.hello.requests.emptyPolls,
  "fan-out of 100: requests of the work": (r) => r.fanOut.requests.work,
  "fan-out of 100: empty polls": (r) => r.fanOut.requests.emptyPolls,
  "idle: requests an hour": (r) => r.idle?.perHour.total,
  "idle: of them empty polls": (r) => r.idle?.perHour.emptyPolls,
  "idle: CPU s an hour": (r) => r.idle && r.idle.cpuPerHour / 1000,
};

const azurite = await startAzurite();
const measure = ({ dist, storageClient }, plan) => {
  const taskHub = `Bench${randomBytes(6).toString("hex")}`;
  return runProcess("azurite-process.mjs", {
    dist,
    storageClient,
    connectionString: azurite.connectionString,
    taskHub,
    plan,
  });
};

async function compare(title, plan, read, times) {
  const results = new Map(builds.map(({ name }) => [name, []]));
  for (let round = 1; round <= times; round++) {
    for (const build of builds) {
      console.error(`azurite: ${title}, round ${round} of ${times}, ${build.name}`);
      results.get(build.name).push(await measure(build, plan));
    }
  }
  const table = new Map(
    Object.entries(read).map(([measured, of]) => {
      const cells = builds.map(({ name }) => {
        const values = results
          .get(name)
          .map(of)
          .filter((value) => value !== undefined);
        return values.length === 0 ? undefined : median(values);
      });
      return [measured, cells];
    }),
  );
  console.log(`\n### ${title}\n`);
  const rows = [...table].map(([measured, cells]) => [measured, ...cells]);
  printTable([times === 1 ? "one round" : `median of ${times} rounds`, ...builds.map(({ name }) => name)], rows);
  return { table, results };
}

/** Only a build beside the other gives ratios; what a machine makes of it alone is no failure. */
function check(table, goals) {
  for (const [measured, wanted, least] of goals) {
    const [before, after] = table.get(measured);
    const ratio = after / before;
    console.log(
      `${ratio <= wanted ? "met    " : "NOT met"} ${measured}: ${format(ratio)} of before, at most ${wanted} wanted`,
    );
    if (ratio <= least) continue;
    console.log(`FAILED  ${measured}: more than ${least} of before`);
    process.exitCode = 1;
  }
}

async function compareHub() {
  console.log("Hub on Azurite");
  // The emulator has a compiler to warm up, too.
  await measure(builds.at(-1), [{ name: "warmUp", workload: "hello", count: 40, warmUp: 0, lookMs: 25 }]);
  const timed = options.requests ? undefined : await compare("A task hub on Azurite", timing, measures, rounds);
  const counted = await compare("Storage requests", counting, counts, 1);
  for (const [name, [{ hello, fanOut }]] of counted.results) {
    console.log(`${name}, a hello by kind: ${describe(hello.requests.byKind)}`);
    console.log(`${name}, a fan-out of 100 by kind: ${describe(fanOut.requests.byKind)}`);
  }
  if (options.sdk && options.before === undefined && timed !== undefined) {
    check(timed.table, [
      ["hello: CPU ms each, the first 20", 0.7, 1],
      ["hello: CPU ms each, warm", 0.7, 1],
      ["200 hellos at once: CPU ms each", 0.7, 1],
    ]);
  }
  if (options.before !== undefined) {
    if (timed !== undefined) {
      check(timed.table, [
        ["hello: CPU ms each, the first 20", 0.5, 1.1],
        ["hello: CPU ms each, warm", 0.5, 1.1],
        ["200 hellos at once: CPU ms each", 0.5, 1.1],
      ]);
    }
    check(counted.table, [
      ["hello: requests of the work", 1, 1.1],
      ["hello: empty polls meanwhile, a look every 300 ms", 0.25, 1.25],
      ["fan-out of 100: requests of the work", 1, 1.1],
    ]);
  }
}

try {
  if (options.only !== "entities") await compareHub();
  if (options.only !== "hub" && !options.requests) {
    const { connectionString } = azurite;
    const isFine = await compareEntities({ connectionString, builds, rounds, count: Number(options.operations) });
    if (!isFine) process.exitCode = 1;
  }
} finally {
  await azurite.stop();
}

function describe(byKind) {
  return Object.entries(byKind)
    .map(([kind, count]) => `${kind} ${format(count)}`)
    .join(", ");
}
