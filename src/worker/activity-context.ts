import type { LogLevel, UserLogger } from "../core/ports.ts";

/**
 * What an activity knows of the call it answers. Second argument of every activity function. What it logs is
 * marked with the instance.
 */
export interface ActivityContext extends UserLogger {
  /** The orchestration that waits for this activity. */
  readonly instanceId: string;
  /** Name of the activity. */
  readonly name: string;
  /** Number of this task in its orchestration; with `instanceId` it names the call across deliveries and retries of it. */
  readonly taskId: number;
  /** 1 for the first attempt; more when a retry policy tries again after a failure. */
  readonly attempt: number;
  /** 1 for the first delivery; more when an earlier delivery did not finish (the process died, the lock was lost). */
  readonly deliveryCount: number;
  /**
   * Aborts when nobody wants the result any more; its reason is a `DurableError`, whose code tells why:
   *
   * - `WorkerStopping`, `WorkItemLockLost`: the host stops, or another worker has it; it will run again.
   * - `TaskTimeout`: the timeout of the call is over, here or for the orchestration.
   * - `InstanceNotActive`, `InstanceNotFound`: the instance has ended (also by a termination, or by continuing as new), or
   *   was purged.
   * - `TaskCancelled`: the orchestration went on without it, because it has lost a race. Should the orchestration come back
   *   to it, it runs again.
   *
   * What happens on another worker is noticed within some seconds. Stop soon, and throw what `signal.throwIfAborted()`
   * throws; any other end is its answer.
   */
  readonly signal: AbortSignal;
  /**
   * Says that the activity is alive: it stays with this worker for another while, although that happens by itself as long
   * as the process runs; and keeps details, of which the next run of this call (after a crash or a stop, on whichever
   * worker, or as the next attempt of its retry policy) reads the last as {@link lastHeartbeat}. Call it as often as is handy: details are stored at most every half
   * second, and at once when the host stops. Behind the Durable extension, and in workers that are connected to a sidecar or to another service, they
   * are not kept.
   *
   * @param details a value of the data converter of the app, of up to 2,800 bytes as JSON. @defaultValue the last stay
   * @throws DurableError `InvalidPayload` for details that are too large or cannot be written
   * @example
   * const start = (context.lastHeartbeat as number | undefined) ?? 0;
   * for (let page = start; page < pages; page++) {
   *   context.signal.throwIfAborted();
   *   await copyPage(page);
   *   context.heartbeat(page + 1);
   * }
   */
  heartbeat(details?: unknown): void;
  /**
   * Details of the last heartbeat before this run: of an earlier delivery of this attempt or, when a retry policy tries
   * again, of an earlier attempt; `undefined` where there was none. An attempt reads those of one that has failed, also
   * by its own time limit, and not those of one that its orchestration was the first to give up.
   */
  readonly lastHeartbeat: unknown;
}

/** Sink for lines of user code. */
export type UserLog = (level: LogLevel, instanceId: string, functionName: string, args: readonly unknown[]) => void;

/** The code of an activity: is given the input and its context, and gives the result. */
// biome-ignore lint/suspicious/noExplicitAny: the registry holds activities of every input type; callers are typed.
export type ActivityFunction = (input: any, context: ActivityContext) => unknown;
