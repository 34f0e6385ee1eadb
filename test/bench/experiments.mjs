/**
 * Three experiments:
 *
 * - slots: what a hello in memory costs by the number of work items that may be in process at once. A worker that is
 *   mostly idle should not pay for its limit.
 * - in flight: how many storage requests of one checkpoint are under way at once.
 * - unit tier: how long the unit tests take.
 *
 *   --dist DIR      the build to measure; default dist
 *   --before DIR    a build to measure beside it
 *   --only NAME     slots, in-flight or unit-tier
 *   --tasks N       of the fan-out of `in-flight`; default 1000
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { dirname, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { startAzurite } from "./azurite-emulator.mjs";
import { format, printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";

const { values: options } = parseArgs({
  options: {
    dist: { type: "string", default: "dist" },
    before: { type: "string" },
    only: { type: "string" },
    tasks: { type: "string", default: "1000" },
  },
});
const builds = [
  ...(options.before === undefined ? [] : [{ name: "before", dist: options.before }]),
  { name: "durable-functions-ts", dist: options.dist },
];
const names = builds.map(({ name }) => name);

async function slots() {
  const limits = [
    [100, 20],
    [20, 20],
    [4, 4],
    [1, 1],
  ];
  const plan = { helloOneAtATime: { count: 1000, maxMs: 4000 }, signals: { count: 20 } };
  const measure = async (dist, limit) => {
    const results = {};
    for (const [workload, taskOptions] of Object.entries(plan)) {
      const task = { contender: "ours", dist, slots: limit, workload, options: taskOptions };
      results[workload] = await runProcess("hub-process.mjs", task, { flags: ["--expose-gc"] });
    }
    return results;
  };
  const rows = [];
  for (const limit of limits) {
    const results = [];
    for (const { dist } of builds) results.push(await measure(dist, limit));
    const at = `${limit.join("/")}:`;
    rows.push([`${at} CPU ms a hello`, ...results.map((result) => result.helloOneAtATime.cpu)]);
    rows.push([`${at} \`AbortSignal.any\` a hello`, ...results.map((result) => result.signals.anyPerHello)]);
    rows.push([`${at} \`abort()\` a hello`, ...results.map((result) => result.signals.abortsPerHello)]);
  }
  printTable(["orchestrations/activities at once", ...names], rows);
}

async function inFlight() {
  const tasks = Number(options.tasks);
  const azurite = await startAzurite();
  const cells = [];
  for (const { dist } of builds) {
    const plan = [{ name: "fanOut", workload: "fanOut", tasks }];
    const taskHub = `Bench${randomBytes(6).toString("hex")}`;
    const task = { contender: "ours", dist, connectionString: azurite.connectionString, taskHub, plan };
    try {
      const { fanOut } = await runProcess("azurite-process.mjs", task);
      cells.push([fanOut.requests.mostInFlight, fanOut.wall / 1000, fanOut.cpu / 1000]);
    } catch (error) {
      cells.push([error.message, undefined, undefined]);
    }
  }
  await azurite.stop();
  const titles = ["most requests in flight", "s", "CPU s"];
  const rows = titles.map((title, i) => [title, ...cells.map((cell) => cell[i])]);
  printTable([`fan-out of ${format(tasks)} on Azurite`, ...names], rows);
}

async function unitTier() {
  const cells = [];
  for (const { dist } of builds) {
    const script = 'TIMEFORMAT="%R %U %S"; time npx vitest run --project unit >/dev/null 2>&1';
    const cwd = dirname(resolve(dist));
    const [failure, stderr] = await promisify(execFile)("bash", ["-c", script], { cwd }).then(
      (done) => ["", done.stderr],
      (error) => [", with failures", error.stderr],
    );
    const [wall, user, system] = stderr.trim().split(/\r?\n/).at(-1).split(" ").map(Number);
    cells.push([format(wall) + failure, user + system]);
  }
  const rows = ["s", "CPU s"].map((title, i) => [title, ...cells.map((cell) => cell[i])]);
  printTable(["unit tier", ...names], rows);
}

const experiments = { slots, "in-flight": inFlight, "unit-tier": unitTier };
console.log("\n### Experiments\n");
for (const [name, run] of Object.entries(experiments)) {
  if (options.only === undefined || options.only === name) await run();
}
