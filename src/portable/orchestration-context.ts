import type { TargetOutput } from "../client/target-types.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { UserLogger } from "../core/ports.ts";
import type { RetryOptions, RetryPolicy } from "../core/retry-policy.ts";
import type {
  CallActivityOptions as HandleCallActivityOptions,
  CallSubOrchestratorOptions as HandleCallSubOrchestratorOptions,
} from "../orchestration/call-options.ts";
import type { DurableLock } from "../orchestration/durable-lock.ts";
import type { DurableTask, WinnerOf } from "../orchestration/durable-task.ts";
import type { EntityAsStored, EntityHandle, UntypedOperations } from "../orchestration/entity-handle.ts";
import type { EntityProxy, EntityTarget } from "../orchestration/entity-proxy.ts";
import type { ActivityHandle, OrchestrationHandle } from "../orchestration/handles.ts";
import type {
  OrchestrationContext as HandleOrchestrationContext,
  ResultsOf,
} from "../orchestration/orchestration-context.ts";
import type { EntityClass, EntityFunction } from "../worker/entities/entity-definition.ts";
import type { ActivityReference, CheckedReference, TargetArguments } from "./function-types.ts";

/** How one activity call is made. */
export interface CallActivityOptions extends HandleCallActivityOptions {
  /** Another name of `retry`. */
  readonly retryPolicy?: RetryPolicy | RetryOptions | undefined;
}

/** How one sub-orchestration is called. */
export interface CallSubOrchestratorOptions extends HandleCallSubOrchestratorOptions {
  /** Another name of `retry`. */
  readonly retryPolicy?: RetryPolicy | RetryOptions | undefined;
}

/** How an orchestration is started that answers nobody. */
export type StartOrchestrationOptions = Omit<CallSubOrchestratorOptions, "retry" | "retryPolicy">;

/** Any orchestration: what is given by reference. */
export type OrchestrationReference = (context: AnyContext, ...input: never[]) => unknown;

/** Has what the context of any converter has. */
type AnyContext = OrchestrationContext & OrchestrationContext<unknown, DataConverter>;

/**
 * An orchestration that may be added to a worker with such a converter: its context is of the same, and it takes its input
 * as that brings it.
 */
export type AddedOrchestration<F extends OrchestrationReference, Converter> = F &
  ((context: OrchestrationContext<unknown, Converter>, ...input: never[]) => unknown) &
  CheckedReference<Converter, F>;

/** What is called: an activity by its function, its name, or its handle. */
export type ActivityTarget = string | ActivityReference | ActivityHandle<never, unknown>;

/** What is called or started: an orchestration by its function, its name, or its handle. */
export type OrchestrationTarget = string | OrchestrationReference | OrchestrationHandle<never, unknown>;

/** An entity: its class, whose methods are the operations, or its function. */
// biome-ignore lint/suspicious/noExplicitAny: functions of every state.
export type EntityReference<T extends object = object> = EntityClass<T> | EntityFunction<any>;

/** An entity that may be added to a worker with such a converter: its fields and operations are typed as that brings them. */
export type AddedEntity<T extends object, Converter> =
  | (EntityClass<T> & EntityAsStored<Converter, T>)
  // biome-ignore lint/suspicious/noExplicitAny: functions of every state.
  | EntityFunction<any>;

declare const converterType: unique symbol;

type Tasks = readonly DurableTask<unknown>[];

type Replaced =
  | "df"
  | "callActivity"
  | "callActivityWithRetry"
  | "callSubOrchestrator"
  | "callSubOrchestratorWithRetry"
  | "startNewOrchestration"
  | "entity";

/**
 * What an orchestrator may use. Everything here gives the same answers in every replay; the orchestrator gets time,
 * randomness and results of the outside world from nowhere else. What it logs is written once: not while replaying.
 *
 * Activities and orchestrations are called by reference, by a handle of a `DFApp`, or by name; with the input, or with an
 * object that has it as `input` beside the options of the call:
 *
 * @example
 * const isValid = yield* ctx.callActivity(validateOrder, order);
 * const receipt = yield* ctx.callActivity(charge, { input: order, retry: { firstInterval: "5s", maxAttempts: 3 } });
 *
 * @remarks An object counts as the second form when it has `input` and else only options. An input that looks like that
 * itself is wrapped: `{ input: { input: 1 } }`; calls by reference do not compile otherwise.
 *
 * What comes back is typed as it comes back: without a converter as JSON gives it, so that a `Date` is a text.
 *
 * @typeParam Input what the orchestration takes, and so `continueAsNew`. @defaultValue anything
 * @typeParam Converter the converter of the worker: `DataConverter` where there is one. @defaultValue plain JSON
 */
export interface OrchestrationContext<Input = unknown, Converter = undefined>
  extends Omit<HandleOrchestrationContext<Input, Converter>, Replaced>,
    UserLogger {
  /**
   * Runs an activity. It may run more than once (at-least-once); its recorded result is used once.
   *
   * @throws TaskFailedError when waited for, if the last attempt of the activity fails
   */
  callActivity<Output = unknown, Target extends ActivityTarget = string>(
    activity: Target,
    ...input: TargetArguments<Target, CallActivityOptions>
  ): DurableTask<TargetOutput<Target, Converter, Output>>;

  /**
   * Runs another orchestration and waits for its output.
   *
   * @throws TaskFailedError when waited for, if the child fails or is terminated
   */
  callSubOrchestrator<Output = unknown, Target extends OrchestrationTarget = string>(
    orchestration: Target,
    ...input: TargetArguments<Target, CallSubOrchestratorOptions, unknown>
  ): DurableTask<TargetOutput<Target, Converter, Output>>;

  /** Another name of {@link callSubOrchestrator}. */
  readonly callSubOrchestration: OrchestrationContext<Input, Converter>["callSubOrchestrator"];

  /** Starts another orchestration that answers nobody. Returns its instance id at once. */
  startNewOrchestration<Target extends OrchestrationTarget>(
    orchestration: Target,
    ...input: TargetArguments<Target, StartOrchestrationOptions, unknown>
  ): string;

  /**
   * One entity as an object: a function for each operation to call it, and one under `signal` to signal it.
   *
   * @example
   * const counter = ctx.entity(Counter, "basket-7");
   * counter.signal.add(5);
   * const count = yield* counter.get();
   * @throws DurableError `InvalidEntityId`
   */
  entity<T = UntypedOperations>(entity: EntityHandle<T> | string, key: string): EntityProxy<T, Converter>;
  /** One entity as an object, by the function that it is. */
  // biome-ignore lint/suspicious/noExplicitAny: functions of every state.
  entity(entity: EntityFunction<any>, key: string): EntityProxy<UntypedOperations, Converter>;
  /** One entity as an object, by the class that it is. */
  entity<T extends object>(entity: EntityClass<T>, key: string): EntityProxy<T, Converter>;

  /** Another name of {@link lock}. */
  lockEntities(...entities: readonly EntityTarget[]): DurableTask<DurableLock>;
  /** Another name of {@link lock}, with the entities in a list. */
  lockEntities(entities: readonly EntityTarget[]): DurableTask<DurableLock>;
  /** Another name of {@link newGuid}. */
  newUuid(): string;
  /** Another name of {@link all}. */
  whenAll<const T extends Tasks>(tasks: T): DurableTask<ResultsOf<T>>;
  /** Another name of {@link any}. */
  whenAny<T extends Tasks>(tasks: T): DurableTask<WinnerOf<T[number]>>;
  /** @internal */
  readonly [converterType]?: (converter: Converter) => Converter;
}
