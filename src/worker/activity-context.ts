import type { LogLevel, UserLogger } from "../core/ports.ts";

/**
 * What an activity knows of the call it answers. Second argument of every activity function. What it logs is
 * marked with the instance.
 */
export interface ActivityContext extends UserLogger {
  /** The orchestration that waits for this activity. */
  readonly instanceId: string;
  readonly name: string;
  /** Number of this task in its orchestration; with `instanceId` it names the call across deliveries and retries of it. */
  readonly taskId: number;
  /** 1 for the first attempt; more when a retry policy tries again after a failure. */
  readonly attempt: number;
  /** 1 for the first delivery; more when an earlier delivery did not finish (the process died, the lock was lost). */
  readonly deliveryCount: number;
  /**
   * Aborts when nobody wants the result any more: the host stops or the work item was lost (it will run again), or the
   * timeout of the call is over. Stop soon, and throw what `signal.throwIfAborted()` throws.
   */
  readonly signal: AbortSignal;
}

/** Sink for lines of user code. */
export type UserLog = (level: LogLevel, instanceId: string, functionName: string, args: readonly unknown[]) => void;

// biome-ignore lint/suspicious/noExplicitAny: the registry holds activities of every input type; callers are typed.
export type ActivityFunction = (input: any, context: ActivityContext) => unknown;
