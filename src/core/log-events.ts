import { engineLogEvents } from "./log-catalogue/engine-log-events.ts";
import { grpcLogEvents } from "./log-catalogue/grpc-log-events.ts";
import { hostLogEvents } from "./log-catalogue/host-log-events.ts";
import { lifeLogEvents } from "./log-catalogue/life-log-events.ts";
import type { LogFieldName } from "./log-fields.ts";
import type { LogLevel } from "./ports.ts";

/** What is said of an event before it happens. */
export interface LogEvent {
  /**
   * Who writes it: the engine with its storage, the local host, or the engine about one function. With the name it makes
   * the category of the line; of a function, its own name does.
   */
  readonly area: "Durable" | "Host" | "Function";
  readonly level: LogLevel;
  /** Fields that every such line has, besides those of its writer (the task hub, the worker). */
  readonly fields: readonly LogFieldName[];
  /** Fields that only some of them have. */
  readonly optionalFields?: readonly LogFieldName[];
  readonly meaning: string;
  /** What an operator does about it: a sentence, or the name of one of {@link standardActions}. */
  readonly action: string;
}

/** What is to be done about many events. */
export const standardActions: Readonly<Record<string, string>> = {
  nothing: "Nothing.",
  storage: "Nothing, if it is rare. Else look at the storage account: its metrics, limits, network and key.",
};

/**
 * Every event that this package logs. Names are stable across releases: alerts hang on them. `LOGS.md` is made of this
 * table.
 */
export const logEvents: typeof engineLogEvents & typeof lifeLogEvents & typeof grpcLogEvents & typeof hostLogEvents = {
  ...engineLogEvents,
  ...lifeLogEvents,
  ...grpcLogEvents,
  ...hostLogEvents,
};

export type LogEventName = keyof typeof logEvents;

/** The catalogue's entry for a name that comes out of a sink. */
export function findLogEvent(name: string): LogEvent | undefined {
  return Object.hasOwn(logEvents, name) ? logEvents[name as LogEventName] : undefined;
}
