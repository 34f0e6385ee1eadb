import { DurableError } from "../../../core/errors.ts";

/** By which client storage is asked: requests of our own, or the official SDKs for Azure Storage. */
export const storageClientKinds = ["lean", "sdk"] as const;
export type StorageClientKind = (typeof storageClientKinds)[number];

/** Only the SDKs know proxies, and which hosts they are not for. */
const proxyVariables = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/** The client that is taken: behind a proxy always the SDKs. */
export function chooseClient(
  wanted: StorageClientKind | undefined,
  env: Readonly<Record<string, string | undefined>>,
): StorageClientKind {
  return isBehindProxy(env) ? "sdk" : (wanted ?? readStorageClient(env) ?? "lean");
}

/** Whether storage may be reached through a proxy, so that nothing is learned by connecting to it. */
export function isBehindProxy(env: Readonly<Record<string, string | undefined>>): boolean {
  return proxyVariables.some((name) => env[name] || env[name.toLowerCase()]);
}

/** The app setting to go back to the SDKs by, without another build. @throws DurableError `InvalidOption` */
export function readStorageClient(env: Readonly<Record<string, string | undefined>>): StorageClientKind | undefined {
  const setting = "DURABLE_STORAGE_CLIENT";
  const value = env[setting]?.trim().toLowerCase();
  return value === undefined || value === "" ? undefined : assertStorageClient(value, `the app setting ${setting}`);
}

/** @throws DurableError `InvalidOption` that names the option or setting */
export function assertStorageClient(value: unknown, name: string): StorageClientKind {
  const found = storageClientKinds.find((kind) => kind === value);
  if (found !== undefined) return found;
  throw new DurableError("InvalidOption", `${name} must be "lean" or "sdk", but got ${JSON.stringify(value)}`);
}
