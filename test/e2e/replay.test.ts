import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DFApp } from "../../src/functions/df-app.ts";
import { formatRecordedHistory, type RecordedHistory } from "../../src/management/recorded-history.ts";
import { createTestHub } from "../../src/testing/test-hub/create-test-hub.ts";
import { DebuggedCommand } from "../support/debugged-command.ts";
import { runDurable, startLocalHost } from "../support/local-host.ts";

const source = `import * as df from "durable-functions-ts";

interface Order {
  item: string;
}

const app = new df.DFApp();
app.activity("charge", (order: Order) => \`charged \${order.item}\`);
app.activity("ship", (receipt: string) => \`shipped, \${receipt}\`);
app.orchestration("order", async (context, input: Order) => {
  console.log("an order of", input.item);
  const receipt: string = await context.callActivity("charge", input);
  const approval = await context.waitForExternalEvent<{ by: string }>("Approval");
  context.log("approved by", approval.by);
  const parcel: string = await context.callActivity("ship", receipt);
  if (input.item === "nothing") throw new TypeError("there is no parcel");
  context.setCustomStatus(parcel);
  await context.waitForExternalEvent("Delivered");
  return parcel;
});
df.app.orchestration("classic", function* (context) {
  const receipt: string = yield context.df.callActivity("charge", { item: "tea" });
  debugger;
  return receipt;
});
`;
const lineOf = (text: string) => source.split(/\r?\n/).findIndex((line) => line.includes(text)) + 1;

let folder: string;
const built = () => pathToFileURL(join(folder, "dist", "app.js"));
const replay = (...args: string[]) => runDurable(["replay", ...args], { cwd: folder });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "durable-replay-"));
  for (const name of ["src", "node_modules"]) mkdirSync(join(folder, name));
  symlinkSync(resolve("."), join(folder, "node_modules", "durable-functions-ts"), "junction");
  const options = { target: "es2022", module: "nodenext", rootDir: "src", outDir: "dist", sourceMap: true, types: [] };
  const files = {
    "package.json": { type: "module", main: "dist/app.js" },
    "host.json": { version: "2.0" },
    "tsconfig.json": { compilerOptions: { ...options, skipLibCheck: true }, include: ["src"] },
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  writeFileSync(join(folder, "src", "app.ts"), source);
  const { stdout } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", folder], {
    encoding: "utf8",
    windowsHide: true,
  });
  expect(stdout).toBe("");
  const recorded = await record();
  writeFileSync(join(folder, "all.ndjson"), recorded.map(formatRecordedHistory).join("\n"));
  writeFileSync(join(folder, "one.json"), JSON.stringify(recorded[0], undefined, 2));
});

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Instances as an app of the same code has run them. */
async function record(): Promise<readonly RecordedHistory[]> {
  const app = new DFApp();
  app.activity("charge", ({ item }: { item: string }) => `charged ${item}`);
  app.activity("ship", (receipt: string) => `shipped, ${receipt}`);
  app.orchestration("order", function* (context, { item }: { item: string }) {
    const receipt: string = yield context.callActivity("charge", { item });
    yield context.waitForExternalEvent("Approval");
    yield context.callActivity("ship", receipt);
    if (item === "nothing") throw new TypeError("there is no parcel");
    yield context.waitForExternalEvent("Delivered");
  });
  app.orchestration("classic", function* (context) {
    return yield context.callActivity("charge", { item: "tea" });
  });
  await using hub = createTestHub(app);
  const recorded: RecordedHistory[] = [];
  for (const [instanceId, name, item] of [
    ["order-7", "order", "tea"],
    ["order-8", "order", "nothing"],
    ["classic-1", "classic", ""],
  ] as const) {
    const run = await hub.start(name, { item }, { instanceId });
    if (name === "order") await run.raiseEvent("Approval", { by: "ann" });
    const { runtimeStatus: status } = await run.status();
    recorded.push({ instanceId, name, status, history: await run.history() });
  }
  return recorded;
}

describe("durable replay", () => {
  it("shows what the orchestrator did, with what history has and where in the source, and what it waits for", async () => {
    const { code, stdout, stderr } = await replay("one.json");

    expect(code, stderr).toBe(0);
    const lines = stdout.split(/\r?\n/);
    const lineWith = (text: string) => lines.filter((line) => line.includes(text)).join("\n");
    expect(lines.filter((line) => line === "an order of tea")).toHaveLength(1);
    expect(stdout.match(/approved by ann/g)).toHaveLength(1);
    expect(lineWith("charge")).toMatch(
      new RegExp(`^\\d+, \\d+ +activity +charge +completed +"charged tea" +src/app\\.ts:${lineOf('"charge", input')}:`),
    );
    expect(lineWith("Approval")).toMatch(
      new RegExp(`^\\d+ +event raised +Approval +{"by":"ann"} +src/app\\.ts:${lineOf('"Approval"')}:`),
    );
    expect(lineWith("Delivered")).toMatch(
      new RegExp(`^ {2}event 'Delivered', asked for at src/app\\.ts:${lineOf('"Delivered"')}:`),
    );
    expect(lines).toContain('Custom status: "shipped, charged tea"');
    expect(lines).toContain("The code fits the history.");
  });

  it("shows the failure of an instance with its line in the source", async () => {
    const { code, stdout } = await replay("all.ndjson", "--instance", "order-8");

    expect(code).toBe(0);
    expect(stdout).toContain("It ends: Failed\n  TypeError: there is no parcel\n");
    expect(stdout).toMatch(new RegExp(`at .*app\\.ts:${lineOf("throw new TypeError")}:`));
  });

  it("names the instances of a file that has several, and says what else is wrong", async () => {
    writeFileSync(join(folder, "short.json"), '{"id":"order-7","events":[]}');
    const list = "\n  order-7 (order, Running)\n  order-8 (order, Failed)\n  classic-1 (classic, Completed)\n";

    const several = await replay("all.ndjson");
    const unknown = await replay("all.ndjson", "--instance", "order-9");
    const shortened = await replay("short.json");
    const nowhere = await replay("nowhere.json");
    const nothing = await replay();
    const noFolder = await replay("one.json", "--script-root", "nowhere");

    expect(several.code).toBe(1);
    expect(several.stderr).toContain(`all.ndjson holds 3 instances; choose one with --instance:${list}`);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain(`all.ndjson holds no instance 'order-9', but:${list}`);
    expect(shortened.stderr).toContain("'durable history --json' leaves things out");
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining("nowhere.json cannot be read") });
    expect(noFolder).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Unable to find project root\. .*nowhere/),
    });
    expect(nothing).toMatchObject({ code: 3, stderr: expect.stringContaining("Name a file of") });
  });

  it("says where the code differs from the history, and exits with 1", async () => {
    const code = readFileSync(built(), "utf8");
    writeFileSync(built(), code.replace('"ship", receipt', '"send", receipt'));
    try {
      const differs = await replay("one.json");

      expect(differs.code).toBe(1);
      expect(differs.stdout).toMatch(
        /It differs from its history: at event \d+ history has TaskScheduled\('ship'\) with id 1, but .*'send'/,
      );
      expect(differs.stdout).toMatch(new RegExp(`asked for at src/app\\.ts:${lineOf('"ship", receipt')}:`));
      expect(differs.stdout).toContain('"charged tea"');
    } finally {
      writeFileSync(built(), code);
    }
  });

  it("takes an instance of a task hub", async () => {
    await using host = await startLocalHost({ appFolder: folder });
    const api = `${host.url}/runtime/webhooks/durabletask`;
    const start = { method: "POST", body: '{"item":"tea"}', headers: { "content-type": "application/json" } };
    await fetch(`${api}/orchestrators/order/of-hub`, start);
    const history = async () => await (await fetch(`${api}/instances/of-hub?showHistory=true`)).text();
    await expect.poll(history).toContain("TaskCompleted");

    const found = await replay("--instance", "of-hub");

    expect(found.stdout).toContain("event 'Approval', asked for at src/app.ts");
    expect(found.code, found.stderr).toBe(0);
  });
});

describe("in a debugger", () => {
  it("stops at the third await with the recorded result, goes on by steps, runs the code once and ends", async () => {
    await using command = await DebuggedCommand.start(["replay", "one.json", "--inspect=0"], folder);
    expect(command.output).toContain("Waits for a debugger, then replays order-7 (order).");
    await command.breakAt(built(), lineOf('"ship", receipt'));
    await command.begin();

    const third = await command.stopped();
    expect(third.locals).toMatchObject({ receipt: "charged tea" });
    expect(command.output).not.toContain("The code fits");
    await command.stepOver();
    const next = await command.stopped();
    expect(next.line).toBeGreaterThan(third.line);
    expect(next.locals).toMatchObject({ parcel: "shipped, charged tea" });
    await command.resume();

    expect(await command.exited(), command.output).toBe(0);
    expect(command.output.match(/an order of tea/g)).toHaveLength(1);
    expect(command.output).toContain("The code fits the history.");
  });

  it.each([
    ["an async function", "order-7", '"an order of"', 0],
    ["a generator written for durable-functions 3.x", "classic-1", '{ item: "tea" }', 1],
  ])("--inspect-brk stops at the first line of %s, and then at statements of the code", async (_, id, first, more) => {
    const args = ["replay", "all.ndjson", "--instance", id, "--inspect-brk=127.0.0.1:0"];
    await using command = await DebuggedCommand.start(args, folder);
    await command.begin();

    const builtLine = (text: string) =>
      readFileSync(built(), "utf8")
        .split(/\r?\n/)
        .findIndex((line) => line.includes(text)) + 1;
    expect((await command.stopped()).line).toBe(builtLine(first));
    await command.resume();
    for (let count = 0; count < more; count++) {
      expect(await command.stopped()).toMatchObject({
        line: builtLine("debugger;"),
        locals: { receipt: "charged tea" },
      });
      await command.resume();
    }
    expect(await command.exited(), command.output).toBe(0);
  });

  it("an editor that starts the command under its own debugger is not waited for again", async () => {
    const env = { NODE_OPTIONS: "--inspect-brk=127.0.0.1:0" };
    await using command = await DebuggedCommand.start(["replay", "one.json", "--inspect-brk"], folder, env);
    await command.begin();
    await command.stopped();
    await command.resume();

    expect((await command.stopped()).locals).toHaveProperty("receipt");
    await command.resume();
    expect(await command.exited(), command.output).toBe(0);
  });

  it("says that the port is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    try {
      await new Promise((listening) => server.once("listening", listening));
      const { port } = server.address() as { port: number };

      const { code, stderr } = await replay("one.json", `--inspect=${port}`);

      expect(code).toBe(1);
      expect(stderr).toContain(
        `No debugger can connect to 127.0.0.1:${port}; --inspect=0 takes any port that is free.`,
      );
    } finally {
      server.close();
    }
  });
});
