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

/** How an orchestration is registered. */
export interface OrchestrationOptions extends Partial<FunctionOptions> {
  /** The orchestration. */
  handler: OrchestrationHandler;
}

/** The trigger of an orchestration. */
export interface OrchestrationTrigger extends FunctionTrigger {
  /** Tells triggers apart. */
  type: "orchestrationTrigger";
}

/** Is given the input of the call and an `InvocationContext`. */
export type ActivityHandler = FunctionHandler;

/** How an activity is registered. */
export interface ActivityOptions extends Partial<FunctionOptions> {
  /** The activity. */
  handler: ActivityHandler;
  /** Only `df.input.durableClient()`; activities have no other bindings here. */
  extraInputs?: FunctionInput[];
  /** None: activities have no other bindings here. */
  extraOutputs?: FunctionOutput[];
}

/** The trigger of an activity. */
export interface ActivityTrigger extends FunctionTrigger {
  /** Tells triggers apart. */
  type: "activityTrigger";
}

/** Is given one operation; what it returns is no result: that is what it gives to `context.df.return`. */
export type EntityHandler<T> = (context: EntityContext<T>) => void;

/** How an entity is registered. */
export interface EntityOptions<T> extends Partial<FunctionOptions> {
  /** The entity. */
  handler: EntityHandler<T>;
}

/** The trigger of an entity. */
export interface EntityTrigger extends FunctionTrigger {
  /** Tells triggers apart. */
  type: "entityTrigger";
}
