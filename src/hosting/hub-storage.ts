import { parseConnectionString } from "../backends/azure-storage/storage/connection-string.ts";
import { DurableError } from "../core/errors.ts";

/** Where a task hub is kept. */
export type HubStorage =
  /** In this process: gone when it ends. */
  | { readonly kind: "memory" }
  /** On Azurite, which this process starts, with its data below `<folder>/.durable`. */
  | { readonly kind: "local"; readonly folder: string }
  /** `setting` names where the connection string came from, for errors. */
  | { readonly kind: "account"; readonly connectionString: string; readonly setting: string };

/**
 * Where workers and clients keep a task hub: `"memory"` (this process, gone when it ends), `"embedded"` (Azurite, started
 * in the current folder, as `durable start` does; needs the package `azurite`), or the connection string of an Azure
 * Storage account.
 */
export type StorageOption =
  | "memory"
  | "embedded"
  | (string & {})
  | { readonly connectionString: string }
  /** Azurite with its data below `<embedded>/.durable`. */
  | { readonly embedded: string };

/** @throws DurableError `InvalidOption`, which never repeats a connection string */
export function resolveStorage(option: unknown): HubStorage {
  if (option === "memory") return { kind: "memory" };
  if (option === "embedded") return { kind: "local", folder: process.cwd() };
  if (typeof option === "object" && option !== null) {
    const { embedded, connectionString } = option as {
      readonly embedded?: unknown;
      readonly connectionString?: unknown;
    };
    if (typeof embedded === "string" && embedded !== "") return { kind: "local", folder: embedded };
    if (connectionString !== undefined) return account(connectionString, "'connectionString'");
  }
  // No connection string is one word.
  if (typeof option === "string" && option.includes("=")) return account(option, "'storage'");
  throw new DurableError(
    "InvalidOption",
    `'storage' must be "memory", "embedded" or the connection string of a storage account, but got ${describe(option)}`,
  );
}

function account(connectionString: unknown, setting: string): HubStorage {
  parseConnectionString(connectionString, setting);
  return { kind: "account", connectionString: String(connectionString), setting };
}

function describe(value: unknown): string {
  if (value === "") return "an empty text";
  if (typeof value === "string") return `"${value.slice(0, 20)}"`;
  return typeof value === "object" && value !== null ? "an object without one of them" : String(value);
}
