import { existsSync } from "node:fs";
import { join } from "node:path";
import { DurableError } from "../core/errors.ts";
import type { LogSink } from "../core/ports.ts";
import { isTaskHubName, taskHubNameRule } from "../core/task-hub-name.ts";
import type { DurableTaskSettings } from "../host/settings/durable-task-settings.ts";
import { applyHostJsonOverrides, type JsonObject, readHostJson, sectionOf } from "../host/settings/host-json.ts";
import type { OpenTaskHub } from "../hosting/task-hub.ts";

/** Which task hub a command is for, where the command line says so. */
export interface HubChoice {
  /** Where host.json and local.settings.json are, if there are any, and the local store's data. */
  readonly appFolder: string;
  readonly hubName: string | undefined;
  /** `memory`, `embedded`, or the app setting that names a storage account. */
  readonly storage: string | undefined;
  readonly partitionCount: number | undefined;
}

type Environment = Record<string, string | undefined>;

/**
 * `host.json`, which may be missing, with what the command line says in the place of what the file says. It is checked as
 * the file is.
 *
 * @throws DurableError `InvalidOption`
 */
export async function readHubSettings(choice: HubChoice, env: Environment): Promise<JsonObject> {
  return withChoice(await readSettings(choice.appFolder, env), choice);
}

async function readSettings(appFolder: string, env: Environment): Promise<JsonObject> {
  if (existsSync(join(appFolder, "host.json"))) return await readHostJson(appFolder, env);
  return applyHostJsonOverrides({ version: "2.0" }, env);
}

function withChoice(hostJson: JsonObject, { hubName, storage, partitionCount }: HubChoice): JsonObject {
  if (hubName !== undefined && !isTaskHubName(hubName)) {
    throw new DurableError("InvalidOption", `--hub must be ${taskHubNameRule}, but is '${hubName}'`);
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

/** Opens the hub that settings and command line name. @throws DurableError as `openTaskHub` */
export async function openSettledHub(
  { appFolder, storage }: HubChoice,
  settings: DurableTaskSettings,
  env: Environment,
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
