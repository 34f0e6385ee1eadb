import { DurableError } from "../core/errors.ts";
import { assertOptionNames } from "../core/option-names.ts";
import { type PartitionManagement, partitionManagements } from "../core/partition-management.ts";
import { isTaskHubName, taskHubNameRule } from "../core/task-hub-name.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import type { WorkerLimitDefaults } from "../core/worker-limits.ts";
import {
  type HubStorage,
  resolveStorage,
  resolveTracking,
  type StorageOption,
  type TrackingStoreOption,
} from "./hub-storage.ts";
import type { HubTuning } from "./open-hub.ts";

/** How much a worker does at the same time. */
export interface WorkerConcurrency {
  /** @defaultValue 100 */
  readonly maxConcurrentOrchestrations?: number | undefined;
  /** Beside the orchestrations. @defaultValue 100 */
  readonly maxConcurrentEntities?: number | undefined;
  /** @defaultValue 20 */
  readonly maxConcurrentActivities?: number | undefined;
}

/** What says where a hub is, for a worker or for a client alone. */
export interface HubLocation {
  /** `"memory"`, `"embedded"` (Azurite in the current folder), or an account of Azure Storage: see {@link StorageOption}. */
  readonly storage: StorageOption;
  /** 3 to 45 letters and digits, the first a letter. @defaultValue "TestHubName", as host.json has it */
  readonly taskHub?: string | undefined;
  /** Control queues of the hub, 1 to 16; fixed when the hub is created. @defaultValue 4 */
  readonly partitionCount?: number | undefined;
  /** Another account for tables and blobs, and with it history and payloads. @defaultValue the account of the queues */
  readonly trackingStore?: TrackingStoreOption | undefined;
  /** Longest pause between two polls of an empty queue. @defaultValue 30 seconds, embedded 1 second */
  readonly maxQueuePollingInterval?: TimeSpanInput | undefined;
  /**
   * How long a received message is hidden from other workers unless renewed, which it is; from 1 second to 7 days.
   *
   * @defaultValue 25 seconds
   */
  readonly visibilityTimeout?: TimeSpanInput | undefined;
  /** Most messages in one receive, 1 to 32. @defaultValue 32 */
  readonly controlQueueBatchSize?: number | undefined;
  /** With so many messages of orchestrations and waiting entities in memory, no more are received, 1 to 1000. @defaultValue 64 */
  readonly controlQueueBufferThreshold?: number | undefined;
  /** How queue messages are written; both kinds are read. @defaultValue "base64", which every .NET worker reads */
  readonly messageEncoding?: "base64" | "utf8" | undefined;
  /** Most storage requests under way at a time, 8 to 10000. @defaultValue 128 */
  readonly maxStorageOperationConcurrency?: number | undefined;
  /** Keep inputs of activities and sub-orchestrations in the history too. @defaultValue false */
  readonly storeInputsInOrchestrationHistory?: boolean | undefined;
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
  "trackingStore",
  "maxQueuePollingInterval",
  "visibilityTimeout",
  "controlQueueBatchSize",
  "controlQueueBufferThreshold",
  "messageEncoding",
  "maxStorageOperationConcurrency",
  "storeInputsInOrchestrationHistory",
  "partitionManagement",
  "useAppLease",
  "appName",
];

/** Least and most of the options that are numbers. */
const countRanges = {
  partitionCount: [1, 16],
  controlQueueBatchSize: [1, 32],
  controlQueueBufferThreshold: [1, 1000],
  maxStorageOperationConcurrency: [8, 10_000],
} as const;

/** Least and most of the options that are lengths of time, in milliseconds. */
const timeRanges = { maxQueuePollingInterval: [10, 3_600_000], visibilityTimeout: [1000, 604_800_000] } as const;

const defaultTaskHub = "TestHubName";

/** @throws DurableError `InvalidOption` that names the option */
export function resolveHub(location: HubLocation): ResolvedHub {
  const { taskHub = defaultTaskHub, messageEncoding, storeInputsInOrchestrationHistory } = location;
  if (!isTaskHubName(taskHub)) throw invalid(`'taskHub' must be ${taskHubNameRule}, but got '${String(taskHub)}'`);
  const storage = resolveStorage(location.storage);
  for (const [name, [least, most]] of Object.entries(countRanges)) {
    const value = location[name as keyof typeof countRanges];
    if (value !== undefined) assertCount(name, value, least, most);
  }
  if (messageEncoding !== undefined && messageEncoding !== "base64" && messageEncoding !== "utf8") {
    throw invalid(`'messageEncoding' must be "base64" or "utf8", but got ${String(messageEncoding)}`);
  }
  if (storeInputsInOrchestrationHistory !== undefined && typeof storeInputsInOrchestrationHistory !== "boolean") {
    const got = String(storeInputsInOrchestrationHistory);
    throw invalid(`'storeInputsInOrchestrationHistory' must be true or false, but got ${got}`);
  }
  const { partitionManagement, useAppLease, appName } = location;
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
  return {
    storage: withTracking(storage, location.trackingStore),
    taskHub,
    tuning: {
      partitionCount: location.partitionCount,
      maxQueuePollingIntervalMs: resolveTime(location, "maxQueuePollingInterval") ?? defaultPollingMs(storage),
      visibilityTimeoutMs: resolveTime(location, "visibilityTimeout"),
      controlQueueBatchSize: location.controlQueueBatchSize,
      controlQueueBufferThreshold: location.controlQueueBufferThreshold,
      messageEncoding,
      maxStorageOperationConcurrency: location.maxStorageOperationConcurrency,
      storeInputsInOrchestrationHistory,
      partitionManagement,
      useAppLease,
      appName,
    },
  };
}

function withTracking(storage: HubStorage, option: TrackingStoreOption | undefined): HubStorage {
  if (option === undefined) return storage;
  if (storage.kind === "account") return { ...storage, tracking: resolveTracking(option) };
  throw invalid("'trackingStore' goes with a hub in a storage account only");
}

function resolveTime(location: HubLocation, name: keyof typeof timeRanges): number | undefined {
  const value = location[name];
  if (value === undefined) return undefined;
  const [least, most] = timeRanges[name];
  const ms = parseTimeSpan(value, `'${name}'`);
  if (ms >= least && ms <= most) return ms;
  throw invalid(`'${name}' must be from ${least / 1000} to ${most / 1000} seconds, but got ${ms / 1000}`);
}

/** Polls of the local store cost no money. */
function defaultPollingMs({ kind }: HubStorage): number | undefined {
  return kind === "local" ? 1_000 : undefined;
}

/** A hub in memory belongs to this process: there are no others to leave anything to. */
export function limitDefaultsOn({ kind }: HubStorage): WorkerLimitDefaults {
  return { unknownNames: kind === "memory" ? "fail" : "wait", maxBlockedMs: 0 };
}

const concurrencyNames = ["maxConcurrentOrchestrations", "maxConcurrentEntities", "maxConcurrentActivities"] as const;

/** @throws DurableError `InvalidOption` */
export function resolveConcurrency(concurrency: WorkerConcurrency): WorkerConcurrency {
  if (typeof concurrency !== "object" || concurrency === null) throw invalid("'concurrency' must be an object");
  assertOptionNames(concurrency, concurrencyNames, "'concurrency'");
  for (const name of concurrencyNames) {
    if (concurrency[name] !== undefined) assertCount(`concurrency.${name}`, concurrency[name]);
  }
  const { maxConcurrentOrchestrations, maxConcurrentEntities, maxConcurrentActivities } = concurrency;
  return { maxConcurrentOrchestrations, maxConcurrentEntities, maxConcurrentActivities };
}

function assertCount(name: string, value: unknown, least = 1, most: number = Number.MAX_SAFE_INTEGER): void {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw invalid(`'${name}' must be a whole number ${range}, but got ${String(value)}`);
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
