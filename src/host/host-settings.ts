import type { EventLog } from "../core/event-log.ts";
import type { FunctionList } from "./app/app-report.ts";
import { describeUnknownLevels } from "./host-log.ts";
import { type Environment, type JsonObject, memberOf } from "./settings/host-json.ts";
import { describeUnknownKeys } from "./settings/host-json-keys.ts";
import { type HttpLimits, readHttpLimits } from "./settings/http-limits.ts";
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

/** The limits of requests. */
export function readLimits(env: Environment, events: EventLog): HttpLimits {
  const { limits, unused } = readHttpLimits(env);
  for (const { setting, text } of unused) events.write("SettingIgnored", text, { setting });
  return limits;
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
