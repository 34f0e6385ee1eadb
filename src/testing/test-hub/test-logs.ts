import { format } from "node:util";
import type { LogLevel } from "../../core/ports.ts";
import type { UserLog } from "../../worker/activity-context.ts";

/** A line that user code has logged through its context. */
export interface TestLogLine {
  /** How important it is. */
  readonly level: LogLevel;
  /** As `console.log` would write it. */
  readonly message: string;
  /** The arguments as they were given. */
  readonly args: readonly unknown[];
  /** Id of the instance, or of the one that has called the activity. */
  readonly instanceId: string;
  /** Name of the function that wrote it. */
  readonly functionName: string;
  /** When, on the clock of the hub. */
  readonly time: Date;
}

/** Keeps what user code logs. */
export class TestLogs {
  readonly lines: TestLogLine[] = [];
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  get write(): UserLog {
    return (level, instanceId, functionName, args) => {
      this.lines.push({ level, message: format(...args), args, instanceId, functionName, time: this.#now() });
    };
  }

  of(instanceId: string): readonly TestLogLine[] {
    return this.lines.filter((line) => line.instanceId === instanceId);
  }
}
