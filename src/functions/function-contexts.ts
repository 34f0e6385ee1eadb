import type { InvocationContext } from "@azure/functions";
import type { StoredAs } from "../core/payloads/json-types.ts";
import type { UserLogger } from "../core/ports.ts";
import type { OrchestrationContext as ReplayedContext } from "../orchestration/orchestration-context.ts";
import type { EntityContext as OperationContext } from "../worker/entities/entity-context.ts";

/** What an `InvocationContext` of `@azure/functions` has beside its lines of log. */
type InvocationMembers = Omit<InvocationContext, keyof UserLogger>;

/** What `context.df` holds: all that an orchestrator may use, under the name that `durable-functions` 3.x gives it. */
export interface DurableOrchestrationContext<Input = unknown, Converter = undefined>
  extends ReplayedContext<Input, Converter> {
  // Not read-only, because tests of 3.x code set them on contexts that they have made.
  isReplaying: boolean;
  currentUtcDateTime: Date;
  customStatus: unknown;
}

/**
 * What an orchestrator of a Functions app is given: all that an orchestrator may use, here and under `df`, and the
 * members of an `InvocationContext`. There are no bindings: `invocationId` is the id of the execution, the same in every
 * replay.
 *
 * @typeParam Input what the orchestration takes, and so `continueAsNew`. @defaultValue anything
 * @typeParam Converter the converter of the app: `DataConverter` where there is one. @defaultValue plain JSON
 */
export interface OrchestrationContext<Input = unknown, Converter = undefined>
  extends ReplayedContext<Input, Converter>,
    InvocationMembers {
  df: DurableOrchestrationContext<Input, Converter>;
}

/** What `context.df` holds in an entity, with the types of `durable-functions` 3.x. */
export interface DurableEntityContext<State = unknown, Converter = undefined>
  extends Omit<OperationContext<State, Converter>, "df" | "getInput" | "return"> {
  /** This context, under the name that `durable-functions` 3.x gives it. */
  readonly df: OperationContext<State, Converter>;
  /** What the operation was called with; `undefined` when with nothing. The same value each time. */
  getInput<Input = State>(): StoredAs<Converter, Input>;
  /** Gives the result of the operation, before it ends: of several, the last counts. */
  return<Result = State>(result: Result): void;
}

/**
 * What one operation of an entity of a Functions app is given: all that it may use, here and under `df`, and the members
 * of an `InvocationContext`.
 *
 * @typeParam State what the entity keeps, for entities that are functions
 * @typeParam Converter the converter of the app: `DataConverter` where there is one. @defaultValue plain JSON
 */
export interface EntityContext<State = unknown, Converter = undefined>
  extends OperationContext<State, Converter>,
    InvocationMembers {
  df: DurableEntityContext<State, Converter>;
}

/** An entity as a function: is given every operation. What it returns is the result, unless it has set one. */
export type EntityFunction<State = unknown, Converter = undefined> = (
  context: EntityContext<State, Converter>,
) => unknown;
