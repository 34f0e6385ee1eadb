import type {
  CosmosDBv3FunctionOptions,
  CosmosDBv4FunctionOptions,
  EventGridEvent,
  EventGridFunctionOptions,
  EventHubFunctionOptions,
  FunctionOptions,
  FunctionResult,
  HttpFunctionOptions,
  HttpRequest,
  HttpResponse,
  HttpResponseInit,
  InvocationContext,
  ServiceBusQueueFunctionOptions,
  ServiceBusTopicFunctionOptions,
  StorageBlobFunctionOptions,
  StorageQueueFunctionOptions,
  Timer,
  TimerFunctionOptions,
} from "@azure/functions";
import type { DurableClient } from "../durable-client.ts";

/** A function that is given what has triggered it, a client, and its `InvocationContext`. */
type HandlerOf<Trigger, Result = FunctionResult> = (
  trigger: Trigger,
  client: DurableClient,
  context: InvocationContext,
) => Result;

/** A handler of any trigger: what has triggered it, the client, and the context of the call. */
// biome-ignore lint/suspicious/noExplicitAny: as `FunctionHandler` of @azure/functions has it.
export type DurableClientHandler = HandlerOf<any, FunctionResult<any>>;
/** A handler of a function with an HTTP trigger that is given a client. */
export type HttpDurableClientHandler = HandlerOf<HttpRequest, FunctionResult<HttpResponseInit | HttpResponse>>;
/** A handler of a function with a timer trigger that is given a client. */
export type TimerDurableClientHandler = HandlerOf<Timer>;
/** A handler of a function with a blob trigger that is given a client. */
export type StorageBlobDurableClientHandler = HandlerOf<unknown>;
/** A handler of a function with a storage queue trigger that is given a client. */
export type StorageQueueDurableClientHandler = HandlerOf<unknown>;
/** A handler of a function with a Service Bus queue trigger that is given a client. */
export type ServiceBusQueueDurableClientHandler = HandlerOf<unknown>;
/** A handler of a function with a Service Bus topic trigger that is given a client. */
export type ServiceBusTopicDurableClientHandler = HandlerOf<unknown>;
/** A handler of a function with an Event Hubs trigger that is given a client. */
export type EventHubDurableClientHandler = HandlerOf<unknown>;
/** A handler of a function with an Event Grid trigger that is given a client. */
export type EventGridDurableClientHandler = HandlerOf<EventGridEvent>;
/** A handler of a function with a Cosmos DB trigger that is given a client. */
export type CosmosDBDurableClientHandler = HandlerOf<unknown[]>;

/** Options of a function with any trigger and a client. */
export interface DurableClientOptions extends Omit<FunctionOptions, "handler"> {
  /** What runs. */
  handler: DurableClientHandler;
}

/** Options of `df.app.client.http`: those of `@azure/functions`, with a handler that is given a client. */
export interface HttpDurableClientOptions extends Omit<HttpFunctionOptions, "handler"> {
  /** What runs. */
  handler: HttpDurableClientHandler;
}

/** Options of `df.app.client.timer`: those of `@azure/functions`, with a handler that is given a client. */
export interface TimerDurableClientOptions extends Omit<TimerFunctionOptions, "handler"> {
  /** What runs. */
  handler: TimerDurableClientHandler;
}

/** Options of `df.app.client.storageBlob`: those of `@azure/functions`, with a handler that is given a client. */
export interface StorageBlobDurableClientOptions extends Omit<StorageBlobFunctionOptions, "handler"> {
  /** What runs. */
  handler: StorageBlobDurableClientHandler;
}

/** Options of `df.app.client.storageQueue`: those of `@azure/functions`, with a handler that is given a client. */
export interface StorageQueueDurableClientOptions extends Omit<StorageQueueFunctionOptions, "handler"> {
  /** What runs. */
  handler: StorageQueueDurableClientHandler;
}

/** Options of `df.app.client.serviceBusQueue`: those of `@azure/functions`, with a handler that is given a client. */
export interface ServiceBusQueueDurableClientOptions extends Omit<ServiceBusQueueFunctionOptions, "handler"> {
  /** What runs. */
  handler: ServiceBusQueueDurableClientHandler;
}

/** Options of `df.app.client.serviceBusTopic`: those of `@azure/functions`, with a handler that is given a client. */
export interface ServiceBusTopicDurableClientOptions extends Omit<ServiceBusTopicFunctionOptions, "handler"> {
  /** What runs. */
  handler: ServiceBusTopicDurableClientHandler;
}

/** Options of `df.app.client.eventHub`: those of `@azure/functions`, with a handler that is given a client. */
export interface EventHubDurableClientOptions extends Omit<EventHubFunctionOptions, "handler"> {
  /** What runs. */
  handler: EventHubDurableClientHandler;
}

/** Options of `df.app.client.eventGrid`: those of `@azure/functions`, with a handler that is given a client. */
export interface EventGridDurableClientOptions extends Omit<EventGridFunctionOptions, "handler"> {
  /** What runs. */
  handler: EventGridDurableClientHandler;
}

/** Options of `df.app.client.cosmosDB` for version 3 of the extension, with a handler that is given a client. */
export interface CosmosDBv3DurableClientOptions extends Omit<CosmosDBv3FunctionOptions, "handler"> {
  /** What runs. */
  handler: CosmosDBDurableClientHandler;
}

/** Options of `df.app.client.cosmosDB` for version 4 of the extension, with a handler that is given a client. */
export interface CosmosDBv4DurableClientOptions extends Omit<CosmosDBv4FunctionOptions, "handler"> {
  /** What runs. */
  handler: CosmosDBDurableClientHandler;
}

/** Options of `df.app.client.cosmosDB`. */
export type CosmosDBDurableClientOptions = CosmosDBv3DurableClientOptions | CosmosDBv4DurableClientOptions;
