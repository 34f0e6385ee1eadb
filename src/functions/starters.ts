import type {
  CosmosDBFunctionOptions,
  EventGridEvent,
  EventGridFunctionOptions,
  EventHubFunctionOptions,
  FunctionResult,
  GenericFunctionOptions,
  InvocationContext,
  ServiceBusQueueFunctionOptions,
  ServiceBusTopicFunctionOptions,
  StorageBlobFunctionOptions,
  StorageQueueFunctionOptions,
  Timer,
  TimerFunctionOptions,
} from "@azure/functions";
import type { DurableClient } from "./durable-client.ts";

/**
 * Is given what has triggered the function, and a client of the app's task hub. What it throws is a failure of the call,
 * which the trigger deals with: a queue delivers the message again, a timer waits for its next time.
 */
export type StarterHandler<Trigger, Converter = undefined> = (
  trigger: Trigger,
  client: DurableClient<Converter>,
  context: InvocationContext,
) => FunctionResult;

/** Options of `@azure/functions`, with a handler that is given a client. Of a union each for itself. */
type StarterOptions<Options, Trigger, Converter> = Options extends unknown
  ? Omit<Options, "handler"> & { readonly handler: StarterHandler<Trigger, Converter> }
  : never;

/** An account that need not be named. */
type OptionalConnection<Options> = Omit<Options, "connection"> & {
  /** App setting with the account, or with its identity below it. @defaultValue "AzureWebJobsStorage" */
  readonly connection?: string | undefined;
};

/** How a timer function is registered that is given a client. */
export type TimerStarterOptions<Converter = undefined> = StarterOptions<TimerFunctionOptions, Timer, Converter>;

/** How a storage queue function is registered that is given a client. */
export type StorageQueueStarterOptions<Entry = unknown, Converter = undefined> = StarterOptions<
  OptionalConnection<StorageQueueFunctionOptions>,
  Entry,
  Converter
>;

/** How a blob function is registered that is given a client. */
export type StorageBlobStarterOptions<Blob = unknown, Converter = undefined> = StarterOptions<
  OptionalConnection<StorageBlobFunctionOptions>,
  Blob,
  Converter
>;

/** How a Service Bus queue function is registered that is given a client. */
export type ServiceBusQueueStarterOptions<Message = unknown, Converter = undefined> = StarterOptions<
  ServiceBusQueueFunctionOptions,
  Message,
  Converter
>;

/** How a Service Bus topic function is registered that is given a client. */
export type ServiceBusTopicStarterOptions<Message = unknown, Converter = undefined> = StarterOptions<
  ServiceBusTopicFunctionOptions,
  Message,
  Converter
>;

/** How an Event Hubs function is registered that is given a client. */
export type EventHubStarterOptions<Messages = unknown, Converter = undefined> = StarterOptions<
  EventHubFunctionOptions,
  Messages,
  Converter
>;

/** How an Event Grid function is registered that is given a client. */
export type EventGridStarterOptions<Converter = undefined> = StarterOptions<
  EventGridFunctionOptions,
  EventGridEvent,
  Converter
>;

/** How a Cosmos DB function is registered that is given a client. */
export type CosmosDBStarterOptions<Document = unknown, Converter = undefined> = StarterOptions<
  CosmosDBFunctionOptions,
  Document[],
  Converter
>;

/** Options of a function with any trigger: `trigger: trigger.generic({ type: "kafkaTrigger", ... })`. */
export type GenericStarterOptions<Trigger = unknown, Converter = undefined> = StarterOptions<
  GenericFunctionOptions,
  Trigger,
  Converter
>;
