import { parseConnectionString } from "../backends/azure-storage/storage/connection-string.ts";
import {
  connectByIdentity,
  connectByIdentitySettings,
  type IdentityStorage,
} from "../backends/azure-storage/storage/identity-connection.ts";
import type { StorageConnection } from "../backends/azure-storage/storage/storage-connection.ts";
import { DurableError } from "../core/errors.ts";
import { assertOptionNames } from "../core/option-names.ts";
import { isTrackingPrefix, trackingPrefixRule } from "../core/task-hub-name.ts";
import {
  describeMissingAccount,
  findStorageAccount,
  type StorageAccountSetting,
} from "../host/settings/storage-connection.ts";

export type { IdentityStorage } from "../backends/azure-storage/storage/identity-connection.ts";

/** Where a task hub is kept. */
export type HubStorage =
  /** In this process: gone when it ends. */
  | { readonly kind: "memory" }
  /** On Azurite, which this process starts, with its data below `<folder>/.durable`. */
  | { readonly kind: "local"; readonly folder: string }
  | HubAccount;

/** A storage account for a task hub. */
export interface HubAccount {
  readonly kind: "account";
  readonly connection: StorageConnection;
  /** Names where the account came from, for errors. */
  readonly setting: string;
  /** The account of tables and blobs, if it is another one. */
  readonly tracking?: HubTracking | undefined;
}

export interface HubTracking {
  readonly connection: StorageConnection;
  readonly setting: string;
  readonly namePrefix: string | undefined;
}

/** Another account for the tables and blobs of a hub than that of its queues. */
export interface TrackingStoreOption {
  /** A connection string, or `{ accountName }` to open the account by an identity. */
  readonly storage: string | { readonly connectionString: string } | IdentityStorage;
  /**
   * What the tables of history and instances are called by: `<namePrefix>History`. Hubs with the same account and prefix
   * share these tables. @defaultValue "DurableTask", as with .NET
   */
  readonly namePrefix?: string | undefined;
}

/**
 * Where workers and clients keep a task hub: `"memory"` (this process, gone when it ends), `"embedded"` (Azurite, started
 * in the current folder, as `durable start` does; needs the package `azurite`), or an account of Azure Storage: its
 * connection string, `{ connection }` for what an app setting of that name says, or `{ accountName }` to open it by an
 * identity (`{ accountName, credential }` by one of your own).
 */
export type StorageOption =
  | "memory"
  | "embedded"
  | (string & {})
  | { readonly connectionString: string }
  /** Name of an app setting, or of those of an identity: `AzureWebJobsStorage`. Or a connection string. */
  | { readonly connection: string }
  | IdentityStorage
  /** Azurite with its data below `<embedded>/.durable`. */
  | { readonly embedded: string };

/** @throws DurableError `InvalidOption`, which never repeats a connection string */
export function resolveStorage(option: unknown): HubStorage {
  if (option === "memory") return { kind: "memory" };
  if (option === "embedded") return { kind: "local", folder: process.cwd() };
  if (typeof option === "object" && option !== null) {
    const { embedded, connectionString, connection } = option as Readonly<Record<string, unknown>>;
    if (connection !== undefined) return resolveConnection(connection);
    if (typeof embedded === "string" && embedded !== "") return { kind: "local", folder: embedded };
    if (connectionString !== undefined || isIdentity(option)) return resolveAccount(option, "storage");
  }
  // No connection string is one word.
  if (typeof option === "string" && option.includes("=")) return resolveAccount(option, "storage");
  throw new DurableError(
    "InvalidOption",
    `'storage' must be "memory", "embedded" or the connection string of a storage account (or { accountName } of one that an identity opens), but got ${describe(option)}`,
  );
}

/**
 * The account of tables and blobs, in a library's options.
 *
 * @throws DurableError `InvalidOption`, which never repeats a connection string
 */
export function resolveTracking(option: TrackingStoreOption): HubTracking {
  if (typeof option !== "object" || option === null) {
    throw new DurableError(
      "InvalidOption",
      "'trackingStore' must be an object with 'storage' and perhaps 'namePrefix'",
    );
  }
  assertOptionNames(option, ["storage", "namePrefix"], "'trackingStore'");
  const { namePrefix } = option;
  if (namePrefix !== undefined && !isTrackingPrefix(namePrefix)) {
    throw new DurableError("InvalidOption", `'trackingStore.namePrefix' must be ${trackingPrefixRule}`);
  }
  const { connection, setting } = resolveAccount(option.storage, "trackingStore.storage");
  return { connection, setting, namePrefix };
}

/** @throws DurableError `InvalidOption`, which never repeats a connection string */
function resolveAccount(option: unknown, name: string): HubAccount {
  if (typeof option === "object" && option !== null) {
    const { connectionString } = option as { readonly connectionString?: unknown };
    if (connectionString !== undefined) {
      const setting = name === "storage" ? "'connectionString'" : `'${name}.connectionString'`;
      return { kind: "account", connection: parseConnectionString(connectionString, setting), setting };
    }
    if (isIdentity(option)) {
      assertOptionNames(option, identityNames, `'${name}'`);
      return { kind: "account", connection: connectByIdentity(option, `'${name}'`), setting: `'${name}'` };
    }
  }
  return { kind: "account", connection: parseConnectionString(option, `'${name}'`), setting: `'${name}'` };
}

/** What a connection of a function says: the name of app settings, in most cases. */
function resolveConnection(connection: unknown): HubAccount {
  if (typeof connection !== "string" || connection === "") {
    throw new DurableError("InvalidOption", "'connection' must be the name of an app setting, or a connection string");
  }
  if (connection.includes("=")) return resolveAccount({ connectionString: connection }, "storage");
  const found = findStorageAccount(connection, process.env);
  if (found === undefined) throw new DurableError("InvalidOption", describeMissingAccount(connection));
  return { kind: "account", connection: connectBySettings(found), setting: `'${found.setting}'` };
}

/** What app settings say of an account, read. @throws DurableError `InvalidOption` */
export function connectBySettings(found: StorageAccountSetting): StorageConnection {
  return found.kind === "identity"
    ? connectByIdentitySettings(found.identity, found.setting)
    : parseConnectionString(found.connectionString, found.setting);
}

const identityNames = ["accountName", "blobServiceUri", "queueServiceUri", "tableServiceUri", "credential"] as const;

function isIdentity(option: object): option is IdentityStorage {
  return identityNames.some((name) => (option as Readonly<Record<string, unknown>>)[name] !== undefined);
}

function describe(value: unknown): string {
  if (value === "") return "an empty text";
  if (typeof value === "string") return `"${value.slice(0, 20)}"`;
  return typeof value === "object" && value !== null ? "an object without one of them" : String(value);
}
