import { describeConnection, parseConnectionString } from "../backends/azure-storage/storage/connection-string.ts";
import { DurableError } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import type { LogSink } from "../core/ports.ts";
import type { DurableTaskSettings } from "../host/settings/durable-task-settings.ts";
import type { Environment } from "../host/settings/host-json.ts";
import { findConnectionString } from "../host/settings/storage-connection.ts";
import { startAzuriteStore } from "./azurite/azurite-store.ts";
import { createDeadWorkerTest, createLocalWorkerId, createSharedWorkerId } from "./azurite/local-worker-id.ts";
import { assertReachable } from "./reachability.ts";

/** The account that an app's orchestrations are kept in, opened for this process. */
export interface StorageAccount {
  readonly connectionString: string;
  /** Without secrets. */
  readonly description: string;
  readonly workerId: string;
  /** Given where all workers are processes of this machine. */
  readonly isDeadWorker: ((workerId: string) => boolean) | undefined;
  /** Resolves, with what to say to the user, when the account is gone for good. */
  readonly failed: Promise<string>;
  close(): Promise<void>;
}

const reachTimeoutMs = 5_000;

/**
 * The account a connection name stands for; the local store when the default connection is not set at all.
 *
 * @throws DurableError when settings name no usable account, or it cannot be reached within seconds
 */
export async function openStorageAccount(options: {
  readonly settings: Pick<DurableTaskSettings, "connectionName" | "usesLocalStore">;
  readonly appFolder: string;
  readonly env: Environment;
  readonly log: LogSink;
}): Promise<StorageAccount> {
  const { settings, appFolder, env, log } = options;
  if (!settings.usesLocalStore) return openSharedAccount(settings.connectionName, env);
  const onWait = (text: string) => createEventLog(log).write("LocalStoreBusy", text, {});
  const store = await startAzuriteStore({ appFolder, onWait });
  const workerId = createLocalWorkerId();
  return {
    connectionString: store.connectionString,
    description: `Azurite, in ${store.folder}`,
    workerId,
    isDeadWorker: createDeadWorkerTest(workerId),
    failed: store.died,
    close: () => store.stop(),
  };
}

async function openSharedAccount(connectionName: string, env: Environment): Promise<StorageAccount> {
  const found = findConnectionString(connectionName, env);
  if (found === undefined) {
    throw new DurableError(
      "HostStartFailed",
      `Storage account connection string '${connectionName}' does not exist. Make sure that it is a defined App Setting.`,
    );
  }
  const { setting, connectionString } = found;
  const connection = parseConnectionString(connectionString, setting);
  const behindProxy = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => env[name]);
  if (!behindProxy) await assertReachable(connection, setting, reachTimeoutMs);
  return {
    connectionString,
    description: describeConnection(connection),
    workerId: createSharedWorkerId(),
    isDeadWorker: undefined,
    failed: new Promise(() => {}),
    close: async () => {},
  };
}
