import { DurableError } from "../../core/errors.ts";
import { type PartitionManagement, partitionManagements } from "../../core/partition-management.ts";
import { type Clock, type LogSink, type Random, silentLog } from "../../core/ports.ts";
import { systemEnvironment } from "../../core/system-ports.ts";
import type { MessageEncoding } from "./codec/message-data.ts";
import { type HubNames, hubNames } from "./hub-names.ts";
import { parseConnectionString } from "./storage/connection-string.ts";
import { assertStorageClient, type StorageClientKind } from "./storage/storage-client-kind.ts";
import type { StorageConnection } from "./storage/storage-connection.ts";
import type { StorageTransport } from "./storage/storage-request.ts";

export interface AzureStorageOptions {
  /** Of the storage account; `UseDevelopmentStorage=true` is a local emulator on its default ports. Or `connection`. */
  readonly connectionString?: string | undefined;
  /** The storage account, in place of `connectionString`. */
  readonly connection?: StorageConnection | undefined;
  /** The account of tables and blobs. @defaultValue that of the queues */
  readonly trackingStore?: TrackingStore | undefined;
  /** Name of the task hub: 3 to 45 letters and digits, the first a letter. */
  readonly taskHub: string;
  /** Unique per running process: two with the same would both believe that they own a partition. */
  readonly workerId: string;
  readonly clock: Clock;
  readonly random: Random;
  /** @defaultValue silent */
  readonly log?: LogSink | undefined;
  /** Number of control queues, 1 to 16. Fixed when the hub is created. @defaultValue 4 */
  readonly partitionCount?: number | undefined;
  /** Most messages in one receive, 1 to 32. @defaultValue 32 */
  readonly controlQueueBatchSize?: number | undefined;
  /** With this many messages of orchestrations and waiting entities in memory, no more are received. @defaultValue 64 */
  readonly controlQueueBufferThreshold?: number | undefined;
  /**
   * How long a received message is hidden from others unless renewed, in milliseconds. Messages of a receive whose answer
   * gets lost are away for that long, as are those of a worker that has died. @defaultValue 25000
   */
  readonly visibilityTimeoutMs?: number | undefined;
  /** How often the engine is asked to renew a work item, in milliseconds. @defaultValue a third of the timeout */
  readonly renewIntervalMs?: number | undefined;
  /** Longest pause between two polls of an empty queue, in milliseconds. @defaultValue 30000 */
  readonly maxQueuePollingIntervalMs?: number | undefined;
  /** How queue messages are written; both kinds are read. @defaultValue "base64", which every .NET worker reads */
  readonly messageEncoding?: MessageEncoding | undefined;
  /** Keep inputs of activities and sub-orchestrations in the history too. @defaultValue false */
  readonly storeInputsInOrchestrationHistory?: boolean | undefined;
  /** How long a partition stays ours without renewal, in milliseconds. @defaultValue 25000 */
  readonly leaseIntervalMs?: number | undefined;
  /** How often partitions are looked at and renewed, in milliseconds. @defaultValue 10000 */
  readonly leaseRenewIntervalMs?: number | undefined;
  /**
   * How the hub's workers keep partitions: `"table"`, `"safe"` (.NET with `useTablePartitionManagement: false`) or
   * `"legacy"` (`useLegacyPartitionManagement: true`). All workers of a hub must do it alike.
   *
   * @defaultValue as the hub is kept already, `"table"` for a new one
   */
  readonly partitionManagement?: PartitionManagement | undefined;
  /**
   * Keep apps of other names off the hub, as .NET does by default: the second one waits and says for whom.
   * @defaultValue true
   */
  readonly useAppLease?: boolean | undefined;
  /** Of the app lease; all processes of an app must have the same. @defaultValue "", which is an app without a name */
  readonly appName?: string | undefined;
  /** How long the app lease is held without renewal, in milliseconds, 15000 to 60000. @defaultValue 60000 */
  readonly appLeaseIntervalMs?: number | undefined;
  /** How often the app lease is renewed, in milliseconds. @defaultValue half of its interval; .NET has 25000 */
  readonly appLeaseRenewIntervalMs?: number | undefined;
  /** How often the app lease of another app is tried for, in milliseconds. @defaultValue 30000; .NET has 300000 */
  readonly appLeaseAcquireIntervalMs?: number | undefined;
  /** Says of another worker that it cannot come back, so that its partitions are free at once. @defaultValue none is */
  readonly isDeadWorker?: ((workerId: string) => boolean) | undefined;
  /** A failing storage request is repeated for this long, in milliseconds. @defaultValue 20000 */
  readonly storageTimeoutMs?: number | undefined;
  /**
   * Creating the hub waits this long for one of the same name to be deleted, in milliseconds; the service takes 40 seconds
   * and more. Everything else fails at once meanwhile. @defaultValue 90000
   */
  readonly hubCreationTimeoutMs?: number | undefined;
  /**
   * Most storage requests under way at a time, and connections to one service, 8 to 10000. Hubs of one process that use the same storage account share
   * it. A quarter is kept free for leases and for receiving, renewing and deleting messages, so that a large fan-out
   * delays none of these; besides, one checkpoint sends at most 64 messages at a time. @defaultValue 128
   */
  readonly maxStorageOperationConcurrency?: number | undefined;
  /**
   * Hand what this worker would receive itself over in memory: messages are put into their queue hidden, and answers of
   * activities to instances that live here are not put into one. `false` sends everything through the queues, as .NET.
   *
   * @defaultValue the variable `DURABLE_LOCAL_DISPATCH` of the process, else `true`
   */
  readonly localDispatch?: boolean | undefined;
  /**
   * Go on beside writes that nobody waits for: deletions of answers that history has, the row and the start message of an
   * instance that has begun, and rows in which only the time of the last update is new, which is written within five
   * seconds.
   *
   * @defaultValue the variable `DURABLE_OVERLAP_WRITES` of the process, else `true`
   */
  readonly overlapWrites?: boolean | undefined;
  /**
   * By which client storage is asked: `"lean"`, requests of our own, or `"sdk"`, the official SDKs for Azure Storage, at
   * about three times the CPU. Behind a proxy it is always the SDKs. @defaultValue the variable
   * `DURABLE_STORAGE_CLIENT` of the process, else `"lean"`
   */
  readonly storageClient?: StorageClientKind | undefined;
  /** Wraps each attempt at a storage request; for tests and measurements. @defaultValue none */
  readonly decorateTransport?: ((transport: StorageTransport) => StorageTransport) | undefined;
}

/** Another account than that of the queues: it has the partitions, history, instances and payloads of a hub. */
export interface TrackingStore {
  readonly connection: StorageConnection;
  /**
   * What the tables of history and instances are called by, in place of the hub: `<prefix>History`. 1 to 54 letters and
   * digits, the first a letter. Hubs with the same account and prefix share these tables. @defaultValue "DurableTask"
   */
  readonly namePrefix?: string | undefined;
}

export interface ResolvedAzureStorageOptions {
  readonly connection: StorageConnection;
  /** The account of tables and blobs. */
  readonly trackingConnection: StorageConnection;
  readonly names: HubNames;
  readonly workerId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LogSink;
  readonly controlQueueBatchSize: number;
  readonly controlQueueBufferThreshold: number;
  readonly visibilityTimeoutMs: number;
  readonly renewIntervalMs: number;
  readonly maxQueuePollingIntervalMs: number;
  readonly messageEncoding: MessageEncoding;
  readonly storeTaskInputs: boolean;
  readonly leaseIntervalMs: number;
  readonly leaseRenewIntervalMs: number;
  readonly partitionManagement: PartitionManagement | undefined;
  /** `undefined`: apps of other names are not kept off. */
  readonly appLease: ResolvedAppLease | undefined;
  readonly isDeadWorker: (workerId: string) => boolean;
  readonly storageTimeoutMs: number;
  readonly hubCreationTimeoutMs: number;
  readonly maxStorageOperationConcurrency: number;
  readonly localDispatch: boolean;
  readonly overlapWrites: boolean;
  readonly storageClient: StorageClientKind | undefined;
  readonly decorateTransport: (transport: StorageTransport) => StorageTransport;
}

export interface ResolvedAppLease {
  readonly appName: string;
  readonly leaseSeconds: number;
  readonly renewIntervalMs: number;
  readonly acquireIntervalMs: number;
}

/** The only home of defaults and limits. @throws DurableError `InvalidOption` */
export function resolveAzureStorageOptions(options: AzureStorageOptions): ResolvedAzureStorageOptions {
  const visibilityTimeoutMs = inRange("visibilityTimeoutMs", options.visibilityTimeoutMs ?? 25_000, 1000, 604_800_000);
  const leaseIntervalMs = inRange("leaseIntervalMs", options.leaseIntervalMs ?? 25_000, 1000, 600_000);
  if (typeof options.workerId !== "string" || options.workerId === "") {
    throw new DurableError("InvalidOption", "workerId must be a text that is unique per running process");
  }
  const messageEncoding = options.messageEncoding ?? "base64";
  if (messageEncoding !== "base64" && messageEncoding !== "utf8") {
    throw new DurableError(
      "InvalidOption",
      `messageEncoding must be "base64" or "utf8", but got ${String(messageEncoding)}`,
    );
  }
  const connection = options.connection ?? parseConnectionString(options.connectionString, "connectionString");
  const trackingPrefix = options.trackingStore && (options.trackingStore.namePrefix ?? "DurableTask");
  return {
    connection,
    trackingConnection: options.trackingStore?.connection ?? connection,
    names: hubNames(options.taskHub, options.partitionCount ?? 4, trackingPrefix),
    workerId: options.workerId,
    clock: options.clock,
    random: options.random,
    log: options.log ?? silentLog,
    controlQueueBatchSize: inRange("controlQueueBatchSize", options.controlQueueBatchSize ?? 32, 1, 32),
    controlQueueBufferThreshold: inRange(
      "controlQueueBufferThreshold",
      options.controlQueueBufferThreshold ?? 64,
      1,
      1000,
    ),
    visibilityTimeoutMs,
    renewIntervalMs: inRange(
      "renewIntervalMs",
      options.renewIntervalMs ?? Math.floor(visibilityTimeoutMs / 3),
      100,
      visibilityTimeoutMs,
    ),
    maxQueuePollingIntervalMs: inRange(
      "maxQueuePollingIntervalMs",
      options.maxQueuePollingIntervalMs ?? 30_000,
      10,
      3_600_000,
    ),
    messageEncoding,
    storeTaskInputs: options.storeInputsInOrchestrationHistory ?? false,
    leaseIntervalMs,
    leaseRenewIntervalMs: inRange("leaseRenewIntervalMs", options.leaseRenewIntervalMs ?? 10_000, 10, leaseIntervalMs),
    partitionManagement: resolveManagement(options.partitionManagement),
    appLease: options.useAppLease === false ? undefined : resolveAppLease(options),
    isDeadWorker: options.isDeadWorker ?? (() => false),
    storageTimeoutMs: inRange("storageTimeoutMs", options.storageTimeoutMs ?? 20_000, 0, 600_000),
    hubCreationTimeoutMs: inRange("hubCreationTimeoutMs", options.hubCreationTimeoutMs ?? 90_000, 0, 600_000),
    maxStorageOperationConcurrency: inRange(
      "maxStorageOperationConcurrency",
      options.maxStorageOperationConcurrency ?? 128,
      8,
      10_000,
    ),
    localDispatch: options.localDispatch ?? readSwitch("DURABLE_LOCAL_DISPATCH") ?? true,
    overlapWrites: options.overlapWrites ?? readSwitch("DURABLE_OVERLAP_WRITES") ?? true,
    storageClient: options.storageClient && assertStorageClient(options.storageClient, "storageClient"),
    decorateTransport: options.decorateTransport ?? ((transport) => transport),
  };
}

/** An app setting that is on or off. @throws DurableError `InvalidOption` */
function readSwitch(setting: string): boolean | undefined {
  const value = systemEnvironment[setting]?.trim().toLowerCase() ?? "";
  if (value === "") return undefined;
  if (value === "true" || value === "false") return value === "true";
  const shown = JSON.stringify(value);
  throw new DurableError("InvalidOption", `the app setting ${setting} must be "true" or "false", but got ${shown}`);
}

function resolveManagement(given: unknown): PartitionManagement | undefined {
  const found = partitionManagements.find((management) => management === given);
  if (given === undefined || found !== undefined) return found;
  const known = partitionManagements.map((management) => `"${management}"`).join(", ");
  throw new DurableError("InvalidOption", `partitionManagement must be one of ${known}, but got ${String(given)}`);
}

function resolveAppLease(options: AzureStorageOptions): ResolvedAppLease {
  const { appName = "", appLeaseIntervalMs = 60_000 } = options;
  if (typeof appName !== "string") {
    throw new DurableError("InvalidOption", `appName must be a text, but got ${String(appName)}`);
  }
  const intervalMs = inRange("appLeaseIntervalMs", appLeaseIntervalMs, 15_000, 60_000);
  const renewMs = options.appLeaseRenewIntervalMs ?? Math.floor(intervalMs / 2);
  return {
    appName,
    leaseSeconds: Math.floor(intervalMs / 1000),
    renewIntervalMs: inRange("appLeaseRenewIntervalMs", renewMs, 100, intervalMs),
    acquireIntervalMs: inRange(
      "appLeaseAcquireIntervalMs",
      options.appLeaseAcquireIntervalMs ?? 30_000,
      100,
      3_600_000,
    ),
  };
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw new DurableError("InvalidOption", `${name} must be ${min} to ${max}, but got ${String(value)}`);
}
