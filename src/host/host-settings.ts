import type { EventLog } from "../core/event-log.ts";
import type { FunctionList } from "./app/app-report.ts";
import { describeUnknownLevels } from "./host-log.ts";
import { defaultMaxBodyBytes, parseBodyLimit } from "./server/request-reader.ts";
import { findSetting } from "./settings/app-settings.ts";
import { type Environment, type JsonObject, memberOf } from "./settings/host-json.ts";
import { describeUnknownKeys } from "./settings/host-json-keys.ts";
import type { LocalSettings } from "./settings/local-settings.ts";

// What host.json and settings say to the host itself, and what of it means nothing.

/** @param skipped settings of local.settings.json that the environment has otherwise */
export function tellUnusedSettings(
  hostJson: JsonObject,
  { warnings }: LocalSettings,
  skipped: readonly string[],
  events: EventLog,
): void {
  for (const { setting, text } of [...describeUnknownKeys(hostJson), ...describeUnknownLevels(hostJson)]) {
    events.write("SettingIgnored", text, { setting });
  }
  for (const warning of warnings) events.write("LocalSettingUnusable", warning, {});
  for (const setting of skipped) {
    const text = `'${setting}' of local.settings.json is skipped: the environment has it`;
    events.write("LocalSettingSkipped", text, { setting });
  }
}

/** Most bytes in the body of a request. */
export function readBodyLimit(env: Environment, events: EventLog): number {
  const setting = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";
  const text = findSetting(env, setting);
  if (text === undefined) return defaultMaxBodyBytes;
  const limit = parseBodyLimit(text);
  if (limit === undefined) {
    const problem = `${setting} must be a whole number of bytes; the default of ${defaultMaxBodyBytes} is taken`;
    events.write("SettingIgnored", problem, { setting });
  }
  return limit ?? defaultMaxBodyBytes;
}

/** The functions that are served; `undefined` when all are. */
export function readFunctionList(
  option: readonly string[] | undefined,
  hostJson: JsonObject,
): FunctionList | undefined {
  if (option !== undefined) return { names: option, source: "--functions" };
  const listed = memberOf(hostJson, "functions");
  return Array.isArray(listed) ? { names: listed.map(String), source: "host.json: 'functions'" } : undefined;
}
