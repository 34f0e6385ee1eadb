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

// biome-ignore lint/suspicious/noExplicitAny: as `FunctionHandler` of @azure/functions has it.
export type DurableClientHandler = HandlerOf<any, FunctionResult<any>>;
export type HttpDurableClientHandler = HandlerOf<HttpRequest, FunctionResult<HttpResponseInit | HttpResponse>>;
export type TimerDurableClientHandler = HandlerOf<Timer>;
export type StorageBlobDurableClientHandler = HandlerOf<unknown>;
export type StorageQueueDurableClientHandler = HandlerOf<unknown>;
export type ServiceBusQueueDurableClientHandler = HandlerOf<unknown>;
export type ServiceBusTopicDurableClientHandler = HandlerOf<unknown>;
export type EventHubDurableClientHandler = HandlerOf<unknown>;
export type EventGridDurableClientHandler = HandlerOf<EventGridEvent>;
export type CosmosDBDurableClientHandler = HandlerOf<unknown[]>;

/** Options of a function with any trigger and a client. */
export interface DurableClientOptions extends Omit<FunctionOptions, "handler"> {
  handler: DurableClientHandler;
}

export interface HttpDurableClientOptions extends Omit<HttpFunctionOptions, "handler"> {
  handler: HttpDurableClientHandler;
}

export interface TimerDurableClientOptions extends Omit<TimerFunctionOptions, "handler"> {
  handler: TimerDurableClientHandler;
}

export interface StorageBlobDurableClientOptions extends Omit<StorageBlobFunctionOptions, "handler"> {
  handler: StorageBlobDurableClientHandler;
}

export interface StorageQueueDurableClientOptions extends Omit<StorageQueueFunctionOptions, "handler"> {
  handler: StorageQueueDurableClientHandler;
}

export interface ServiceBusQueueDurableClientOptions extends Omit<ServiceBusQueueFunctionOptions, "handler"> {
  handler: ServiceBusQueueDurableClientHandler;
}

export interface ServiceBusTopicDurableClientOptions extends Omit<ServiceBusTopicFunctionOptions, "handler"> {
  handler: ServiceBusTopicDurableClientHandler;
}

export interface EventHubDurableClientOptions extends Omit<EventHubFunctionOptions, "handler"> {
  handler: EventHubDurableClientHandler;
}

export interface EventGridDurableClientOptions extends Omit<EventGridFunctionOptions, "handler"> {
  handler: EventGridDurableClientHandler;
}

export interface CosmosDBv3DurableClientOptions extends Omit<CosmosDBv3FunctionOptions, "handler"> {
  handler: CosmosDBDurableClientHandler;
}

export interface CosmosDBv4DurableClientOptions extends Omit<CosmosDBv4FunctionOptions, "handler"> {
  handler: CosmosDBDurableClientHandler;
}

export type CosmosDBDurableClientOptions = CosmosDBv3DurableClientOptions | CosmosDBv4DurableClientOptions;
