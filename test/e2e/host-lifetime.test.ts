import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runDurable, startLocalHost } from "../support/local-host.ts";

let folder: string;

beforeEach(() => {
  // A host names its folder by its real name.
  folder = realpathSync(mkdtempSync(join(tmpdir(), "durable-host-")));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function writeApp(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

const hostJson = '{ "version": "2.0" }';

describe("a graceful stop", () => {
  it("lets running calls end, runs appTerminate hooks and exits with 0", async () => {
    const host = await startLocalHost({ appFolder: "test/e2e/apps/http-cjs" });
    const slow = fetch(`${host.url}/api/slow?ms=600`);
    await expect.poll(() => host.output()).toContain("Executing 'Functions.slow'");

    const code = await host.stop();

    expect(await (await slow).text()).toBe("slept");
    expect(code).toBe(0);
    expect(host.output()).toMatch(/Executed 'Functions\.slow'.*appTerminate/s);
  });

  it("ends at once on the second signal", async () => {
    const host = await startLocalHost({ appFolder: "test/e2e/apps/http-cjs" });
    const slow = fetch(`${host.url}/api/slow?ms=60000`).catch(() => "cut off");
    await expect.poll(() => host.output()).toContain("Executing 'Functions.slow'");

    void host.kill("SIGTERM");
    await expect.poll(() => host.output()).toContain("Stopping.");
    await host.kill("SIGTERM");

    expect(await slow).toBe("cut off");
    expect(host.output()).not.toContain("did not end in time");
  });
});

describe("a start that cannot succeed says why in one line", () => {
  const start = (...args: string[]) => runDurable(["start", "--port", "0", "--script-root", folder, ...args]);

  it("when a loader hook hides the host from @azure/functions, which would register nothing", async () => {
    const hook = `
      import { readFile } from "node:fs/promises";
      export async function load(url, context, next) {
        const loaded = await next(url, context);
        if (loaded.format !== "commonjs" || loaded.source != null) return loaded;
        return { ...loaded, source: await readFile(new URL(url)) };
      }`;
    const dataUrl = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
    const register = dataUrl(`import { register } from "node:module"; register(${JSON.stringify(dataUrl(hook))});`);

    const { code, stdout, stderr } = await runDurable(
      ["start", "--port", "0", "--script-root", resolve("test/e2e/apps/http-esm")],
      { env: { NODE_OPTIONS: `--import ${register}` } },
    );

    expect(stderr).toContain('left out function "hello"');
    expect(stderr).toContain("a loader hook that hands over the source of CommonJS modules");
    expect(stdout).not.toContain("Ready on");
    expect(code).toBe(1);
  });

  it("when there is no host.json", async () => {
    const { code, stderr } = await start();

    expect(stderr).toBe(`Unable to find project root. Expecting to find host.json in ${folder}.\n`);
    expect(code).toBe(1);
  });

  it("when the folder does not exist", async () => {
    const { code, stderr } = await runDurable(["start", "--script-root", join(folder, "none")]);

    expect(stderr).toMatch(/^Unable to find project root.*none.*\n$/);
    expect(code).toBe(1);
  });

  it("when host.json is of another version", async () => {
    writeApp({ "host.json": '{ "version": "1.0" }' });

    expect(await start()).toMatchObject({ code: 1, stderr: 'host.json: "version" must be "2.0", but is "1.0"\n' });
  });

  it("when the app has not been built", async () => {
    writeApp({ "host.json": hostJson, "package.json": '{ "main": "dist/app.js" }' });

    const { code, stderr } = await start();

    expect(stderr).toBe(
      `No file matches "main": "dist/app.js" of ${join(folder, "package.json")}. Has the app been built? Try: npm run build\n`,
    );
    expect(code).toBe(1);
  });

  it("when an entry file throws, with its name and the error", async () => {
    writeApp({ "host.json": hostJson, "package.json": '{ "main": "a.js" }', "a.js": "throw new Error('broken');" });

    const { code, stderr } = await start();

    expect(stderr).toMatch(/^a\.js could not be loaded: Error: broken\n {4}at .*a\.js:1/);
    expect(code).toBe(1);
  });

  it("when an entry file never finishes loading", async () => {
    writeApp({
      "host.json": hostJson,
      "package.json": '{ "main": "a.mjs" }',
      "a.mjs": "await new Promise((done) => setTimeout(done, 60_000));",
    });

    const { code, stderr } = await start("--timeout", "1");

    expect(stderr).toMatch(/^The app has not finished loading after 1 s.*\n$/);
    expect(code).toBe(1);
  });

  it("when an entry file waits for the engine, which starts after loading", async () => {
    const library = pathToFileURL(resolve("dist/index.js"));
    writeApp({
      "host.json": hostJson,
      "package.json": '{ "main": "a.mjs" }',
      "a.mjs": `import { DFApp } from "${library}"; await new DFApp().connect();`,
    });

    const { code, stderr } = await start("--timeout", "2");

    expect(stderr).toMatch(/^The app has not finished loading after 2 s; it waits for app\.connect\(\).*\n$/);
    expect(code).toBe(1);
  });

  it("when the port is taken", async () => {
    writeApp({ "host.json": hostJson });
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as { port: number };

    const { code, stderr } = await runDurable(["start", "-p", `${port}`, "--script-root", folder]);
    server.close();

    expect(stderr).toBe(
      `Port ${port} is unavailable. Close the process using that port, or specify another port using --port [-p].\n`,
    );
    expect(code).toBe(1);
  });

  it("when local.settings.json is encrypted", async () => {
    writeApp({ "host.json": hostJson, "local.settings.json": '{ "IsEncrypted": true, "Values": {} }' });

    expect((await start()).stderr).toMatch(/^local\.settings\.json is encrypted.*\n$/);
  });
});

describe("a start that leaves something open says so in one line", () => {
  it("when it listens beyond this machine and asks for no keys", async () => {
    await using host = await startLocalHost({
      appFolder: resolve("test/e2e/apps/http-esm"),
      args: ["--address", "0.0.0.0", "--no-auth"],
    });

    expect(host.output()).toMatch(
      /\] HostExposed: listening on 0\.0\.0\.0 without keys, .* listen on 127\.0\.0\.1.*\n/,
    );
    expect(host.url).toMatch(/^http:\/\/localhost:/);
  });

  it("when its limit of a request body is no number, and keeps the default", async () => {
    await using host = await startLocalHost({
      appFolder: resolve("test/e2e/apps/http-esm"),
      env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "abc" },
    });

    expect(host.output()).toContain(
      "SettingIgnored: FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a whole number of bytes",
    );
    const tooLarge = await fetch(`${host.url}/hello`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: new Uint8Array(104_857_601),
    });
    expect(tooLarge.status).toBe(413);
    expect(host.output()).not.toContain("HostExposed");
  });
});

describe("the command line", () => {
  it("shows help and version", async () => {
    expect(await runDurable(["--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("durable <command>"),
    });
    expect(await runDurable(["start", "--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining("--port") });
    expect(await runDurable(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  it("answers what it does not know with one line and exit code 3", async () => {
    const { code, stderr, stdout } = await runDurable(["start", "--prot", "1"]);

    expect([code, stdout, stderr]).toEqual([3, "", "Unknown option '--prot'. Try: durable start --help\n"]);
  });

  it("works from inside the app's folder, and serves only the functions asked for", async () => {
    await using host = await startLocalHost({
      appFolder: resolve("test/e2e/apps/http-cjs"),
      args: ["--functions", "hooked", "rescued"],
    });

    expect((await fetch(`${host.url}/api/hooked`)).status).toBe(200);
    expect((await fetch(`${host.url}/api/settings`)).status).toBe(404);
  });
});
