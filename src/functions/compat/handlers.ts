import type {
  FunctionHandler,
  FunctionInput,
  FunctionOptions,
  FunctionOutput,
  FunctionTrigger,
} from "@azure/functions";
import type { EntityContext, OrchestrationContext } from "../function-contexts.ts";
import type { Task } from "./task.ts";

/** A generator that yields durable tasks. */
// biome-ignore lint/suspicious/noExplicitAny: what a `yield` gives back has no common type.
export type OrchestrationHandler = (context: OrchestrationContext) => Generator<Task, unknown, any>;

export interface OrchestrationOptions extends Partial<FunctionOptions> {
  handler: OrchestrationHandler;
}

export interface OrchestrationTrigger extends FunctionTrigger {
  type: "orchestrationTrigger";
}

/** Is given the input of the call and an `InvocationContext`. */
export type ActivityHandler = FunctionHandler;

export interface ActivityOptions extends Partial<FunctionOptions> {
  handler: ActivityHandler;
  /** Only `df.input.durableClient()`; activities have no other bindings here. */
  extraInputs?: FunctionInput[];
  extraOutputs?: FunctionOutput[];
}

export interface ActivityTrigger extends FunctionTrigger {
  type: "activityTrigger";
}

/** Is given one operation; what it returns is no result: that is what it gives to `context.df.return`. */
export type EntityHandler<T> = (context: EntityContext<T>) => void;

export interface EntityOptions<T> extends Partial<FunctionOptions> {
  handler: EntityHandler<T>;
}

export interface EntityTrigger extends FunctionTrigger {
  type: "entityTrigger";
}
