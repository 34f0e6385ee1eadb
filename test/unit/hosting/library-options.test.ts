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
  const queueEndpoint = "https://shop.queue.core.windows.net";
  for (const option of [account, { connectionString: account }, { accountName: "shop" }]) {
    expect(resolveStorage(option)).toMatchObject({ kind: "account", connection: { queueEndpoint } });
  }
});

it.each([[""], [undefined], [5], [{}], [{ embedded: "" }]])("refuses %o as storage", (storage) => {
  expect(() => resolveStorage(storage)).toThrow(/'storage' must be "memory", "embedded" or the connection string/);
});

it("an account that an identity opens has the credential that is given, or that of '@azure/identity'", () => {
  const credential = { getToken: async () => null };
  const tokensOf = (option: object) => {
    const storage = resolveStorage(option);
    const { connection } = storage as Extract<typeof storage, { kind: "account" }>;
    return connection.credential.kind === "token" ? connection.credential.tokens : undefined;
  };

  expect(tokensOf({ accountName: "shop", credential })).toBe(credential);
  expect(tokensOf({ accountName: "shop" })).toMatchObject({ getToken: expect.any(Function) });
});

it.each([
  [{ accountName: "shop", credential: "managedidentity" }, "has a 'credential' that gives no tokens"],
  [{ accountName: "shop", acountKey: "SECRET" }, "has no option 'acountKey'"],
  [{ queueServiceUri: "https://q" }, "has neither the option 'accountName' nor the option 'blobServiceUri'"],
  [{ accountName: "https://shop.blob.core.windows.net" }, "has the option 'accountName' that is none"],
  [{ accountName: "shop", tableServiceUri: "http://t" }, "has the option 'tableServiceUri' without https"],
])("refuses %o as an account of an identity", (storage, problem) => {
  expect(() => resolveStorage(storage)).toThrow(problem);
});

it("a tracking store goes with a storage account, and has a name of its own", () => {
  const resolve = (trackingStore: unknown, storage: StartWorkerOptions["storage"] = account) =>
    resolveStartWorker({ apps, storage, trackingStore: trackingStore as never }).storage;

  expect(resolve({ storage: { accountName: "track" }, namePrefix: "Orders" })).toMatchObject({
    connection: { queueEndpoint: "https://shop.queue.core.windows.net" },
    tracking: { connection: { tableEndpoint: "https://track.table.core.windows.net" }, namePrefix: "Orders" },
  });
  expect(resolve({ storage: account })).toMatchObject({ tracking: { namePrefix: undefined } });
  expect(() => resolve({ storage: account }, "memory")).toThrow("'trackingStore' goes with a hub in a storage account");
  expect(() => resolve("x=y")).toThrow("'trackingStore' must be an object");
  expect(() => resolve({ storage: "AccountName=a;AccountKey=SECRET!" })).toThrow(
    /^'trackingStore.storage' (?!.*SECRET)/,
  );
  expect(() => resolve({ storage: account, prefix: "x" })).toThrow("'trackingStore' has no option 'prefix'");
  expect(() => resolve({ storage: account, namePrefix: "my-hub" })).toThrow(
    "'trackingStore.namePrefix' must be 1 to 54",
  );
});

it("takes what a hub in storage is tuned by", () => {
  const tuned = {
    visibilityTimeout: "1m",
    controlQueueBatchSize: 16,
    controlQueueBufferThreshold: 1000,
    messageEncoding: "utf8",
    maxStorageOperationConcurrency: 8,
    storeInputsInOrchestrationHistory: true,
  } as const;

  expect(resolveStartWorker({ apps, storage: account, ...tuned }).tuning).toMatchObject({
    visibilityTimeoutMs: 60_000,
    controlQueueBatchSize: 16,
    controlQueueBufferThreshold: 1000,
    messageEncoding: "utf8",
    maxStorageOperationConcurrency: 8,
    storeInputsInOrchestrationHistory: true,
  });
});

it("repeats no secret of a connection string", () => {
  expect(() => resolveStorage("AccountName=shop;AccountKey=secret")).toThrow(/^(?!.*secret)/);
});

it("fills in what is not said", () => {
  expect(resolveStartWorker({ apps, storage: "memory" })).toMatchObject({
    taskHub: "TestHubName",
    replayCheck: false,
    stopOnSignals: false,
    stopGraceMs: undefined,
    storage: { kind: "memory" },
  });
  expect(resolveStartWorker({ apps, storage: "embedded" }).tuning.maxQueuePollingIntervalMs).toBe(1000);
  expect(resolveStartWorker({ apps, storage: account }).tuning.maxQueuePollingIntervalMs).toBeUndefined();
  const tuned = { apps, storage: "memory", maxQueuePollingInterval: "2s", partitionCount: 2, stopGrace: "1m" } as const;
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
  [{ maxQueuePollingInterval: "soon" as never }, /'maxQueuePollingInterval'/],
  [{ maxQueuePollingInterval: 0 }, /'maxQueuePollingInterval' must be from 0.01 to 3600 seconds, but got 0/],
  [{ visibilityTimeout: "8d" }, /'visibilityTimeout' must be from 1 to 604800 seconds, but got 691200/],
  [{ controlQueueBatchSize: 33 }, /'controlQueueBatchSize' must be a whole number from 1 to 32, but got 33/],
  [{ controlQueueBufferThreshold: 0 }, /'controlQueueBufferThreshold' must be a whole number from 1 to 1000/],
  [{ maxStorageOperationConcurrency: 1 }, /'maxStorageOperationConcurrency' must be a whole number from 8 to 10000/],
  [{ messageEncoding: "UTF-8" as never }, /'messageEncoding' must be "base64" or "utf8", but got UTF-8/],
  [{ storeInputsInOrchestrationHistory: 1 as never }, /'storeInputsInOrchestrationHistory' must be true or false/],
  [{ trackingStor: 1 } as never, /did you mean 'trackingStore'/],
  [{ concurrency: { maxConcurrentOrchestrations: 0.5 } }, /'concurrency.maxConcurrentOrchestrations'/],
  [{ concurrency: { maxConcurrentEntities: 0 } }, /'concurrency.maxConcurrentEntities' must be a whole number of at/],
  [
    { concurrency: { maxConcurrentEntity: 1 } as never },
    /no option 'maxConcurrentEntity'; it takes maxConcurrentOrchestrations, maxConcurrentEntities/,
  ],
  [{ limits: { maxUnfinishedRuns: 0 } }, /'limits.maxUnfinishedRuns' must be a whole number from 1/],
  [{ stopOnSignals: 1 as never }, /'stopOnSignals' must be true or false/],
  [{ replayCheck: "yes" as never }, /'replayCheck' must be true or false/],
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
