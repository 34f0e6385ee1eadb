import { expect, it, vi } from "vitest";
import {
  type AzureStorageOptions,
  resolveAzureStorageOptions,
} from "../../../../src/backends/azure-storage/azure-storage-options.ts";
import { systemRandom } from "../../../../src/core/system-ports.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

const options: AzureStorageOptions = {
  connectionString: "UseDevelopmentStorage=true",
  taskHub: "MyHub",
  workerId: "w",
  clock: new SteppedClock(),
  random: systemRandom,
};

it("has the defaults that are documented, and the names of the format", () => {
  expect(resolveAzureStorageOptions(options)).toMatchObject({
    names: {
      taskHub: "MyHub",
      controlQueues: ["myhub-control-00", "myhub-control-01", "myhub-control-02", "myhub-control-03"],
      workItemQueue: "myhub-workitems",
      historyTable: "MyHubHistory",
      instancesTable: "MyHubInstances",
      partitionsTable: "MyHubPartitions",
      largeMessagesContainer: "myhub-largemessages",
    },
    visibilityTimeoutMs: 25_000,
    renewIntervalMs: 8333,
    maxQueuePollingIntervalMs: 30_000,
    controlQueueBufferThreshold: 64,
    messageEncoding: "base64",
    leaseIntervalMs: 25_000,
    leaseRenewIntervalMs: 10_000,
  });
});

it.each([
  ["taskHub", "my-hub"],
  ["taskHub", "1hub"],
  ["taskHub", "ab"],
  ["taskHub", "a".repeat(46)],
  ["partitionCount", 0],
  ["partitionCount", 17],
  ["controlQueueBatchSize", 33],
  ["workerId", ""],
  ["visibilityTimeoutMs", Number.NaN],
  ["messageEncoding", "ascii"],
  ["connectionString", "nonsense"],
])("refuses %s = %j by its name", (name, value) => {
  const resolve = () => resolveAzureStorageOptions({ ...options, [name]: value } as AzureStorageOptions);
  expect(resolve).toThrow(expect.objectContaining({ code: "InvalidOption", message: expect.stringContaining(name) }));
});

it("what goes around the queues is switched off by settings, and options go before settings", () => {
  vi.stubEnv("DURABLE_LOCAL_DISPATCH", " False ");
  vi.stubEnv("DURABLE_OVERLAP_WRITES", "false");
  expect(resolveAzureStorageOptions(options)).toMatchObject({ localDispatch: false, overlapWrites: false });
  expect(resolveAzureStorageOptions({ ...options, localDispatch: true })).toMatchObject({ localDispatch: true });

  vi.stubEnv("DURABLE_LOCAL_DISPATCH", "");
  vi.stubEnv("DURABLE_OVERLAP_WRITES", "off");
  expect(() => resolveAzureStorageOptions(options)).toThrow(
    'the app setting DURABLE_OVERLAP_WRITES must be "true" or "false", but got "off"',
  );
  vi.unstubAllEnvs();
});
