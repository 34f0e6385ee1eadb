import { DurableError } from "../../core/errors.ts";
import { type RetentionPolicy, resolveRetention } from "../../core/retention.ts";
import { isTaskHubName, isTrackingPrefix, taskHubNameRule, trackingPrefixRule } from "../../core/task-hub-name.ts";
import { type VersioningOptions, versionFailureStrategies, versionMatchStrategies } from "../../core/versioning.ts";
import type { WorkerLimits } from "../../core/worker-limits.ts";
import { type AllowedCallers, readAllowedCallers } from "./allowed-callers.ts";
import { findSetting, resolveSettingReferences } from "./app-settings.ts";
import { DurableTaskSection, type UnusedSetting } from "./durable-task-section.ts";
import type { Environment, JsonObject } from "./host-json.ts";
import { findStorageAccount, isLocalEmulator } from "./storage-connection.ts";

/** `extensions.durableTask` of host.json, checked and complete. Lengths of time are in milliseconds. */
export interface DurableTaskSettings {
  readonly hubName: string;
  /** App setting that names the storage account. */
  readonly connectionName: string;
  /** Another account for tables and blobs. */
  readonly trackingStore: { readonly connectionName: string; readonly namePrefix: string | undefined } | undefined;
  /** No setting names an account, and the default connection is meant: the store that comes with the local host. */
  readonly usesLocalStore: boolean;
  /** `UseDevelopmentStorage=true`: the emulator of this machine, whoever runs it. */
  readonly usesEmulator: boolean;
  /** What host.json says and nothing goes by: to be told to the user. */
  readonly unused: readonly UnusedSetting[];
  readonly partitionCount: number;
  /** `undefined`: as the hub is kept already. */
  readonly useTablePartitionManagement: boolean | undefined;
  readonly useLegacyPartitionManagement: boolean | undefined;
  readonly useAppLease: boolean;
  readonly appLeaseIntervalMs: number;
  readonly appLeaseRenewIntervalMs: number;
  readonly appLeaseAcquireIntervalMs: number;
  readonly maxConcurrentActivityFunctions: number;
  readonly maxConcurrentOrchestratorFunctions: number;
  readonly maxConcurrentEntityFunctions: number;
  readonly maxEntityOperationBatchSize: number;
  readonly controlQueueBatchSize: number;
  readonly controlQueueBufferThreshold: number;
  readonly controlQueueVisibilityTimeoutMs: number;
  readonly workItemQueueVisibilityTimeoutMs: number;
  readonly maxQueuePollingIntervalMs: number;
  readonly messageEncoding: "base64" | "utf8";
  readonly maxStorageOperationConcurrency: number;
  readonly storeInputsInOrchestrationHistory: boolean;
  /** Which instances run here, and the version of new ones, for apps that do not say so themselves. */
  readonly versioning: VersioningOptions | undefined;
  /** What ends single instances before they end the process; checked where the defaults are known. */
  readonly limits: WorkerLimits | undefined;
  /** Links are made by the headers that a proxy adds. */
  readonly useForwardedHost: boolean;
  /** Who may knock, as far as the settings and host.json say. */
  readonly allowed: AllowedCallers;
  /** Whether orchestrations are replayed beside their run; `undefined`: as the host does by itself. */
  readonly replayCheck: boolean | undefined;
  /** Wait between two polls of a durable HTTP call when the other side does not say. */
  readonly httpPollIntervalMs: number;
  /** `retention`, which the official extension does not know: `{ "olderThan": "30.00:00:00", "statuses": ["Completed"] }`. */
  readonly retention: RetentionPolicy | undefined;
}

const defaultConnectionName = "AzureWebJobsStorage";

/**
 * The durable settings of an app, by the table of known settings.
 *
 * @param hostJson the whole file, overrides from the environment already applied
 * @param machine what defaults depend on
 * @throws DurableError `InvalidOption` with the full host.json path of the first value that is out of range
 */
export function resolveDurableTaskSettings(
  hostJson: JsonObject,
  env: Environment,
  machine: { readonly processorCount: number },
): DurableTaskSettings {
  const section = new DurableTaskSection(hostJson, env);
  const unused = section.unused();
  section.choice("storageProvider.type", ["AzureStorage"]);
  const connectionName =
    resolveConnectionName(section, ["connectionName", "connectionStringName"], env) ?? defaultConnectionName;
  const account = findStorageAccount(connectionName, env);
  const usesLocalStore = account === undefined && connectionName.toLowerCase() === defaultConnectionName.toLowerCase();
  const usesEmulator = account !== undefined && isLocalEmulator(account);
  // The extension's default is five minutes. Messages in work are renewed, so less brings a killed worker's back sooner,
  // at about the time at which its leases run out too.
  const visibilityTimeoutMs = 25_000;
  const plan = planOf(env);
  const concurrencyOn = (consumption: number) => (plan === "Dynamic" ? consumption : 10 * machine.processorCount);
  return {
    hubName: resolveHubName(section, env),
    connectionName,
    trackingStore: resolveTrackingStore(section, env),
    usesLocalStore,
    usesEmulator,
    unused,
    partitionCount: section.integer("storageProvider.partitionCount"),
    ...resolvePartitionManagement(section),
    ...resolveAppLease(section),
    maxConcurrentActivityFunctions: section.integer("maxConcurrentActivityFunctions", concurrencyOn(10)),
    maxConcurrentOrchestratorFunctions: section.integer("maxConcurrentOrchestratorFunctions", concurrencyOn(5)),
    maxConcurrentEntityFunctions: section.integer("maxConcurrentEntityFunctions", concurrencyOn(10)),
    maxEntityOperationBatchSize: section.integer("maxEntityOperationBatchSize", plan === "Dynamic" ? 50 : 5000),
    controlQueueBatchSize: section.integer("storageProvider.controlQueueBatchSize"),
    controlQueueBufferThreshold: section.integer(
      "storageProvider.controlQueueBufferThreshold",
      plan === "Dynamic" ? 128 : 256,
    ),
    controlQueueVisibilityTimeoutMs: section.timeSpan(
      "storageProvider.controlQueueVisibilityTimeout",
      visibilityTimeoutMs,
    ),
    workItemQueueVisibilityTimeoutMs: section.timeSpan(
      "storageProvider.workItemQueueVisibilityTimeout",
      visibilityTimeoutMs,
    ),
    // Polls of a local store cost no money.
    maxQueuePollingIntervalMs: section.timeSpan(
      "storageProvider.maxQueuePollingInterval",
      usesLocalStore || usesEmulator || plan === "FlexConsumption" ? 1_000 : 30_000,
    ),
    messageEncoding: encodings[section.choice("storageProvider.queueClientMessageEncoding", ["Base64", "UTF8"])],
    maxStorageOperationConcurrency: section.integer("storageProvider.maxStorageOperationConcurrency"),
    storeInputsInOrchestrationHistory: section.boolean("storeInputsInOrchestrationHistory"),
    versioning: resolveVersioning(section),
    httpPollIntervalMs: section.integer("httpSettings.defaultAsyncRequestSleepTimeMilliseconds"),
    allowed: readAllowedCallers(hostJson, env),
    useForwardedHost: section.boolean("httpSettings.useForwardedHost"),
    retention: readRetention(section),
    limits: readObject(section, "limits"),
    replayCheck: section.flag("replayCheck"),
  };
}

const encodings = { Base64: "base64", UTF8: "utf8" } as const;

/** The plan of a Function App in Azure, where the defaults go by it. */
function planOf(env: Environment): string | undefined {
  return ["Dynamic", "FlexConsumption"].find(
    (sku) => sku.toLowerCase() === findSetting(env, "WEBSITE_SKU")?.toLowerCase(),
  );
}

/** The first of the names that is written. A connection string in place of a name is refused, and not repeated. */
function resolveConnectionName(
  section: DurableTaskSection,
  names: readonly string[],
  env: Environment,
): string | undefined {
  for (const name of names.map((each) => `storageProvider.${each}`)) {
    const written = section.text(name);
    if (written === undefined) continue;
    const wanted = "the name of an app setting, which holds the connection string";
    if (/[;=]/.test(written)) throw section.refusal(name, wanted, written);
    const resolved = resolveSettingReferences(written, env, section.path(name));
    if (/[;=]/.test(resolved)) throw section.refusal(name, wanted, resolved);
    return resolved;
  }
  return undefined;
}

function resolveTrackingStore(section: DurableTaskSection, env: Environment): DurableTaskSettings["trackingStore"] {
  const names = ["trackingStoreConnectionName", "trackingStoreConnectionStringName"];
  const connectionName = resolveConnectionName(section, names, env);
  const name = "storageProvider.trackingStoreNamePrefix";
  const written = section.text(name);
  const namePrefix = written && resolveSettingReferences(written, env, section.path(name));
  if (namePrefix !== undefined && !isTrackingPrefix(namePrefix)) {
    throw section.refusal(name, trackingPrefixRule, namePrefix);
  }
  return connectionName === undefined ? undefined : { connectionName, namePrefix };
}

function resolvePartitionManagement(
  section: DurableTaskSection,
): Pick<DurableTaskSettings, "useTablePartitionManagement" | "useLegacyPartitionManagement"> {
  const [table, legacy] = [
    "storageProvider.useTablePartitionManagement",
    "storageProvider.useLegacyPartitionManagement",
  ] as const;
  const useTablePartitionManagement = section.flag(table);
  const useLegacyPartitionManagement = section.flag(legacy);
  if (useTablePartitionManagement === true && useLegacyPartitionManagement === true) {
    const names = `${section.path(table)} and ${section.path(legacy)}`;
    throw new DurableError("InvalidOption", `${names} must not both be true`);
  }
  return { useTablePartitionManagement, useLegacyPartitionManagement };
}

function resolveAppLease(
  section: DurableTaskSection,
): Pick<
  DurableTaskSettings,
  "useAppLease" | "appLeaseIntervalMs" | "appLeaseRenewIntervalMs" | "appLeaseAcquireIntervalMs"
> {
  const appLeaseIntervalMs = section.timeSpan("appLeaseOptions.leaseInterval");
  const renewInterval = "appLeaseOptions.renewInterval";
  const appLeaseRenewIntervalMs = section.timeSpan(renewInterval, appLeaseIntervalMs / 2);
  if (appLeaseRenewIntervalMs > appLeaseIntervalMs) {
    throw section.refusal(renewInterval, "no longer than the leaseInterval beside it", section.value(renewInterval));
  }
  return {
    useAppLease: section.boolean("useAppLease"),
    appLeaseIntervalMs,
    appLeaseRenewIntervalMs,
    appLeaseAcquireIntervalMs: section.timeSpan("appLeaseOptions.acquireInterval"),
  };
}

/** What is written is checked where its defaults are known. */
function readObject(section: DurableTaskSection, name: string): JsonObject | undefined {
  const written = section.value(name);
  if (written === undefined || isObject(written)) return written;
  throw section.refusal(name, "an object", written);
}

function readRetention(section: DurableTaskSection): RetentionPolicy | undefined {
  const written = readObject(section, "retention");
  return written && resolveRetention(withKnownNames(written, retentionNames), section.path("retention"));
}

const retentionNames = ["olderThan", "statuses", "interval"];

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names of settings ignore case. */
function withKnownNames(values: JsonObject, names: readonly string[]): JsonObject {
  const rename = (written: string) => names.find((name) => name.toLowerCase() === written.toLowerCase()) ?? written;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [rename(name), value]));
}

/** Without a version there is nothing to match with, so strategies alone mean nothing, as with the extension. */
function resolveVersioning(section: DurableTaskSection): VersioningOptions | undefined {
  const version = section.text("defaultVersion");
  const matchStrategy = section.choice("versionMatchStrategy", versionMatchStrategies);
  const failureStrategy = section.choice("versionFailureStrategy", versionFailureStrategies);
  return version === undefined ? undefined : { version, matchStrategy, failureStrategy };
}

function resolveHubName(section: DurableTaskSection, env: Environment): string {
  const written = section.value("hubName");
  const byDefault = sanitizeHubName(findSetting(env, "WEBSITE_SITE_NAME") ?? "TestHubName");
  const name = typeof written === "string" ? resolveSettingReferences(written, env, section.path("hubName")) : written;
  const hubName = name ?? byDefault;
  if (!isTaskHubName(hubName)) throw section.refusal("hubName", taskHubNameRule, hubName);
  // The site's name is that of production in every slot.
  const slot = findSetting(env, "WEBSITE_SLOT_NAME") ?? "Production";
  if (slot.toLowerCase() === "production" || hubName.toLowerCase() !== byDefault.toLowerCase()) return hubName;
  const wanted = "another name than that of production in a deployment slot, for example '%DURABLE_HUB%'";
  throw section.refusal("hubName", wanted, hubName);
}

/** The task hub name made of a site name, by the rules of the official extension. */
export function sanitizeHubName(siteName: string): string {
  const kept = siteName.replace(/[^A-Za-z0-9]/g, "");
  if (kept === "") return "DefaultTaskHub";
  const cut = (/^\d/.test(kept) ? `t${kept}` : kept).slice(0, 45);
  return cut.length < 3 ? `${cut}Hub` : cut;
}
