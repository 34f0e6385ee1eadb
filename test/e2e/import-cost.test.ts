import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const library = pathToFileURL(createRequire(import.meta.url).resolve("@azure/functions")).href;
const ours = pathToFileURL(resolve("dist/index.js")).href;

/** Milliseconds that a fresh process takes to import a module. */
async function timeImport(url: string): Promise<number> {
  const code = `const start = performance.now(); await import("${url}"); console.log(performance.now() - start);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code]);
  return Number(stdout);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

// A machine that is busy for a moment is not slow at importing.
it("a cold import of the main entry takes at most twice as long as @azure/functions alone", { retry: 2 }, async () => {
  const times = { library: [] as number[], ours: [] as number[] };
  for (let round = 0; round < 9; round++) {
    times.library.push(await timeImport(library));
    times.ours.push(await timeImport(ours));
  }

  expect(median(times.ours) / median(times.library)).toBeLessThanOrEqual(2);
});
