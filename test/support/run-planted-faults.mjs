// Runs test files again and again over a copy of the sources, each time with another fault planted in one of them.
// Takes { root, files, faults: [{ file, find, replacement }] } as JSON on its standard input; writes a line of JSON for
// each run, the first of which has no fault.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createVitest } from "vitest/node";

const { root, files, faults } = JSON.parse(await text(process.stdin));
const vitest = await createVitest(
  "test",
  {
    root,
    config: false,
    watch: false,
    cache: false,
    include: files,
    reporters: [{}],
    pool: "threads",
    maxWorkers: 1,
    isolate: false,
    testTimeout: 30_000,
  },
  // Nothing that another process may have in its hands as well.
  { cacheDir: join(root, "cache"), server: { hmr: false, ws: false } },
);
await vitest.standalone();
const specifications = await vitest.globTestSpecifications();

async function run() {
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, true);
  const tests = testModules.flatMap((module) => [...module.children.allTests()]);
  const failed = tests.filter((test) => test.result().state === "failed");
  return {
    passed: tests.filter((test) => test.result().state === "passed").length,
    failed: failed.map((test) => test.fullName),
    // Files that could not even be loaded have failed for another reason than a broken promise.
    errors: [...testModules.flatMap((module) => module.errors()), ...unhandledErrors].map(({ message }) => message),
  };
}

const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
report(await run());
// Whatever a fault makes wait waits in vain.
for (const project of vitest.projects) project.config.testTimeout = 3000;
for (const { file, find, replacement } of faults) {
  const path = join(root, file);
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(find, () => replacement),
  );
  vitest.invalidateFile(path);
  report(await run());
  writeFileSync(path, text);
  vitest.invalidateFile(path);
}
await vitest.close();
