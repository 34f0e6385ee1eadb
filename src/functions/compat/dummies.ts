import type { LogHandler } from "@azure/functions";
import { az } from "../azure-functions.ts";
import type { EntityStateResponse as KnownEntity } from "../entity-status-reader.ts";
import type { EntityContext, OrchestrationContext } from "../function-contexts.ts";

const dummyName = "dummyContextFunctionName";

/** An `InvocationContext` with nothing under `df` until the test sets it. */
class DummyContext extends az.InvocationContext {
  declare df: unknown;

  constructor(functionName: string = dummyName, invocationId?: string, logHandler?: LogHandler) {
    super({ functionName, ...(invocationId !== undefined && { invocationId }), ...(logHandler && { logHandler }) });
  }
}

/**
 * A context for tests of orchestrators by themselves, with nothing but the members of an `InvocationContext` until the
 * test sets `df`. The kit under `durable-functions-ts/testing` runs them as they are run.
 *
 * @example
 * const context = new df.DummyOrchestrationContext();
 * context.df = { callActivity: () => task, getInput: () => "Tokyo" } as never;
 * const steps = helloSequence(context);
 */
export const DummyOrchestrationContext: new (
  functionName?: string,
  invocationId?: string,
  logHandler?: LogHandler,
) => OrchestrationContext = DummyContext as never;
export type DummyOrchestrationContext = OrchestrationContext;

/** A context for tests of entities by themselves, with nothing under `df` until the test sets it. */
export const DummyEntityContext: new <T>(
  functionName?: string,
  invocationId?: string,
  logHandler?: LogHandler,
) => EntityContext<T> = DummyContext as never;
export type DummyEntityContext<T> = EntityContext<T>;

/** What is known of one entity. */
export interface EntityStateResponse<State = unknown> extends KnownEntity<State> {
  /** It has a state. */
  entityExists: boolean;
  /** Absent when the entity does not exist. */
  entityState?: State;
}

/** For tests, which make what a client would answer. */
export const EntityStateResponse: new <State>(
  entityExists: boolean,
  entityState?: State,
) => EntityStateResponse<State> = class {
  entityExists: boolean;
  declare entityState?: unknown;

  constructor(entityExists: boolean, entityState?: unknown) {
    this.entityExists = entityExists;
    if (entityState !== undefined) this.entityState = entityState;
  }
} as never;
