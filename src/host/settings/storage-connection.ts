import { DurableError } from "../../core/errors.ts";
import { findSetting, resolveSettingReferences } from "./app-settings.ts";
import type { Environment } from "./host-json.ts";

/** The account behind a connection name, as far as settings tell. */
export type StorageConnection =
  /** No setting names an account. */
  { readonly kind: "none" } | { readonly kind: "connectionString"; readonly connectionString: string };

const identitySettings = [
  "accountName",
  "blobServiceUri",
  "queueServiceUri",
  "tableServiceUri",
  "serviceUri",
  "credential",
  "clientId",
];

/**
 * Looks a connection up the way the Functions host does: with and without the `AzureWebJobs` prefix, in
 * `ConnectionStrings` first.
 *
 * @throws DurableError `NotSupported` for a connection by identity
 */
export function resolveStorageConnection(connectionName: string, env: Environment): StorageConnection {
  const name = resolveSettingReferences(connectionName, env, "connection") || "Storage";
  const prefixed = /^AzureWebJobs/i.test(name) ? name : `AzureWebJobs${name}`;
  const candidates = [`ConnectionStrings:${prefixed}`, prefixed, `ConnectionStrings:${name}`, name];
  for (const candidate of candidates) {
    const connectionString = findSetting(env, candidate);
    if (connectionString !== undefined) return { kind: "connectionString", connectionString };
  }
  for (const section of [prefixed, name]) {
    const key = identitySettings.find((setting) => findSetting(env, `${section}:${setting}`) !== undefined);
    if (key !== undefined) {
      throw new DurableError(
        "NotSupported",
        `the connection '${name}' is set by identity ('${section}__${key}'), which is not supported yet; set '${name}' to a connection string`,
      );
    }
  }
  return { kind: "none" };
}

export interface StorageEndpoint {
  readonly service: "blob" | "queue" | "table";
  readonly url: URL;
}

/**
 * Where the services of an account answer.
 *
 * @throws DurableError `InvalidOption` when the text is no connection string; it is never quoted.
 */
export function storageEndpoints(connectionString: string): readonly StorageEndpoint[] {
  const parts = new Map<string, string>();
  for (const part of connectionString.split(";")) {
    const at = part.indexOf("=");
    if (at > 0) parts.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  const development = parts.get("usedevelopmentstorage")?.toLowerCase() === "true";
  return (["blob", "queue", "table"] as const).map((service, index) => {
    const explicit = parts.get(`${service}endpoint`);
    const account = parts.get("accountname");
    const protocol = parts.get("defaultendpointsprotocol") ?? "https";
    const suffix = parts.get("endpointsuffix") ?? "core.windows.net";
    const text = development
      ? `${parts.get("developmentstorageproxyuri") ?? "http://127.0.0.1"}:${10_000 + index}/devstoreaccount1`
      : (explicit ?? (account === undefined ? "" : `${protocol}://${account}.${service}.${suffix}`));
    try {
      return { service, url: new URL(text) };
    } catch (cause) {
      throw new DurableError(
        "InvalidOption",
        `the storage connection string names no ${service} endpoint: it needs AccountName or ${service[0]!.toUpperCase()}${service.slice(1)}Endpoint`,
        { cause },
      );
    }
  });
}

/** The account as people may see it: no keys, no tokens. */
export function describeStorage(connectionString: string): string {
  if (/usedevelopmentstorage\s*=\s*true/i.test(connectionString)) return "Azurite on its default ports";
  const queue = storageEndpoints(connectionString)[1]!.url;
  return `${queue.host}${queue.pathname === "/" ? "" : queue.pathname}`;
}
