// Runs vitest with environment variables, which no shell of Windows takes in front of a command:
// node scripts/with-variables.mjs NAME=value vitest run ...
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const words = process.argv.slice(2);
const start = words.indexOf("vitest");
if (start < 0) throw new Error("this runs vitest only");
const env = Object.fromEntries(words.slice(0, start).map((word) => word.split(/=(.*)/s, 2)));
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, ...words.slice(start + 1)], {
  env: { ...process.env, ...env },
  stdio: "inherit",
  windowsHide: true,
});
process.exitCode = status ?? 1;
