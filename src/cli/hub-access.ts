import { availableParallelism } from "node:os";
import { DurableError, isDurableError } from "../core/errors.ts";
import { type LogSink, silentLog } from "../core/ports.ts";
import { isTaskHubName, taskHubNameRule } from "../core/task-hub-name.ts";
import { type DurableTaskSettings, resolveDurableTaskSettings } from "../host/settings/durable-task-settings.ts";
import { type JsonObject, readHostJsonIfAny, sectionOf } from "../host/settings/host-json.ts";
import { applyLocalSettings, readLocalSettings } from "../host/settings/local-settings.ts";
import type { OpenTaskHub } from "../hosting/task-hub.ts";
import type { Terminal } from "./terminal.ts";

/** What a command line says of the hub that is meant; the rest comes from host.json and the settings of the folder. */
export interface HubChoice {
  /** Where host.json and local.settings.json are, if there are any, and the local store's data. */
  readonly appFolder: string;
  readonly hubName: string | undefined;
  /** `memory`, `embedded`, or the app setting that names a storage account. */
  readonly storage: string | undefined;
  readonly partitionCount: number | undefined;
}

export interface ChosenHubOptions {
  /** @defaultValue nothing is logged */
  readonly log?: LogSink | undefined;
  /** The hub may be missing. @defaultValue false: a mistyped name must not make a hub */
  readonly mayBeMissing?: boolean | undefined;
}

export type CommandEnvironment = Record<string, string | undefined>;

/** The environment of the process, then local.settings.json. */
export async function readEnvironment(appFolder: string): Promise<CommandEnvironment> {
  const env: CommandEnvironment = { ...process.env };
  applyLocalSettings(await readLocalSettings(appFolder), env);
  return env;
}

/** host.json, in which what the command line says has taken the place of what the file says. @throws DurableError `InvalidOption` */
export async function readChosenHostJson(choice: HubChoice, env: CommandEnvironment): Promise<JsonObject> {
  return withChoice(await readHostJsonIfAny(choice.appFolder, env), choice);
}

/** @throws DurableError as `resolveDurableTaskSettings` */
export function resolveSettings(hostJson: JsonObject, env: CommandEnvironment): DurableTaskSettings {
  return resolveDurableTaskSettings(hostJson, env, { processorCount: availableParallelism() });
}

/**
 * Opens the hub that is meant for as long as `use` works with it. Resolves to the exit code: that of `use`, or 1 with one
 * line that says what went wrong.
 */
export async function withChosenHub(
  choice: HubChoice,
  terminal: Pick<Terminal, "fail">,
  use: (hub: OpenTaskHub) => Promise<number>,
  { log = silentLog, mayBeMissing = false }: ChosenHubOptions = {},
): Promise<number> {
  try {
    const env = await readEnvironment(choice.appFolder);
    const settings = resolveSettings(await readChosenHostJson(choice, env), env);
    const hub = await openChosenHub(choice, settings, env, log, true);
    try {
      if (!mayBeMissing && (await hub.store.readWorkers()) === undefined) {
        terminal.fail(
          `There is no task hub '${settings.hubName}' in ${hub.storage}: name another by --task-hub, or run 'durable start' first`,
        );
        return 1;
      }
      return await use(hub);
    } finally {
      await hub.close();
    }
  } catch (error) {
    if (!isDurableError(error)) throw error;
    terminal.fail(error.message);
    return 1;
  }
}

/** Nothing of the hub is created. @throws DurableError when its storage cannot be reached within seconds */
export async function openChosenHub(
  { appFolder, storage }: HubChoice,
  settings: DurableTaskSettings,
  env: CommandEnvironment,
  log: LogSink,
  isGuest = false,
): Promise<OpenTaskHub> {
  if (storage === "memory" || storage === "embedded") {
    const [{ openHub }, { resolveStorage }] = await Promise.all([
      import("../hosting/open-hub.ts"),
      import("../hosting/hub-storage.ts"),
    ]);
    const kept = resolveStorage(storage === "memory" ? storage : { embedded: appFolder });
    return await openHub({ storage: kept, taskHub: settings.hubName, env, log, isGuest });
  }
  // Loaded when it is needed: the storage libraries are most of what a start has to read.
  const { openTaskHub } = await import("../hosting/task-hub.ts");
  return await openTaskHub({ settings, appFolder, env, log, isGuest });
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
