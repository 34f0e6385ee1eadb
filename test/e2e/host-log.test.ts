import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";

const library = pathToFileURL(resolve("dist/index.js")).href;
let folder = "";

/** In the map each line of it stands ten lines further down, in another file. */
const appSource = `import { DFApp } from "${library}";
const app = new DFApp({ version: "1.5" });
app.activity("charge", () => { throw new TypeError("no card", { cause: new Error("wallet empty") }); });
app.activity("look", () => 1);
app.activity("endless", () => new Promise(() => setInterval(() => {}, 1000)));
app.orchestration("order", async (context) => {
  context.log("plain"); context.warn("careful"); context.error("oh no");
  context.callActivity("look");
  await context.createTimer("1s");
  await context.callActivity("charge", "SECRET");
});
app.orchestration("waits", async (context) => { await context.waitForExternalEvent("Approved"); });
app.orchestration("runs", async (context) => { await context.callActivity("endless"); });
app.http("start", {
  route: "orchestrators/{name}", methods: ["POST"],
  handler: async (request, client) => {
    const id = await client.startNew(request.params.name, { input: await request.json() });
    return client.createCheckStatusResponse(request, id);
  },
});
app.http("a", { route: "x/{id}", handler: () => { throw new Error("broken"); } });
app.http("b", { route: "x/{name}", handler: () => ({}) });
//# source${"MappingURL"}=app.mjs.map
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-log-"));
  const lines = appSource.split(/\r?\n/).length;
  const mappings = ["AAUA", ...Array.from({ length: lines - 1 }, () => "AACA")].join(";");
  writeFileSync(join(folder, "app.mjs"), appSource);
  writeFileSync(
    join(folder, "app.mjs.map"),
    JSON.stringify({ version: 3, sources: ["src/app.ts"], names: [], mappings }),
  );
  writeFileSync(join(folder, "package.json"), '{ "main": "app.mjs" }');
  writeFileSync(join(folder, "host.json"), '{ "version": "2.0", "logging": { "logLevel": { "Host": "Warnig" } } }');
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const post = (host: LocalHostProcess, name: string) =>
  fetch(`${host.url}/api/orchestrators/${name}`, { method: "POST", body: "{}" });

it("the log tells of lives, levels, failures where they were thrown, and of what is probably a mistake", async () => {
  await using host = await startLocalHost({ appFolder: folder, args: ["--functions", "start", "a", "b", "strat"] });

  expect((await post(host, "order")).status).toBe(202);
  expect((await post(host, "waits")).status).toBe(202);
  expect((await post(host, "runs")).status).toBe(202);
  expect((await fetch(`${host.url}/api/x/1`)).status).toBe(500);
  const unknown = await post(host, "ordr");
  expect(unknown.status).toBe(404);
  expect(await unknown.text()).toContain("did you mean 'order'?");
  await expect.poll(host.output).toContain("OrchestrationFailed: 'order' failed");
  await expect.poll(host.output).toContain("ActivityExecuting: 'endless'");
  expect(await host.stop()).toBe(0);

  const text = host.output();
  for (const line of [
    /Node v[\d.]+, process \d+\n/,
    / WARN\] SettingIgnored: .*'logging\.logLevel\.Host'.*did you mean 'Warning'/,
    / WARN\] RoutesClash: the function 'b' is not called/,
    / WARN\] FunctionNotFound: --functions names 'strat'.*did you mean 'start'/,
    /Z\] plain \[order /,
    /Z WARN\] careful \[order /,
    /Z ERROR\] oh no \[order /,
    /Z\] OrchestrationStarted: 'order' started \(instanceId=\w+, version=1\.5\)/,
    /Z\] ActivityExecuted: 'look' completed after \d+ m?s \(.*attempt=1\)/,
    /Z\] OrchestrationWaiting: 'order' waits for timer until \d{4}-/,
    /Z\] OrchestrationWaiting: 'waits' waits for event 'Approved'/,
    /WARN\] ActivityFailed: 'charge' failed: TypeError: no card \(.*\n {4}at .*src\/app\.ts:13.*\ncaused by Error: wallet empty\n {4}at .*src\/app\.ts:13/,
    /ERROR\] Executed 'Functions\.a' \(Failed, .*\nError: broken\n {4}at .*src\/app\.ts:31/,
    /Stopped after .* 1 activity runs again at the next start\.\n/,
  ]) {
    expect(text).toMatch(line);
  }
  expect(text.match(/no card/g)).toHaveLength(2);
  expect(text).not.toContain("SECRET");
});

it("as JSON each line of it is one object, and a start tells what it has found", async () => {
  await using host = await startLocalHost({ appFolder: folder, env: { DURABLE_LOG_FORMAT: "json" } });
  await expect.poll(host.output).toContain("InstancesFound");
  await post(host, "order");
  await expect.poll(host.output).toContain('"OrchestrationFailed"');
  await host.stop();

  const lines = host
    .output()
    .trim()
    .split(/\r?\n/)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.every(({ time, level, category, message }) => time && level && category && message)).toBe(true);
  expect(lines).toContainEqual(
    expect.objectContaining({
      event: "InstancesFound",
      message: "2 instances running, 1 failed; `durable ls` shows them",
    }),
  );
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: "warn",
      category: "Function.order.User",
      message: "careful",
      fields: { instanceId: expect.any(String), functionName: "order" },
    }),
  );
  expect(lines).toContainEqual(
    expect.objectContaining({
      event: "ActivityFailed",
      fields: expect.objectContaining({ functionName: "charge", attempt: 1, durationMs: expect.any(Number) }),
    }),
  );
  expect(lines).toContainEqual(expect.objectContaining({ event: "HostStopped" }));
});
