import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DFApp } from "../../src/functions/df-app.ts";
import { formatRecordedHistory, parseRecordedHistory } from "../../src/management/recorded-history.ts";
import { createTestHub } from "../../src/testing/test-hub/create-test-hub.ts";
import { runDurable, startLocalHost } from "../support/local-host.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-replay-gate-"));
  writeFileSync(join(folder, "package.json"), '{ "main": "app.mjs" }');
  writeFileSync(join(folder, "host.json"), '{ "version": "2.0" }');
});

afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** The app of the folder; `charge` is the activity that an approved order is charged by. */
function writeApp(charge: string): void {
  const source = `import { DFApp } from "${pathToFileURL(resolve("dist/index.js")).href}";
const app = new DFApp();
app.activity("charge", () => "charged");
app.activity("chargeCard", () => "charged");
app.orchestration("order", function* (context) {
  yield context.waitForExternalEvent("Approval");
  yield context.callActivity("${charge}");
  yield context.waitForExternalEvent("Shipped");
});
`;
  writeFileSync(join(folder, "app.mjs"), source);
}

/** A hundred orders as `durable history --all` writes them, three of them approved. */
async function recordOrders(): Promise<string> {
  const app = new DFApp();
  app.activity("charge", () => "charged");
  app.orchestration("order", function* (context) {
    yield context.waitForExternalEvent("Approval");
    yield context.callActivity("charge");
    yield context.waitForExternalEvent("Shipped");
  });
  await using hub = createTestHub(app);
  const lines: string[] = [];
  for (let n = 0; n < 100; n++) {
    const run = await hub.start("order", undefined, { instanceId: `order-${n}` });
    if ([7, 42, 99].includes(n)) await run.raiseEvent("Approval");
    const history = await run.history();
    const { runtimeStatus: status } = await run.status();
    lines.push(formatRecordedHistory({ instanceId: run.id, name: "order", status, history }));
  }
  return lines.join("\n");
}

it("a deployment that would break 3 of 100 recorded instances is stopped, and they are named", async () => {
  mkdirSync(join(folder, "histories"));
  writeFileSync(join(folder, "histories", "orders.ndjson"), await recordOrders());
  const check = (...more: string[]) =>
    runDurable(["replay-check", "--histories", "histories", ...more], { cwd: folder });

  writeApp("charge");
  const same = await check();
  writeApp("chargeCard");
  const changed = await check();
  const asJson = await check("--json");

  expect(same.code, same.stderr).toBe(0);
  expect(same.stdout).toContain("All 100 of 100 instances that were replayed fit the code.");
  expect(changed.code).toBe(1);
  const named = changed.stdout.split(/\r?\n/).filter((line) => line.includes("(order)"));
  expect(named).toHaveLength(3);
  for (const [index, n] of [7, 42, 99].entries()) {
    expect(named[index]).toMatch(
      new RegExp(
        `order-${n} \\(order\\): at event \\d+ history has TaskScheduled\\('charge'\\) with id 0, but the orch`,
      ),
    );
    expect(named[index]).toContain("now asks for ScheduleTask('chargeCard')");
  }
  expect(changed.stdout).toContain("3 of 100 instances would break.");
  expect(asJson.code).toBe(1);
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    ok: false,
    fitting: 97,
    breaking: [{ instanceId: "order-7" }, { instanceId: "order-42" }, { instanceId: "order-99" }],
  });
});

it("warns of a source that was changed after it was built: what is built is checked", async () => {
  writeApp("charge");
  mkdirSync(join(folder, "src"));
  const options = { rootDir: "src", outDir: "." };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  const source = join(folder, "src", "app.mts");
  writeFileSync(source, "export {};");
  writeFileSync(join(folder, "histories.ndjson"), "");
  const { mtimeMs: built } = statSync(join(folder, "app.mjs"));
  const check = async (changed: number) => {
    utimesSync(source, changed / 1000, changed / 1000);
    return await runDurable(["replay-check", "--histories", "histories.ndjson", "--json"], { cwd: folder });
  };

  const fresh = await check(built - 5_000);
  const stale = await check(built + 5_000);

  expect(fresh).toMatchObject({ code: 0, stderr: "" });
  expect(stale.stderr).toContain("src/app.mts was changed after it was built");
  expect(JSON.parse(stale.stdout)).toMatchObject({ ok: true });
});

it("histories come from a hub too, as they are or downloaded", async () => {
  writeApp("charge");
  {
    await using host = await startLocalHost({ appFolder: folder });
    const api = `${host.url}/runtime/webhooks/durabletask`;
    for (const id of ["waiting", "approved"]) await fetch(`${api}/orchestrators/order/${id}`, { method: "POST" });
    await fetch(`${api}/instances/approved/raiseEvent/Approval`, { method: "POST" });
    const history = async (id: string) =>
      (await runDurable(["history", "--all", "--prefix", id], { cwd: folder })).stdout;
    await expect.poll(() => history("approved"), { interval: 500 }).toContain("TaskCompleted");
    await expect.poll(() => history("waiting"), { interval: 500 }).toContain("ExecutionStarted");
  }

  const { stdout } = await runDurable(["history", "--all", "--out", "all.ndjson"], { cwd: folder });
  const lines = readFileSync(join(folder, "all.ndjson"), "utf8").trim().split(/\r?\n/);
  writeApp("chargeCard");
  const onHub = await runDurable(["replay-check"], { cwd: folder });
  const onFile = await runDurable(["replay-check", "--histories", "all.ndjson"], { cwd: folder });

  expect(stdout).toContain("2 histories are in all.ndjson.");
  expect(lines.map((line) => parseRecordedHistory(line).instanceId).sort()).toEqual(["approved", "waiting"]);
  for (const { code, stdout: said } of [onHub, onFile]) {
    expect(code).toBe(1);
    expect(said).toContain("approved (order): at event");
    expect(said).toContain("1 of 2 instances would break.");
  }
});

it("says what is wrong with what it is given", async () => {
  writeApp("charge");
  writeFileSync(join(folder, "bad.ndjson"), "\n{}\n");
  const run = (...args: string[]) => runDurable(["replay-check", ...args], { cwd: folder });

  expect(await run("--histories", "bad.ndjson")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/bad\.ndjson, line 2: it is no history that 'durable history --all' has written/),
  });
  expect(await run("--histories", "nowhere")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("--histories cannot be read"),
  });
  expect(await run("--histories", "x", "--task-hub", "y")).toMatchObject({ code: 3 });
  writeFileSync(join(folder, "app.mjs"), "export {};");
  writeFileSync(join(folder, "none.ndjson"), "");
  expect(await run("--histories", "none.ndjson")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("has no orchestration of a DFApp"),
  });
});
