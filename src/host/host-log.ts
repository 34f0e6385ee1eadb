import { findLogEvent } from "../core/log-events.ts";
import { findNearName } from "../core/option-names.ts";
import { type LogLevel, type LogSink, rankOfLevel } from "../core/ports.ts";
import type { JsonObject } from "./settings/host-json.ts";
import { sectionOf } from "./settings/host-json.ts";

/** A line of the host's output. */
export interface HostLogEntry {
  readonly level: LogLevel;
  /**
   * What `logging.logLevel` of host.json selects by: `Function.<name>.User` for lines of user code, `Function.<name>` for
   * executions and for events of one function, `Host.<event>` and `Durable.<event>` for other events of ours.
   */
  readonly category: string;
  /** For people: with the name of the event and the fields. */
  readonly message: string;
  /** Name in the catalogue; absent for what is no event of ours. */
  readonly event?: string | undefined;
  /** For machines: the message alone. @defaultValue `message` */
  readonly text?: string | undefined;
  /** For machines, beside `text`; never payloads or secrets. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

export type HostLog = (entry: HostLogEntry) => void;

/** A decision which entries are shown. */
export type LogFilter = (entry: Pick<HostLogEntry, "level" | "category" | "event">) => boolean;

/** Levels of the Functions host, as host.json and the library spell them, least important first. */
export type FunctionsLogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

const rankOfThreshold: ReadonlyMap<string, number> = new Map(
  (["trace", "debug", "information", "warning", "error", "critical", "none"] satisfies FunctionsLogLevel[]).map(
    (name, rank) => [name, rank],
  ),
);

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

/** Fields of the life of a function that its text tells, or that are the same in all lines of a host. */
const toldFields: readonly string[] = ["functionName", "taskHub", "workerId", "durationMs", "count"];

/** Shows events as lines: `OrchestrationFailed: 'x' failed: Error: boom (instanceId=1)`. */
export function createEventSink(log: HostLog): LogSink {
  return {
    log(level, name, text, fields = {}) {
      const area = findLogEvent(name)?.area ?? "Durable";
      const isTold = area === "Function" ? toldFields : ["functionName"];
      // What follows the first line, a stack for example, ends the entry.
      const [first = "", ...rest] = text.split("\n");
      const details = Object.entries(fields)
        .filter(
          ([field, value]) =>
            !isTold.includes(field) || (field === "functionName" && !first.includes(`'${String(value)}'`)),
        )
        .map(([field, value]) => `${field}=${String(value)}`);
      const suffix = details.length > 0 ? ` (${details.join(", ")})` : "";
      log({
        level,
        category: area === "Function" ? `Function.${String(fields["functionName"])}` : `${area}.${name}`,
        message: [`${name}: ${first}${suffix}`, ...rest].join("\n"),
        event: name,
        text,
        fields,
      });
    },
  };
}

/**
 * The filter that `logging.logLevel` of host.json asks for: the longest category that is a prefix decides. Without one,
 * functions are shown from `information` up and the system from `warning` up, or all from `information` if `verbose`.
 * Events of one function go by its category, or by their own: `Durable.ActivityExecuting`.
 */
export function createLogFilter(hostJson: JsonObject, verbose: boolean): LogFilter {
  const asked = new Map<string, number>();
  for (const [category, level] of Object.entries(logLevelsOf(hostJson))) {
    const rank = rankOfThreshold.get(String(level).toLowerCase());
    if (rank !== undefined) asked.set(category.toLowerCase(), rank);
  }
  const rankOfSystem = rankOfLevel[verbose ? "info" : "warn"];
  return ({ level, category, event }) => {
    const own = longestPrefix(category, asked);
    const ofEvent = event === undefined ? "" : longestPrefix(`durable.${event}`, asked);
    const decisive = ofEvent.length > own.length ? ofEvent : own;
    const isFunction = /^function(?:\.|$)/i.test(category);
    const fallback = isFunction ? rankOfLevel.info : rankOfSystem;
    return rankOfLevel[level] >= (asked.get(decisive === "" ? "default" : decisive) ?? fallback);
  };
}

/** What `logging.logLevel` says and nobody understands, as sentences. */
export function describeUnknownLevels(hostJson: JsonObject): readonly { setting: string; text: string }[] {
  const names = [...rankOfThreshold.keys()].map((name) => name[0]!.toUpperCase() + name.slice(1));
  return Object.entries(logLevelsOf(hostJson)).flatMap(([category, level]) => {
    if (rankOfThreshold.has(String(level).toLowerCase())) return [];
    const meant = findNearName(String(level), names);
    const hint = meant === undefined ? `levels are ${names.join(", ")}` : `did you mean '${meant}'?`;
    const setting = `logging.logLevel.${category}`;
    return [
      {
        setting,
        text: `host.json: '${setting}' has a level that is none and means nothing: ${JSON.stringify(level)}; ${hint}`,
      },
    ];
  });
}

function logLevelsOf(hostJson: JsonObject): JsonObject {
  return sectionOf(hostJson, "logging", "logLevel");
}

/** The longest of the categories that a category begins with, part by part; empty for none. */
function longestPrefix(category: string, asked: ReadonlyMap<string, number>): string {
  let prefix = category.toLowerCase();
  while (prefix !== "" && !asked.has(prefix)) prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")));
  return prefix;
}
