import { findNearName } from "../../core/option-names.ts";
import { queueSettingNames } from "../triggers/queue-settings.ts";
import type { UnusedSetting } from "./durable-task-section.ts";
import { type JsonObject, sectionOf } from "./host-json.ts";

/** A section of host.json, with the keys that the Functions host knows in it. */
interface KnownSection {
  readonly path: readonly string[];
  readonly keys: readonly string[];
  /** Extensions that are not known here may have sections too: only a misspelt key is told. @defaultValue false */
  readonly isOpen?: boolean;
}

/** Of host.json 2.0. What is below `extensions.durableTask` has a table of its own. */
const sections: readonly KnownSection[] = [
  {
    path: [],
    keys: [
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
    ],
  },
  { path: ["extensions"], keys: ["durableTask", "http", "queues", "blobs", "serviceBus", "eventHubs"], isOpen: true },
  {
    path: ["extensions", "http"],
    keys: [
      "routePrefix",
      "maxOutstandingRequests",
      "maxConcurrentRequests",
      "dynamicThrottlesEnabled",
      "hsts",
      "customHeaders",
    ],
  },
  { path: ["extensions", "queues"], keys: queueSettingNames },
  {
    path: ["logging"],
    keys: ["logLevel", "fileLoggingMode", "console", "applicationInsights", "aggregator", "debugLogging"],
  },
];

/** Keys of host.json that mean nothing. Names ignore case, as for the host. */
export function describeUnknownKeys(hostJson: JsonObject): readonly UnusedSetting[] {
  return sections.flatMap(({ path, keys, isOpen = false }) =>
    Object.keys(sectionOf(hostJson, ...path)).flatMap((key) => {
      if (keys.some((known) => known.toLowerCase() === key.toLowerCase())) return [];
      const meant = findMeant(key, path, keys);
      if (isOpen && meant === undefined) return [];
      const setting = [...path, key].join(".");
      const hint = meant === undefined ? "the Functions host does not know it" : `did you mean '${meant}'?`;
      return [{ setting, text: `host.json: '${setting}' means nothing; ${hint}` }];
    }),
  );
}

function findMeant(key: string, path: readonly string[], keys: readonly string[]): string | undefined {
  if (path.length > 0) return findNearName(key, keys);
  if (findNearName(key, ["durableTask"]) !== undefined) return "extensions.durableTask";
  if (key.toLowerCase() === "loglevel") return "logging.logLevel";
  return findNearName(key, keys);
}
