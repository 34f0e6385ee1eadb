import type { ExecutionStarted } from "../../core/history-event.ts";
import type { LogLevel } from "../../core/ports.ts";
import type { ExecutionScope } from "./execution-scope.ts";

export interface ContinueAsNewRequest {
  /** JSON text. */
  readonly input: string | undefined;
  readonly preserveUnprocessedEvents: boolean;
}

/** What the context of user code may use of its execution, besides what tasks may. */
export interface ContextScope extends ExecutionScope {
  readonly started: ExecutionStarted;
  readonly isReplaying: boolean;
  /** JSON text. */
  readonly customStatus: string | undefined;

  /** The input as user code gets it. @throws DurableError `InvalidPayload` */
  readInput(): unknown;
  setCustomStatus(text: string | undefined): void;
  continueAsNew(request: ContinueAsNewRequest): void;
  isPatched(patchId: string): boolean;
  newGuid(instanceId: string): string;
  /** Writes once: not while replaying. */
  log(level: LogLevel, args: readonly unknown[]): void;
}
