import { assertOptions, type OptionKinds } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { IsKept, StoredAs } from "../core/payloads/json-types.ts";
import type { SchemaInput, SchemaOutput, StandardSchema } from "../core/payloads/standard-schema.ts";
import { shareAcrossCopies } from "../core/shared-class.ts";
import { resolveVersioning, type VersioningOptions } from "../core/versioning.ts";
import {
  createEntityHandle,
  type EntityAsStored,
  type EntityHandle,
  type UntypedOperations,
} from "../orchestration/entity-handle.ts";
import {
  type ActivityHandle,
  createActivityHandle,
  createOrchestrationHandle,
  type OrchestrationHandle,
} from "../orchestration/handles.ts";
import type { Orchestrator } from "../orchestration/orchestrator.ts";
import type { ActivityFunction } from "../worker/activity-context.ts";
import type { EntityClass, OperationSchemas } from "../worker/entities/entity-definition.ts";
import { Registry } from "../worker/registry.ts";
import { assertSupportedVersions } from "./azure-functions.ts";
import type { DFAppOptions } from "./df-app-options.ts";
import {
  type CheckedClassEntity,
  type CheckedFunctionEntity,
  type CheckedOperations,
  type ClassOperationSchemas,
  inputSchemasOf,
  resolveEntity,
  type SchemaOperations,
} from "./entity-registration.ts";
import type { EntityFunction } from "./function-contexts.ts";
import type {
  ActivityOf,
  AsyncOrchestrator,
  CheckedCode,
  CheckedOrchestrator,
  Definition,
  GeneratorOrchestrator,
  GivenInput,
  InputOf,
  UntypedInput,
} from "./function-forms.ts";
import { assertHostingOption } from "./hosting/hosting-option.ts";
import { assertAuthLevel, assertFunctionName } from "./http-function.ts";
import {
  type CheckedActivity,
  type CheckedInputActivity,
  type CheckedInputOrchestration,
  type CheckedOrchestration,
  type CheckedOutputActivity,
  type CheckedOutputOrchestration,
  resolveDefinition,
  resolveName,
  type SchemaOfStored,
} from "./schema-definition.ts";
import { StarterApp } from "./starter-app.ts";

/** What is `any` is checked where it is read. */
const appOptions: OptionKinds<DFAppOptions> = {
  httpAuthLevel: "any",
  dataConverter: "converter",
  trustForwardedHeaders: "flag",
  version: "text",
  defaultVersion: "text",
  versionMatchStrategy: "any",
  versionFailureStrategy: "any",
  durableHttp: "any",
  hosting: "any",
};

/**
 * A durable functions app: collects orchestrations, activities, entities and the functions that start them. The process
 * that loads the module runs them.
 *
 * Results are typed as they come back: without a `dataConverter` as JSON gives them, so that a `Date` is a text.
 *
 * @typeParam Converter the type of the option `dataConverter`, which the compiler finds by itself
 * @example
 * const app = new DFApp();
 * const sayHello = app.activity("sayHello", (city: string) => `Hello ${city}!`);
 * app.orchestration("helloSequence", function* (context, cities: string[]) {
 *   const greetings: string[] = [];
 *   for (const city of cities) greetings.push(yield* context.callActivity(sayHello, city));
 *   return greetings;
 * });
 */
export class DFApp<Converter extends DataConverter | undefined = undefined> extends StarterApp<Converter> {
  static {
    shareAcrossCopies(DFApp, "DFApp");
  }

  readonly #registry: Registry;

  /** @throws DurableError `InvalidOption`; `NotSupported` when Node.js or `@azure/functions` is too old */
  constructor(options: DFAppOptions<Converter> = {}) {
    assertSupportedVersions();
    assertOptions(options, appOptions, "new DFApp");
    if (options.httpAuthLevel !== undefined) assertAuthLevel("'httpAuthLevel'", options.httpAuthLevel);
    if (options.hosting !== undefined) assertHostingOption(options.hosting);
    const registry = new Registry({
      dataConverter: options.dataConverter,
      versioning: readVersioning(options),
      durableHttp: options.durableHttp,
    });
    super(options, registry);
    this.#registry = registry;
  }

  /**
   * Registers an activity: the code that does the work, and may do what it likes. Its input is typed by the annotation
   * of the first parameter, which is needed also beside a default: `(city: string = "Tokyo") => ...`. The name may be left
   * out before a function that has one, which no minifier changes.
   *
   * @example
   * const priceOf = app.activity("priceOf", async (article: string) => (await catalogue.find(article)).price);
   *
   * @example
   * const charge = app.activity("charge", { input: orderSchema, output: receiptSchema, handler: (order) => pay(order) });
   *
   * @param definition the function, or an object with it as `handler` and schemas (Zod, Valibot, ArkType) that check what
   * goes in and what comes out
   * @returns a handle for calls whose input and result are checked: `context.callActivity(priceOf, "apple")`
   * @throws DurableError `InvalidOption`, `DuplicateRegistration`
   */
  activity<Input = UntypedInput, Output = unknown>(
    definition: ActivityOf<Input, Output> & CheckedCode<Converter, Input, Output>,
  ): ActivityHandle<GivenInput<Input>, StoredAs<Converter, Output>>;
  activity<In extends StandardSchema, Out extends StandardSchema>(
    name: string,
    definition: CheckedActivity<In, Out> & SchemaOfStored<Converter, In>,
  ): ActivityHandle<SchemaInput<In>, StoredAs<Converter, SchemaOutput<Out>>>;
  activity<In extends StandardSchema, Output>(
    name: string,
    definition: CheckedInputActivity<In, Output> & SchemaOfStored<Converter, In>,
  ): ActivityHandle<SchemaInput<In>, StoredAs<Converter, Output>>;
  activity<Out extends StandardSchema, Input = UntypedInput>(
    name: string,
    definition: CheckedOutputActivity<Input, Out> & { readonly handler: CheckedCode<Converter, Input, unknown> },
  ): ActivityHandle<GivenInput<Input>, StoredAs<Converter, SchemaOutput<Out>>>;
  activity<Input = UntypedInput, Output = unknown>(
    name: string,
    definition: Definition<ActivityOf<Input, Output> & CheckedCode<Converter, Input, Output>>,
  ): ActivityHandle<GivenInput<Input>, StoredAs<Converter, Output>>;
  activity(first: unknown, second?: unknown): ActivityHandle<unknown, unknown> {
    const { name, definition } = resolveName("activity", first, second);
    assertFunctionName(name);
    const { handler, ...schemas } = resolveDefinition<ActivityFunction>("activity", name, definition);
    this.#registry.addActivity({ name, activity: handler, ...schemas });
    return createActivityHandle(name, schemas.inputSchema);
  }

  /**
   * Registers an orchestration: the code that decides what happens next. It is replayed, so it must decide alike each
   * time: time, randomness and the outside world come from the context and from activities only.
   *
   * @returns a handle to start it or to call it from another orchestration, with input and output checked. The input is
   * that of the second parameter; without one any input is taken, as the code may read it with `context.getInput()`.
   * @throws DurableError `InvalidOption`, `DuplicateRegistration`
   */
  orchestration<Input = unknown, Output = unknown, Code extends object = object>(
    definition: GeneratorOrchestrator<Input, Output, Converter> & CheckedOrchestrator<Converter, Input, Code>,
  ): OrchestrationHandle<InputOf<Code>, StoredAs<Converter, Output>>;
  orchestration<Input = unknown, Output = unknown, Code extends object = object>(
    definition: AsyncOrchestrator<Input, Output, Converter> & CheckedOrchestrator<Converter, Input, Code>,
  ): OrchestrationHandle<InputOf<Code>, StoredAs<Converter, Output>>;
  orchestration<In extends StandardSchema, Out extends StandardSchema>(
    name: string,
    definition: CheckedOrchestration<In, Out, Converter> & SchemaOfStored<Converter, In>,
  ): OrchestrationHandle<SchemaInput<In>, StoredAs<Converter, SchemaOutput<Out>>>;
  orchestration<In extends StandardSchema, Output>(
    name: string,
    definition: CheckedInputOrchestration<In, Output, Converter> & SchemaOfStored<Converter, In>,
  ): OrchestrationHandle<SchemaInput<In>, StoredAs<Converter, Output>>;
  orchestration<Out extends StandardSchema, Input = unknown, Code extends object = object>(
    name: string,
    definition: CheckedOutputOrchestration<Input, Out, Converter> & {
      readonly handler: CheckedOrchestrator<Converter, Input, Code>;
    },
  ): OrchestrationHandle<InputOf<Code>, StoredAs<Converter, SchemaOutput<Out>>>;
  // Generators apart: only so does the compiler give a plain `yield` its type, which is any.
  orchestration<Input = unknown, Output = unknown, Code extends object = object>(
    name: string,
    definition: Definition<
      GeneratorOrchestrator<Input, Output, Converter> & CheckedOrchestrator<Converter, Input, Code>
    >,
  ): OrchestrationHandle<InputOf<Code>, StoredAs<Converter, Output>>;
  orchestration<Input = unknown, Output = unknown, Code extends object = object>(
    name: string,
    definition: Definition<AsyncOrchestrator<Input, Output, Converter> & CheckedOrchestrator<Converter, Input, Code>>,
  ): OrchestrationHandle<InputOf<Code>, StoredAs<Converter, Output>>;
  orchestration(first: unknown, second?: unknown): OrchestrationHandle<unknown, unknown> {
    const { name, definition } = resolveName("orchestration", first, second);
    assertFunctionName(name);
    const { handler, ...schemas } = resolveDefinition<Orchestrator>("orchestration", name, definition);
    this.#registry.addOrchestration({ name, orchestrator: handler, ...schemas });
    return createOrchestrationHandle(name, schemas.inputSchema);
  }

  /**
   * Registers an entity: a piece of state under a name and a key, and the operations on it, which run one at a time. It is
   * a class, whose public methods are the operations and whose fields are the state, or a function that is given every
   * operation.
   *
   * An operation is a transaction: when it throws, the state is as before, and nothing that it has signalled or started
   * happens. Names of entities and operations compare ignoring case. The operation `delete` deletes the entity, unless
   * the class has a method for it. The constructor runs before each operation, then the fields get what is stored. So
   * what has no JSON form is not kept (a `Date` comes back as text, unless the app has a converter for it), and `#private`
   * fields begin anew each time, as does a field that was set to `undefined` (use `null`). What TypeScript calls `private`
   * is a method like others to callers by name; a `#method` is not.
   *
   * @example
   * class Counter {
   *   value = 0;
   *   add(amount: number) {
   *     this.value += amount;
   *   }
   *   get() {
   *     return this.value;
   *   }
   * }
   * const counter = app.entity("Counter", Counter);
   *
   * @example
   * app.entity("Switch", (context) => {
   *   if (context.operationName === "toggle") context.setState(!context.getState(() => false));
   *   return context.getState(() => false);
   * });
   *
   * @param definition the class, whose constructor is called without arguments, or the function; or an object with it as
   * `handler` and schemas for the `state` and for the `input` and `output` of `operations`
   * @returns a handle for operations whose names, inputs and results are checked
   * @throws DurableError `InvalidOption`, `DuplicateRegistration`
   */
  entity<State = unknown>(definition: EntityFunction<State, Converter>): EntityHandle<UntypedOperations>;
  entity<T extends object>(definition: EntityClass<T> & EntityAsStored<Converter, T>): EntityHandle<T>;
  // Functions first: the compiler would take an arrow function for a class, and give its parameter no type.
  entity<State extends StandardSchema, Operations extends Readonly<Record<string, OperationSchemas>>>(
    name: string,
    definition: CheckedFunctionEntity<State, Operations, Converter> & { readonly operations: Operations },
  ): EntityHandle<SchemaOperations<Operations>>;
  entity<State extends StandardSchema>(
    name: string,
    definition: CheckedFunctionEntity<State, undefined, Converter> & { readonly state: State },
  ): EntityHandle<UntypedOperations>;
  entity<State = unknown>(
    name: string,
    definition: Definition<EntityFunction<State, Converter>>,
  ): EntityHandle<UntypedOperations>;
  // With a converter of the app: a context that was annotated without it, where that makes no difference.
  entity<State = unknown>(
    name: string,
    definition: Definition<EntityFunction<State>> & (IsKept<State> extends true ? unknown : never),
  ): EntityHandle<UntypedOperations>;
  entity<T extends object, Operations extends ClassOperationSchemas<T>>(
    name: string,
    definition: CheckedClassEntity<T, Operations> & { readonly operations: Operations },
  ): EntityHandle<CheckedOperations<T, Operations>>;
  entity<T extends object>(
    name: string,
    definition: (EntityClass<T> & EntityAsStored<Converter, T>) | CheckedClassEntity<T, undefined>,
  ): EntityHandle<T>;
  entity(first: unknown, second?: unknown): EntityHandle<never> {
    const { name, definition } = resolveName("entity", first, second);
    assertFunctionName(name);
    const resolved = resolveEntity(name, definition);
    this.#registry.addEntity(resolved);
    return createEntityHandle(name, inputSchemasOf(resolved));
  }
}

/** An app, whatever its converter is. */
// biome-ignore lint/suspicious/noExplicitAny: apps with different converters give differently typed handles.
export type AnyApp = DFApp<any>;

/** @throws DurableError `InvalidOption` */
function readVersioning(options: DFAppOptions<DataConverter | undefined>): VersioningOptions | undefined {
  const { versionMatchStrategy: matchStrategy, versionFailureStrategy: failureStrategy } = options;
  return resolveVersioning({ version: options.version ?? options.defaultVersion, matchStrategy, failureStrategy });
}
