import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";

const appSource = `import { DFApp } from "${pathToFileURL(resolve("dist/index.js")).href}";
const app = new DFApp();
app.activity("a", (input) => input);
app.activity("b", (input) => input);
app.orchestration("rnd", async (context) => {
  const n = Math.random();
  await context.callActivity(n < 0.5 ? "a" : "b", 1);
  await context.createTimer("1s");
  await context.callActivity("a", 2);
  return n;
});
app.orchestration("now", async (context) => {
  const t = Date.now();
  await context.callActivity("a", t);
  await context.createTimer("1s");
  return t;
});
app.orchestration("fine", async (context) => {
  context.log("a line of mine");
  const t = context.currentUtcDateTime;
  await context.callActivity("a", [t, context.newGuid()]);
  await context.createTimer("1s");
  context.log("another line of mine");
  return t;
});
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-replay-check-"));
  writeFileSync(join(folder, "package.json"), '{ "main": "app.mjs" }');
  writeFileSync(join(folder, "app.mjs"), appSource);
  writeHostJson({});
});

afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

function writeHostJson(durableTask: object): void {
  writeFileSync(join(folder, "host.json"), JSON.stringify({ version: "2.0", extensions: { durableTask } }));
}

async function run(host: LocalHostProcess, name: string): Promise<{ runtimeStatus: string; output: string }> {
  const api = `${host.url}/runtime/webhooks/durabletask`;
  const { id } = (await (await fetch(`${api}/orchestrators/${name}`, { method: "POST" })).json()) as { id: string };
  for (;;) {
    const status = (await (await fetch(`${api}/instances/${id}`)).json()) as Awaited<ReturnType<typeof run>>;
    if (status.runtimeStatus !== "Pending" && status.runtimeStatus !== "Running") return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

it("code that goes by random numbers or the clock fails in its first run under durable start", async () => {
  await using host = await startLocalHost({ appFolder: folder });
  const [random, now, fine] = await Promise.all([run(host, "rnd"), run(host, "now"), run(host, "fine")]);

  expect(random.runtimeStatus).toBe("Failed");
  expect(random.output).toMatch(
    /^NondeterministicOrchestration: in episode 1 .*ScheduleTask\('[ab]'\).*ScheduleTask\('[ab]'\)/,
  );
  expect(random.output).toMatch(/Math\.random\(\) at .*app\.mjs:6:\d+/);
  expect(now.runtimeStatus).toBe("Failed");
  expect(now.output).toMatch(/ScheduleTask\('a'\) with input \d+, .*ScheduleTask\('a'\) with input \d+/);
  expect(now.output).toMatch(/Date\.now\(\) at .*app\.mjs:13:\d+/);
  for (const name of ["context.patched", "context.currentUtcDateTime", "context.newGuid()", "rewind"]) {
    expect(random.output).toContain(name);
  }
  expect(fine.runtimeStatus).toBe("Completed");
  expect(host.output().match(/a line of mine/g)).toHaveLength(1);
  expect(host.output().match(/another line of mine/g)).toHaveLength(1);
  // The log has the line of the app, and none of the engine.
  expect(host.output()).toMatch(/OrchestrationFailed: 'rnd' failed: [^\n]*\n\s+at .*app\.mjs:6:\d+/);
});

it.each([
  ["--no-replay-check", {}, ["--no-replay-check"]],
  ["host.json", { replayCheck: false }, []],
])("it is switched off by %s", async (_, settings, args) => {
  writeHostJson(settings);
  await using host = await startLocalHost({ appFolder: folder, args });

  expect(await run(host, "now")).toMatchObject({ runtimeStatus: "Completed" });
});

it("the command line goes before host.json", async () => {
  writeHostJson({ replayCheck: false });
  await using host = await startLocalHost({ appFolder: folder, args: ["--replay-check"] });

  expect(await run(host, "now")).toMatchObject({ runtimeStatus: "Failed" });
});
