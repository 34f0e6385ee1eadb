import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalHostProcess, runDurable, startLocalHost } from "../support/local-host.ts";

// `durable` verbs as a user types them, in the folder of an app whose host runs with the local store, and after it.

let folder: string;
let host: LocalHostProcess;

const appSource = `
import { existsSync } from "node:fs";
import { DFApp } from "${pathToFileURL(resolve("dist/index.js")).href}";

const app = new DFApp();
app.activity("charge", async (card) => {
  if (card === "bad" && !existsSync("fixed.txt")) throw new TypeError("no such card", { cause: new Error("declined") });
  return "charged " + card;
});
app.orchestration("order", function* (context, card) {
  const charged = yield context.callActivity("charge", card);
  return [charged, yield context.waitForExternalEvent("Approval")];
});
app.entity("counter", (context) => context.setState(context.getState(() => 0) + context.getInput()));
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "durable-verbs-"));
  const hostJson = { version: "2.0", extensions: { durableTask: { hubName: "Verbs" } } };
  writeFileSync(join(folder, "host.json"), JSON.stringify(hostJson));
  writeFileSync(join(folder, "package.json"), '{ "main": "app.mjs" }');
  writeFileSync(join(folder, "app.mjs"), appSource);
  host = await startLocalHost({ appFolder: folder });
});

afterAll(async () => {
  await host.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const durable = (...args: string[]) => runDurable(args, { cwd: folder });

interface Shown {
  readonly status: string;
  readonly output?: unknown;
  readonly waitsFor: readonly { readonly kind: string; readonly name?: string; readonly since: string }[];
  readonly failure?: { readonly type: string; readonly cause: { readonly type: string; readonly stack: string } };
}

async function show(id: string): Promise<Shown> {
  const { code, stdout, stderr } = await durable("show", id, "--json");
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Shown;
}

async function expectStatus(id: string, status: string): Promise<Shown> {
  await expect.poll(async () => (await show(id)).status, { timeout: 60_000, interval: 250 }).toBe(status);
  return show(id);
}

describe("durable verbs beside a host that runs", () => {
  it("starts an instance, shows the event it waits for, raises it, and shows the end and the way there", async () => {
    expect(await durable("start", "order", "--id", "o1", "--input", '"visa"')).toMatchObject({
      code: 0,
      stdout: "o1\n",
    });
    await expect.poll(async () => (await show("o1")).waitsFor[0]?.name, { timeout: 60_000 }).toBe("Approval");
    const { stdout: waiting } = await durable("show", "o1");
    await durable("raise", "o1", "Approval", '{"by":"me"}');
    const ended = await expectStatus("o1", "Completed");
    const { stdout: history } = await durable("history", "o1", "--full");

    expect(waiting).toMatch(/waits for:\n {2}event 'Approval' {2}since \S+Z \(/);
    expect(ended).toMatchObject({ output: ["charged visa", { by: "me" }], waitsFor: [] });
    expect(history).toMatch(/activity +charge +completed after [\s\S]*event raised +Approval\n[\s\S]*ended +Completed/);
    expect(history).toContain('result: "charged visa"');
  });

  it("suspends, resumes and terminates", async () => {
    await durable("start", "order", "--id", "o2", "--input", '"visa"');
    await expect.poll(async () => (await show("o2")).waitsFor[0]?.kind, { timeout: 60_000 }).toBe("event");
    await durable("suspend", "o2", "--reason", "lunch");
    const suspended = await expectStatus("o2", "Suspended");
    await durable("resume", "o2");
    await expectStatus("o2", "Running");
    await durable("terminate", "o2", "--reason", "enough");

    expect(suspended.waitsFor.map(({ kind }) => kind).toSorted()).toEqual(["event", "resume"]);
    expect(await expectStatus("o2", "Terminated")).toMatchObject({ output: "enough" });
    expect(await durable("raise", "o2", "Approval")).toMatchObject({
      code: 1,
      stderr: "the instance 'o2' is Terminated and takes no event\n",
    });
  });

  it("waits for an end, shows why it is a bad one, and lets it go on when that is mended", async () => {
    const failed = await durable("start", "order", "--id", "o3", "--input", '"bad"', "--wait", "--timeout", "30s");
    const { failure } = await show("o3");
    writeFileSync(join(folder, "fixed.txt"), "");
    expect(await durable("rewind", "o3", "--reason", "mended")).toMatchObject({ code: 0 });
    await expectStatus("o3", "Running");
    await durable("raise", "o3", "Approval", "yes", "--text");

    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(
      /o3 {2}order {2}Failed\n[\s\S]*TypeError: no such card\n +at [\s\S]*app\.mjs[\s\S]*Error: declined/,
    );
    expect(failure).toMatchObject({ type: "TaskFailedError", cause: { type: "TypeError" } });
    expect(failure?.cause.stack).toContain("app.mjs");
    expect((await expectStatus("o3", "Completed")).output).toEqual(["charged bad", "yes"]);
  });

  it("restarts, lists, signals entities and purges", async () => {
    const { stdout: id } = await durable("restart", "o1");
    await expect.poll(async () => (await show(id.trim())).waitsFor[0]?.name, { timeout: 60_000 }).toBe("Approval");
    const { stdout: list } = await durable("ls", "--json", "--created-after", "1h");
    await durable("signal", "@counter@a", "add", "5");
    const state = async () => (await durable("show", "@counter@a", "--json")).stdout;
    await expect.poll(state, { timeout: 60_000 }).toContain('"state":5');
    const purged = await durable("purge", "o1", "o2", "o3");
    const { stdout: rest } = await durable("ls");

    const statuses = list
      .trim()
      .split(/\r?\n/)
      .map((line) => JSON.parse(line) as { id: string; status: string });
    expect(statuses).toContainEqual(expect.objectContaining({ id: id.trim(), status: "Running" }));
    expect(statuses.length).toBeGreaterThan(1);
    expect(purged).toMatchObject({ code: 0, stdout: "Purged 3 instances of task hub Verbs\n" });
    expect(rest).toMatch(new RegExp(`^STATUS[^\\n]*\\nRunning .* order {2}${id.trim()}\\n$`));
  });
});

describe("durable verbs without a host", () => {
  it("open the local store for the moment, and say who is missing", async () => {
    await host.stop();

    const started = await durable("start", "order", "--id", "later");
    const { waitsFor } = await show("later");
    const waited = await durable("start", "order", "--wait");

    expect(started).toMatchObject({ code: 0, stdout: "later\n" });
    expect(started.stderr).toMatch(/^No worker has this hub at the moment/);
    expect(waitsFor).toMatchObject([{ kind: "worker" }]);
    expect(waited).toMatchObject({ code: 1, stdout: "" });
    expect(waited.stderr).toMatch(/^Nobody would run it: no host runs in this folder/);
  });

  it("make nothing where nothing is", async () => {
    const empty = mkdtempSync(join(tmpdir(), "durable-empty-"));
    try {
      const { code, stderr } = await runDurable(["ls"], { cwd: empty });
      const unknown = await durable("ls", "--task-hub", "Nobody");

      expect(code).toBe(1);
      expect(stderr).toMatch(/^There is no local store in /);
      expect(existsSync(join(empty, ".durable"))).toBe(false);
      expect(unknown).toMatchObject({ code: 1 });
      expect(unknown.stderr).toMatch(/^There is no task hub 'Nobody' in /);
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });
});
