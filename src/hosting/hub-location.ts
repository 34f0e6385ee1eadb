import { DurableError } from "../core/errors.ts";
import { assertOptionNames } from "../core/option-names.ts";
import { isTaskHubName, taskHubNameRule } from "../core/task-hub-name.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import type { WorkerLimitDefaults } from "../core/worker-limits.ts";
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
];

const defaultTaskHub = "TestHubName";

/** @throws DurableError `InvalidOption` that names the option */
export function resolveHub(location: HubLocation): ResolvedHub {
  const { taskHub = defaultTaskHub, partitionCount, maxQueuePollingInterval } = location;
  if (!isTaskHubName(taskHub)) throw invalid(`'taskHub' must be ${taskHubNameRule}, but got '${String(taskHub)}'`);
  const storage = resolveStorage(location.storage);
  if (partitionCount !== undefined) assertCount("partitionCount", partitionCount, 16);
  const pollingMs =
    maxQueuePollingInterval === undefined
      ? defaultPollingMs(storage)
      : parseTimeSpan(maxQueuePollingInterval, "'maxQueuePollingInterval'");
  return { storage, taskHub, tuning: { partitionCount, maxQueuePollingIntervalMs: pollingMs } };
}

/** Polls of the local store cost no money. */
function defaultPollingMs({ kind }: HubStorage): number | undefined {
  return kind === "local" ? 1_000 : undefined;
}

/** A hub in memory belongs to this process: there are no others to leave anything to. */
export function limitDefaultsOn({ kind }: HubStorage): WorkerLimitDefaults {
  return { unknownNames: kind === "memory" ? "fail" : "wait", maxBlockedMs: 0 };
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
