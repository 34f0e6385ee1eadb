import { DurableError } from "../../core/errors.ts";
import { assertOptionNames } from "../../core/option-names.ts";
import type { EntityContext, EntityFunction } from "../function-contexts.ts";
import { defaultApp } from "./default-app.ts";
import type { ExceptionPropertiesProvider } from "./exception-properties.ts";
import { isClientBinding } from "./function-json-contract.ts";
import { adaptOrchestrator } from "./generator-orchestrator.ts";
import type {
  ActivityHandler,
  ActivityOptions,
  EntityHandler,
  EntityOptions,
  OrchestrationHandler,
  OrchestrationOptions,
} from "./handlers.ts";
import { createRegisteredActivity, createRegisteredOrchestration } from "./registered-task.ts";
import type { RegisteredActivity, RegisteredOrchestration } from "./task.ts";

export * as client from "./app.client.ts";

let exceptionProperties: ExceptionPropertiesProvider | undefined;

/**
 * Registers an orchestration.
 *
 * @example
 * df.app.orchestration("hello", function* (context) {
 *   return yield context.df.callActivity("sayHello", context.df.getInput());
 * });
 *
 * @returns a function that calls it from a generator: `yield child({ n: 1 }, "child-1")`
 * @throws DurableError `InvalidOption`, `DuplicateRegistration`
 */
export function orchestration(functionName: string, handler: OrchestrationHandler): RegisteredOrchestration;
export function orchestration(functionName: string, options: OrchestrationOptions): RegisteredOrchestration;
export function orchestration(
  functionName: string,
  definition: OrchestrationHandler | OrchestrationOptions,
): RegisteredOrchestration {
  const { handler } = resolve<OrchestrationOptions>("orchestration", functionName, definition);
  defaultApp().orchestration(functionName, adaptOrchestrator(handler));
  return createRegisteredOrchestration(functionName);
}

/**
 * Registers an activity.
 *
 * @example
 * df.app.activity("sayHello", { handler: (city: string) => `Hello, ${city}!` });
 *
 * @returns a function that calls it from a generator: `yield sayHello("Tokyo")`
 * @throws DurableError `InvalidOption`, `DuplicateRegistration`
 */
export function activity(functionName: string, options: ActivityOptions | ActivityHandler): RegisteredActivity {
  const resolved = resolve<ActivityOptions>("activity", functionName, options);
  assertNoBindings(functionName, resolved);
  defaultApp().activity(functionName, async (input: unknown, context) => {
    // Lazy: processes that only start orchestrations need it not.
    const { runActivity } = await import("./activity-invocation.ts");
    return runActivity(resolved, exceptionProperties, input, context);
  });
  return createRegisteredActivity(functionName);
}

/**
 * Registers an entity: a function that is given each operation.
 *
 * @example
 * df.app.entity<number>("Counter", (context) => {
 *   const value = context.df.getState(() => 0) + context.df.getInput<number>();
 *   context.df.setState(value);
 *   context.df.return(value);
 * });
 *
 * @throws DurableError `InvalidOption`, `DuplicateRegistration`
 */
export function entity<T = unknown>(functionName: string, handler: EntityHandler<T>): void;
export function entity<T = unknown>(functionName: string, options: EntityOptions<T>): void;
export function entity<T = unknown>(functionName: string, definition: EntityHandler<T> | EntityOptions<T>): void {
  const { handler } = resolve<EntityOptions<T>>("entity", functionName, definition);
  defaultApp().entity(functionName, adaptEntity(handler) as EntityFunction);
}

/**
 * Adds values to the failures of activities that are registered here; `undefined` ends that. The last one counts.
 *
 * @example
 * df.app.setExceptionPropertiesProvider({ getExceptionProperties: (error) => ({ region: process.env.REGION_NAME }) });
 * @throws DurableError `InvalidOption`
 */
export function setExceptionPropertiesProvider(provider: ExceptionPropertiesProvider | undefined): void {
  if (provider !== undefined && typeof provider?.getExceptionProperties !== "function") {
    throw new DurableError("InvalidOption", "an ExceptionPropertiesProvider has the function getExceptionProperties");
  }
  exceptionProperties = provider;
}

/** What a handler returns is no result, also when it is an arrow function with a value. */
function adaptEntity<T>(handler: EntityHandler<T>): (context: EntityContext<T>) => Promise<void> {
  return async (context) => {
    await handler(context);
  };
}

/** Those of `durable-functions` 3.x. Triggers and results are the host's here. */
const functionOptionNames = ["handler", "trigger", "return", "extraInputs", "extraOutputs", "retry"];

/** Nothing would be read or written. @throws DurableError `InvalidOption` */
function assertNoBindings(name: string, { extraInputs = [], extraOutputs = [] }: ActivityOptions): void {
  const binding = extraOutputs[0] ?? extraInputs.find((input) => !isClientBinding(input));
  if (binding === undefined) return;
  throw new DurableError(
    "InvalidOption",
    `activity '${name}' has the binding '${binding.name}' (${binding.type}): activities have no bindings here but df.input.durableClient(); ` +
      "let its handler use the library of that service",
  );
}

/** @throws DurableError `InvalidOption` */
function resolve<Options extends { readonly handler: unknown }>(
  kind: string,
  name: string,
  definition: Options | Options["handler"],
): Options {
  const options = (typeof definition === "function" ? { handler: definition } : definition) as Options | undefined;
  if (typeof options === "object" && options !== null) {
    assertOptionNames(options, functionOptionNames, `${kind} '${name}'`);
  }
  if (typeof options?.handler !== "function") {
    throw new DurableError("InvalidOption", `${kind} '${name}' needs a function, or an object with one as 'handler'`);
  }
  return options;
}
