import { expect, it } from "vitest";
import { DFApp } from "../../../src/functions/df-app.ts";
import { resolveStorage } from "../../../src/hosting/hub-storage.ts";
import { resolveStartWorker, type StartWorkerOptions } from "../../../src/hosting/library-options.ts";

const account = "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";
const apps = [new DFApp()];

it("knows every way to say where a hub is", () => {
  expect(resolveStorage("memory")).toEqual({ kind: "memory" });
  expect(resolveStorage("embedded")).toEqual({ kind: "local", folder: process.cwd() });
  expect(resolveStorage({ embedded: "data" })).toEqual({ kind: "local", folder: "data" });
  expect(resolveStorage(account)).toMatchObject({ kind: "account", connectionString: account });
  expect(resolveStorage({ connectionString: account })).toMatchObject({ kind: "account", connectionString: account });
});

it.each([[""], [undefined], [5], [{}], [{ embedded: "" }]])("refuses %o as storage", (storage) => {
  expect(() => resolveStorage(storage)).toThrow(/'storage' must be "memory", "embedded" or the connection string/);
});

it("repeats no secret of a connection string", () => {
  expect(() => resolveStorage("AccountName=shop;AccountKey=secret")).toThrow(/^(?!.*secret)/);
});

it("fills in what is not said", () => {
  expect(resolveStartWorker({ apps, storage: "memory" })).toMatchObject({
    taskHub: "TestHubName",
    stopOnSignals: false,
    stopGraceMs: undefined,
    storage: { kind: "memory" },
  });
  expect(resolveStartWorker({ apps, storage: "embedded" }).tuning.maxQueuePollingIntervalMs).toBe(1000);
  expect(resolveStartWorker({ apps, storage: account }).tuning.maxQueuePollingIntervalMs).toBeUndefined();
  const tuned = { apps, storage: "memory", maxQueuePollingInterval: "2s", partitionCount: 2, stopGrace: "1m" };
  expect(resolveStartWorker(tuned)).toMatchObject({
    tuning: { maxQueuePollingIntervalMs: 2000, partitionCount: 2 },
    stopGraceMs: 60_000,
  });
});

it.each<[Partial<StartWorkerOptions>, RegExp]>([
  [{ apps: [] }, /'apps' must be a list of one DFApp or more/],
  [{ apps: [{}] as never }, /element 0 of 'apps' is no DFApp/],
  [{ taskHub: "a-b" }, /'taskHub' must be 3 to 45 letters and digits/],
  [{ partitionCount: 17 }, /'partitionCount' must be a whole number from 1 to 16, but got 17/],
  [{ maxQueuePollingInterval: "soon" }, /'maxQueuePollingInterval'/],
  [{ concurrency: { maxConcurrentOrchestrations: 0.5 } }, /'concurrency.maxConcurrentOrchestrations'/],
  [{ limits: { maxUnfinishedRuns: 0 } }, /'limits.maxUnfinishedRuns' must be a whole number from 1/],
  [{ stopOnSignals: 1 as never }, /'stopOnSignals' must be true or false/],
  [{ log: true as never }, /'log' must be a function/],
])("refuses %o", (options, problem) => {
  expect(() => resolveStartWorker({ apps, storage: "memory", ...options })).toThrow(problem);
});

it("leaves unknown names to others where there can be others", () => {
  const graceOn = (storage: string, limits: StartWorkerOptions["limits"] = {}) =>
    resolveStartWorker({ apps, storage, limits }).limits.unknownNameGraceMs;

  expect([graceOn("memory"), graceOn("embedded"), graceOn(account)]).toEqual([0, 60_000, 60_000]);
  expect([graceOn("memory", { unknownNames: "wait" }), graceOn(account, { unknownNames: "fail" })]).toEqual([
    60_000, 0,
  ]);
});

it("an app has one host at a time", async () => {
  const app = new DFApp();
  const { apps: resolved } = resolveStartWorker({ apps: [app], storage: "memory" });
  const host = { attach() {}, connect: () => Promise.reject(new Error("the first")) };
  const detach = resolved[0]!.attachTo(host);

  await expect(app.connect()).rejects.toThrow("the first");
  expect(() => resolved[0]!.attachTo(host)).toThrow(/has a host already/);
  detach();
  await expect(app.connect()).rejects.toThrow(/does not run orchestrations.*startWorker/);
  resolved[0]!.attachTo(host)();
});
