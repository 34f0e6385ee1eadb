import type { InvocationContext } from "@azure/functions";
import { DurableError } from "../core/errors.ts";
import { assertOptionNames } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { StoredAs } from "../core/payloads/json-types.ts";
import type { SchemaInput, SchemaOutput, StandardSchema } from "../core/payloads/standard-schema.ts";
import { shareAcrossCopies } from "../core/shared-class.ts";
import { resolveVersioning, type VersioningOptions } from "../core/versioning.ts";
import { createStartChecks, type StartChecks } from "../management/start-checks.ts";
import { createEntityHandle, type EntityHandle, type UntypedOperations } from "../orchestration/entity-handle.ts";
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
import { assertSupportedVersions, az } from "./azure-functions.ts";
import type { DFAppOptions } from "./df-app-options.ts";
import { DurableClient } from "./durable-client.ts";
import {
  type ClientConnection,
  type EmbeddedHost,
  findEmbeddedHost,
  noConnection,
  notHosted,
  showToHosts,
} from "./embedded-host.ts";
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
import type { ActivityOf, AsyncOrchestrator, Definition, GeneratorOrchestrator, InputOf } from "./function-forms.ts";
import { assertHostingOption } from "./hosting/hosting-option.ts";
import { type FoundClient, HttpRegistrations, showClientFunctions } from "./hosting/http-registrations.ts";
import { joinFunctionApp } from "./hosting/join-function-app.ts";
import {
  answerUnavailable,
  assertAuthLevel,
  assertFunctionName,
  assertHttpFunction,
  type HttpFunctionHandler,
  type HttpFunctionOptions,
  type RoutedRequest,
  type RouteOptions,
  resolveRoute,
} from "./http-function.ts";
import {
  type CheckedActivity,
  type CheckedInputActivity,
  type CheckedInputOrchestration,
  type CheckedOrchestration,
  type CheckedOutputActivity,
  type CheckedOutputOrchestration,
  resolveDefinition,
  resolveName,
} from "./schema-definition.ts";

const appOptionNames: readonly (keyof DFAppOptions)[] = [
  "httpAuthLevel",
  "dataConverter",
  "trustForwardedHeaders",
  "version",
  "defaultVersion",
  "versionMatchStrategy",
  "versionFailureStrategy",
  "durableHttp",
  "hosting",
];

/**
 * A durable functions app: collects orchestrations, activities and HTTP functions. The process that loads the module
 * runs them.
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
export class DFApp<Converter extends DataConverter | undefined = undefined> {
  static {
    shareAcrossCopies(DFApp, "DFApp");
  }

  readonly #registry: Registry;
  readonly #http = new HttpRegistrations();
  #host: EmbeddedHost | undefined;
  readonly #options: DFAppOptions<Converter>;
  /** A Functions host runs the process. */
  readonly #isInFunctionApp: boolean;

  /** @throws DurableError `InvalidOption`; `NotSupported` when Node.js or `@azure/functions` is too old */
  constructor(options: DFAppOptions<Converter> = {}) {
    assertSupportedVersions();
    assertOptionNames(options, appOptionNames, "new DFApp");
    if (options.httpAuthLevel !== undefined) assertAuthLevel("'httpAuthLevel'", options.httpAuthLevel);
    if (options.hosting !== undefined) assertHostingOption(options.hosting);
    this.#options = options;
    this.#registry = new Registry({
      dataConverter: options.dataConverter,
      versioning: readVersioning(options),
      durableHttp: options.durableHttp,
    });
    this.#host = findEmbeddedHost();
    const { trustForwardedHeaders } = options;
    this.#host?.attach({ registry: this.#registry, trustForwardedHeaders });
    showToHosts(this, {
      registry: this.#registry,
      trustForwardedHeaders,
      httpFunctionNames: this.#http.names,
      attachTo: (host) => this.#attachTo(host),
    });
    showClientFunctions(this, {
      add: (name, register) => this.#http.add(name, register),
      findClient: (context) => this.#findClient(context),
    });
    this.#isInFunctionApp = this.#host === undefined && this.#joinFunctionApp();
  }

  /**
   * Registers an activity: the code that does the work, and may do what it likes. Its input is typed by the annotation
   * of the first parameter, which is needed also beside a default: `(city: string = "Tokyo") => ...`.
   *
   * @example
   * const priceOf = app.activity("priceOf", async (article: string) => (await catalogue.find(article)).price);
   *
   * @example
   * const charge = app.activity("charge", { input: orderSchema, output: receiptSchema, handler: (order) => pay(order) });
   *
   * @param name may be left out before a function that has one, which no minifier changes
   * @param definition the function, or an object with it as `handler` and schemas (Zod, Valibot, ArkType) that check what
   * goes in and what comes out
   * @returns a handle for calls whose input and result are checked: `context.callActivity(priceOf, "apple")`
   * @throws DurableError `InvalidOption`, `DuplicateRegistration`
   */
  activity<Input = undefined, Output = unknown>(
    definition: ActivityOf<Input, Output>,
  ): ActivityHandle<Input, StoredAs<Converter, Output>>;
  activity<In extends StandardSchema, Out extends StandardSchema>(
    name: string,
    definition: CheckedActivity<In, Out>,
  ): ActivityHandle<SchemaInput<In>, SchemaOutput<Out>>;
  activity<In extends StandardSchema, Output>(
    name: string,
    definition: CheckedInputActivity<In, Output>,
  ): ActivityHandle<SchemaInput<In>, StoredAs<Converter, Output>>;
  activity<Input, Out extends StandardSchema>(
    name: string,
    definition: CheckedOutputActivity<Input, Out>,
  ): ActivityHandle<Input, SchemaOutput<Out>>;
  activity<Input = undefined, Output = unknown>(
    name: string,
    definition: Definition<ActivityOf<Input, Output>>,
  ): ActivityHandle<Input, StoredAs<Converter, Output>>;
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
  orchestration<Arguments extends [input?: unknown], Output>(
    definition: GeneratorOrchestrator<Arguments, Output>,
  ): OrchestrationHandle<InputOf<Arguments>, StoredAs<Converter, Output>>;
  orchestration<Arguments extends [input?: unknown], Output>(
    definition: AsyncOrchestrator<Arguments, Output>,
  ): OrchestrationHandle<InputOf<Arguments>, StoredAs<Converter, Output>>;
  orchestration<In extends StandardSchema, Out extends StandardSchema>(
    name: string,
    definition: CheckedOrchestration<In, Out>,
  ): OrchestrationHandle<SchemaInput<In>, SchemaOutput<Out>>;
  orchestration<In extends StandardSchema, Output>(
    name: string,
    definition: CheckedInputOrchestration<In, Output>,
  ): OrchestrationHandle<SchemaInput<In>, StoredAs<Converter, Output>>;
  orchestration<Input, Out extends StandardSchema>(
    name: string,
    definition: CheckedOutputOrchestration<Input, Out>,
  ): OrchestrationHandle<Input, SchemaOutput<Out>>;
  // Generators apart: only so does the compiler give a plain `yield` its type, which is any.
  orchestration<Arguments extends [input?: unknown], Output>(
    name: string,
    definition: Definition<GeneratorOrchestrator<Arguments, Output>>,
  ): OrchestrationHandle<InputOf<Arguments>, StoredAs<Converter, Output>>;
  orchestration<Arguments extends [input?: unknown], Output>(
    name: string,
    definition: Definition<AsyncOrchestrator<Arguments, Output>>,
  ): OrchestrationHandle<InputOf<Arguments>, StoredAs<Converter, Output>>;
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
  entity<State = unknown>(definition: EntityFunction<State>): EntityHandle<UntypedOperations>;
  entity<T extends object>(definition: EntityClass<T>): EntityHandle<T>;
  // Functions first: the compiler would take an arrow function for a class, and give its parameter no type.
  entity<State extends StandardSchema, Operations extends Readonly<Record<string, OperationSchemas>>>(
    name: string,
    definition: CheckedFunctionEntity<State, Operations> & { readonly operations: Operations },
  ): EntityHandle<SchemaOperations<Operations>>;
  entity<State extends StandardSchema>(
    name: string,
    definition: CheckedFunctionEntity<State, undefined> & { readonly state: State },
  ): EntityHandle<UntypedOperations>;
  entity<State = unknown>(name: string, definition: Definition<EntityFunction<State>>): EntityHandle<UntypedOperations>;
  entity<T extends object, Operations extends ClassOperationSchemas<T>>(
    name: string,
    definition: CheckedClassEntity<T, Operations> & { readonly operations: Operations },
  ): EntityHandle<CheckedOperations<T, Operations>>;
  entity<T extends object>(
    name: string,
    definition: EntityClass<T> | CheckedClassEntity<T, undefined>,
  ): EntityHandle<T>;
  entity(first: unknown, second?: unknown): EntityHandle<never> {
    const { name, definition } = resolveName("entity", first, second);
    assertFunctionName(name);
    const resolved = resolveEntity(name, definition);
    this.#registry.addEntity(resolved);
    return createEntityHandle(name, inputSchemasOf(resolved));
  }

  /**
   * Registers an HTTP function whose handler is given a client. A request that comes before the engine runs waits.
   *
   * @example
   * app.http("start", {
   *   route: "orchestrators/{name}",
   *   handler: async (request, client) => {
   *     const id = await client.startNew(request.params.name, { input: await request.json() });
   *     return client.createCheckStatusResponse(request, id);
   *   },
   * });
   *
   * @throws DurableError `InvalidOption`
   */
  http<const Route extends string = string>(name: string, options: HttpFunctionOptions<Route>): void {
    assertHttpFunction(name, options);
    const { route, methods, handler } = options;
    const authLevel = options.authLevel ?? this.#options.httpAuthLevel ?? "anonymous";
    this.#http.add(name, (extraInputs) =>
      az.app.http(name, {
        authLevel,
        ...(route !== undefined && { route }),
        ...(methods !== undefined && { methods: [...methods] }),
        ...(extraInputs.length > 0 && { extraInputs: [...extraInputs] }),
        handler: async (request, context) => {
          const found = await this.#findClient(context);
          return "client" in found ? handler(request as RoutedRequest<Route>, found.client, context) : found.answer;
        },
      }),
    );
  }

  /**
   * {@link http} with the route first. The function is called as its handler is, else by its methods and route.
   *
   * @example
   * app.route("orders/{id}", async function readOrder(request, client) {
   *   return { jsonBody: await client.getStatus(request.params.id) };
   * });
   * @throws DurableError `InvalidOption`
   */
  route<const Route extends string>(route: Route, definition: HttpFunctionHandler<Route> | RouteOptions<Route>): void {
    const { name, options } = resolveRoute(route, definition);
    this.http(name, options);
  }

  /**
   * A client, once the engine runs, which is after the app was loaded: awaited at the top level of a module it would
   * wait for itself. For code that is no HTTP function: timers, queues, tests. In library mode, once `startWorker` was
   * called with this app.
   *
   * @param context of the function that asks, when the Durable extension runs the orchestrations: it hands over a client
   * with each call of a function that has the input `durableClient`. @defaultValue the one that it handed over last
   * @throws DurableError `NotSupported` where nothing in this process runs orchestrations, `HostStartFailed`
   */
  async connect(context?: InvocationContext): Promise<DurableClient> {
    if (this.#host === undefined) throw notHosted();
    const connection = await this.#host.connect(context);
    const { startChecks } = connection;
    // What a connection refuses to tell is not asked for here.
    return this.#createClient(
      startChecks === undefined ? { ...connection, startChecks: this.#ownStartChecks() } : connection,
    );
  }

  #joinFunctionApp(): boolean {
    const hasJoined = joinFunctionApp({
      registry: this.#registry,
      trustForwardedHeaders: this.#options.trustForwardedHeaders,
      hosting: this.#options.hosting,
      httpFunctionNames: this.#http.names,
      attachTo: (host) => this.#attachTo(host),
      registerHttpFunctions: (extraInputs) => this.#http.release(extraInputs),
    });
    if (hasJoined) this.#http.hold();
    return hasJoined;
  }

  /** The client of one call, or what is answered because there is none. */
  async #findClient(context: InvocationContext): Promise<FoundClient> {
    if (this.#host === undefined) return { client: this.#createClient(noConnection) };
    try {
      return { client: await this.connect(context) };
    } catch (error) {
      if (!this.#isInFunctionApp) throw error;
      return { answer: answerUnavailable(error, context) };
    }
  }

  #attachTo(host: EmbeddedHost): () => void {
    if (this.#host !== undefined) {
      throw new DurableError("NotSupported", "this app has a host already, which runs it; an app has one at a time");
    }
    this.#host = host;
    return () => {
      if (this.#host === host) this.#host = undefined;
    };
  }

  /** What this app alone knows: others may run more, so that no name is refused. */
  #ownStartChecks(): StartChecks {
    return { ...createStartChecks(() => [this.#registry]), assertKnown() {}, assertEntityKnown() {} };
  }

  #createClient(connection: ClientConnection): DurableClient {
    const { dataConverter, trustForwardedHeaders } = this.#options;
    return new DurableClient(connection, { dataConverter, trustForwardedHeaders });
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
