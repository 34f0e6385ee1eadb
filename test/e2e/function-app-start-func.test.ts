import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "func-"));
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));

/** `npm run start:func` after its build, with `folder` as what is installed. */
async function startFunc(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["scripts/start-func.mjs", ...args], {
    env: { ...process.env, PATH: [folder, "/usr/bin", "/bin"].join(":"), AzureWebJobsStorage: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

/** What tells how it was started, in place of Core Tools. */
async function installFunc(): Promise<void> {
  const seen = `{ args: process.argv.slice(2), cwd: process.cwd(), storage: process.env.AzureWebJobsStorage }`;
  const script = `require("node:fs").writeFileSync(${JSON.stringify(join(folder, "seen.json"))}, JSON.stringify(${seen})); process.exit(7);`;
  await writeFile(join(folder, "func"), `#!${process.execPath}\n${script}\n`);
  await chmod(join(folder, "func"), 0o755);
}

async function readSeen(): Promise<{ args: string[]; cwd: string; storage: string }> {
  return JSON.parse(await readFile(join(folder, "seen.json"), "utf8")) as Awaited<ReturnType<typeof readSeen>>;
}

it("says what to install where Core Tools are missing, and downloads nothing", async () => {
  const { code, output } = await startFunc([]);

  expect(code).toBe(1);
  expect(output).toMatch(/Core Tools are not installed.*npm install -g azure-functions-core-tools@4.*npm start/s);
});

it("starts the root app, with the storage that is set and the arguments of func", async () => {
  await installFunc();

  const { code } = await startFunc(["--port", "7171"], { AzureWebJobsStorage: "UseDevelopmentStorage=true" });

  expect(code).toBe(7);
  expect(await readSeen()).toEqual({
    args: ["start", "--port", "7171"],
    cwd: process.cwd(),
    storage: "UseDevelopmentStorage=true",
  });
});

it("brings a store where no account is set", async () => {
  await installFunc();

  await startFunc([]);

  expect((await readSeen()).storage).toMatch(/^DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;/);
});

it("runs the app on the Durable extension where that is asked for", async () => {
  await installFunc();

  await startFunc(["--hosting", "extension"], { AzureWebJobsStorage: "UseDevelopmentStorage=true" });

  const { args, cwd } = await readSeen();
  expect(args).toEqual(["start"]);
  expect(dirname(dirname(cwd))).toBe(process.cwd());
  const hostJson = JSON.parse(await readFile(join(cwd, "host.json"), "utf8")) as Record<string, unknown>;
  expect(hostJson).toMatchObject({
    version: "2.0",
    extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.36.0, 5.0.0)" },
    extensions: { durableTask: { hubName: "SamplesExt" } },
  });
  expect(await readFile(join(cwd, "dist/index.js"), "utf8")).toContain("DFApp");
});

it("knows two hostings", async () => {
  expect(await startFunc(["--hosting=other"])).toMatchObject({ code: 3 });
});
