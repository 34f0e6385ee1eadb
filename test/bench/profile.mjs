/**
 * `npm run bench:profile`: CPU profiles of the two hottest workloads, 500 hellos at once in memory and on Azurite, and
 * what costs most in them: the time that functions take themselves, by function and by where they are from.
 *
 *   --dist DIR    the build to profile; default dist
 *   --only NAME   memory or azurite
 *   --hellos N    on Azurite; 500
 *   --top N       functions; 25
 *   --keep DIR    keeps the profiles there, for a viewer; default: they are deleted
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startAzurite } from "./azurite-emulator.mjs";
import { printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";

const { values: options } = parseArgs({
  options: {
    dist: { type: "string", default: "dist" },
    only: { type: "string" },
    hellos: { type: "string", default: "500" },
    top: { type: "string", default: "25" },
    keep: { type: "string" },
  },
});

const workloads = {
  async memory(flags) {
    const workload = { workload: "hellosAtOnce", options: { atOnce: 500, batches: 40, maxMs: 15_000 } };
    await runProcess("hub-process.mjs", { contender: "ours", dist: options.dist, ...workload }, { flags });
  },
  async azurite(flags) {
    const { connectionString, stop } = await startAzurite();
    const taskHub = `Bench${randomBytes(6).toString("hex")}`;
    const plan = [{ name: "atOnce", workload: "hellosAtOnce", count: Number(options.hellos), warmUp: 100 }];
    const task = { contender: "ours", dist: options.dist, connectionString, taskHub, plan };
    await runProcess("azurite-process.mjs", task, { flags }).finally(stop);
  },
};

/** Folders of ours and of others, from the most special to the least. */
const origins = [
  [/\/backends\/azure-storage\/storage\//, "storage requests"],
  [/\/backends\/azure-storage\/codec\//, "storage codec"],
  [/\/backends\/azure-storage\/messaging\//, "messages"],
  [/\/backends\/azure-storage\/tracking\//, "history and instances"],
  [/\/backends\//, "backend, the rest"],
  [/\/engine\//, "engine"],
  [/\/(?:orchestration|worker|entities)\//, "worker, orchestrations and entities"],
  [/\/core\//, "core"],
  [/\/test\/bench\//, "the bench"],
  [/\/node_modules\/|azure-sdk/, "packages"],
  [/^node:internal\/(?:process|timers|async_hooks)/, "Node: ticks and timers"],
  [/^node:/, "Node: HTTP, streams, crypto and the rest"],
];

function originOf({ functionName, url }) {
  if (functionName === "(garbage collector)") return "garbage collector";
  if (functionName === "(program)") return "V8 and libuv, not JavaScript";
  if (url === "") return "built-in functions";
  return origins.find(([pattern]) => pattern.test(url))?.[1] ?? url;
}

/** Milliseconds by key, of all samples that were not idle. */
function selfTimes(profile, keyOf) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const times = new Map();
  let total = 0;
  for (const [i, id] of profile.samples.entries()) {
    const { callFrame } = nodes.get(id);
    if (["(idle)", "(root)"].includes(callFrame.functionName)) continue;
    const ms = profile.timeDeltas[i] / 1000;
    total += ms;
    const key = keyOf(callFrame);
    times.set(key, (times.get(key) ?? 0) + ms);
  }
  return [...times].sort(([, a], [, b]) => b - a).map(([key, ms]) => [key, ms, (100 * ms) / total]);
}

function functionOf({ functionName, url, lineNumber }) {
  const file = url.replace(/^.*\/(?:dist|node_modules|test\/bench)\//, "");
  return `\`${functionName || "(anonymous)"}\` ${file && `${file}:${lineNumber + 1}`}`.trim();
}

for (const [name, run] of Object.entries(workloads)) {
  if (options.only !== undefined && options.only !== name) continue;
  const kept = options.keep && join(resolve(options.keep), name);
  const folder = kept ?? mkdtempSync(join(tmpdir(), "bench-profile-"));
  await run(["--expose-gc", "--cpu-prof", "--cpu-prof-interval=500", `--cpu-prof-dir=${folder}`]);
  const [file] = readdirSync(folder)
    .filter((file) => file.endsWith(".cpuprofile"))
    .sort()
    .slice(-1);
  const profile = JSON.parse(readFileSync(join(folder, file), "utf8"));
  if (kept === undefined) rmSync(folder, { recursive: true });
  console.log(`\n### Hellos at once, ${name}: where the time goes\n`);
  printTable(["where", "ms", "%"], selfTimes(profile, originOf));
  printTable(["function", "ms", "%"], selfTimes(profile, functionOf).slice(0, Number(options.top)));
}
