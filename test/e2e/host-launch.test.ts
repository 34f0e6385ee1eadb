import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runDurable, startLocalHost } from "../support/local-host.ts";

const app = resolve("test/e2e/apps/http-esm");
const hasIpv6 = await new Promise<boolean>((done) => {
  const probe = createServer().listen(0, "::1", () => probe.close(() => done(true)));
  probe.once("error", () => done(false));
});

let folder: string;
const servers: Server[] = [];
const started = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-launch-"));
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const child of started) child.kill("SIGKILL");
  started.clear();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(address: string): Promise<number> {
  const server = createServer((_, response) => response.end("another")).listen(0, address);
  servers.push(server);
  await new Promise((done) => server.once("listening", done));
  return (server.address() as AddressInfo).port;
}

describe("the address that a host prints", () => {
  it.skipIf(!hasIpv6)("is served on both addresses of localhost, with one port (skipped without IPv6)", async () => {
    await using host = await startLocalHost({ appFolder: app });
    const { port } = new URL(host.url);

    for (const name of ["127.0.0.1", "[::1]", "localhost"]) {
      expect((await fetch(`http://${name}:${port}/admin/host/status`)).status).toBe(200);
    }
    expect(await host.stop()).toBe(0);
    await expect(fetch(`http://[::1]:${port}/admin/host/status`)).rejects.toThrow();
  });

  it.skipIf(!hasIpv6)("is not taken when another server has it on [::1] (skipped without IPv6)", async () => {
    const port = await serve("::1");

    const { code, stderr } = await runDurable(["start", "-p", `${port}`, "--script-root", app]);

    expect([code, stderr]).toEqual([
      1,
      `Port ${port} is unavailable on [::1]. Close the process using that port, or specify another port using --port [-p].\n`,
    ]);
  });

  it.skipIf(!hasIpv6)("is the one that was asked for, and no other (skipped without IPv6)", async () => {
    const port = await serve("::1");

    await using host = await startLocalHost({ appFolder: app, args: ["--address", "127.0.0.1", "-p", `${port}`] });

    expect((await fetch(`http://127.0.0.1:${port}/admin/host/status`)).status).toBe(200);
    expect(await (await fetch(`http://[::1]:${port}/`)).text()).toBe("another");
    expect(host.url).toContain(`:${port}`);
  });
});

describe("a host whose launcher is killed", () => {
  /** Starts a host by a process that does nothing else, its output in a file. */
  async function launch(...args: readonly string[]) {
    const log = join(folder, "host.log");
    const launcher = `
      const { spawn } = require("node:child_process");
      const file = require("node:fs").openSync(${JSON.stringify(log)}, "w");
      const child = spawn(process.execPath, process.argv.slice(1), { stdio: ["ignore", file, file] });
      console.log(child.pid);
      setInterval(() => {}, 1000);
    `;
    const command = [resolve("dist/cli/main.js"), "start", "-p", "0", "--script-root", app, ...args];
    const parent = spawn(process.execPath, ["-e", launcher, ...command], { stdio: ["ignore", "pipe", "inherit"] });
    started.add(parent);
    const pid = await new Promise<number>((done) => parent.stdout.once("data", (chunk) => done(Number(`${chunk}`))));
    const output = () => readFileSync(log, "utf8");
    await expect.poll(output, { timeout: 60_000 }).toContain("Ready on");
    parent.kill("SIGKILL");
    return { pid, output, isAlive: () => spawnSync("kill", ["-0", `${pid}`]).status === 0 };
  }

  it("says so, and goes on", async () => {
    const host = await launch();
    try {
      await expect
        .poll(host.output, { timeout: 30_000 })
        .toMatch(
          new RegExp(
            `LauncherGone: the process \\d+ that started this host has ended, and the host goes on as process ${host.pid}`,
          ),
        );
      expect(host.isAlive()).toBe(true);
    } finally {
      process.kill(host.pid, "SIGKILL");
    }
  });

  it("ends when it was asked to", async () => {
    const host = await launch("--end-with-parent");

    await expect.poll(host.isAlive, { timeout: 30_000 }).toBe(false);
    expect(host.output()).toMatch(/The process \d+ that started this host has ended\. Stopping\.\n.* Stopped after /);
  });
});

describe.skipIf(process.platform === "win32")("a signal", () => {
  it.each(["SIGTERM", "SIGINT", "SIGUSR2"] as const)("%s ends the host gracefully", async (signal) => {
    await using host = await startLocalHost({ appFolder: app });

    await host.kill(signal);

    expect(host.output()).toContain("Stopping.");
    expect(await host.stop()).toBe(0);
  });

  it("SIGHUP is left alone where there is no terminal, as under nohup", async () => {
    await using host = await startLocalHost({ appFolder: app });

    process.kill(host.pid, "SIGHUP");

    expect((await fetch(`${host.url}/admin/host/status`)).status).toBe(200);
    expect(host.output()).not.toContain("Stopping.");
  });

  it.skipIf(spawnSync("script", ["--version"]).status !== 0)(
    "SIGHUP of a terminal that closes ends the host gracefully (skipped without the program `script`)",
    async () => {
      const pidFile = join(folder, "pid");
      const command = `echo $$ > ${pidFile}; exec ${process.execPath} ${resolve("dist/cli/main.js")} start -p 0 --script-root ${app}`;
      const terminal = spawn("script", ["-qefc", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
      started.add(terminal);
      let text = "";
      terminal.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      await expect.poll(() => text, { timeout: 60_000 }).toContain("Ready on");

      process.kill(Number(readFileSync(pidFile, "utf8")), "SIGHUP");

      expect(await new Promise((done) => terminal.once("exit", done))).toBe(0);
      expect(text).toContain("Stopping.");
    },
  );
});

it("runs an app in the folder that a link leads to, by its real name", async () => {
  writeFileSync(join(folder, "host.json"), '{ "version": "2.0" }');
  writeFileSync(join(folder, "package.json"), '{ "main": "app.mjs" }');
  writeFileSync(join(folder, "app.mjs"), 'console.log("at", process.cwd(), import.meta.url);');
  const link = `${folder}-link`;
  symlinkSync(folder, link, "junction");
  try {
    await using host = await startLocalHost({ appFolder: link });

    const real = realpathSync.native(folder);
    expect(host.output()).toContain(`at ${real} file://${real}/app.mjs`);
  } finally {
    rmSync(link);
  }
});
