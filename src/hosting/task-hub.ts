import type { StorageConnection } from "../backends/azure-storage/storage/storage-connection.ts";
import { DurableError } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import { managementOfSettings } from "../core/partition-management.ts";
import type { LogSink } from "../core/ports.ts";
import type { DurableTaskSettings } from "../host/settings/durable-task-settings.ts";
import type { Environment } from "../host/settings/host-json.ts";
import {
  describeMissingAccount,
  findStorageAccount,
  type StorageAccountSetting,
} from "../host/settings/storage-connection.ts";
import { connectBySettings, type HubAccount, type HubStorage } from "./hub-storage.ts";
import type { HubWorker } from "./hub-worker.ts";
import { type OpenTaskHub, openHub } from "./open-hub.ts";
import { listensAnywhere } from "./reachability.ts";

export type { OpenTaskHub } from "./open-hub.ts";

export interface OpenTaskHubOptions {
  readonly settings: DurableTaskSettings;
  /** Where the local store keeps its data. */
  readonly appFolder: string;
  readonly env: Environment;
  readonly log: LogSink;
  readonly worker?: HubWorker | undefined;
  /** See `OpenHubOptions.isGuest`. */
  readonly isGuest?: boolean | undefined;
}

/**
 * Opens the hub that the settings of an app name, on its storage account or on the local store.
 *
 * @throws DurableError when settings name no usable account, or it cannot be reached within seconds
 */
export async function openTaskHub(options: OpenTaskHubOptions): Promise<OpenTaskHub> {
  const { settings, env, log, worker, isGuest } = options;
  return openHub({
    storage: await storageOf(options),
    taskHub: settings.hubName,
    tuning: {
      partitionCount: settings.partitionCount,
      controlQueueBatchSize: settings.controlQueueBatchSize,
      controlQueueBufferThreshold: settings.controlQueueBufferThreshold,
      visibilityTimeoutMs: Math.min(
        settings.controlQueueVisibilityTimeoutMs,
        settings.workItemQueueVisibilityTimeoutMs,
      ),
      maxQueuePollingIntervalMs: settings.maxQueuePollingIntervalMs,
      messageEncoding: settings.messageEncoding,
      maxStorageOperationConcurrency: settings.maxStorageOperationConcurrency,
      storeInputsInOrchestrationHistory: settings.storeInputsInOrchestrationHistory,
      partitionManagement: managementOfSettings(
        settings.useTablePartitionManagement,
        settings.useLegacyPartitionManagement,
      ),
      useAppLease: settings.useAppLease,
      appLeaseIntervalMs: settings.appLeaseIntervalMs,
      appLeaseRenewIntervalMs: settings.appLeaseRenewIntervalMs,
      appLeaseAcquireIntervalMs: settings.appLeaseAcquireIntervalMs,
    },
    env,
    log,
    worker,
    isGuest,
  });
}

/**
 * The account a connection name stands for; the local store when the default connection is not set at all, or when it is
 * the emulator of this machine and none runs.
 */
async function storageOf({ settings, appFolder, env, log, worker }: OpenTaskHubOptions): Promise<HubStorage> {
  const local: HubStorage = { kind: "local", folder: appFolder };
  if (settings.usesLocalStore) return local;
  const account = accountOf(settings, env);
  // In a Function App the store of a folder would be one per instance.
  if (worker !== undefined || !settings.usesEmulator || account.tracking !== undefined) return account;
  if (await listensAnywhere(account.connection)) return account;
  const text = `${account.setting} is UseDevelopmentStorage=true and no emulator listens at ${emulatorPorts(account.connection)}: the embedded store is used`;
  createEventLog(log, { taskHub: settings.hubName }).write("EmulatorReplaced", text, {});
  return local;
}

/** `127.0.0.1:10000, 10001 and 10002`. */
function emulatorPorts({ blobEndpoint, queueEndpoint, tableEndpoint }: StorageConnection): string {
  const { port: queuePort } = new URL(queueEndpoint);
  return `${new URL(blobEndpoint).host}, ${queuePort} and ${new URL(tableEndpoint).port}`;
}

/**
 * The accounts that the settings of an app name.
 *
 * @throws DurableError `HostStartFailed` when they name none, `InvalidOption` for a wrong one
 */
export function accountOf(settings: DurableTaskSettings, env: Environment): HubAccount {
  const { trackingStore } = settings;
  const main = findAccount(settings.connectionName, env);
  const tracking = trackingStore && findAccount(trackingStore.connectionName, env);
  return {
    kind: "account",
    connection: connectBySettings(main),
    setting: main.setting,
    tracking: tracking && {
      connection: connectBySettings(tracking),
      setting: tracking.setting,
      namePrefix: trackingStore?.namePrefix,
    },
  };
}

function findAccount(connectionName: string, env: Environment): StorageAccountSetting {
  const found = findStorageAccount(connectionName, env);
  if (found !== undefined) return found;
  throw new DurableError("HostStartFailed", describeMissingAccount(connectionName));
}
