import { parseConnectionString } from "../backends/azure-storage/storage/connection-string.ts";
import { isBehindProxy } from "../backends/azure-storage/storage/storage-client-kind.ts";
import { describeConnection, type StorageConnection } from "../backends/azure-storage/storage/storage-connection.ts";
import { createEventLog } from "../core/event-log.ts";
import type { LogSink } from "../core/ports.ts";
import type { Environment } from "../host/settings/host-json.ts";
import { createDeadWorkerTest, createLocalWorkerId, forgetLocalWorkerId } from "./azurite/local-worker-id.ts";
import { findRunningStore, type RunningStore } from "./azurite/running-store.ts";
import type { HubAccount, HubStorage, HubTracking } from "./hub-storage.ts";
import type { HubWorker } from "./hub-worker.ts";
import { openLocalStore } from "./local-stores.ts";
import {
  createMachineWorkerId,
  forgetMachineWorkerId,
  isDeadOnMachine,
  machineIdOf,
  readMachineTraits,
} from "./machine.ts";
import { assertReachable, assertToken } from "./reachability.ts";

/** The account that a task hub is kept in, opened for this process. */
export interface StorageAccount {
  readonly connection: StorageConnection;
  /** The account of tables and blobs, if it is another one. */
  readonly tracking: HubTracking | undefined;
  /** Without secrets. */
  readonly description: string;
  /** This process has started it, and nobody else uses it meanwhile. @defaultValue false */
  readonly isOwnStore?: boolean;
  readonly workerId: string;
  /** `true` only of a process of this machine that is certainly gone. */
  readonly isDeadWorker: (workerId: string) => boolean;
  /** Resolves, with what to say to the user, when the account is gone for good. */
  readonly failed: Promise<string>;
  close(): Promise<void>;
}

const reachTimeoutMs = 5_000;
/** An identity may be looked for in several places, one after the other. */
const tokenTimeoutMs = 30_000;

/**
 * @param worker who works on it. @defaultValue a name that is like no other; and the account is asked whether it is there
 * @param isGuest uses the local store of a host that runs; without one it is started for the time being
 * @throws DurableError when it cannot be reached within seconds, or the local store does not start
 */
export async function openStorageAccount(
  storage: Exclude<HubStorage, { readonly kind: "memory" }>,
  env: Environment,
  log: LogSink,
  worker?: HubWorker,
  isGuest = false,
): Promise<StorageAccount> {
  if (storage.kind === "account") return openSharedAccount(storage, env, worker);
  if (isGuest) {
    const running = await findRunningStore(storage.folder);
    if (running !== undefined) return openRunningStore(running);
  }
  const onWait = (text: string) => createEventLog(log).write("LocalStoreBusy", text, {});
  const store = await openLocalStore(storage.folder, onWait);
  const workerId = createLocalWorkerId();
  return {
    connection: parseConnectionString(store.connectionString, "the local store"),
    tracking: undefined,
    description: `Azurite, in ${store.folder}`,
    isOwnStore: true,
    workerId,
    isDeadWorker: createDeadWorkerTest(workerId),
    failed: store.died,
    close: async () => {
      forgetLocalWorkerId(workerId);
      await store.stop();
    },
  };
}

/** It belongs to the host, which stops it. */
function openRunningStore({ connectionString, folder }: RunningStore): StorageAccount {
  const workerId = createLocalWorkerId();
  return {
    connection: parseConnectionString(connectionString, "the local store"),
    tracking: undefined,
    description: `Azurite, in ${folder}`,
    workerId,
    isDeadWorker: createDeadWorkerTest(workerId),
    failed: new Promise(() => {}),
    close: async () => forgetLocalWorkerId(workerId),
  };
}

async function openSharedAccount(
  account: HubAccount,
  env: Environment,
  worker: HubWorker | undefined,
): Promise<StorageAccount> {
  const { connection, tracking } = account;
  if (worker === undefined) await assertAccountOpens(account, env);
  const machineId = machineIdOf(readMachineTraits(env));
  const ownId = worker === undefined ? createMachineWorkerId(machineId) : undefined;
  return {
    connection,
    tracking,
    description: describeAccounts(connection, tracking?.connection),
    workerId: ownId ?? worker!.workerId,
    isDeadWorker: (workerId) => worker?.isDeadWorker(workerId) ?? isDeadOnMachine(workerId, machineId),
    failed: new Promise(() => {}),
    close: async () => {
      if (ownId !== undefined) forgetMachineWorkerId(ownId);
    },
  };
}

/**
 * Makes sure, within seconds, that the accounts of a hub are there and that their identities have tokens.
 *
 * @throws DurableError `StorageUnavailable`, `StorageRejected` without a token, `NotSupported` without `@azure/identity`
 */
export async function assertAccountOpens(
  { connection, setting, tracking }: HubAccount,
  env: Environment,
): Promise<void> {
  const accounts = [{ connection, setting }, ...(tracking === undefined ? [] : [tracking])];
  for (const account of accounts) {
    if (!isBehindProxy(env)) await assertReachable(account.connection, account.setting, reachTimeoutMs);
    await assertToken(account.connection, account.setting, tokenTimeoutMs);
  }
}

function describeAccounts(connection: StorageConnection, tracking: StorageConnection | undefined): string {
  if (tracking === undefined) return describeConnection(connection);
  const { host } = new URL(tracking.tableEndpoint);
  return `${describeConnection(connection)}, tables and blobs at ${host}`;
}
