import type { TimeSpanInput } from "../core/time-span.ts";
import type { DurableTask, TimerTask, WinnerOf } from "./durable-task.ts";
import type { ActivityHandle, InputArguments, OrchestrationHandle } from "./orchestrator.ts";

/**
 * What an orchestrator may use. Everything here gives the same answers in every replay; the orchestrator gets time,
 * randomness and results of the outside world from nowhere else.
 */
export interface OrchestrationContext {
  readonly instanceId: string;
  /** The orchestration that called this one, if any. */
  readonly parentInstanceId: string | undefined;
  /** Name under which this orchestration was started. */
  readonly name: string;
  /** Version given when the instance was started; empty when none was. */
  readonly version: string;
  /** Time of the current episode: the only clock an orchestrator may use. */
  readonly currentUtcDateTime: Date;
  /** `true` while the code runs over ground that an earlier episode has covered. */
  readonly isReplaying: boolean;
  /** This context, under the name that `durable-functions` 3.x gives it: `context.df.callActivity(...)`. */
  readonly df: OrchestrationContext;
  /** Combinators, under the name that `durable-functions` 3.x gives them. */
  readonly Task: {
    all: OrchestrationContext["all"];
    any: OrchestrationContext["any"];
  };

  /** The input the instance was started with. */
  getInput<T = unknown>(): T;

  /**
   * Runs an activity. It may run more than once (at-least-once); its recorded result is used once.
   *
   * @throws TaskFailedError when waited for, if the activity throws
   */
  callActivity<Input, Output>(
    activity: ActivityHandle<Input, Output>,
    ...input: InputArguments<Input>
  ): DurableTask<Output>;
  callActivity<Output = unknown>(name: string, input?: unknown): DurableTask<Output>;

  /**
   * Runs another orchestration and waits for its output.
   *
   * @throws TaskFailedError when waited for, if the child fails or is terminated
   */
  callSubOrchestrator<Input, Output>(
    orchestration: OrchestrationHandle<Input, Output>,
    input: Input,
    instanceId?: string,
  ): DurableTask<Output>;
  callSubOrchestrator<Output = unknown>(name: string, input?: unknown, instanceId?: string): DurableTask<Output>;

  /**
   * A timer that survives restarts. Never fires early.
   *
   * @param when the instant, or the time from {@link currentUtcDateTime}: a `Date`, milliseconds, `{ hours: 1 }`, or an
   * ISO 8601 duration such as `"PT30S"`
   */
  createTimer(when: Date | TimeSpanInput): TimerTask;

  /**
   * The next event of that name raised to this instance. Events that came before the wait are kept; several waits of
   * one name are served in order. Names are compared ignoring case.
   */
  waitForExternalEvent<T = unknown>(name: string): DurableTask<T>;

  /** Raises an event on another instance. Nothing to wait for. */
  sendEvent(instanceId: string, name: string, input?: unknown): void;

  /** All results, in the order of the tasks. Fails with the first failure. */
  all<const Tasks extends readonly DurableTask<unknown>[]>(
    tasks: Tasks,
  ): DurableTask<{ -readonly [K in keyof Tasks]: Tasks[K] extends DurableTask<infer T> ? T : never }>;

  /** The first task to complete, itself: `winner === timer`. Fails only if its list is empty. */
  any<Tasks extends readonly DurableTask<unknown>[]>(tasks: Tasks): DurableTask<WinnerOf<Tasks[number]>>;

  /**
   * Ends this execution and starts the instance over with an empty history and `input`. Takes effect when the
   * orchestrator next waits or returns.
   *
   * @param options.preserveUnprocessedEvents keep events that were raised and not waited for. @defaultValue true
   */
  continueAsNew(input?: unknown, options?: { readonly preserveUnprocessedEvents?: boolean }): void;

  /** A value for status queries, up to 8,192 characters as JSON. @throws DurableError `InvalidPayload` when longer */
  setCustomStatus(status: unknown): void;

  /** A GUID that is the same in every replay (UUID version 5). */
  newGuid(): string;

  /** Writes a line to the host's log, once: not while replaying. */
  log(...args: readonly unknown[]): void;
}
