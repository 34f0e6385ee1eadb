import { DurableError } from "../../core/errors.ts";
import { isTaskHubName, taskHubNameRule } from "../../core/task-hub-name.ts";
import { parseTimeSpan } from "../../core/time-span.ts";
import { type VersioningOptions, versionFailureStrategies, versionMatchStrategies } from "../../core/versioning.ts";
import type { WorkerLimits } from "../../core/worker-limits.ts";
import { findSetting, resolveSettingReferences } from "./app-settings.ts";
import type { Environment, JsonObject } from "./host-json.ts";
import { memberOf, sectionOf } from "./host-json.ts";
import { findConnectionString } from "./storage-connection.ts";

/** `extensions.durableTask` of host.json, checked and complete. Lengths of time are in milliseconds. */
export interface DurableTaskSettings {
  readonly hubName: string;
  /** App setting that names the storage account. */
  readonly connectionName: string;
  /** No setting names an account, and the default connection is meant: the store that comes with the local host. */
  readonly usesLocalStore: boolean;
  readonly partitionCount: number;
  readonly maxConcurrentActivityFunctions: number;
  /** Orchestrations and entities together. */
  readonly maxConcurrentOrchestratorFunctions: number;
  readonly maxEntityOperationBatchSize: number;
  readonly controlQueueBatchSize: number;
  readonly controlQueueBufferThreshold: number;
  readonly controlQueueVisibilityTimeoutMs: number;
  readonly workItemQueueVisibilityTimeoutMs: number;
  readonly maxQueuePollingIntervalMs: number;
  readonly storeInputsInOrchestrationHistory: boolean;
  /** Which instances run here, and the version of new ones, for apps that do not say so themselves. */
  readonly versioning: VersioningOptions | undefined;
  /** What ends single instances before they end the process; checked where the defaults are known. */
  readonly limits: WorkerLimits | undefined;
  /** Wait between two polls of a durable HTTP call when the other side does not say. */
  readonly httpPollIntervalMs: number;
}

const minuteMs = 60_000;
const defaultConnectionName = "AzureWebJobsStorage";

/**
 * The durable settings of an app: the only home of their defaults and limits. Defaults are those of the official
 * extension, except where the comment beside them says why not. Unknown keys are for other versions and are ignored.
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
  const durableTask = new SettingsSection(sectionOf(hostJson, "extensions", "durableTask"), "extensions.durableTask");
  const storage = new SettingsSection(
    sectionOf(hostJson, "extensions", "durableTask", "storageProvider"),
    "extensions.durableTask.storageProvider",
  );
  storage.choice("type", ["AzureStorage"], "AzureStorage");
  const writtenName = storage.text("connectionName") ?? storage.text("connectionStringName") ?? defaultConnectionName;
  const connectionName = resolveSettingReferences(writtenName, env, storage.path("connectionName"));
  const usesLocalStore =
    connectionName.toLowerCase() === defaultConnectionName.toLowerCase() &&
    findConnectionString(connectionName, env) === undefined;
  // The extension's default is five minutes. Messages in work are renewed, so less brings a killed worker's back sooner,
  // at about the time at which its leases run out too.
  const visibilityTimeoutMs = 25_000;
  const defaultConcurrency = 10 * machine.processorCount;
  return {
    hubName: resolveHubName(durableTask, env),
    connectionName,
    usesLocalStore,
    partitionCount: storage.integer("partitionCount", 4, 1, 16),
    maxConcurrentActivityFunctions: durableTask.integer("maxConcurrentActivityFunctions", defaultConcurrency, 1),
    maxConcurrentOrchestratorFunctions: durableTask.integer(
      "maxConcurrentOrchestratorFunctions",
      defaultConcurrency,
      1,
    ),
    maxEntityOperationBatchSize: durableTask.integer("maxEntityOperationBatchSize", 5000, 1),
    controlQueueBatchSize: storage.integer("controlQueueBatchSize", 32, 1, 32),
    controlQueueBufferThreshold: storage.integer("controlQueueBufferThreshold", 256, 1, 1000),
    controlQueueVisibilityTimeoutMs: storage.timeSpan(
      "controlQueueVisibilityTimeout",
      visibilityTimeoutMs,
      minuteMs,
      60 * minuteMs,
    ),
    workItemQueueVisibilityTimeoutMs: storage.timeSpan(
      "workItemQueueVisibilityTimeout",
      visibilityTimeoutMs,
      minuteMs,
      60 * minuteMs,
    ),
    // Polls of the local store cost no money.
    maxQueuePollingIntervalMs: storage.timeSpan(
      "maxQueuePollingInterval",
      usesLocalStore ? 1_000 : 30_000,
      100,
      60 * minuteMs,
    ),
    storeInputsInOrchestrationHistory: durableTask.boolean("storeInputsInOrchestrationHistory", false),
    versioning: resolveVersioning(durableTask),
    limits: sectionOf(hostJson, "extensions", "durableTask", "limits"),
    httpPollIntervalMs: new SettingsSection(
      sectionOf(hostJson, "extensions", "durableTask", "httpSettings"),
      "extensions.durableTask.httpSettings",
    ).integer("defaultAsyncRequestSleepTimeMilliseconds", 30_000, 1),
  };
}

/** Without a version there is nothing to match with, so strategies alone mean nothing, as with the extension. */
function resolveVersioning(durableTask: SettingsSection): VersioningOptions | undefined {
  const version = durableTask.text("defaultVersion");
  const matchStrategy = durableTask.choice("versionMatchStrategy", versionMatchStrategies, "currentOrOlder");
  const failureStrategy = durableTask.choice("versionFailureStrategy", versionFailureStrategies, "reject");
  return version === undefined ? undefined : { version, matchStrategy, failureStrategy };
}

function resolveHubName(durableTask: SettingsSection, env: Environment): string {
  const written = durableTask.text("hubName");
  if (written === undefined) return sanitizeHubName(findSetting(env, "WEBSITE_SITE_NAME") ?? "TestHubName");
  const path = durableTask.path("hubName");
  const name = resolveSettingReferences(written, env, path);
  if (!isTaskHubName(name)) {
    throw new DurableError("InvalidOption", `${path} must be ${taskHubNameRule}, but is '${name}'`);
  }
  return name;
}

/** The task hub name made of a site name, by the rules of the official extension. */
export function sanitizeHubName(siteName: string): string {
  const kept = siteName.replace(/[^A-Za-z0-9]/g, "");
  if (kept === "") return "DefaultTaskHub";
  const cut = (/^\d/.test(kept) ? `t${kept}` : kept).slice(0, 45);
  return cut.length < 3 ? `${cut}Hub` : cut;
}

/** Reads one object of host.json. Text counts as number or boolean too: overrides from the environment are text. */
class SettingsSection {
  readonly #values: JsonObject;
  readonly #path: string;

  constructor(values: JsonObject, path: string) {
    this.#values = values;
    this.#path = path;
  }

  path(key: string): string {
    return `host.json: ${this.#path}.${key}`;
  }

  text(key: string): string | undefined {
    const value = this.#read(key);
    if (value === undefined) return undefined;
    if (typeof value !== "string" || value === "") throw this.#refusal(key, "a non-empty text", value);
    return value;
  }

  integer(key: string, fallback: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.#read(key);
    if (value === undefined) return fallback;
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw this.#refusal(key, `a whole number ${range}`, value);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.#read(key);
    if (value === undefined) return fallback;
    const text = String(value).toLowerCase();
    if (text !== "true" && text !== "false") throw this.#refusal(key, "true or false", value);
    return text === "true";
  }

  choice<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
    const value = this.#read(key);
    if (value === undefined) return fallback;
    const found = allowed.find((name) => typeof value === "string" && name.toLowerCase() === value.toLowerCase());
    if (found === undefined) throw this.#refusal(key, `one of ${allowed.join(", ")}`, value);
    return found;
  }

  timeSpan(key: string, fallbackMs: number, leastMs: number, mostMs: number): number {
    const value = this.#read(key);
    if (value === undefined) return fallbackMs;
    const ms = parseTimeSpan(value, this.path(key));
    if (ms >= leastMs && ms <= mostMs) return ms;
    throw this.#refusal(key, `from ${leastMs / 1000} to ${mostMs / 1000} seconds`, value);
  }

  /** null means "not set", as the extension documents its defaults. */
  #read(key: string): unknown {
    return memberOf(this.#values, key) ?? undefined;
  }

  #refusal(key: string, wanted: string, value: unknown): DurableError {
    return new DurableError("InvalidOption", `${this.path(key)} must be ${wanted}, but is ${JSON.stringify(value)}`);
  }
}
