import { expect, it } from "vitest";
import { DFApp } from "../../../src/functions/df-app.ts";
import type { DFAppOptions } from "../../../src/functions/df-app-options.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

/** A worker of its own whose app answers with its name. */
async function startWorker(hub: VirtualHub, name: string, options: DFAppOptions) {
  const { exports: app, registries } = await hub.loadApp(() => new DFApp(options));
  app.orchestration("who", async (context) => `${name} ran ${context.version}`);
  app.orchestration("parent", function* (context) {
    return yield* context.callSubOrchestrator("who");
  });
  app.orchestration("parentOfOld", function* (context) {
    return yield* context.callSubOrchestrator("who", undefined, { version: "0.5" });
  });
  const worker = await hub.startWorker({ registries });
  return { client: await app.connect(), worker };
}

it("a worker that rejects a version leaves the instance to another worker", async () => {
  await using hub = new VirtualHub();
  const old = await startWorker(hub, "old", { version: "1.9" });
  const id = await old.client.startNew("who", { version: "1.10" });
  await hub.advance("1h");
  const before = await old.client.getStatus(id);

  const young = await startWorker(hub, "young", { version: "1.10" });
  await old.worker.stop();
  const status = await hub.run(young.client.waitForCompletion(id));

  expect(before.runtimeStatus).toBe("Pending");
  expect(status).toMatchObject({ runtimeStatus: "Completed", output: "young ran 1.10" });
});

it("a strict worker leaves older instances alone, too", async () => {
  await using hub = new VirtualHub();
  const { client: strict, worker } = await startWorker(hub, "strict", { version: "2", versionMatchStrategy: "strict" });
  const ids = await Promise.all([strict.startNew("who", { version: "1" }), strict.startNew("who")]);
  const own = await hub.run(strict.waitForCompletion(ids[1]!));

  await startWorker(hub, "old", { version: "1" });
  await worker.stop();
  const other = await hub.run(strict.waitForCompletion(ids[0]!));

  expect(own.output).toBe("strict ran 2");
  expect(other.output).toBe("old ran 1");
});

it("a worker that fails what it does not run says why", async () => {
  await using hub = new VirtualHub();
  const { client } = await startWorker(hub, "only", { defaultVersion: "1", versionFailureStrategy: "fail" });

  const id = await client.startNew("who", { version: "2" });
  const status = await hub.run(client.waitForCompletion(id));

  expect(status.runtimeStatus).toBe("Failed");
  expect(status.output).toContain("The orchestration version '2' is greater than the worker version '1'.");
});

it("new instances and children get the version of the app, unless they are given another", async () => {
  await using hub = new VirtualHub();
  const { client } = await startWorker(hub, "app", { version: "1.2" });
  const outputOf = async (name: string, version?: string) => {
    const id = await client.startNew(name, { version });
    return (await hub.run(client.waitForCompletion(id))).output;
  };

  expect(await outputOf("who")).toBe("app ran 1.2");
  expect(await outputOf("who", "1.0")).toBe("app ran 1.0");
  expect(await outputOf("who", "")).toBe("app ran ");
  expect(await outputOf("parent")).toBe("app ran 1.2");
  expect(await outputOf("parentOfOld")).toBe("app ran 0.5");
});

it("with 'none' everything is run", async () => {
  await using hub = new VirtualHub();
  const { client } = await startWorker(hub, "any", { version: "1", versionMatchStrategy: "none" });

  const id = await client.startNew("who", { version: "7" });

  expect((await hub.run(client.waitForCompletion(id))).output).toBe("any ran 7");
});

it("the host's version is for apps without one, and wrong options are refused", () => {
  const unversioned = new Registry();
  const versioned = new Registry({ versioning: { version: "2" } });
  for (const registry of [unversioned, versioned]) registry.setDefaultVersioning({ version: "1" });

  expect([unversioned.versioning?.version, versioned.versioning?.version]).toEqual(["1", "2"]);
  expect(() => new DFApp({ version: "1", versionMatchStrategy: "newest" as "none" })).toThrow("versionMatchStrategy");
  expect(() => new DFApp({ versionFailureStrategy: "fail" })).toThrow("'version'");
});
