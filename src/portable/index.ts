export type {
  CallEntityOptions,
  CleanEntityStorageOptions,
  EntityFilter,
  EntityMetadata,
  GetStateOptions,
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
  RunWaitOptions,
  ScheduleOptions,
  SignalEntityOptions,
  StartOptions,
  StartOrGetOptions,
  TerminateOptions,
  WaitOptions,
} from "../client/client-options.ts";
export type { OrchestrationRun } from "../client/orchestration-run.ts";
export type { OrchestrationState } from "../client/orchestration-state.ts";
export type { Page, Paged } from "../client/paged.ts";
export type { InputOf, OutputOf } from "../client/target-types.ts";
export type { AccessCredential, AccessToken, AccessTokenOptions } from "../core/access-credential.ts";
export type { CleanEntityStorageResult } from "../core/entity-client.ts";
export { EntityId, EntityId as EntityInstanceId, type EntityRef } from "../core/entity-id.ts";
export type { ErrorClass } from "../core/error-type.ts";
export { DurableError, type DurableErrorCode, isDurableError, NonRetriableError } from "../core/errors.ts";
export type { FailureDetails } from "../core/failure-details.ts";
export type { HistoryEvent, Tags } from "../core/history-event.ts";
export type { InstanceId } from "../core/ids.ts";
export type { PurgeInstanceOptions } from "../core/orchestration-client.ts";
export { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
export type { DataConverter } from "../core/payloads/data-converter.ts";
export {
  createEncryptingDataConverter,
  type EncryptingDataConverter,
  type EncryptingDataConverterOptions,
  type EncryptionKey,
} from "../core/payloads/encrypting-data-converter.ts";
export type { JsonOf, StoredAs } from "../core/payloads/json-types.ts";
export type { PayloadStore } from "../core/payloads/payload-store.ts";
export type { RichClass, RichClassDefinition } from "../core/payloads/rich-classes.ts";
export { createRichDataConverter, type RichDataConverterOptions } from "../core/payloads/rich-data-converter.ts";
export type { SchemaInput, SchemaOutput, StandardSchema } from "../core/payloads/standard-schema.ts";
export type { UserLogger } from "../core/ports.ts";
export type {
  Quarantine,
  QuarantinedContent,
  QuarantinedMessage,
  QuarantinePage,
  QuarantineQuery,
} from "../core/quarantine.ts";
export type { RetentionOptions } from "../core/retention.ts";
export { type FailedAttempt, RetryOptions, type RetryPolicy } from "../core/retry-policy.ts";
export { parseTimeSpan, type TimeSpanInput, type TimeSpanParts, type TimeSpanText } from "../core/time-span.ts";
export type { VersionFailureStrategy, VersioningOptions, VersionMatchStrategy } from "../core/versioning.ts";
export type { WorkerLimits } from "../core/worker-limits.ts";
export type { KeepAliveOptions } from "../grpc/channel/task-hub-channel.ts";
export type { HealthStatus, HostHealth, HostState } from "../hosting/health.ts";
export type { HealthHandler, HealthHandlerOptions } from "../hosting/health-handler.ts";
export type { HubLocation } from "../hosting/hub-location.ts";
export type { IdentityStorage, StorageOption, TrackingStoreOption } from "../hosting/hub-storage.ts";
export type { LargePayloadOptions } from "../hosting/payload-store.ts";
export type { LogEntry, LogWriter } from "../hosting/process-log.ts";
export type { MapOptions, Tolerance } from "../orchestration/context-arguments.ts";
export type { DurableLock, LockState } from "../orchestration/durable-lock.ts";
export type { DurableTask, TimerTask, Winner, WinnerOf, WinnerTimer } from "../orchestration/durable-task.ts";
export {
  createEntityHandle,
  type EntityHandle,
  type OperationNames,
  type OperationsOf,
  type UntypedOperations,
} from "../orchestration/entity-handle.ts";
export type { EntityProxy, EntityTarget } from "../orchestration/entity-proxy.ts";
export { defineEvent, type ExternalEvent, type ExternalEventStream } from "../orchestration/external-event.ts";
export type { ActivityHandle, OrchestrationHandle } from "../orchestration/handles.ts";
export {
  type DurableHttpRequest,
  type HttpRetryPolicy,
  ManagedIdentityTokenSource,
} from "../orchestration/http/durable-http-request.ts";
export { DurableHttpResponse } from "../orchestration/http/durable-http-response.ts";
export type { ContinueAsNewOptions } from "../orchestration/orchestration-context.ts";
export { isTaskFailedError, TaskFailedError } from "../orchestration/task-failed-error.ts";
export type { DurableHttpOptions } from "../worker/durable-http/durable-http-options.ts";
export type { HttpTransport, TransportRequest, TransportResponse } from "../worker/durable-http/http-transport.ts";
export type { TokenProvider } from "../worker/durable-http/token-provider.ts";
export type { EntityContext, EntitySignalOptions, StartFromEntityOptions } from "../worker/entities/entity-context.ts";
export type { EntityClass, EntityFunction, OperationSchemas } from "../worker/entities/entity-definition.ts";
export type { ActivityContext } from "./activity-context.ts";
export type { ClientOptions } from "./client-options.ts";
export { whenAll, whenAny } from "./combinations.ts";
export {
  type Activity,
  type AsyncOrchestration,
  activity,
  type DefinitionOptions,
  type EntityOptions,
  entity,
  type GeneratorOrchestration,
  orchestration,
} from "./define.ts";
export type { DurableTaskClient } from "./durable-task-client.ts";
export type { DurableTaskWorker } from "./durable-task-worker.ts";
export {
  type EmbeddedClientOptions,
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  type EmbeddedWorkerOptions,
} from "./embedded.ts";
export type { ActivityReference, CallForm } from "./function-types.ts";
export type {
  GrpcLocation,
  GrpcOptions,
  GrpcWorkerOptions,
  TaskHubGrpcClientOptions,
  TaskHubGrpcWorkerOptions,
} from "./grpc-options.ts";
export type {
  CallActivityOptions,
  CallSubOrchestratorOptions,
  EntityReference,
  OrchestrationContext,
  OrchestrationReference,
  StartOrchestrationOptions,
} from "./orchestration-context.ts";
export {
  DurableTaskSchedulerClient,
  DurableTaskSchedulerWorker,
  type SchedulerClientOptions,
  type SchedulerLocation,
  type SchedulerWorkerOptions,
} from "./scheduler.ts";
export { TaskHubGrpcClient, TaskHubGrpcWorker } from "./task-hub-grpc.ts";
export type { ConcurrencyOptions, WorkerOptions } from "./worker-options.ts";
