import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { TaskHubGrpcClient } from "@microsoft/durabletask-js";
import { afterEach, beforeEach, expect, it } from "vitest";
import { endWithParent, signalChild } from "../support/end-with-parent.ts";
import { runDurable } from "../support/local-host.ts";
import { SidecarPeer } from "../support/sidecar-peer.ts";

const quiet = { error() {}, warn() {}, info() {}, debug() {} };
let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-sidecar-"));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { AzureWebJobsStorage: _storage, ...inherited } = process.env;
  const child = spawn(process.execPath, [...endWithParent, ...args], {
    env: { ...inherited, NO_COLOR: "1", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const exited = new Promise<number | null>((done) => child.once("close", done));
  return { child, output: () => text, exited };
}

/** `durable sidecar` on any free port. */
async function startSidecar(...args: string[]) {
  const sidecar = run([resolve("dist/cli/main.js"), "sidecar", "--port", "0", "--script-root", folder, ...args]);
  await expect.poll(sidecar.output).toMatch(/Ready on http:\/\/localhost:\d+\./);
  const [, port] = /Ready on http:\/\/localhost:(\d+)\./.exec(sidecar.output())!;
  return { ...sidecar, address: `127.0.0.1:${port}` };
}

async function startWorker(address: string) {
  const worker = run(["test/support/sidecar-js-worker.mjs", address, "did"]);
  await expect.poll(worker.output).toContain("ready");
}

it("serves a hub in memory, and ends gracefully", async () => {
  const sidecar = await startSidecar("--storage", "memory", "--hub", "MyHub");
  await startWorker(sidecar.address);
  const client = new TaskHubGrpcClient({ hostAddress: sidecar.address, logger: quiet });
  const id = await client.scheduleNewOrchestration("one", 1);
  const state = await client.waitForOrchestrationCompletion(id, true, 30);
  await client.stop();
  signalChild(sidecar.child, "SIGTERM");

  expect(state?.serializedOutput).toBe('"did 1"');
  expect(await sidecar.exited).toBe(0);
  expect(sidecar.output()).toMatch(/Storage: {2}memory\nTask hub: MyHub\n[\s\S]*Ready on[\s\S]*Stopping\./);
});

it("keeps what it knows in the local store when it ends", async () => {
  const first = await startSidecar();
  const client = new TaskHubGrpcClient({ hostAddress: first.address, logger: quiet });
  const id = await client.scheduleNewOrchestration("one", 2);
  await client.stop();
  signalChild(first.child, "SIGTERM");
  expect(await first.exited).toBe(0);

  const second = await startSidecar();
  await startWorker(second.address);
  const again = new TaskHubGrpcClient({ hostAddress: second.address, logger: quiet });
  const state = await again.waitForOrchestrationCompletion(id, true, 60);
  await again.stop();
  expect(state?.serializedOutput).toBe('"did 2"');
  signalChild(second.child, "SIGINT");
  expect(await second.exited).toBe(0);
});

it("says in one line why it cannot start", async () => {
  const start = async (...args: string[]) => {
    const { code, stderr } = await runDurable(["sidecar", "--port", "0", "--script-root", folder, ...args]);
    return [code, stderr];
  };

  expect(await start("--storage", "memory", "--hub", "no")).toEqual([
    1,
    "the name of the task hub must be 3 to 45 letters and digits, the first a letter, but is 'no'\n",
  ]);
  expect(await start("--storage", "memory", "--token-setting", "NOTHING")).toEqual([
    1,
    "--token-setting: there is no setting 'NOTHING'\n",
  ]);
  const [code, stderr] = await start("--storage", "memory", "--tls-cert", "none", "--tls-key", "none");
  expect(code).toBe(1);
  expect(stderr).toContain("cannot be read");
});

it("makes the hub anew in the local store while it serves it", async () => {
  const sidecar = await startSidecar();
  await startWorker(sidecar.address);
  using peer = new SidecarPeer(sidecar.address);
  const run = async () => {
    const { instanceId } = await peer.call("startInstance", { name: "one", input: "3" });
    await peer.call("waitForInstanceCompletion", { instanceId }, 60_000);
    return instanceId;
  };
  const before = await run();
  await peer.call("createTaskHub", { recreateIfExists: true });
  const after = await run();

  expect(await peer.call("getInstance", { instanceId: before })).toMatchObject({ exists: false });
  expect(await peer.call("getInstance", { instanceId: after })).toMatchObject({ exists: true });
  signalChild(sidecar.child, "SIGTERM");
  expect(await sidecar.exited).toBe(0);
});
