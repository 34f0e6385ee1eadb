export type { DataConverter } from "./core/data-converter.ts";
export { DurableError, type DurableErrorCode, isDurableError } from "./core/errors.ts";
export type { HistoryEntry } from "./core/history-format.ts";
export type { HttpManagementPayload } from "./core/management-links.ts";
export { OrchestrationRuntimeStatus } from "./core/orchestration-status.ts";
export { type FailedAttempt, RetryOptions, type RetryPolicy } from "./core/retry-policy.ts";
export type { TimeSpanInput, TimeSpanParts } from "./core/time-span.ts";
export { type ActivityOf, DFApp, type DFAppOptions, type OrchestratorFunction } from "./functions/df-app.ts";
export { DurableClient, type PurgeHistoryResult } from "./functions/durable-client.ts";
export type {
  DurableClientOptions,
  GetStatusOptions,
  OrchestrationFilter,
  StartNewOptions,
  WaitForCompletionOptions,
} from "./functions/durable-client-options.ts";
export type { DurableOrchestrationStatus } from "./functions/durable-orchestration-status.ts";
export type {
  HttpAuthLevel,
  HttpFunctionHandler,
  HttpFunctionOptions,
  RoutedRequest,
} from "./functions/http-function.ts";
export type { DurableTask, TimerTask } from "./orchestration/durable-task.ts";
export type { OrchestrationContext } from "./orchestration/orchestration-context.ts";
export type { ActivityHandle, OrchestrationHandle } from "./orchestration/orchestrator.ts";
export { TaskFailedError } from "./orchestration/task-failed-error.ts";
export type { ActivityContext } from "./worker/activity-context.ts";
