import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PlantedFault, plantedFaults } from "./planted-faults.ts";

/**
 * The strength of the tests themselves: over a copy of the sources, each with one fault planted, the suite of backends
 * (on the hub in memory) and the tests of the engine have to fail.
 */
const files = [
  "test/conformance/memory-backend.test.ts",
  "test/unit/engine/activity-cancellation.test.ts",
  "test/unit/engine/activity-heartbeat.test.ts",
  "test/unit/engine/activity-processor.test.ts",
  "test/unit/engine/creation-race.test.ts",
  "test/unit/engine/known-executions.test.ts",
  "test/unit/engine/lock-keeper.test.ts",
  "test/unit/engine/next-instance-write.test.ts",
  "test/unit/engine/orchestration-processor.test.ts",
  "test/unit/engine/poisoned-instance.test.ts",
  "test/unit/engine/poisoned-activity.test.ts",
  "test/unit/engine/reconcile-messages.test.ts",
  "test/unit/engine/settlements.test.ts",
  "test/unit/engine/suspect-line.test.ts",
  "test/unit/engine/unknown-names.test.ts",
  "test/unit/engine/wanted-activities.test.ts",
  "test/unit/engine/work-item-loop.test.ts",
];

interface Run {
  readonly passed: number;
  /** Names of tests. */
  readonly failed: readonly string[];
  /** Why files could not be loaded. */
  readonly errors: readonly string[];
}

/** One for each of two processors; a process runs its share one after the other. */
const shares: readonly PlantedFault[][] = [[], []];
for (const [index, fault] of plantedFaults.entries()) shares[index % 2]!.push(fault);

const patience = { timeout: 300_000 };
const children: ChildProcess[] = [];
const folders: string[] = [];
const runs = new Map<PlantedFault | undefined, Promise<Run>>();

/** Starts a process that runs the tests without a fault, and then with each of these. */
function start(faults: readonly PlantedFault[]): void {
  const root = mkdtempSync(join(tmpdir(), "planted-faults-"));
  folders.push(root);
  for (const folder of ["src", "test/support", "test/unit/engine"])
    cpSync(folder, join(root, folder), { recursive: true });
  for (const file of files) cpSync(file, join(root, file));
  symlinkSync(resolve("node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module" }));

  const child = spawn(process.execPath, ["test/support/run-planted-faults.mjs"], { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  const planted = faults.map((fault) => ({ ...fault, file: `src/${fault.file}` }));
  child.stdin!.end(JSON.stringify({ root, files, faults: planted }));
  let said = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  const exited = new Promise<string>((resolve) =>
    child.once("close", (code) => resolve(`it ended with ${code}: ${said}`)),
  );
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<Run> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the process that plants faults did not tell of this run; ${await exited}`);
    return JSON.parse(value) as Run;
  };
  let before: Promise<unknown> = Promise.resolve();
  for (const fault of [undefined, ...faults]) {
    const run = before.then(next, next);
    run.catch(() => {});
    before = run;
    if (fault !== undefined || !runs.has(undefined)) runs.set(fault, run);
  }
}

describe("planted faults", () => {
  beforeAll(() => {
    for (const share of shares) start(share.filter(isPlantable));
  });

  afterAll(() => {
    for (const child of children) child.kill();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  it("the tests pass where no fault is planted", patience, async () => {
    const { passed, failed, errors } = await runs.get(undefined)!;

    expect([failed, errors]).toEqual([[], []]);
    expect(passed).toBeGreaterThan(200);
  });

  it.each(plantedFaults.map((fault) => [fault.breaks, fault.file, fault] as const))(
    "it is found out when '%s' does not hold (%s)",
    patience,
    async (_, file, fault) => {
      expect(occurrences(fault), `'${fault.find}' has to stand once in src/${file}: plant the fault anew`).toBe(1);
      const { failed, errors } = await runs.get(fault)!;

      expect(errors).toEqual([]);
      expect(failed, "tests that fail").not.toEqual([]);
    },
  );
});

function occurrences({ file, find }: PlantedFault): number {
  return readFileSync(`src/${file}`, "utf8").split(find).length - 1;
}

function isPlantable(fault: PlantedFault): boolean {
  return occurrences(fault) === 1;
}
