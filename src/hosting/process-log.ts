import { format } from "node:util";
import { type LogLevel, type LogSink, rankOfLevel } from "../core/ports.ts";
import type { UserLog } from "../worker/activity-context.ts";

/** One line of what a worker or a client has to say. */
export interface LogEntry {
  /** How important it is. */
  readonly level: LogLevel;
  /** `Function.<name>.User` for what user code logs, the name of an event (see LOGS.md) for the rest. */
  readonly category: string;
  /** The line, for people. */
  readonly message: string;
  /** Of an event; never payloads or secrets. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

/** Receives lines, one at a time. Must not throw. */
export type LogWriter = (entry: LogEntry) => void;

/** Where the events of the engine and the lines of user code go. */
export interface ProcessLog {
  readonly events: LogSink;
  readonly user: UserLog;
}

/** @param write @defaultValue {@link writeToStderr} */
export function createProcessLog(write: LogWriter = writeToStderr): ProcessLog {
  return {
    events: {
      leastLevel: write === writeToStderr ? leastEventLevel : undefined,
      log: (level, event, message, fields) => write({ level, category: event, message, fields }),
    },
    user: (level, instanceId, functionName, args) =>
      write({
        level,
        category: `Function.${functionName}.User`,
        message: `${format(...args)} [${functionName} ${instanceId}]`,
      }),
  };
}

const leastEventLevel = "warn" satisfies LogLevel;

/** Shows what user code logs from `info` up, and events from `warn` up. */
function writeToStderr({ level, category, message }: LogEntry): void {
  const least = category.startsWith("Function.") ? "info" : leastEventLevel;
  if (rankOfLevel[level] < rankOfLevel[least]) return;
  process.stderr.write(`${new Date().toISOString()} ${level} ${category}: ${message}\n`);
}
