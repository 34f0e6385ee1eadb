import type { EventLog } from "../../core/event-log.ts";
import { createLogFilter, describeUnknownLevels, type LogFilter } from "../host-log.ts";
import { type JsonObject, readHostJson, readHostJsonIfAny } from "./host-json.ts";
import { describeUnknownKeys } from "./host-json-keys.ts";
import { applyLocalSettings, type LocalSettings, readLocalSettings } from "./local-settings.ts";

/** What an app folder says of how it is run. */
export interface FolderSettings {
  readonly localSettings: LocalSettings;
  readonly hostJson: JsonObject;
  readonly isLogged: LogFilter;
  /** Tells what of it has no effect. */
  report(events: EventLog): void;
}

/**
 * Reads host.json and local.settings.json of an app folder.
 *
 * @param env is given the values of local.settings.json that it does not have
 * @param options.mayLackHostJson host.json may be missing. @defaultValue false
 * @throws DurableError `HostStartFailed` with the file and what is wrong in it
 */
export async function readFolderSettings(
  appFolder: string,
  env: Record<string, string | undefined>,
  verbose: boolean,
  { mayLackHostJson = false }: { readonly mayLackHostJson?: boolean | undefined } = {},
): Promise<FolderSettings> {
  const localSettings = await readLocalSettings(appFolder);
  const skipped = applyLocalSettings(localSettings, env);
  const hostJson = await (mayLackHostJson ? readHostJsonIfAny : readHostJson)(appFolder, env);
  return {
    localSettings,
    hostJson,
    isLogged: createLogFilter(hostJson, verbose),
    report(events) {
      for (const { setting, text } of [...describeUnknownKeys(hostJson), ...describeUnknownLevels(hostJson)]) {
        events.write("SettingIgnored", text, { setting });
      }
      for (const warning of localSettings.warnings) events.write("LocalSettingUnusable", warning, {});
      for (const setting of skipped) {
        const text = `'${setting}' of local.settings.json is skipped: the environment has it`;
        events.write("LocalSettingSkipped", text, { setting });
      }
    },
  };
}
