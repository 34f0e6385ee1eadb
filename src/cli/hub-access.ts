import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DurableError } from "../core/errors.ts";
import type { LogSink } from "../core/ports.ts";
import { isTaskHubName, taskHubNameRule } from "../core/task-hub-name.ts";
import { type DurableTaskSettings, resolveDurableTaskSettings } from "../host/settings/durable-task-settings.ts";
import { applyHostJsonOverrides, type JsonObject, readHostJson, sectionOf } from "../host/settings/host-json.ts";
import { applyLocalSettings, readLocalSettings } from "../host/settings/local-settings.ts";
import type { OpenTaskHub } from "../hosting/task-hub.ts";

/** What a command line says of the hub that is meant; the rest comes from host.json and the settings of the folder. */
export interface HubChoice {
  /** Where host.json and local.settings.json are, if there are any, and the local store's data. */
  readonly appFolder: string;
  readonly hubName: string | undefined;
  /** `memory`, `embedded`, or the app setting that names a storage account. */
  readonly storage: string | undefined;
  readonly partitionCount: number | undefined;
}

export type CommandEnvironment = Record<string, string | undefined>;

/** The environment of the process, then local.settings.json. */
export async function readEnvironment({ appFolder }: HubChoice): Promise<CommandEnvironment> {
  const env: CommandEnvironment = { ...process.env };
  applyLocalSettings(await readLocalSettings(appFolder), env);
  return env;
}

/** host.json, in which what the command line says has taken the place of what the file says. @throws DurableError `InvalidOption` */
export async function readChosenHostJson(choice: HubChoice, env: CommandEnvironment): Promise<JsonObject> {
  return withChoice(await readSettings(choice.appFolder, env), choice);
}

/** @throws DurableError as `resolveDurableTaskSettings` */
export function resolveSettings(hostJson: JsonObject, env: CommandEnvironment): DurableTaskSettings {
  return resolveDurableTaskSettings(hostJson, env, { processorCount: availableParallelism() });
}

/** Nothing of the hub is created. @throws DurableError when its storage cannot be reached within seconds */
export async function openChosenHub(
  { appFolder, storage }: HubChoice,
  settings: DurableTaskSettings,
  env: CommandEnvironment,
  log: LogSink,
): Promise<OpenTaskHub> {
  if (storage === "memory" || storage === "embedded") {
    const [{ openHub }, { resolveStorage }] = await Promise.all([
      import("../hosting/open-hub.ts"),
      import("../hosting/hub-storage.ts"),
    ]);
    const kept = resolveStorage(storage === "memory" ? storage : { embedded: appFolder });
    return await openHub({ storage: kept, taskHub: settings.hubName, env, log });
  }
  // Loaded when it is needed: the storage libraries are most of what a start has to read.
  const { openTaskHub } = await import("../hosting/task-hub.ts");
  return await openTaskHub({ settings, appFolder, env, log });
}

/** `host.json` is what `durable start` needs; here it may be missing. */
async function readSettings(appFolder: string, env: CommandEnvironment): Promise<JsonObject> {
  if (existsSync(join(appFolder, "host.json"))) return await readHostJson(appFolder, env);
  return applyHostJsonOverrides({ version: "2.0" }, env);
}

/** It is checked as the file is. */
function withChoice(hostJson: JsonObject, { hubName, storage, partitionCount }: HubChoice): JsonObject {
  if (hubName !== undefined && !isTaskHubName(hubName)) {
    throw new DurableError("InvalidOption", `the name of the task hub must be ${taskHubNameRule}, but is '${hubName}'`);
  }
  const connectionName = storage === "memory" || storage === "embedded" ? undefined : storage;
  const storageProvider = {
    ...sectionOf(hostJson, "extensions", "durableTask", "storageProvider"),
    ...(connectionName !== undefined && { connectionName }),
    ...(partitionCount !== undefined && { partitionCount }),
  };
  const durableTask = {
    ...sectionOf(hostJson, "extensions", "durableTask"),
    ...(hubName !== undefined && { hubName }),
    storageProvider,
  };
  return { ...hostJson, extensions: { ...sectionOf(hostJson, "extensions"), durableTask } };
}
