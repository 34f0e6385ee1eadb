export type {
  CallEntityOptions,
  CleanEntityStorageOptions,
  EntityMetadata,
  InstanceConditions,
  InstanceFilter,
  InstanceIdFilter,
  PurgeFilter,
  PurgeOptions,
  PurgeResult,
  RaiseEventOptions,
  RestartOptions,
  ReuseOptions,
  ReusePolicy,
  RunWaitOptions as WaitOptions,
  ScheduleOptions as StartNewOptions,
  StartOptions,
  StartOrGetOptions,
} from "./client/client-options.ts";
export type { OrchestrationRun } from "./client/orchestration-run.ts";
export type { OrchestrationState } from "./client/orchestration-state.ts";
export type { Page, Paged } from "./client/paged.ts";
export type { AccessCredential, AccessToken, AccessTokenOptions } from "./core/access-credential.ts";
export type { TokenSource, TokenSourceOptions } from "./core/durable-http.ts";
export type { CleanEntityStorageResult } from "./core/entity-client.ts";
export { EntityId, type EntityRef } from "./core/entity-id.ts";
export type { ErrorClass } from "./core/error-type.ts";
export { DurableError, type DurableErrorCode, isDurableError, NonRetriableError } from "./core/errors.ts";
export type { HistoryEvent, Tags } from "./core/history-event.ts";
export type { InstanceId } from "./core/ids.ts";
export type { PurgeInstanceOptions, TerminateOptions } from "./core/orchestration-client.ts";
export { OrchestrationRuntimeStatus } from "./core/orchestration-status.ts";
export type { PartitionManagement } from "./core/partition-management.ts";
export type { DataConverter } from "./core/payloads/data-converter.ts";
export {
  createEncryptingDataConverter,
  type EncryptingDataConverter,
  type EncryptingDataConverterOptions,
  type EncryptionKey,
} from "./core/payloads/encrypting-data-converter.ts";
export type { JsonOf, StoredAs } from "./core/payloads/json-types.ts";
export type { RichClass, RichClassDefinition } from "./core/payloads/rich-classes.ts";
export { createRichDataConverter, type RichDataConverterOptions } from "./core/payloads/rich-data-converter.ts";
export type { SchemaInput, SchemaOutput, StandardSchema } from "./core/payloads/standard-schema.ts";
export type { UserLogger } from "./core/ports.ts";
export type {
  Quarantine,
  QuarantinedContent,
  QuarantinedMessage,
  QuarantinePage,
  QuarantineQuery,
} from "./core/quarantine.ts";
export type { RetentionOptions } from "./core/retention.ts";
export { type FailedAttempt, RetryOptions, type RetryPolicy } from "./core/retry-policy.ts";
export type { TaskFailure as FailureDetails } from "./core/task-failure.ts";
export { parseTimeSpan, type TimeSpanInput, type TimeSpanParts, type TimeSpanText } from "./core/time-span.ts";
export type { VersionFailureStrategy, VersioningOptions, VersionMatchStrategy } from "./core/versioning.ts";
export type { WorkerLimits } from "./core/worker-limits.ts";
export * as app from "./functions/compat/app.ts";
export { type DurableClientInput, input, trigger } from "./functions/compat/bindings.ts";
export type { CallHttpOptions, TaskHubOptions } from "./functions/compat/call-options.ts";
export type {
  CosmosDBDurableClientHandler,
  CosmosDBDurableClientOptions,
  CosmosDBv3DurableClientOptions,
  CosmosDBv4DurableClientOptions,
  DurableClientHandler,
  DurableClientOptions,
  EventGridDurableClientHandler,
  EventGridDurableClientOptions,
  EventHubDurableClientHandler,
  EventHubDurableClientOptions,
  HttpDurableClientHandler,
  HttpDurableClientOptions,
  ServiceBusQueueDurableClientHandler,
  ServiceBusQueueDurableClientOptions,
  ServiceBusTopicDurableClientHandler,
  ServiceBusTopicDurableClientOptions,
  StorageBlobDurableClientHandler,
  StorageBlobDurableClientOptions,
  StorageQueueDurableClientHandler,
  StorageQueueDurableClientOptions,
  TimerDurableClientHandler,
  TimerDurableClientOptions,
} from "./functions/compat/client-handlers.ts";
export { getClient } from "./functions/compat/default-app.ts";
export { DummyEntityContext, DummyOrchestrationContext, EntityStateResponse } from "./functions/compat/dummies.ts";
export type { ExceptionPropertiesProvider } from "./functions/compat/exception-properties.ts";
export {
  activity,
  entity,
  type FunctionJsonContext,
  type FunctionJsonEntityContext,
  type FunctionJsonLog,
  type FunctionJsonOrchestrationContext,
  orchestrator,
} from "./functions/compat/function-json.ts";
export type {
  FunctionJsonClient,
  FunctionJsonRequest,
  FunctionJsonResponse,
} from "./functions/compat/function-json-client.ts";
export type {
  ActivityHandler,
  ActivityOptions,
  ActivityTrigger,
  EntityHandler,
  EntityOptions,
  EntityTrigger,
  OrchestrationHandler,
  OrchestrationOptions,
  OrchestrationTrigger,
} from "./functions/compat/handlers.ts";
export { DurableLock, LockingRulesViolationError, LockState } from "./functions/compat/locks.ts";
export type {
  AggregatedError,
  RegisteredActivity,
  RegisteredActivityTask,
  RegisteredOrchestration,
  RegisteredOrchestrationTask,
  Task,
} from "./functions/compat/task.ts";
export { type AnyApp, DFApp } from "./functions/df-app.ts";
export type { DFAppOptions } from "./functions/df-app-options.ts";
export { DurableClient } from "./functions/durable-client.ts";
export type {
  ConnectOptions,
  DurableClientOptions as ClientSettings,
  GetStatusOptions,
  WaitForCompletionOptions,
} from "./functions/durable-client-options.ts";
export type { DurableOrchestrationStatus, InstanceStatus } from "./functions/durable-orchestration-status.ts";
export type { EntityLocation } from "./functions/embedded-host.ts";
export type {
  CheckedClassEntity,
  CheckedFunctionEntity,
  CheckedOperations,
  ClassOperationSchemas,
  SchemaOperations,
} from "./functions/entity-registration.ts";
export type {
  EntityFilter,
  EntityStatus,
  EntityStatusPage,
  SignalEntityOptions,
} from "./functions/entity-status-reader.ts";
export type {
  DurableEntityContext,
  DurableOrchestrationContext,
  EntityContext,
  EntityFunction,
  OrchestrationContext,
} from "./functions/function-contexts.ts";
export {
  createFunctionDecorators,
  type FunctionDecorators,
  type MethodDecorator,
  type OrchestrationDecorator,
} from "./functions/function-decorators.ts";
export type { ActivityOf, AsyncOrchestrator, GeneratorOrchestrator, UntypedInput } from "./functions/function-forms.ts";
export type { HostingOption } from "./functions/hosting/hosting-option.ts";
export type {
  HttpAuthLevel,
  HttpFunctionHandler,
  HttpFunctionOptions,
  RoutedRequest,
  RouteOptions,
} from "./functions/http-function.ts";
export type {
  InstanceListFilter,
  InstanceStatusPage,
  OrchestrationFilter,
  PurgeHistoryByOptions,
  PurgeHistoryOptions,
  PurgeHistoryResult,
  PurgeOlderThanOptions,
  StatusFilter,
} from "./functions/instance-filters.ts";
export type {
  CheckedActivity,
  CheckedInputActivity,
  CheckedInputOrchestration,
  CheckedOrchestration,
  CheckedOutputActivity,
  CheckedOutputOrchestration,
} from "./functions/schema-definition.ts";
export type {
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
} from "./functions/starters.ts";
export type { EnginePartition } from "./host/durable-engine.ts";
export type { HealthStatus, HostHealth, HostState } from "./hosting/health.ts";
export type { HealthHandler, HealthHandlerOptions } from "./hosting/health-handler.ts";
export type { WorkerConcurrency } from "./hosting/hub-location.ts";
export type { IdentityStorage, StorageOption, TrackingStoreOption } from "./hosting/hub-storage.ts";
export type { StartWorkerOptions } from "./hosting/library-options.ts";
export type { LogEntry, LogWriter } from "./hosting/process-log.ts";
export { startWorker } from "./hosting/start-worker.ts";
export type { WorkerHost } from "./hosting/worker-host.ts";
export type { HistoryEntry } from "./management/history-format.ts";
export type { HttpManagementPayload } from "./management/management-links.ts";
export type { CallActivityOptions, CallSubOrchestratorOptions } from "./orchestration/call-options.ts";
export type { MapOptions, Tolerance } from "./orchestration/context-arguments.ts";
export type { DurableTask, TimerTask, Winner, WinnerOf, WinnerTimer } from "./orchestration/durable-task.ts";
export {
  createEntityHandle,
  type EntityHandle,
  type EntityOperationCalls,
  type EntityOperationSignals,
  type OperationInput,
  type OperationNames,
  type OperationsOf,
  type UntypedOperations,
} from "./orchestration/entity-handle.ts";
export type { EntityProxy, EntityTarget } from "./orchestration/entity-proxy.ts";
export { defineEvent, type ExternalEvent, type ExternalEventStream } from "./orchestration/external-event.ts";
export type { ActivityHandle, OrchestrationHandle } from "./orchestration/handles.ts";
export {
  type DurableHttpRequest,
  type HttpRetryPolicy,
  ManagedIdentityTokenSource,
} from "./orchestration/http/durable-http-request.ts";
export { DurableHttpResponse } from "./orchestration/http/durable-http-response.ts";
export type { ContinueAsNewOptions } from "./orchestration/orchestration-context.ts";
export { isTaskFailedError, TaskFailedError } from "./orchestration/task-failed-error.ts";
export type { ActivityContext } from "./worker/activity-context.ts";
export type { DurableHttpOptions } from "./worker/durable-http/durable-http-options.ts";
export type { HttpTransport, TransportRequest, TransportResponse } from "./worker/durable-http/http-transport.ts";
export type { TokenProvider } from "./worker/durable-http/token-provider.ts";
export type { EntitySignalOptions, StartFromEntityOptions } from "./worker/entities/entity-context.ts";
export type { EntityClass, OperationSchemas } from "./worker/entities/entity-definition.ts";
