import { describeConnection, parseConnectionString } from "../backends/azure-storage/storage/connection-string.ts";
import { createEventLog } from "../core/event-log.ts";
import type { LogSink } from "../core/ports.ts";
import type { Environment } from "../host/settings/host-json.ts";
import {
  createDeadWorkerTest,
  createLocalWorkerId,
  createSharedWorkerId,
  forgetLocalWorkerId,
} from "./azurite/local-worker-id.ts";
import type { HubStorage } from "./hub-storage.ts";
import { openLocalStore } from "./local-stores.ts";
import { assertReachable } from "./reachability.ts";

/** The account that a task hub is kept in, opened for this process. */
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

/** @throws DurableError when it cannot be reached within seconds, or the local store does not start */
export async function openStorageAccount(
  storage: Exclude<HubStorage, { readonly kind: "memory" }>,
  env: Environment,
  log: LogSink,
): Promise<StorageAccount> {
  if (storage.kind === "account") return openSharedAccount(storage.connectionString, storage.setting, env);
  const onWait = (text: string) => createEventLog(log).write("LocalStoreBusy", text, {});
  const store = await openLocalStore(storage.folder, onWait);
  const workerId = createLocalWorkerId();
  return {
    connectionString: store.connectionString,
    description: `Azurite, in ${store.folder}`,
    workerId,
    isDeadWorker: createDeadWorkerTest(workerId),
    failed: store.died,
    close: async () => {
      forgetLocalWorkerId(workerId);
      await store.stop();
    },
  };
}

async function openSharedAccount(connectionString: string, setting: string, env: Environment): Promise<StorageAccount> {
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
