import { describeConnection, parseConnectionString } from "../backends/azure-storage/storage/connection-string.ts";
import { createEventLog } from "../core/event-log.ts";
import type { LogSink } from "../core/ports.ts";
import type { Environment } from "../host/settings/host-json.ts";
import { createDeadWorkerTest, createLocalWorkerId, forgetLocalWorkerId } from "./azurite/local-worker-id.ts";
import type { HubStorage } from "./hub-storage.ts";
import type { HubWorker } from "./hub-worker.ts";
import { openLocalStore } from "./local-stores.ts";
import {
  createMachineWorkerId,
  forgetMachineWorkerId,
  isDeadOnMachine,
  machineIdOf,
  readMachineTraits,
} from "./machine.ts";
import { assertReachable } from "./reachability.ts";

/** The account that a task hub is kept in, opened for this process. */
export interface StorageAccount {
  readonly connectionString: string;
  /** Without secrets. */
  readonly description: string;
  readonly workerId: string;
  /** `true` only of a process of this machine that is certainly gone. */
  readonly isDeadWorker: (workerId: string) => boolean;
  /** Resolves, with what to say to the user, when the account is gone for good. */
  readonly failed: Promise<string>;
  close(): Promise<void>;
}

const reachTimeoutMs = 5_000;

/**
 * @param worker who works on it. @defaultValue a name that is like no other; and the account is asked whether it is there
 * @throws DurableError when it cannot be reached within seconds, or the local store does not start
 */
export async function openStorageAccount(
  storage: Exclude<HubStorage, { readonly kind: "memory" }>,
  env: Environment,
  log: LogSink,
  worker?: HubWorker,
): Promise<StorageAccount> {
  if (storage.kind === "account") return openSharedAccount(storage.connectionString, storage.setting, env, worker);
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

async function openSharedAccount(
  connectionString: string,
  setting: string,
  env: Environment,
  worker: HubWorker | undefined,
): Promise<StorageAccount> {
  const connection = parseConnectionString(connectionString, setting);
  if (worker === undefined && !isBehindProxy(env)) await assertReachable(connection, setting, reachTimeoutMs);
  const machineId = machineIdOf(readMachineTraits(env));
  const ownId = worker === undefined ? createMachineWorkerId(machineId) : undefined;
  return {
    connectionString,
    description: describeConnection(connection),
    workerId: ownId ?? worker!.workerId,
    isDeadWorker: (workerId) => worker?.isDeadWorker(workerId) ?? isDeadOnMachine(workerId, machineId),
    failed: new Promise(() => {}),
    close: async () => {
      if (ownId !== undefined) forgetMachineWorkerId(ownId);
    },
  };
}

/** Storage is reached through it, so that nothing can be said by looking at the storage itself. */
export function isBehindProxy(env: Environment): boolean {
  return ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => env[name]);
}
