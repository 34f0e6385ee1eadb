import type {
  CosmosDBFunctionOptions,
  FunctionHandler,
  FunctionInput,
  FunctionOptions,
  InvocationContext,
} from "@azure/functions";
import { DurableError } from "../core/errors.ts";
import { assertKind, assertOptionNames } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { createStartChecks, type StartChecks } from "../management/start-checks.ts";
import type { Registry } from "../worker/registry.ts";
import { az } from "./azure-functions.ts";
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
  type ClientFunctions,
  ClientRegistrations,
  joinFunctionApp,
  showClientFunctions,
} from "./hosting/join-function-app.ts";
import {
  answerCall,
  answerUnavailable,
  assertFunctionName,
  assertHttpFunction,
  type FoundClient,
  type HttpFunctionHandler,
  type HttpFunctionOptions,
  type RouteOptions,
  resolveRoute,
} from "./http-function.ts";
import type {
  CosmosDBStarterOptions,
  EventGridStarterOptions,
  EventHubStarterOptions,
  GenericStarterOptions,
  ServiceBusQueueStarterOptions,
  ServiceBusTopicStarterOptions,
  StarterHandler,
  StorageBlobStarterOptions,
  StorageQueueStarterOptions,
  TimerStarterOptions,
} from "./starters.ts";

/** Where functions of Azure Storage look when they name no account. */
const defaultConnection = "AzureWebJobsStorage";

/**
 * The part of an app that starts orchestrations: functions with any trigger, whose handlers are given a client, and the
 * host that the clients come from.
 */
export class StarterApp<Converter extends DataConverter | undefined = undefined> {
  readonly #registry: Registry;
  readonly #options: DFAppOptions<Converter>;
  readonly #registrations = new ClientRegistrations();
  readonly #functions: ClientFunctions;
  #host: EmbeddedHost | undefined;
  /** A Functions host runs the process. */
  readonly #isInFunctionApp: boolean;

  /** @param registry of the durable functions that the clients start */
  protected constructor(options: DFAppOptions<Converter>, registry: Registry) {
    this.#options = options;
    this.#registry = registry;
    this.#host = findEmbeddedHost();
    const { trustForwardedHeaders } = options;
    this.#host?.attach({ registry, trustForwardedHeaders });
    showToHosts(this, {
      registry,
      trustForwardedHeaders,
      clientFunctions: this.#registrations.functions,
      attachTo: (host) => this.#attachTo(host),
    });
    this.#functions = {
      add: (added, register) => this.#registrations.add(added, register),
      findClient: (context) => this.#findClient(context),
      connect: async (context) => (await this.connect(context)) as DurableClient,
    };
    showClientFunctions(this, this.#functions);
    this.#isInFunctionApp = this.#host === undefined && this.#joinFunctionApp();
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
  http<const Route extends string = string>(name: string, options: HttpFunctionOptions<Route, Converter>): void {
    assertHttpFunction(name, options);
    const { route, methods, handler } = options;
    const authLevel = options.authLevel ?? this.#options.httpAuthLevel ?? "anonymous";
    this.#functions.add({ name, triggerType: "httpTrigger" }, (extraInputs) =>
      az.app.http(name, {
        authLevel,
        ...(route !== undefined && { route }),
        ...(methods !== undefined && { methods: [...methods] }),
        ...(extraInputs.length > 0 && { extraInputs: [...extraInputs] }),
        handler: async (request, context) => answerCall(handler, request, await this.#findClient(context), context),
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
  route<const Route extends string>(
    route: Route,
    definition: HttpFunctionHandler<Route, Converter> | RouteOptions<Route, Converter>,
  ): void {
    const { name, options } = resolveRoute(route, definition);
    this.http(name, options);
  }

  /**
   * Registers a function that runs by a schedule. Two calls of it never overlap, and of several hosts on one storage one
   * calls it.
   *
   * @example
   * app.timer("nightly", {
   *   schedule: "0 30 2 * * *",
   *   handler: async (timer, client) => {
   *     await client.startNew(nightlyReport, { input: timer.scheduleStatus.last });
   *   },
   * });
   *
   * @param options `schedule`: `{second} {minute} {hour} {day} {month} {day of week}`, a length of time such as
   * `00:30:00`, or a setting that holds one, `%SCHEDULE%`
   * @throws DurableError `InvalidOption`
   */
  timer(name: string, options: TimerStarterOptions<Converter>): void {
    const kind = { triggerType: "timerTrigger", required: ["schedule"], optional: ["runOnStartup", "useMonitor"] };
    registerStarter(this.#functions, name, kind, options, (registered) => az.app.timer(name, registered));
  }

  /**
   * Registers a function that is called for each message of a queue of Azure Storage: with an object where the message is
   * JSON, else with its text. A message whose call fails is delivered again, and ends in the queue `<queueName>-poison`.
   *
   * @example
   * app.storageQueue<Order>("orderPlaced", {
   *   queueName: "orders",
   *   handler: async (order, client) => {
   *     await client.startNew(processOrder, { input: order, instanceId: order.id });
   *   },
   * });
   *
   * @typeParam Entry what the messages hold; it is not checked
   * @throws DurableError `InvalidOption`
   */
  storageQueue<Entry = unknown>(name: string, options: StorageQueueStarterOptions<Entry, Converter>): void {
    const kind = { triggerType: "queueTrigger", required: ["queueName"], optional: ["connection"] };
    registerStarter(this.#functions, name, kind, options, (registered) =>
      az.app.storageQueue(name, { ...registered, connection: options.connection ?? defaultConnection }),
    );
  }

  /** Registers a function that is called for blobs that are new or have changed. @throws DurableError `InvalidOption` */
  storageBlob<Blob = unknown>(name: string, options: StorageBlobStarterOptions<Blob, Converter>): void {
    const kind = { triggerType: "blobTrigger", required: ["path"], optional: ["connection", "source", "sdkBinding"] };
    registerStarter(this.#functions, name, kind, options, (registered) =>
      az.app.storageBlob(name, { ...registered, connection: options.connection ?? defaultConnection }),
    );
  }

  /** Registers a function that is called for messages of a Service Bus queue. @throws DurableError `InvalidOption` */
  serviceBusQueue<Message = unknown>(name: string, options: ServiceBusQueueStarterOptions<Message, Converter>): void {
    const kind = { triggerType: "serviceBusTrigger", required: ["queueName", "connection"] };
    registerStarter(this.#functions, name, kind, options, (registered) => az.app.serviceBusQueue(name, registered));
  }

  /** Registers a function that is called for messages of a Service Bus topic. @throws DurableError `InvalidOption` */
  serviceBusTopic<Message = unknown>(name: string, options: ServiceBusTopicStarterOptions<Message, Converter>): void {
    const kind = { triggerType: "serviceBusTrigger", required: ["topicName", "subscriptionName", "connection"] };
    registerStarter(this.#functions, name, kind, options, (registered) => az.app.serviceBusTopic(name, registered));
  }

  /** Registers a function that is called for events of an event hub. @throws DurableError `InvalidOption` */
  eventHub<Messages = unknown>(name: string, options: EventHubStarterOptions<Messages, Converter>): void {
    const kind = { triggerType: "eventHubTrigger", required: ["eventHubName", "connection"] };
    registerStarter(this.#functions, name, kind, options, (registered) => az.app.eventHub(name, registered));
  }

  /** Registers a function that is called for events of an event grid. @throws DurableError `InvalidOption` */
  eventGrid(name: string, options: EventGridStarterOptions<Converter>): void {
    const kind = { triggerType: "eventGridTrigger", required: [], optional: [] };
    registerStarter(this.#functions, name, kind, options, (registered) => az.app.eventGrid(name, registered));
  }

  /** Registers a function that is called for changes of documents. @throws DurableError `InvalidOption` */
  cosmosDB<Document = unknown>(name: string, options: CosmosDBStarterOptions<Document, Converter>): void {
    const kind = { triggerType: "cosmosDBTrigger", required: ["databaseName"] };
    registerStarter(this.#functions, name, kind, options, (registered) =>
      az.app.cosmosDB(name, registered as CosmosDBFunctionOptions),
    );
  }

  /**
   * Registers a function with any trigger.
   *
   * @example
   * app.generic("onEvent", {
   *   trigger: trigger.generic({ type: "kafkaTrigger", topic: "orders", brokerList: "%BROKERS%" }),
   *   handler: async (event, client) => {
   *     await client.startNew(processOrder, { input: event });
   *   },
   * });
   *
   * @throws DurableError `InvalidOption`
   */
  generic<Trigger = unknown>(name: string, options: GenericStarterOptions<Trigger, Converter>): void {
    const kind = { triggerType: triggerTypeOf(options), required: ["trigger"], optional: [] };
    registerStarter(this.#functions, name, kind, options, (registered) => az.app.generic(name, registered));
  }

  /**
   * A client, once the engine runs, which is after the app was loaded: awaited at the top level of a module it would
   * wait for itself. For code that is given none: tests, and functions that were registered with `@azure/functions`. In library mode, once `startWorker` was
   * called with this app.
   *
   * @param context of the function that asks, when the Durable extension runs the orchestrations: it hands over a client
   * with each call of a function that has the input `durableClient`. @defaultValue the one that it handed over last
   * @throws DurableError `NotSupported` where nothing in this process runs orchestrations, `HostStartFailed`
   */
  async connect(context?: InvocationContext): Promise<DurableClient<Converter>> {
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
      clientFunctions: this.#registrations.functions,
      attachTo: (host) => this.#attachTo(host),
      registerClientFunctions: (extraInputs) => this.#registrations.release(extraInputs),
    });
    if (hasJoined) this.#registrations.hold();
    return hasJoined;
  }

  /** The client of one call, or what is answered because there is none. */
  async #findClient(context: InvocationContext): Promise<FoundClient> {
    if (this.#host === undefined) return { client: this.#createClient(noConnection) as DurableClient };
    try {
      return { client: (await this.connect(context)) as DurableClient };
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

  #createClient(connection: ClientConnection): DurableClient<Converter> {
    const { dataConverter, trustForwardedHeaders } = this.#options;
    return new DurableClient(connection, { dataConverter, trustForwardedHeaders });
  }
}

/** What all functions have, besides what their trigger has. */
const commonNames = ["handler", "trigger", "return", "extraInputs", "extraOutputs", "retry"];

/** What a registration of `@azure/functions` takes. */
type Registered<Options> = Options & { readonly handler: FunctionHandler; extraInputs?: FunctionInput[] };

/** A kind of starter: its trigger, and what is checked of its options before the host sees them. */
export interface StarterKind {
  readonly triggerType: string;
  /** Options that it cannot do without. */
  readonly required: readonly string[];
  /** All others, where they are few and known; misspelt ones are refused then. @defaultValue any */
  readonly optional?: readonly string[];
}

/**
 * Registers a function that is given a client, with the inputs that the hosting asks for.
 *
 * @param register hands it over to `@azure/functions`
 * @throws DurableError `InvalidOption`
 */
export function registerStarter<Options extends object>(
  functions: ClientFunctions,
  name: string,
  kind: StarterKind,
  options: Options,
  register: (registered: Registered<Omit<Options, "handler">>) => void,
): void {
  assertStarter(name, kind, options);
  const { handler, extraInputs = [] } = options as unknown as Pick<FunctionOptions, "extraInputs"> & {
    readonly handler: StarterHandler<unknown>;
  };
  functions.add({ name, triggerType: kind.triggerType }, (asked) =>
    register({
      ...options,
      ...(extraInputs.length + asked.length > 0 && { extraInputs: [...extraInputs, ...asked] }),
      handler: async (trigger: unknown, context: InvocationContext) =>
        handler(trigger, await functions.connect(context), context),
    }),
  );
}

function assertStarter(name: string, { triggerType, required, optional }: StarterKind, options: object): void {
  assertFunctionName(name);
  const what = `the ${triggerType} function '${name}'`;
  const known = [...required, ...(optional ?? []), ...commonNames];
  assertOptionNames(options, optional === undefined ? [...known, ...Object.keys(options ?? {})] : known, what);
  const given = options as Readonly<Record<string, unknown>>;
  assertKind(given["handler"], "function", `'handler' of ${what}`);
  for (const option of required) {
    if (given[option] === undefined) throw new DurableError("InvalidOption", `${what} needs the option '${option}'`);
    if (option !== "trigger") assertKind(given[option], "text", `'${option}' of ${what}`);
  }
  assertKind(given["extraInputs"], "list", `'extraInputs' of ${what}`, true);
}

/** `kafkaTrigger`; the library itself tells of a trigger without a type. */
function triggerTypeOf(options: { readonly trigger?: { readonly type?: unknown } | undefined } | undefined): string {
  const type = options?.trigger?.type;
  return typeof type === "string" ? type : "generic";
}
