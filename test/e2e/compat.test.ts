import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";

const folders: string[] = [];

/** A folder whose packages are those of the project, and ours by its own name or by another. */
function createAppFolder(ourName: string): string {
  const folder = mkdtempSync(join(tmpdir(), "durable-compat-"));
  folders.push(folder);
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["@azure", "@types", "undici-types", "durable-functions"]) {
    if (name !== ourName) symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
  }
  symlinkSync(resolve("."), join(folder, "node_modules", ourName));
  return folder;
}

function copyApps(folder: string, specifier: string): void {
  cpSync("test/e2e/apps/durable-functions-3", folder, { recursive: true });
  for (const file of readdirSync(join(folder, "src"))) {
    const path = join(folder, "src", file);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll('"durable-functions"', JSON.stringify(specifier)));
  }
  writeFileSync(join(folder, "src/names.ts"), exportsOfOfficialTypes(specifier));
}

/** A module that fails to compile when the package lacks a name that `durable-functions` 3.5 declares. */
function exportsOfOfficialTypes(specifier: string): string {
  const types = resolve("node_modules/durable-functions/types");
  const modules = readdirSync(types).filter((file) => !/^(?:app|input|trigger|symbol)/.test(file));
  const names = modules.flatMap((file) => [
    ...readFileSync(join(types, file), "utf8").matchAll(
      /^export (?:declare )?(?:class|interface|type|enum|function) (\w+)/gm,
    ),
  ]);
  expect(names.length).toBeGreaterThan(60);
  return `export type { ${names.map((match) => match[1]).join(", ")} } from "${specifier}";\n`;
}

function compile(folder: string): string {
  const { stdout } = spawnSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", folder], {
    encoding: "utf8",
  });
  return stdout;
}

async function post(host: LocalHostProcess, path: string, body?: unknown): Promise<Response> {
  return fetch(`${host.url}/api/${path}`, {
    method: "POST",
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function run(host: LocalHostProcess, name: string, input: unknown = null): Promise<unknown> {
  const answer = await post(host, `wait/${name}`, input);
  expect([name, answer.status]).toEqual([name, 200]);
  return answer.json();
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe("apps written for durable-functions 3.5", () => {
  let host: LocalHostProcess;

  beforeAll(async () => {
    const folder = createAppFolder("durable-functions-ts");
    copyApps(folder, "durable-functions");
    expect(compile(folder)).toBe("");
    copyApps(folder, "durable-functions-ts");
    expect(compile(folder)).toBe("");
    host = await startLocalHost({ appFolder: folder });
  });

  afterAll(async () => {
    await host?.stop();
  });

  it("call activities by name and by what their registration returned", async () => {
    expect(await run(host, "tour")).toEqual(["Tokyo", "Seattle", "Cairo", "Lima", "Oslo"].map((at) => `Hello, ${at}!`));
    expect(host.output()).toContain("tour of tour");
    expect(host.output()).toContain("greeting Tokyo as greet");
  });

  it("fan out, monitor and go on for ever", async () => {
    expect(await run(host, "backup", 5)).toBe(30);
    expect(await run(host, "monitor")).toMatchObject({ seen: 3, guid: expect.stringMatching(/^[\da-f]{8}-.{27}$/) });
    expect(host.output().match(/looked 2 times/g)).toHaveLength(1);
    expect(await run(host, "eternal", 1)).toBe("round 3");
  });

  it("wait for people, and cancel what they no longer wait for", async () => {
    const started = await post(host, "orchestrators/approval", null);
    const { statusQueryGetUri, sendEventPostUri } = (await started.json()) as Record<string, string>;
    await fetch(sendEventPostUri!.replace("{eventName}", "answer"), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{ "approved": true }',
    });

    await expect
      .poll(async () => (await fetch(statusQueryGetUri!)).json())
      .toMatchObject({ runtimeStatus: "Completed", output: "approved" });
  });

  it("use entities from orchestrations and from functions with a client input", async () => {
    expect(await run(host, "count", "a")).toBe(5);
    expect((await post(host, "counter/a?op=add&amount=4")).status).toBe(202);
    const read = async (id: string) => (await fetch(`${host.url}/api/counter/${id}`)).text();

    await expect.poll(() => read("a")).toBe("9");
    await expect.poll(() => read("other")).toBe("5");
    expect((await fetch(`${host.url}/api/counter/nobody`)).status).toBe(404);
    expect(await (await fetch(`${host.url}/api/noClient`)).text()).toContain("durable client input binding");
  });

  it("lock entities, and are told what a critical section forbids", async () => {
    expect(await run(host, "transfer", { from: "a", to: "b", amount: 30 })).toEqual({
      balances: [70, 130],
      refused: ["LOCKING_RULES_VIOLATION"],
      isLock: true,
    });
  });

  it("retry activities and sub-orchestrations, and look at failures", async () => {
    expect(await run(host, "retries")).toMatchObject({
      first: 2,
      second: 4,
      ids: [expect.stringMatching(/-child$/), expect.stringMatching(/-plain$/)],
      inputs: [{ n: 1 }, "x"],
      type: "OutOfStock",
      message: "nothing left",
      caused: [true, false],
      shelf: 8,
      task: "buy",
    });
  });

  it("call over HTTP", async () => {
    const answer = await run(host, "call", `${host.url}/api/echo`);

    expect(answer).toEqual({ status: 201, body: '{"asked":true}', kind: "echo" });
  });

  it("use every verb of the client", async () => {
    const answer = await post(host, "verbs");

    expect(await answer.json()).toEqual({
      hub: "Compat",
      output: { gone: true },
      customStatus: "waiting",
      reason: "enough",
      found: true,
      all: true,
      links: 9,
      purged: [1, expect.any(Number)],
      missing: "DurableError",
      origin: 202,
    });
  });

  it("register functions for every other trigger, which a host that has them runs", () => {
    for (const name of ["onTimer", "onQueue", "onBlob", "onBusQueue", "onBusTopic", "onHub", "onGrid", "onDocuments"]) {
      expect(host.output()).toMatch(new RegExp(`${name}: \\w+Trigger`));
    }
  });
});

it("functions take their names from the code, and classes from decorators", async () => {
  const folder = createAppFolder("durable-functions-ts");
  cpSync("test/e2e/apps/named", folder, { recursive: true });
  expect(compile(folder)).toBe("");
  await using host = await startLocalHost({ appFolder: folder });

  expect(await run(host, "helloSequence", ["Oslo", "Lima"])).toBe("HI OSLO HI LIMA 2");
  expect(await run(host, "doubleAll", [1, 2])).toEqual([2, 4]);
  expect(host.output()).toContain("startAndWait: [GET,POST] http");
});

it("an app in CommonJS runs when our package stands in under the name durable-functions", async () => {
  const folder = createAppFolder("durable-functions");
  writeFileSync(join(folder, "host.json"), '{ "version": "2.0" }');
  writeFileSync(join(folder, "package.json"), '{ "main": "app.js" }');
  writeFileSync(
    join(folder, "app.js"),
    `
const { app } = require("@azure/functions");
const df = require("durable-functions");

const double = df.app.activity("double", { handler: (n) => n * 2 });
df.app.orchestration("doubles", function* (context) {
  const doubled = yield context.df.Task.all(context.df.getInput().map((n) => double(n)));
  return { doubled, done: double(0).isCompleted };
});
app.http("wait", {
  methods: ["POST"],
  route: "wait/{name}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const id = await client.startNew(request.params.name, { input: await request.json() });
    return client.waitForCompletionOrCreateCheckStatusResponse(request, id);
  },
});
`,
  );
  await using host = await startLocalHost({ appFolder: folder });

  expect(await run(host, "doubles", [1, 2, 3])).toEqual({ doubled: [2, 4, 6], done: false });
});
