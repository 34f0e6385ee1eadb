/**
 * `npm run bench`: what our engine costs, beside others. Prints tables for BENCHMARKS.md, and fails when a ratio within
 * the run is not met.
 *
 *   --only PART    replay, hub, sidecar, entities, azurite or scale
 *   --quick        fewer and shorter rounds
 *
 * Everything else goes to hub.mjs and entities.mjs.
 */
import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

const parts = {
  replay: {
    script: "replay.mjs",
    flags: ["--expose-gc", "--max-semi-space-size=64"],
    takes: (arg) => arg === "--quick",
  },
  hub: { script: "hub.mjs", flags: [], takes: () => true },
  sidecar: { script: "sidecar.mjs", flags: [], takes: (arg) => arg === "--quick" },
  entities: { script: "entities.mjs", flags: [], takes: () => true },
  azurite: { script: "azurite.mjs", flags: [], takes: (arg) => arg === "--quick" },
  scale: { script: "scale.mjs", flags: [], takes: () => false },
};

function run({ script, flags, takes }, args) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...flags, path, ...args.filter(takes)], { stdio: "inherit" });
  return new Promise((resolve) => child.once("close", resolve));
}

const args = process.argv.slice(2);
const at = args.indexOf("--only");
const [, only] = at === -1 ? [] : args.splice(at, 2);
if (only !== undefined && parts[only] === undefined) {
  throw new Error(`--only is one of ${Object.keys(parts).join(", ")}, not ${only}`);
}

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? process.arch}, ${cpus().length} cores`);
for (const [name, part] of Object.entries(parts)) {
  if (only !== undefined && only !== name) continue;
  if ((await run(part, args)) !== 0) process.exitCode = 1;
}
