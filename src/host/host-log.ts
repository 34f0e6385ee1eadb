import { findLogEvent } from "../core/log-events.ts";
import type { LogLevel, LogSink } from "../core/ports.ts";
import type { JsonObject } from "./settings/host-json.ts";
import { sectionOf } from "./settings/host-json.ts";

/** A line of the host's output. */
interface HostLogEntry {
  readonly level: LogLevel;
  /**
   * What `logging.logLevel` of host.json selects by: `Function.<name>.User` for lines of user code, `Function.<name>` for
   * executions, `Host.<event>` and `Durable.<event>` for events of ours.
   */
  readonly category: string;
  readonly message: string;
}

export type HostLog = (entry: HostLogEntry) => void;

/** A decision which entries are shown. */
export type LogFilter = (entry: Pick<HostLogEntry, "level" | "category">) => boolean;

/** Levels of the Functions host, as host.json and the library spell them, least important first. */
export type FunctionsLogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

const rankOfThreshold: ReadonlyMap<string, number> = new Map(
  (["trace", "debug", "information", "warning", "error", "critical", "none"] satisfies FunctionsLogLevel[]).map(
    (name, rank) => [name, rank],
  ),
);
const rankOfLevel: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };

/** The level that the library means. */
export function readFunctionsLogLevel(level: FunctionsLogLevel): LogLevel {
  switch (level) {
    case "trace":
    case "debug":
    case "error":
      return level;
    case "warning":
      return "warn";
    case "critical":
      return "error";
    default:
      return "info";
  }
}

/** Shows events as lines: `OrchestrationFailed: 'x' failed: Error: boom (instanceId=1)`. */
export function createEventSink(log: HostLog): LogSink {
  return {
    log(level, event, message, fields) {
      const details = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${String(value)}`);
      const suffix = details.length > 0 ? ` (${details.join(", ")})` : "";
      const area = findLogEvent(event)?.area ?? "Durable";
      // What follows the first line, a stack for example, ends the entry.
      const [first, ...rest] = message.split("\n");
      const text = [`${event}: ${first}${suffix}`, ...rest].join("\n");
      log({ level, category: `${area}.${event}`, message: text });
    },
  };
}

/**
 * The filter that `logging.logLevel` of host.json asks for: the longest category that is a prefix decides. Without one,
 * functions are shown from `information` up and the system from `warning` up, or all from `information` if `verbose`.
 */
export function createLogFilter(hostJson: JsonObject, verbose: boolean): LogFilter {
  const thresholds = new Map<string, number>([
    ["default", rankOfLevel[verbose ? "info" : "warn"]],
    ["function", rankOfLevel.info],
  ]);
  for (const [category, level] of Object.entries(sectionOf(hostJson, "logging", "logLevel"))) {
    const rank = rankOfThreshold.get(String(level).toLowerCase());
    if (rank === undefined) continue;
    thresholds.set(category.toLowerCase(), rank);
    if (category.toLowerCase() === "default") thresholds.set("function", rank);
  }
  return ({ level, category }) => rankOfLevel[level] >= thresholdOf(category.toLowerCase(), thresholds);
}

function thresholdOf(category: string, thresholds: ReadonlyMap<string, number>): number {
  for (let prefix = category; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")))) {
    const rank = thresholds.get(prefix);
    if (rank !== undefined) return rank;
  }
  return thresholds.get("default")!;
}
