import { DurableError } from "../core/errors.ts";
import { assertOptionNames } from "../core/option-names.ts";
import { type PartitionManagement, partitionManagements } from "../core/partition-management.ts";
import { isTaskHubName, taskHubNameRule } from "../core/task-hub-name.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import { type HubStorage, resolveStorage, type StorageOption } from "./hub-storage.ts";
import type { HubTuning } from "./open-hub.ts";

/** How much a worker does at the same time. */
export interface WorkerConcurrency {
  /** Orchestrations and entities together. @defaultValue 100 */
  readonly maxConcurrentOrchestrations?: number | undefined;
  /** @defaultValue 20 */
  readonly maxConcurrentActivities?: number | undefined;
}

/** What says where a hub is, for a worker or for a client alone. */
export interface HubLocation {
  /** `"memory"`, `"embedded"` (Azurite in the current folder), or a connection string of Azure Storage. */
  readonly storage: StorageOption;
  /** 3 to 45 letters and digits, the first a letter. @defaultValue "TestHubName", as host.json has it */
  readonly taskHub?: string | undefined;
  /** Control queues of the hub, 1 to 16; fixed when the hub is created. @defaultValue 4 */
  readonly partitionCount?: number | undefined;
  /** Longest pause between two polls of an empty queue. @defaultValue 30 seconds, embedded 1 second */
  readonly maxQueuePollingInterval?: TimeSpanInput | undefined;
  /**
   * How the workers of the hub keep its partitions: `"table"`, or with leases on blobs, `"safe"` or `"legacy"`, as workers
   * of .NET may. All workers of a hub must do it alike. @defaultValue as the hub is kept, `"table"` for a new one
   */
  readonly partitionManagement?: PartitionManagement | undefined;
  /** Keep apps of other names off the hub: the second waits, and warns. @defaultValue true */
  readonly useAppLease?: boolean | undefined;
  /**
   * Name of the app, the same in all its processes. @defaultValue the environment's WEBSITE_SITE_NAME, else DTFX_APP_NAME,
   * else none
   */
  readonly appName?: string | undefined;
}

export interface ResolvedHub {
  readonly storage: HubStorage;
  readonly taskHub: string;
  readonly tuning: HubTuning;
}

/** Names of the options that say where a hub is. */
export const hubOptionNames: readonly (keyof HubLocation)[] = [
  "storage",
  "taskHub",
  "partitionCount",
  "maxQueuePollingInterval",
  "partitionManagement",
  "useAppLease",
  "appName",
];

const defaultTaskHub = "TestHubName";

/** @throws DurableError `InvalidOption` that names the option */
export function resolveHub(location: HubLocation): ResolvedHub {
  const { taskHub = defaultTaskHub, partitionCount, maxQueuePollingInterval } = location;
  const { partitionManagement, useAppLease, appName } = location;
  if (!isTaskHubName(taskHub)) throw invalid(`'taskHub' must be ${taskHubNameRule}, but got '${String(taskHub)}'`);
  const storage = resolveStorage(location.storage);
  if (partitionCount !== undefined) assertCount("partitionCount", partitionCount, 16);
  const pollingMs =
    maxQueuePollingInterval === undefined
      ? defaultPollingMs(storage)
      : parseTimeSpan(maxQueuePollingInterval, "'maxQueuePollingInterval'");
  if (partitionManagement !== undefined && !partitionManagements.includes(partitionManagement)) {
    const known = partitionManagements.map((management) => `"${management}"`).join(", ");
    throw invalid(`'partitionManagement' must be one of ${known}, but got ${String(partitionManagement)}`);
  }
  if (useAppLease !== undefined && typeof useAppLease !== "boolean") {
    throw invalid(`'useAppLease' must be true or false, but got ${String(useAppLease)}`);
  }
  if (appName !== undefined && typeof appName !== "string") {
    throw invalid(`'appName' must be a text, but got ${String(appName)}`);
  }
  const tuning = { partitionCount, maxQueuePollingIntervalMs: pollingMs, partitionManagement, useAppLease, appName };
  return { storage, taskHub, tuning };
}

/** Polls of the local store cost no money. */
function defaultPollingMs({ kind }: HubStorage): number | undefined {
  return kind === "local" ? 1_000 : undefined;
}

/** @throws DurableError `InvalidOption` */
export function resolveConcurrency(concurrency: WorkerConcurrency): WorkerConcurrency {
  if (typeof concurrency !== "object" || concurrency === null) throw invalid("'concurrency' must be an object");
  assertOptionNames(concurrency, ["maxConcurrentOrchestrations", "maxConcurrentActivities"], "'concurrency'");
  const { maxConcurrentOrchestrations, maxConcurrentActivities } = concurrency;
  if (maxConcurrentOrchestrations !== undefined) {
    assertCount("concurrency.maxConcurrentOrchestrations", maxConcurrentOrchestrations);
  }
  if (maxConcurrentActivities !== undefined) {
    assertCount("concurrency.maxConcurrentActivities", maxConcurrentActivities);
  }
  return { maxConcurrentOrchestrations, maxConcurrentActivities };
}

function assertCount(name: string, value: unknown, most = Number.MAX_SAFE_INTEGER): void {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? "of at least 1" : `from 1 to ${most}`;
  throw invalid(`'${name}' must be a whole number ${range}, but got ${String(value)}`);
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
