import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { runDurable, startLocalHost } from "../support/local-host.ts";
import { npmCommand } from "../support/npm-command.mjs";
import { readModules } from "../support/pages.mjs";
import { unpackTarball } from "../support/tarball.mjs";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-init-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What `npm install` would make, of the tarball and of what is installed here. */
function install(app: string, tarball: string): void {
  const modules = join(app, "node_modules");
  const unpacked = join(modules, "durable-functions-ts");
  mkdirSync(unpacked, { recursive: true });
  unpackTarball(tarball, unpacked);
  for (const name of readdirSync("node_modules")) {
    if (!name.startsWith(".")) symlinkSync(resolve("node_modules", name), join(modules, name));
  }
}

/** Runs a script of the app. Returns what it prints. */
function runNpm(app: string, script: string): string {
  const [npm, ...npmArgs] = npmCommand;
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: "" };
  const pathName = Object.keys(env).find((name) => /^path$/i.test(name)) ?? "PATH";
  env[pathName] = `${resolve("node_modules/.bin")}${delimiter}${env[pathName]}`;
  return execFileSync(npm, [...npmArgs, script], { cwd: app, encoding: "utf8", env });
}

const packed = mkdtempSync(join(tmpdir(), "durable-packed-"));
afterAll(() => rmSync(packed, { recursive: true, force: true }));

/** Puts a tarball of the package beside the app of a test; it is made once. */
function pack(): string {
  if (readdirSync(packed).length === 0) {
    const [npm, ...npmArgs] = npmCommand;
    const args = [...npmArgs, "pack", "--ignore-scripts", "--pack-destination", packed];
    execFileSync(npm, args, { stdio: "ignore" });
  }
  const [tarball] = readdirSync(packed);
  copyFileSync(join(packed, tarball!), join(folder, tarball!));
  return join(folder, tarball!);
}

describe("durable init", () => {
  it.each(["typescript", "javascript"])("writes an app in %s that builds, tests and runs", async (language) => {
    const tarball = pack();
    const app = join(folder, "my-app");
    const flavour = language === "javascript" ? ["--javascript"] : [];
    const { code, stdout } = await runDurable(["init", app, "--package", tarball, ...flavour]);
    expect(code).toBe(0);
    expect(stdout).toContain("npm run dev");
    const { scripts, dependencies } = JSON.parse(readFileSync(join(app, "package.json"), "utf8"));
    expect(dependencies["durable-functions-ts"]).toBe("file:../durable-functions-ts-0.1.0.tgz");
    install(app, tarball);

    expect(scripts.test).toContain("node --test");
    expect(runNpm(app, "test")).toMatch(/pass 2\b/);

    await using host = await startLocalHost({ appFolder: app });
    const answer = await fetch(`${host.url}/api/orchestrators/hello`, { method: "POST", body: '["Rome"]' });
    const { statusQueryGetUri } = (await answer.json()) as { statusQueryGetUri: string };
    await expect
      .poll(async () => await (await fetch(statusQueryGetUri)).json())
      .toMatchObject({ runtimeStatus: "Completed", output: ["Hello Rome!"] });
    expect((await fetch(`${host.url}/api/orchestrators/other`, { method: "POST" })).status).toBe(404);
    expect((await fetch(`${host.url}/api/orchestrators/hello`, { method: "POST", body: "[" })).status).toBe(400);
    expect(host.output()).toContain("Task hub: MyApp");
  });

  it("writes an app whose code the snippets of the README may replace", async () => {
    const tarball = pack();
    const app = join(folder, "my-app");
    await runDurable(["init", app, "--package", tarball]);
    install(app, tarball);
    for (const { name, source } of readModules("README.md")) writeFileSync(join(app, name), source);

    expect(runNpm(app, "test")).toMatch(/pass 1\b/);
    await using host = await startLocalHost({ appFolder: app });
    const url = `${host.url}/api/orchestrators/helloSequence`;
    const answer = await fetch(url, { method: "POST", body: '["Rome", "Oslo"]' });
    const { statusQueryGetUri } = (await answer.json()) as { statusQueryGetUri: string };
    await expect
      .poll(async () => await (await fetch(statusQueryGetUri)).json())
      .toMatchObject({ runtimeStatus: "Completed", output: ["Hello Rome!", "Hello Oslo!"] });
  });

  it("writes over nothing: it names what is in its way, and writes none of the rest", async () => {
    writeFileSync(join(folder, "host.json"), "mine");
    writeFileSync(join(folder, "package.json"), '{ "main": "mine.js" }');

    const { code, stderr } = await runDurable(["init"], { cwd: folder });

    expect(code).toBe(1);
    expect(stderr).toContain("  host.json\n  package.json (main)\n");
    expect(readFileSync(join(folder, "host.json"), "utf8")).toBe("mine");
    expect(existsSync(join(folder, "tsconfig.json"))).toBe(false);

    expect((await runDurable(["init", "--force"], { cwd: folder })).code).toBe(0);
    expect(readFileSync(join(folder, "host.json"), "utf8")).toContain("2.0");
  });
});
