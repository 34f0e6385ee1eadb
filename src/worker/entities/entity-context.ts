import type { EntityId, EntityRef } from "../../core/entity-id.ts";
import type { StoredAs } from "../../core/payloads/json-types.ts";
import type { UserLogger } from "../../core/ports.ts";
import type { EntityHandle, OperationInput, OperationNames } from "../../orchestration/entity-handle.ts";
import type { CallArguments, OrchestrationTarget, TargetInput } from "../../orchestration/orchestration-context.ts";

/** How an entity signals another one. */
export interface EntitySignalOptions {
  /** Not before this time. @defaultValue at once */
  readonly scheduledTime?: Date | undefined;
}

/** How an entity starts an orchestration. */
export interface StartFromEntityOptions {
  /** @defaultValue an id made of the request and a count: the same when the operation runs again */
  readonly instanceId?: string | undefined;
  /** @defaultValue the version of the app */
  readonly version?: string | undefined;
  /** Not before this time. @defaultValue at once */
  readonly startAt?: Date | undefined;
}

/**
 * One operation on one entity: what is asked, and what the code may do. Argument of entities that are functions, second
 * argument of operations that are methods. Over when the operation is: what uses it later is refused. What it logs is
 * marked with the entity.
 *
 * An operation is a transaction. What it does to the state, its signals and starts become true when it has ended; when it
 * throws, none of them does.
 *
 * @typeParam State what the entity keeps, for entities that are functions
 * @typeParam Converter the converter of the app: `DataConverter` where there is one. @defaultValue plain JSON
 */
export interface EntityContext<State = unknown, Converter = undefined> extends UserLogger {
  /** The same object, where `durable-functions` 3.x has the members. */
  readonly df: EntityContext<State, Converter>;
  /** Name and key. */
  readonly entityId: EntityId;
  /** Name of the entity, in lower case when it comes from the task hub. */
  readonly entityName: string;
  /** Key of the entity. */
  readonly entityKey: string;
  /** What is asked, as it was asked. */
  readonly operationName: string;
  /** Nobody waits for the result. */
  readonly isSignal: boolean;
  /** The entity had no state when the operation began: it is new, or was deleted. */
  readonly isNewlyConstructed: boolean;
  /**
   * Aborts when nobody wants the result any more: the host stops or the work item was lost. The operation will run again.
   * Stop soon, and throw what `signal.throwIfAborted()` throws.
   */
  readonly signal: AbortSignal;
  /** What the operation was called with; `undefined` when with nothing. The same value each time. */
  getInput<Input = unknown>(): StoredAs<Converter, Input>;
  /**
   * A copy of the state: what is done to it counts once it was given to {@link setState}. In a class, the instance.
   *
   * @param initializer makes what is given back while there is no state; it is not kept by that
   * @throws DurableError `InvalidPayload` when what is stored cannot be read or does not fit the schema
   * @example const value = context.getState(() => 0);
   */
  getState<T = State>(
    initializer: () => StoredAs<Converter, StateOr<State, T>>,
  ): StoredAs<Converter, StateOr<State, T>>;
  /** The state; `undefined` while there is none. */
  getState<T = State>(): StoredAs<Converter, StateOr<State, T>> | undefined;
  /**
   * Replaces the state by what the value is now. `undefined` and `null` delete it.
   *
   * @throws DurableError `InvalidPayload` when it has no JSON form or does not fit the schema; `NotSupported` in a class,
   * whose fields are the state
   */
  setState(state: State): void;
  /** The result for the caller. The last call counts, before what the function returns. */
  return(value: unknown): void;
  /** Another name of {@link return}. */
  setResult(value: unknown): void;
  /** Deletes the entity when this operation has ended, unless a state is set again. */
  destructOnExit(): void;
  /** Another name of {@link destructOnExit}. */
  deleteState(): void;
  /**
   * Asks for an operation on another entity, or on this one, and waits for nothing.
   *
   * @throws DurableError `InvalidEntityId`, `InvalidOption`, `InvalidPayload`
   * @example context.signalEntity(audit, "2026", "add", { who: context.entityKey });
   * @example context.signalEntity({ name: "Audit", key: "2026" }, "close", undefined, { scheduledTime: newYear });
   */
  signalEntity(entity: EntityRef | string, operation: string, input?: unknown, options?: EntitySignalOptions): void;
  /** Tells another entity something, by its handle. */
  signalEntity<T, Operation extends OperationNames<T>>(
    entity: EntityHandle<T>,
    key: string,
    operation: Operation,
    ...input: SignalArguments<OperationInput<T, Operation>>
  ): void;
  /**
   * Starts an orchestration and waits for nothing.
   *
   * @returns its instance id
   * @throws DurableError `InvalidOption`, `InvalidInstanceId`, `InvalidPayload`
   */
  startNewOrchestration<Target extends OrchestrationTarget>(
    orchestration: Target,
    ...input: CallArguments<TargetInput<Target>, StartFromEntityOptions>
  ): string;
}

/** Options come fifth, also of an operation that takes no input. */
type SignalArguments<Input extends readonly unknown[]> = Input extends readonly []
  ? [input?: undefined, options?: EntitySignalOptions]
  : [...input: Input, options?: EntitySignalOptions];

/** What the entity keeps where that is known, else what the code says. */
type StateOr<State, T> = unknown extends State ? T : State;
