import type { Tags } from "../core/history-event.ts";
import type { StoredAs } from "../core/payloads/json-types.ts";
import type { UserLogger } from "../core/ports.ts";
import type { RetryOptions, RetryPolicy } from "../core/retry-policy.ts";
import type { NotNegative, TimeSpanInput } from "../core/time-span.ts";
import type { CallActivityOptions, CallSubOrchestratorOptions } from "./call-options.ts";
import type { MapOptions, Tolerance } from "./context-arguments.ts";
import type { DurableLock, LockState } from "./durable-lock.ts";
import type { DurableTask, TimerTask, WinnerOf } from "./durable-task.ts";
import type { EntityHandle, UntypedOperations } from "./entity-handle.ts";
import type { EntityProxy, EntityTarget } from "./entity-proxy.ts";
import type { ExternalEvent, ExternalEventStream, PayloadArguments } from "./external-event.ts";
import type { ActivityHandle, OrchestrationHandle } from "./handles.ts";
import type { DurableHttpRequest } from "./http/durable-http-request.ts";
import type { DurableHttpResponse } from "./http/durable-http-response.ts";

/** Arguments of a call with one input: none needed when the function takes none. */
export type CallArguments<Input, Options> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options];

/** {@link CallArguments} with a version after the options, as `durable-functions` 3.x has it. */
export type VersionedArguments<Input, Options> = undefined extends Input
  ? [input?: Input, options?: Options, version?: string]
  : [input: Input, options?: Options, version?: string];

/** What is called: an activity by its name, or by its handle. */
export type ActivityTarget = string | ActivityHandle<never, unknown>;

/** What is called or started: an orchestration by its name, or by its handle. */
export type OrchestrationTarget = string | OrchestrationHandle<never, unknown>;

/** What the target of a call takes: anything where only its name is known. */
export type TargetInput<Target> =
  Target extends ActivityHandle<infer Input, unknown>
    ? Input
    : Target extends OrchestrationHandle<infer Input, unknown>
      ? Input
      : unknown;

/** What the target of a call gives: where only its name is known, what the caller says. */
export type TargetOutput<Target, Converter, Output> =
  Target extends ActivityHandle<never, infer Known>
    ? Known
    : Target extends OrchestrationHandle<never, infer Known>
      ? Known
      : StoredAs<Converter, Output>;

/** Arguments of a call in the order of `durable-functions` 3.x, after the retry policy. */
export type RetriedArguments<Input> = undefined extends Input ? [input?: Input] : [input: Input];

/** How an execution is continued as new. */
/** How an orchestration continues as new. */
export interface ContinueAsNewOptions {
  /** Keep events that were raised and not waited for. @defaultValue true */
  readonly preserveUnprocessedEvents?: boolean;
}

type Tasks = readonly DurableTask<unknown>[];

/** Results of tasks, in their order. */
export type ResultsOf<T extends Tasks> = { -readonly [K in keyof T]: T[K] extends DurableTask<infer R> ? R : never };

/** Outcomes of tasks, in their order. */
export type SettledResultsOf<T extends Tasks> = {
  -readonly [K in keyof T]: T[K] extends DurableTask<infer R> ? PromiseSettledResult<R> : never;
};

/**
 * What an orchestrator may use. Everything here gives the same answers in every replay; the orchestrator gets time,
 * randomness and results of the outside world from nowhere else. What it logs is written once: not while replaying.
 *
 * What comes back is typed as it comes back: without a converter as JSON gives it, so that a `Date` is a text. That goes
 * for types that the code names, too: `context.getInput<{ at: Date }>()` is `{ at: string }`.
 *
 * @typeParam Input what the orchestration takes, and so {@link continueAsNew}. @defaultValue anything
 * @typeParam Converter the converter of the app: `DataConverter` where there is one. @defaultValue plain JSON
 */
export interface OrchestrationContext<Input = unknown, Converter = undefined> extends UserLogger {
  /** Id of this instance. */
  readonly instanceId: string;
  /** The orchestration that called this one, if any. */
  readonly parentInstanceId: string | undefined;
  /** Name under which this orchestration was started. */
  readonly name: string;
  /** Version given when the instance was started; empty when none was. */
  readonly version: string;
  /** Tags given when the instance was started. */
  readonly tags: Tags;
  /** Time of the current episode: the only clock an orchestrator may use. */
  readonly currentUtcDateTime: Date;
  /** `true` while the code runs over ground that an earlier episode has covered. */
  readonly isReplaying: boolean;
  /** What {@link setCustomStatus} has set. */
  readonly customStatus: unknown;
  /** This context, under the name that `durable-functions` 3.x gives it: `context.df.callActivity(...)`. */
  readonly df: OrchestrationContext<Input, Converter>;
  /** Combinators, under the name that `durable-functions` 3.x gives them. */
  readonly Task: {
    /** Another name of {@link OrchestrationContext.all}. */
    all: OrchestrationContext["all"];
    /** Another name of {@link OrchestrationContext.any}. */
    any: OrchestrationContext["any"];
    /** Another name of {@link OrchestrationContext.allSettled}. */
    allSettled: OrchestrationContext["allSettled"];
    /** Another name of {@link OrchestrationContext.race}. */
    race: OrchestrationContext["race"];
  };

  /** The input the instance was started with. */
  getInput<T = Input>(): StoredAs<Converter, T>;

  /**
   * Runs an activity. It may run more than once (at-least-once); its recorded result is used once.
   *
   * @throws TaskFailedError when waited for, if the last attempt of the activity fails
   */
  callActivity<Output = unknown, Target extends ActivityTarget = string>(
    activity: Target,
    ...input: CallArguments<TargetInput<Target>, CallActivityOptions>
  ): DurableTask<TargetOutput<Target, Converter, Output>>;

  /** {@link callActivity} with a retry policy, in the argument order of `durable-functions` 3.x. */
  callActivityWithRetry<Output = unknown, Target extends ActivityTarget = string>(
    activity: Target,
    retry: RetryPolicy | RetryOptions,
    ...input: RetriedArguments<TargetInput<Target>>
  ): DurableTask<TargetOutput<Target, Converter, Output>>;

  /**
   * Runs another orchestration and waits for its output. A string in place of the options is the instance id, and a
   * version may follow it.
   *
   * @throws TaskFailedError when waited for, if the child fails or is terminated
   */
  callSubOrchestrator<Output = unknown, Target extends OrchestrationTarget = string>(
    orchestration: Target,
    ...input: VersionedArguments<TargetInput<Target>, string | CallSubOrchestratorOptions>
  ): DurableTask<TargetOutput<Target, Converter, Output>>;

  /** {@link callSubOrchestrator} with a retry policy, in the argument order of `durable-functions` 3.x. */
  callSubOrchestratorWithRetry<Output = unknown, Target extends OrchestrationTarget = string>(
    orchestration: Target,
    retry: RetryPolicy | RetryOptions,
    ...input: VersionedArguments<TargetInput<Target>, string>
  ): DurableTask<TargetOutput<Target, Converter, Output>>;

  /** Starts another orchestration that answers nobody. Returns its instance id at once. */
  startNewOrchestration<Target extends OrchestrationTarget>(
    orchestration: Target,
    ...input: CallArguments<TargetInput<Target>, Omit<CallSubOrchestratorOptions, "retry">>
  ): string;

  /**
   * Sends an HTTP request and waits for its answer, also when that takes days: an answer 202 with a `Location` is asked
   * again there after its `Retry-After`. Redirects are followed; credentials go to the origin of the URL only.
   *
   * @example const { statusCode, content } = yield* context.callHttp({ method: "POST", url, body: order })
   * @throws TaskFailedError when waited for, if there is no answer or, with a retry policy, the last answer counts as a
   * failure
   */
  callHttp(request: DurableHttpRequest): DurableTask<DurableHttpResponse>;

  /**
   * A timer that survives restarts. Never fires early; one for an instant that is over fires at once. Waits of any length
   * are possible.
   *
   * @param when the instant, or the time from {@link currentUtcDateTime}: a `Date`, milliseconds, `{ hours: 1 }`, or a
   * text such as `"30s"`, `"PT30S"`, `"00:00:30"`: see {@link TimeSpanInput}, also for texts that only the program knows
   */
  createTimer<Milliseconds extends number = number>(
    when: Date | Exclude<TimeSpanInput, number> | NotNegative<Milliseconds>,
  ): TimerTask;

  /**
   * The next event of that name raised to this instance. Events that came before the wait are kept; several waits of
   * one name are served in order. Names are compared ignoring case.
   *
   * A wait whose combination is over without it (`any`, `race`, a failed `all`) takes no event from then on, until it is
   * waited for again: a loop may make a new wait in each round, or use one in all.
   * `Promise.race` does not release its losers, so those stay first in line: use `context.race` for events.
   *
   * Names that begin with `BuiltIn__` belong to the engine and are refused, here and wherever an event is raised.
   *
   * @param options.timeout fails the wait with DurableError `TaskTimeout`. @defaultValue no limit
   */
  waitForExternalEvent<T = unknown>(
    event: string | ExternalEvent<T>,
    options?: { readonly timeout?: TimeSpanInput },
  ): DurableTask<StoredAs<Converter, T>>;

  /** All events of that name, one after the other. */
  events<T = unknown>(event: string | ExternalEvent<T>): ExternalEventStream<StoredAs<Converter, T>>;

  /** Raises an event on another instance. Nothing to wait for. */
  sendEvent<T = unknown>(instanceId: string, event: string | ExternalEvent<T>, ...input: PayloadArguments<T>): void;

  /**
   * Runs an operation of an entity and waits for its result.
   *
   * @param entity its id, `"@name@key"`, or a proxy of {@link OrchestrationContext.entity}
   * @example const balance = yield* context.callEntity<number>(new EntityId("account", "7"), "get");
   * @throws TaskFailedError when waited for, if the operation fails; DurableError `OrchestrationMisuse` inside a critical
   * section that forbids it: see {@link lock}
   */
  callEntity<Output = unknown>(
    entity: EntityTarget,
    operation: string,
    input?: unknown,
  ): DurableTask<StoredAs<Converter, Output>>;

  /**
   * Has an entity run an operation, and does not wait for it.
   *
   * @param options.scheduledTime not to be run before: a `Date`, or the time from {@link currentUtcDateTime}.
   * @defaultValue at once. Without it, what one orchestration sends to one entity is run in that order
   * @throws DurableError `OrchestrationMisuse` inside a critical section that has locked the entity
   */
  signalEntity(
    entity: EntityTarget,
    operation: string,
    input?: unknown,
    options?: { readonly scheduledTime?: Date | TimeSpanInput },
  ): void;

  /**
   * One entity as an object: a function for each operation to call it, and one under `signal` to signal it.
   *
   * @example
   * const counter = context.entity<Counter>("counter", "basket-7");
   * counter.signal.add(5);
   * const count = yield* counter.get();
   * @throws DurableError `InvalidEntityId`
   */
  entity<T = UntypedOperations>(entity: EntityHandle<T> | string, key: string): EntityProxy<T, Converter>;

  /**
   * Waits until nobody else uses those entities, and keeps others out until the lock is released: a critical section. In
   * it, only these entities may be called, by one call at a time each; they may not be signalled, no other lock be taken,
   * and no orchestration be called or started. Locks are taken in one order everywhere, so that no two orchestrations wait
   * for each other. These rules hold from this call on; until the lock is granted, no entity may be called at all. What is
   * still locked when the orchestration ends is released then.
   *
   * @example
   * await using lock = await context.lock(from, to);
   * await from.withdraw(5);
   * await to.deposit(5);
   * @throws DurableError `OrchestrationMisuse` for no entity, and for a lock inside of another
   */
  lock(...entities: readonly EntityTarget[]): DurableTask<DurableLock>;
  /** The same, with the entities in a list. */
  lock(entities: readonly EntityTarget[]): DurableTask<DurableLock>;

  /** Whether this orchestration is in a critical section, and what it has locked. */
  isLocked(): LockState;

  /**
   * All results, in the order of the tasks.
   *
   * @param options.failFast fail with the first failure, at once; `false` waits for every task, and fails with all
   * failures together (an `AggregateError`) if there was more than one. @defaultValue true
   */
  all<const T extends Tasks>(tasks: T, options?: { readonly failFast?: boolean }): DurableTask<ResultsOf<T>>;

  /** All outcomes, in the order of the tasks. Never fails. */
  allSettled<const T extends Tasks>(tasks: T): DurableTask<SettledResultsOf<T>>;

  /**
   * The first task to complete or fail, itself: `winner === timer`. Never fails. An async function must not return the
   * winner alone: see {@link WinnerOf}.
   */
  any<T extends Tasks>(tasks: T): DurableTask<WinnerOf<T[number]>>;

  /** The result, or the failure, of the first task to complete or fail. */
  race<T extends Tasks>(tasks: T): DurableTask<ResultsOf<T>[number]>;

  /**
   * Calls `start` for every item and waits for all results, in order. Fails with the first failure, and starts nothing
   * more then.
   *
   * @param options.concurrency most of them under way at once. @defaultValue all
   * @param options.tolerate so many failures, or that share of all items, do not fail it: it gives outcomes in place of
   * results then. One more, and it fails with all of them together (an `AggregateError`). @defaultValue none
   * @example yield* context.map(cities, (city) => context.callActivity(sayHello, city), { concurrency: 5 })
   * @example
   * const outcomes = yield* context.map(rows, (row) => context.callActivity(load, row), { tolerate: "10%" });
   * const loaded = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
   */
  map<Item, Output>(
    items: readonly Item[],
    start: (item: Item, index: number) => PromiseLike<Output>,
    options: MapOptions & { readonly tolerate: Tolerance },
  ): DurableTask<PromiseSettledResult<Output>[]>;
  /** Calls `start` for every item and waits for all results; with the first failure it fails. */
  map<Item, Output>(
    items: readonly Item[],
    start: (item: Item, index: number) => PromiseLike<Output>,
    options?: MapOptions & { readonly tolerate?: undefined },
  ): DurableTask<Output[]>;

  /**
   * Ends this execution and starts the instance over with an empty history and `input`. Takes effect when the
   * orchestrator next waits or returns.
   *
   * @param input what the orchestration takes, and options after it
   */
  continueAsNew(...input: CallArguments<Input, ContinueAsNewOptions>): void;

  /** A value for status queries, up to 8,192 characters as JSON. @throws DurableError `InvalidPayload` when longer */
  setCustomStatus(status: unknown): void;

  /**
   * Guards a change of the code: `true` for instances that meet it on new ground (and from then on), `false` for those
   * that have passed it already, which must be replayed the old way.
   *
   * @example if (context.patched("check-stock")) yield* context.callActivity(checkStock, order);
   */
  patched(id: string): boolean;

  /**
   * A GUID that is the same in every replay (UUID version 5).
   *
   * @param instanceId what it is made from, beside the time and a count. @defaultValue the id of this instance
   */
  newGuid(instanceId?: string): string;
}
