import { findNearName } from "../../core/option-names.ts";
import type { UnusedSetting } from "./durable-task-section.ts";
import type { JsonObject } from "./host-json.ts";

/** What the Functions host knows at the top of host.json, 2.0. */
const knownKeys: readonly string[] = [
  "version",
  "aggregator",
  "applicationInsights",
  "concurrency",
  "configurationProfile",
  "customHandler",
  "extensionBundle",
  "extensions",
  "functions",
  "functionTimeout",
  "healthMonitor",
  "http",
  "httpWorker",
  "logging",
  "managedDependency",
  "queues",
  "retry",
  "sendGrid",
  "serviceBus",
  "singleton",
  "telemetryMode",
  "tracing",
  "watchDirectories",
  "watchFiles",
  "$schema",
  "id",
];

/** Keys at the top of host.json that mean nothing. Names ignore case, as for the host. */
export function describeUnknownKeys(hostJson: JsonObject): readonly UnusedSetting[] {
  return Object.keys(hostJson).flatMap((setting) => {
    if (knownKeys.some((known) => known.toLowerCase() === setting.toLowerCase())) return [];
    const meant = setting.toLowerCase() === "durabletask" ? "extensions.durableTask" : findNearName(setting, knownKeys);
    const hint = meant === undefined ? "the Functions host does not know it" : `did you mean '${meant}'?`;
    return [{ setting, text: `host.json: '${setting}' means nothing; ${hint}` }];
  });
}
