import { DurableError } from "../core/errors.ts";
import type { AnyApp } from "./df-app.ts";
import type { OrchestrationContext } from "./function-contexts.ts";

// biome-ignore lint/suspicious/noExplicitAny: as the compiler's own types of decorators have it.
type AnyMethod<This> = (this: This, ...args: any) => any;
// biome-ignore lint/suspicious/noExplicitAny: see above.
type OrchestrationMethod<This> = (this: This, context: OrchestrationContext, ...input: any) => any;

/** Decorates a method. */
export type MethodDecorator = <This, Method extends AnyMethod<This>>(
  method: Method,
  context: ClassMethodDecoratorContext<This, Method>,
) => void;

/** Decorates a method whose first parameter is the context of an orchestration. */
export type OrchestrationDecorator = <This, Method extends OrchestrationMethod<This>>(
  method: Method,
  context: ClassMethodDecoratorContext<This, Method>,
) => void;

/** What a class may be decorated with: see {@link createFunctionDecorators}. */
export interface FunctionDecorators {
  /** Makes a method an activity: `(input, context) => ...`. */
  activity<This, Method extends AnyMethod<This>>(
    method: Method,
    context: ClassMethodDecoratorContext<This, Method>,
  ): void;
  /** {@link activity}, under that name. */
  activity(name: string): MethodDecorator;
  /** Makes a method an orchestration: `(context, input) => ...`, in any style. */
  orchestration<This, Method extends OrchestrationMethod<This>>(
    method: Method,
    context: ClassMethodDecoratorContext<This, Method>,
  ): void;
  /** {@link orchestration}, under that name. */
  orchestration(name: string): OrchestrationDecorator;
  /** Makes a class an entity: its methods are the operations. */
  entity<Class extends new () => object>(entity: Class, context: ClassDecoratorContext<Class>): void;
  /** {@link entity}, under that name. */
  entity(name: string): <Class extends new () => object>(entity: Class, context: ClassDecoratorContext<Class>) => void;
}

type Register = (app: AnyApp, name: string, code: (...args: unknown[]) => unknown) => void;

/**
 * Decorators (of the standard, not `experimentalDecorators`) that register methods and classes under their names.
 *
 * Static methods are registered when the class is defined; others when an instance is made, which has to be while the app
 * is loaded, and once: they run on that instance.
 *
 * @example
 * const durable = createFunctionDecorators(app);
 *
 * class Greetings {
 *   @durable.activity
 *   static sayHello(city: string) {
 *     return `Hello ${city}!`;
 *   }
 *
 *   @durable.orchestration("helloSequence")
 *   static *greetAll(context: OrchestrationContext, cities: string[]) {
 *     return yield context.all(cities.map((city) => context.callActivity("sayHello", city)));
 *   }
 * }
 *
 * @durable.entity
 * class Counter {
 *   value = 0;
 *   add(amount: number) {
 *     this.value += amount;
 *   }
 * }
 */
export function createFunctionDecorators(app: AnyApp): FunctionDecorators {
  if (typeof app?.orchestration !== "function") {
    throw new DurableError("InvalidOption", "createFunctionDecorators takes a DFApp");
  }
  return {
    activity: methodDecorator(app, "activity", (to, name, code) => to.activity(name, code as never)),
    orchestration: methodDecorator(app, "orchestration", (to, name, code) => to.orchestration(name, code as never)),
    entity: ((first: string | (new () => object), context?: ClassDecoratorContext) => {
      if (typeof first !== "string") return registerEntity(app, undefined, first, context);
      return (entity: new () => object, given: ClassDecoratorContext) => registerEntity(app, first, entity, given);
    }) as FunctionDecorators["entity"],
  };
}

function methodDecorator(app: AnyApp, kind: string, register: Register): never {
  const decorate = (name: string | undefined, context: ClassMethodDecoratorContext | undefined): void => {
    if (context?.kind !== "method" || typeof context.addInitializer !== "function") throw misuse(kind, "a method");
    const functionName = name ?? String(context.name);
    context.addInitializer(function (this: unknown) {
      // Read now, when every decorator of the method has done its work.
      const method = context.access.get(this as object) as (...args: unknown[]) => unknown;
      register(app, functionName, method.bind(this));
    });
  };
  return ((first: unknown, context?: ClassMethodDecoratorContext) => {
    if (typeof first !== "string") return decorate(undefined, context);
    return (_method: unknown, given: ClassMethodDecoratorContext) => decorate(first, given);
  }) as never;
}

function registerEntity(
  app: AnyApp,
  name: string | undefined,
  entity: new () => object,
  context: ClassDecoratorContext | undefined,
): void {
  if (context?.kind !== "class") throw misuse("entity", "a class");
  const entityName = name ?? context.name ?? "";
  // Registered when the class is whole, its static members included.
  context.addInitializer(() => {
    app.entity(entityName, entity);
  });
}

function misuse(kind: string, what: string): DurableError {
  return new DurableError(
    "InvalidOption",
    `the decorator '${kind}' is for ${what}, and for standard decorators: set "experimentalDecorators" to false`,
  );
}
