import { describe, expect, it } from "vitest";
import { resolveDurableTaskSettings, sanitizeHubName } from "../../../../src/host/settings/durable-task-settings.ts";

const machine = { processorCount: 4 };

function resolve(durableTask: object, env: Record<string, string> = {}) {
  return resolveDurableTaskSettings({ version: "2.0", extensions: { durableTask } }, env, machine);
}

describe("durable task settings", () => {
  it("have the defaults of the official extension where nothing is written", () => {
    expect(resolveDurableTaskSettings({ version: "2.0" }, { AzureWebJobsStorage: "x" }, machine)).toEqual({
      hubName: "TestHubName",
      allowed: { hosts: [], origins: [] },
      connectionName: "AzureWebJobsStorage",
      trackingStore: undefined,
      usesLocalStore: false,
      usesEmulator: false,
      unused: [],
      partitionCount: 4,
      useTablePartitionManagement: undefined,
      useLegacyPartitionManagement: undefined,
      useAppLease: true,
      appLeaseIntervalMs: 60_000,
      appLeaseRenewIntervalMs: 30_000,
      appLeaseAcquireIntervalMs: 30_000,
      maxConcurrentActivityFunctions: 40,
      maxEntityOperationBatchSize: 5000,
      maxConcurrentOrchestratorFunctions: 40,
      maxConcurrentEntityFunctions: 40,
      controlQueueBatchSize: 32,
      controlQueueBufferThreshold: 256,
      controlQueueVisibilityTimeoutMs: 25_000,
      workItemQueueVisibilityTimeoutMs: 25_000,
      maxQueuePollingIntervalMs: 30_000,
      messageEncoding: "base64",
      maxStorageOperationConcurrency: 128,
      storeInputsInOrchestrationHistory: false,
      versioning: undefined,
      useForwardedHost: false,
      httpPollIntervalMs: 30_000,
      retention: undefined,
      limits: undefined,
    });
  });

  it.each([
    ["UseDevelopmentStorage=true", true],
    [" usedevelopmentstorage = True; ", true],
    ["UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite", false],
    ["UseDevelopmentStorage=false", false],
    ["DefaultEndpointsProtocol=https;AccountName=a;AccountKey=YQ==", false],
  ])("know whether %j is the emulator of this machine, which is polled often", (text, usesEmulator) => {
    const settings = resolve({ storageProvider: { connectionName: "Orders" } }, { Orders: text });

    expect(settings).toMatchObject({ usesEmulator, usesLocalStore: false });
    expect(settings.maxQueuePollingIntervalMs).toBe(usesEmulator ? 1_000 : 30_000);
  });

  it("say how long finished instances are kept", () => {
    expect(resolve({ Retention: { OlderThan: "30.00:00:00", statuses: ["completed", "Failed"] } }).retention).toEqual({
      olderThanMs: 30 * 24 * 60 * 60_000,
      statuses: ["Completed", "Failed"],
      intervalMs: 60 * 60_000,
    });
    expect(
      resolve({ retention: { olderThan: "1h", statuses: "Completed, terminated", interval: "10m" } }).retention,
    ).toEqual({
      olderThanMs: 60 * 60_000,
      statuses: ["Completed", "Terminated"],
      intervalMs: 10 * 60_000,
    });
    expect(resolve({ retention: null }).retention).toBeUndefined();
    const path = "host.json: extensions.durableTask.retention";
    for (const [retention, message] of [
      [{}, `${path}.olderThan must be`],
      [{ olderThan: "soon" }, `${path}.olderThan must be`],
      [{ olderThan: 10 }, `${path}.olderThan must be a second or more, but is 10 ms`],
      [{ olderThan: "1d", statuses: ["Running"] }, `${path}.statuses must be a list of Completed, Failed`],
      [{ olderThan: "1d", statuses: [] }, `${path}.statuses must be`],
      [{ olderThan: "1d", status: ["Failed"] }, `${path} has no option 'status'`],
      ["30d", `${path} must be an object`],
    ] as const) {
      expect(() => resolve({ retention })).toThrow(message);
    }
  });

  it("hold the versions and the poll interval of host.json", () => {
    expect(
      resolve({
        defaultVersion: "2.1",
        versionMatchStrategy: "Strict",
        versionFailureStrategy: "Fail",
        httpSettings: { defaultAsyncRequestSleepTimeMilliseconds: 500 },
      }),
    ).toMatchObject({
      versioning: { version: "2.1", matchStrategy: "strict", failureStrategy: "fail" },
      httpPollIntervalMs: 500,
    });
    expect(resolve({ versionMatchStrategy: "None" }).versioning).toBeUndefined();
    expect(() => resolve({ versionMatchStrategy: "Newest" })).toThrow("extensions.durableTask.versionMatchStrategy");
  });

  it("suit one machine on the local store, which is used when nothing names an account", () => {
    expect(resolve({})).toMatchObject({
      usesLocalStore: true,
      controlQueueVisibilityTimeoutMs: 25_000,
      workItemQueueVisibilityTimeoutMs: 25_000,
      maxQueuePollingIntervalMs: 1_000,
    });
    expect(resolve({ storageProvider: { connectionName: "Other" } }).usesLocalStore).toBe(false);
  });

  it("are read with names in any case, text for numbers, null for unset and %NAME% from settings", () => {
    const settings = resolve(
      {
        HubName: "%HUB%2",
        maxConcurrentActivityFunctions: null,
        storageProvider: { connectionName: "Other", partitionCount: "16", maxQueuePollingInterval: "00:00:05" },
        storeInputsInOrchestrationHistory: "True",
      },
      { hub: "MyHub" },
    );

    expect(settings).toMatchObject({
      hubName: "MyHub2",
      connectionName: "Other",
      partitionCount: 16,
      maxConcurrentActivityFunctions: 40,
      maxQueuePollingIntervalMs: 5_000,
      storeInputsInOrchestrationHistory: true,
    });
  });

  it.each([
    [{ hubName: "my-hub" }, "host.json: extensions.durableTask.hubName must be 3 to 45 letters and digits"],
    [{ hubName: "x".repeat(46) }, "hubName must be 3 to 45"],
    [{ hubName: "%NOPE%" }, "host.json: extensions.durableTask.hubName: '%NOPE%' does not resolve to a value"],
    [{ hubName: "50%" }, "without its partner"],
    [
      { maxConcurrentActivityFunctions: 0 },
      "maxConcurrentActivityFunctions must be a whole number of at least 1, but is 0",
    ],
    [
      { storageProvider: { partitionCount: 17 } },
      "host.json: extensions.durableTask.storageProvider.partitionCount must be a whole number from 1 to 16, but is 17",
    ],
    [{ storageProvider: { controlQueueBatchSize: 1.5 } }, "controlQueueBatchSize must be a whole number"],
    [{ storageProvider: { maxQueuePollingInterval: "soon" } }, "maxQueuePollingInterval must be a length of time"],
    [{ storageProvider: { controlQueueVisibilityTimeout: "00:00:10" } }, "must be from 60 to 3600 seconds"],
    [{ storageProvider: { type: "mssql" } }, "storageProvider.type must be one of AzureStorage"],
    [{ storeInputsInOrchestrationHistory: 1 }, "must be true or false, but is 1"],
  ])("%o is refused by its full path", (durableTask, reason) => {
    expect(() => resolve(durableTask)).toThrow(reason);
  });

  it.each([
    ["my-site", "mysite"],
    ["1site", "t1site"],
    ["--", "DefaultTaskHub"],
    ["ab", "abHub"],
    ["x".repeat(60), "x".repeat(45)],
  ])("make a hub name of the site name %s", (site, hub) => {
    expect(sanitizeHubName(site)).toBe(hub);
    expect(resolve({}, { WEBSITE_SITE_NAME: site }).hubName).toBe(hub);
  });
});
