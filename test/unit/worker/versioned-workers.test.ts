import { afterEach, expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { type Clock, silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { DFApp, type DFAppOptions } from "../../../src/functions/df-app.ts";
import { type EmbeddedApp, installEmbeddedHost } from "../../../src/functions/embedded-host.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

/** Runs twenty times as fast: what is handed back is tried again after two seconds and more. */
const speed = 20;
const clock: Clock = {
  now: () => systemClock.now() * speed,
  sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
};
const wait = { timeout: "5m", pollInterval: 20 };
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

function openHub() {
  const hub = new MemoryTaskHub({ clock });
  return { hub, client: new TaskHubClient({ store: hub, clock, random: systemRandom }) };
}

/** A worker of its own whose app answers with its name. */
async function startWorker({ hub, client }: ReturnType<typeof openHub>, name: string, options: DFAppOptions) {
  const attached: EmbeddedApp[] = [];
  const connection = { client, managementBaseUrl: "http://localhost/hook", connectionName: "Storage" };
  const uninstall = installEmbeddedHost({ attach: (app) => void attached.push(app), connect: async () => connection });
  const app = new DFApp(options);
  uninstall();
  app.orchestration("who", async (context) => `${name} ran ${context.version}`);
  app.orchestration("parent", function* (context) {
    return yield* context.callSubOrchestrator("who");
  });
  app.orchestration("parentOfOld", function* (context) {
    return yield* context.callSubOrchestrator("who", undefined, { version: "0.5" });
  });
  const worker = new TaskHubWorker({
    backend: hub,
    store: hub,
    executor: new InProcessExecutor({ registries: attached.map(({ registry }) => registry) }),
    clock,

    log: silentLog,
  });
  await worker.start();
  closing.push(() => worker.stop());
  return { client: await app.connect(), worker };
}

it("a worker that rejects a version leaves the instance to another worker", async () => {
  const rig = openHub();
  const old = await startWorker(rig, "old", { version: "1.9" });
  const id = await old.client.startNew("who", { version: "1.10" });
  await clock.sleep(3000);
  const before = await old.client.getStatus(id);

  const young = await startWorker(rig, "young", { version: "1.10" });
  await old.worker.stop();
  const status = await young.client.waitForCompletion(id, wait);

  expect(before.runtimeStatus).toBe("Pending");
  expect(status).toMatchObject({ runtimeStatus: "Completed", output: "young ran 1.10" });
});

it("a strict worker leaves older instances alone, too", async () => {
  const rig = openHub();
  const { client: strict, worker } = await startWorker(rig, "strict", { version: "2", versionMatchStrategy: "strict" });
  const ids = await Promise.all([strict.startNew("who", { version: "1" }), strict.startNew("who")]);
  const own = await strict.waitForCompletion(ids[1]!, wait);

  await startWorker(rig, "old", { version: "1" });
  await worker.stop();
  const other = await strict.waitForCompletion(ids[0]!, wait);

  expect(own.output).toBe("strict ran 2");
  expect(other.output).toBe("old ran 1");
});

it("a worker that fails what it does not run says why", async () => {
  const rig = openHub();
  const { client } = await startWorker(rig, "only", { defaultVersion: "1", versionFailureStrategy: "fail" });

  const id = await client.startNew("who", { version: "2" });
  const status = await client.waitForCompletion(id, wait);

  expect(status.runtimeStatus).toBe("Failed");
  expect(status.output).toContain("The orchestration version '2' is greater than the worker version '1'.");
});

it("new instances and children get the version of the app, unless they are given another", async () => {
  const { client } = await startWorker(openHub(), "app", { version: "1.2" });
  const outputOf = async (name: string, version?: string) => {
    const id = await client.startNew(name, { version });
    return (await client.waitForCompletion(id, wait)).output;
  };

  expect(await outputOf("who")).toBe("app ran 1.2");
  expect(await outputOf("who", "1.0")).toBe("app ran 1.0");
  expect(await outputOf("who", "")).toBe("app ran ");
  expect(await outputOf("parent")).toBe("app ran 1.2");
  expect(await outputOf("parentOfOld")).toBe("app ran 0.5");
});

it("with 'none' everything is run", async () => {
  const { client } = await startWorker(openHub(), "any", { version: "1", versionMatchStrategy: "none" });

  const id = await client.startNew("who", { version: "7" });

  expect((await client.waitForCompletion(id, wait)).output).toBe("any ran 7");
});

it("the host's version is for apps without one, and wrong options are refused", () => {
  const unversioned = new Registry();
  const versioned = new Registry({ versioning: { version: "2" } });
  for (const registry of [unversioned, versioned]) registry.setDefaultVersioning({ version: "1" });

  expect([unversioned.versioning?.version, versioned.versioning?.version]).toEqual(["1", "2"]);
  expect(() => new DFApp({ version: "1", versionMatchStrategy: "newest" as "none" })).toThrow("versionMatchStrategy");
  expect(() => new DFApp({ versionFailureStrategy: "fail" })).toThrow("'version'");
});
