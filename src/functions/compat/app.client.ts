import type { CosmosDBFunctionOptions, FunctionHandler, FunctionInput } from "@azure/functions";
import { DurableError } from "../../core/errors.ts";
import { assertKind, findNearName } from "../../core/option-names.ts";
import { az } from "../azure-functions.ts";
import { clientFunctionsOf } from "../hosting/join-function-app.ts";
import type {
  CosmosDBDurableClientOptions,
  DurableClientHandler,
  DurableClientOptions,
  EventGridDurableClientOptions,
  EventHubDurableClientOptions,
  HttpDurableClientOptions,
  ServiceBusQueueDurableClientOptions,
  ServiceBusTopicDurableClientOptions,
  StorageBlobDurableClientOptions,
  StorageQueueDurableClientOptions,
  TimerDurableClientOptions,
} from "./client-handlers.ts";
import { defaultApp, rememberClient } from "./default-app.ts";
import { isClientBinding } from "./function-json-contract.ts";

/**
 * Registers an HTTP function that is given a client: `(request, client, context) => ...`. A request that comes before
 * the engine runs waits.
 *
 * @throws DurableError `InvalidOption`
 */
export function http(functionName: string, options: HttpDurableClientOptions): void {
  register(functionName, "httpTrigger", options, (adapted) => az.app.http(functionName, adapted));
}

/** Registers a function that runs by a schedule, and is given a client. @throws DurableError `InvalidOption` */
export function timer(functionName: string, options: TimerDurableClientOptions): void {
  register(functionName, "timerTrigger", options, (adapted) => az.app.timer(functionName, adapted));
}

/** Registers a function for blobs, which is given a client. @throws DurableError `InvalidOption` */
export function storageBlob(functionName: string, options: StorageBlobDurableClientOptions): void {
  register(functionName, "blobTrigger", options, (adapted) => az.app.storageBlob(functionName, adapted));
}

/** Registers a function for messages of a queue, which is given a client. @throws DurableError `InvalidOption` */
export function storageQueue(functionName: string, options: StorageQueueDurableClientOptions): void {
  register(functionName, "queueTrigger", options, (adapted) => az.app.storageQueue(functionName, adapted));
}

/** Registers a function for messages of a Service Bus queue. @throws DurableError `InvalidOption` */
export function serviceBusQueue(functionName: string, options: ServiceBusQueueDurableClientOptions): void {
  register(functionName, "serviceBusTrigger", options, (adapted) => az.app.serviceBusQueue(functionName, adapted));
}

/** Registers a function for messages of a Service Bus topic. @throws DurableError `InvalidOption` */
export function serviceBusTopic(functionName: string, options: ServiceBusTopicDurableClientOptions): void {
  register(functionName, "serviceBusTrigger", options, (adapted) => az.app.serviceBusTopic(functionName, adapted));
}

/** Registers a function for the events of an event hub. @throws DurableError `InvalidOption` */
export function eventHub(functionName: string, options: EventHubDurableClientOptions): void {
  register(functionName, "eventHubTrigger", options, (adapted) => az.app.eventHub(functionName, adapted));
}

/** Registers a function for the events of an event grid. @throws DurableError `InvalidOption` */
export function eventGrid(functionName: string, options: EventGridDurableClientOptions): void {
  register(functionName, "eventGridTrigger", options, (adapted) => az.app.eventGrid(functionName, adapted));
}

/** Registers a function for changes of documents. @throws DurableError `InvalidOption` */
export function cosmosDB(functionName: string, options: CosmosDBDurableClientOptions): void {
  register(functionName, "cosmosDBTrigger", options, (adapted) =>
    az.app.cosmosDB(functionName, adapted as CosmosDBFunctionOptions),
  );
}

/** Registers a function with any trigger, which is given a client. @throws DurableError `InvalidOption` */
export function generic(functionName: string, options: DurableClientOptions): void {
  register(functionName, triggerTypeOf(options), options, (adapted) => az.app.generic(functionName, adapted));
}

/** Those that all functions have. Of a trigger, the library and the host know more names than can be listed here. */
const commonNames = ["handler", "extraInputs", "extraOutputs", "return", "retry"];
const httpNames = ["route", "methods", "authLevel"];

/** @throws DurableError `InvalidOption` for an option that is nearly one of these */
function assertNearNames(name: string, options: object): void {
  const known = [...commonNames, ...httpNames];
  for (const given of Object.keys(options)) {
    const meant = known.includes(given) ? undefined : findNearName(given, known);
    if (meant === undefined) continue;
    throw new DurableError("InvalidOption", `function '${name}' has no option '${given}'; did you mean '${meant}'?`);
  }
  const { extraInputs } = options as { readonly extraInputs?: unknown };
  assertKind(extraInputs, "list", `'extraInputs' of function '${name}'`, true);
}

type Adapted<Options> = Omit<Options, "handler"> & { readonly handler: FunctionHandler };

function triggerTypeOf(options: DurableClientOptions): string {
  return String((options as Partial<DurableClientOptions> | undefined)?.trigger?.type ?? "generic");
}

/** Registers the same function for the library, which knows of no client, with the input that the hosting asks for. */
function register<Options extends { readonly handler: DurableClientHandler; readonly extraInputs?: FunctionInput[] }>(
  name: string,
  triggerType: string,
  options: Options,
  registerWith: (adapted: Adapted<Options>) => void,
): void {
  const handler: unknown = (options as Partial<Options> | undefined)?.handler;
  if (typeof handler !== "function") {
    throw new DurableError("InvalidOption", `'handler' of function '${name}' must be a function`);
  }
  assertNearNames(name, options);
  const functions = clientFunctionsOf(defaultApp());
  functions.add({ name, triggerType }, (asked) => {
    const own = options.extraInputs ?? [];
    const extraInputs = own.some(isClientBinding) ? own : [...own, ...asked];
    registerWith({
      ...options,
      ...(extraInputs.length > 0 && { extraInputs }),
      handler: async (trigger, context) => {
        // An HTTP function answers also where there is no client; for others it is a failure.
        const isHttp = triggerType === "httpTrigger";
        const found = isHttp ? await functions.findClient(context) : { client: await functions.connect(context) };
        if ("answer" in found) return found.answer;
        rememberClient(context, found.client);
        return options.handler(trigger, found.client, context);
      },
    });
  });
}
