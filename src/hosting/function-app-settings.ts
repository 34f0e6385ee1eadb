import { availableParallelism } from "node:os";
import { DurableError } from "../core/errors.ts";
import { findSetting } from "../host/settings/app-settings.ts";
import type { UnusedSetting } from "../host/settings/durable-task-section.ts";
import { type DurableTaskSettings, resolveDurableTaskSettings } from "../host/settings/durable-task-settings.ts";
import { type Environment, type JsonObject, memberOf, readHostJson, sectionOf } from "../host/settings/host-json.ts";
import { type HttpLimits, readHttpLimits } from "../host/settings/http-limits.ts";
import { linkSettingNames, readLinkSettings } from "../host/settings/link-settings.ts";
import { findStorageAccount, type StorageAccountSetting } from "../host/settings/storage-connection.ts";

export type ManagementAuthLevel = "function" | "anonymous" | "admin";

/** The HTTP functions by which a Function App serves its management API. */
export interface ManagementFunctions {
  /** Of the function that asks for a key: `<route>/{*path}`. */
  readonly route: string;
  readonly authLevel: ManagementAuthLevel;
  /**
   * Of the function that asks for no key and lets nothing through but signed links: `<linkRoute>/{*path}`. The host
   * refuses requests without a key before any code of ours sees them, so these links need a door of their own.
   */
  readonly linkRoute: string;
}

/** What host.json and the app settings say to an engine of one's own in a Function App. */
export interface FunctionAppSettings {
  readonly durableTask: DurableTaskSettings;
  /** Of bodies that the management API reads: of all else the host takes care. */
  readonly limits: HttpLimits;
  /** What is to be said of limits that are wrong. */
  readonly unusedLimits: readonly UnusedSetting[];
  /** In front of all routes, without slashes around it; may be empty. */
  readonly routePrefix: string;
  /** `undefined` when it is switched off. */
  readonly management: ManagementFunctions | undefined;
  /** Six fields of NCRONTAB; `undefined` when it is switched off. */
  readonly heartbeat: { readonly schedule: string } | undefined;
  /**
   * Of the function that is called to wake the app; `connection` names the storage account.
   * `undefined` without an extension bundle, which brings queue triggers, and when it is switched off.
   */
  readonly wakeQueue: { readonly queueName: string; readonly connection: string } | undefined;
  /** Signs links. @defaultValue a key that is derived from that of the storage account */
  readonly linkKey: string | undefined;
  /** How long a link opens its instance, in milliseconds. */
  readonly linkLifetimeMs: number;
  /** `https://<WEBSITE_HOSTNAME>`, for links that no request says better. */
  readonly origin: string;
}

/** The app settings that are read here, for messages. */
export const functionAppSettingNames: Readonly<
  Record<"route" | "authLevel" | "heartbeat" | "wakeQueue" | "linkKey" | "linkLifetime", string>
> = {
  route: "DURABLE_MANAGEMENT_ROUTE",
  authLevel: "DURABLE_MANAGEMENT_AUTH_LEVEL",
  heartbeat: "DURABLE_HEARTBEAT_SCHEDULE",
  wakeQueue: "DURABLE_WAKE_QUEUE",
  ...linkSettingNames,
};

const defaultRoute = "durabletask";
const everyMinute = "0 * * * * *";

/**
 * Reads the settings of a Function App, as `durable start` reads them. Loads no storage library and asks nothing of the
 * storage. Read when the app starts, never before: the platform may put an app into a process that is already there.
 *
 * @throws DurableError `HostStartFailed` when host.json cannot be read or no setting names a storage account,
 * `InvalidOption` with the name of a setting that is wrong
 */
export async function readFunctionAppSettings(place: {
  readonly appFolder: string;
  readonly env: Environment;
}): Promise<FunctionAppSettings> {
  return resolveFunctionAppSettings(await readHostJson(place.appFolder, place.env), place.env);
}

/** @throws DurableError as {@link readFunctionAppSettings} */
export function resolveFunctionAppSettings(hostJson: JsonObject, env: Environment): FunctionAppSettings {
  const durableTask = resolveDurableTaskSettings(hostJson, env, { processorCount: availableParallelism() });
  const account = findAccount(durableTask, env);
  const routePrefix = String(memberOf(sectionOf(hostJson, "extensions", "http"), "routePrefix") ?? "api");
  const links = readLinkSettings(env);
  const prefix = routePrefix.replace(/^\/+|\/+$/g, "");
  const { limits, unused } = readHttpLimits(env);
  return {
    durableTask,
    limits,
    unusedLimits: unused,
    routePrefix: prefix,
    management: resolveManagement(env, prefix),
    heartbeat: resolveHeartbeat(env),
    wakeQueue: resolveWakeQueue(hostJson, env, durableTask.hubName, account.setting),
    linkKey: links.linkKey,
    linkLifetimeMs: links.lifetimeMs,
    origin: originOf(findSetting(env, "WEBSITE_HOSTNAME")),
  };
}

/** Without an account `durable start` brings a store of its own, which is nothing for machines that come and go. */
function findAccount({ connectionName }: DurableTaskSettings, env: Environment): StorageAccountSetting {
  const account = findStorageAccount(connectionName, env);
  if (account !== undefined) return account;
  throw new DurableError(
    "HostStartFailed",
    `no app setting names the storage account of the task hub: set '${connectionName}' to its connection string, ` +
      `or '${connectionName}__accountName' to open it by an identity`,
  );
}

function resolveManagement(env: Environment, prefix: string): ManagementFunctions | undefined {
  const { route: name, authLevel: levelName } = functionAppSettingNames;
  const written = findSetting(env, name)?.trim();
  if (written?.toLowerCase() === "none") return undefined;
  const route = (written ?? defaultRoute).replace(/^\/+|\/+$/g, "");
  if (!/^[A-Za-z0-9][\w-]*(?:\/[A-Za-z0-9][\w-]*)*$/.test(route)) {
    throw new DurableError(
      "InvalidOption",
      `${name} must be a route such as 'durabletask', or 'none'; but is '${route}'`,
    );
  }
  if (prefix === "" && /^(?:admin|runtime)(?:\/|$)/i.test(route)) {
    throw new DurableError(
      "InvalidOption",
      `${name} must not be '${route}': the host keeps what is below it for itself`,
    );
  }
  const level = (findSetting(env, levelName)?.trim() ?? "function").toLowerCase();
  if (level !== "function" && level !== "anonymous" && level !== "admin") {
    throw new DurableError("InvalidOption", `${levelName} must be function, admin or anonymous, but is '${level}'`);
  }
  return { route, authLevel: level, linkRoute: `${route}-links` };
}

function resolveHeartbeat(env: Environment): FunctionAppSettings["heartbeat"] {
  const { heartbeat: name } = functionAppSettingNames;
  const schedule = findSetting(env, name)?.trim() ?? everyMinute;
  if (schedule.toLowerCase() === "none") return undefined;
  if (!/^\S+(?: +\S+){4,5}$/.test(schedule)) {
    throw new DurableError(
      "InvalidOption",
      `${name} must be an NCRONTAB expression such as '${everyMinute}', or 'none'; but is '${schedule}'`,
    );
  }
  return { schedule };
}

function resolveWakeQueue(
  hostJson: JsonObject,
  env: Environment,
  taskHub: string,
  setting: string,
): FunctionAppSettings["wakeQueue"] {
  const { wakeQueue: name } = functionAppSettingNames;
  const written = findSetting(env, name)?.trim() ?? "default";
  if (written.toLowerCase() === "none") return undefined;
  if (written.toLowerCase() !== "default") {
    throw new DurableError("InvalidOption", `${name} must be 'none' or 'default', but is '${written}'`);
  }
  const bundle = memberOf(sectionOf(hostJson, "extensionBundle"), "id");
  if (typeof bundle !== "string" || bundle === "") return undefined;
  // A binding looks for a connection by its name alone.
  return { queueName: `${taskHub.toLowerCase()}-wake`, connection: setting.replace(/^ConnectionStrings:/, "") };
}

/** The platform serves apps by https; Core Tools and containers on a developer's machine do not. */
function originOf(hostName: string | undefined): string {
  const host = hostName ?? "localhost";
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\])(?::\d+)?$/i.test(host);
  return `${isLocal ? "http" : "https"}://${host}`;
}
