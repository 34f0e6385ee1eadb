import az, { type CosmosDBFunctionOptions, type FunctionHandler } from "@azure/functions";
import { DurableError } from "../../core/errors.ts";
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
import { connectClient, defaultApp } from "./default-app.ts";
import { rememberClient } from "./get-client.ts";

/**
 * Registers an HTTP function that is given a client: `(request, client, context) => ...`. A request that comes before
 * the engine runs waits.
 *
 * @throws DurableError `InvalidOption`
 */
export function http(functionName: string, options: HttpDurableClientOptions): void {
  az.app.http(functionName, withClient(functionName, options));
}

/** Registers a function that runs by a schedule, and is given a client. @throws DurableError `InvalidOption` */
export function timer(functionName: string, options: TimerDurableClientOptions): void {
  az.app.timer(functionName, withClient(functionName, options));
}

/** Registers a function for blobs, which is given a client. @throws DurableError `InvalidOption` */
export function storageBlob(functionName: string, options: StorageBlobDurableClientOptions): void {
  az.app.storageBlob(functionName, withClient(functionName, options));
}

/** Registers a function for messages of a queue, which is given a client. @throws DurableError `InvalidOption` */
export function storageQueue(functionName: string, options: StorageQueueDurableClientOptions): void {
  az.app.storageQueue(functionName, withClient(functionName, options));
}

/** Registers a function for messages of a Service Bus queue. @throws DurableError `InvalidOption` */
export function serviceBusQueue(functionName: string, options: ServiceBusQueueDurableClientOptions): void {
  az.app.serviceBusQueue(functionName, withClient(functionName, options));
}

/** Registers a function for messages of a Service Bus topic. @throws DurableError `InvalidOption` */
export function serviceBusTopic(functionName: string, options: ServiceBusTopicDurableClientOptions): void {
  az.app.serviceBusTopic(functionName, withClient(functionName, options));
}

/** Registers a function for the events of an event hub. @throws DurableError `InvalidOption` */
export function eventHub(functionName: string, options: EventHubDurableClientOptions): void {
  az.app.eventHub(functionName, withClient(functionName, options));
}

/** Registers a function for the events of an event grid. @throws DurableError `InvalidOption` */
export function eventGrid(functionName: string, options: EventGridDurableClientOptions): void {
  az.app.eventGrid(functionName, withClient(functionName, options));
}

/** Registers a function for changes of documents. @throws DurableError `InvalidOption` */
export function cosmosDB(functionName: string, options: CosmosDBDurableClientOptions): void {
  az.app.cosmosDB(functionName, withClient(functionName, options) as CosmosDBFunctionOptions);
}

/** Registers a function with any trigger, which is given a client. @throws DurableError `InvalidOption` */
export function generic(functionName: string, options: DurableClientOptions): void {
  az.app.generic(functionName, withClient(functionName, options));
}

/** The same function for the library, which knows of no client. Its client comes from the process that runs the app. */
function withClient<Options extends { readonly handler: DurableClientHandler }>(
  name: string,
  options: Options,
): Omit<Options, "handler"> & { readonly handler: FunctionHandler } {
  const handler: unknown = (options as Partial<Options> | undefined)?.handler;
  if (typeof handler !== "function") {
    throw new DurableError("InvalidOption", `'handler' of function '${name}' must be a function`);
  }
  defaultApp();
  return {
    ...options,
    handler: async (trigger, context) => {
      const client = await connectClient();
      rememberClient(context, client);
      return options.handler(trigger, client, context);
    },
  };
}
