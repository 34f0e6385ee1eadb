import type { JsonObject } from "./settings/host-json.ts";
import { sectionOf } from "./settings/host-json.ts";

/** Levels of the Functions host, least important first. */
const hostLogLevels = ["trace", "debug", "information", "warning", "error", "critical", "none"] as const;
export type HostLogLevel = (typeof hostLogLevels)[number];

interface HostLogEntry {
  readonly level: HostLogLevel;
  /** `Function.<name>.User` for lines of user code, `Function.<name>` for executions, `Host.*` and `Durable` for ours. */
  readonly category: string;
  readonly message: string;
}

export type HostLog = (entry: HostLogEntry) => void;

/** A decision which entries are shown. */
export type LogFilter = (entry: Pick<HostLogEntry, "level" | "category">) => boolean;

/**
 * The filter that `logging.logLevel` of host.json asks for: the longest category that is a prefix decides. Without one,
 * functions are shown from `information` up and the system from `warning` up, or all from `information` if `verbose`.
 */
export function createLogFilter(hostJson: JsonObject, verbose: boolean): LogFilter {
  const levels = new Map<string, HostLogLevel>([
    ["default", verbose ? "information" : "warning"],
    ["function", "information"],
    ["host.console", "information"],
  ]);
  for (const [category, level] of Object.entries(sectionOf(hostJson, "logging", "logLevel"))) {
    const known = hostLogLevels.find((name) => name === String(level).toLowerCase());
    if (known === undefined) continue;
    levels.set(category.toLowerCase(), known);
    if (category.toLowerCase() === "default") levels.set("function", known);
  }
  return ({ level, category }) => {
    const threshold = thresholdOf(category.toLowerCase(), levels);
    return threshold !== "none" && hostLogLevels.indexOf(level) >= hostLogLevels.indexOf(threshold);
  };
}

function thresholdOf(category: string, levels: ReadonlyMap<string, HostLogLevel>): HostLogLevel {
  for (let prefix = category; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")))) {
    const level = levels.get(prefix);
    if (level !== undefined) return level;
  }
  return levels.get("default")!;
}
