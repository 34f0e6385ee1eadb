/**
 * What it takes to run orchestrations in a test, and to prove a backend of one's own. The suites that prove it are in
 * `durable-functions-ts/testing/suites`, because they need vitest; nothing here does.
 *
 * @example
 * const registry = new Registry();
 * registry.addActivity({ name: "greet", activity: (name) => `Hello, ${name}!` });
 * registry.addOrchestration({
 *   name: "hello",
 *   *orchestrator(context) {
 *     return yield* context.callActivity("greet", "Ann");
 *   },
 * });
 * await using hub = new VirtualHub();
 * await hub.startWorker({ registries: [registry] });
 * const instanceId = await hub.client.startInstance({ name: "hello" });
 * const { output } = await hub.runUntilEnded(instanceId);
 *
 * @module
 */
export { MemoryTaskHub, type MemoryTaskHubOptions } from "../backends/memory/memory-task-hub.ts";
export type * from "../core/entity-client.ts";
export { EntityId, type EntityRef } from "../core/entity-id.ts";
export type * from "../core/history-event.ts";
export { matchesConditions } from "../core/instance-conditions.ts";
export type { OrchestrationClient, StartInstanceOptions } from "../core/orchestration-client.ts";
export type {
  InstanceConditions,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "../core/orchestration-state.ts";
export { type Clock, type LogLevel, type LogSink, type Random, silentLog } from "../core/ports.ts";
export type {
  Quarantine,
  QuarantinedContent,
  QuarantinedMessage,
  QuarantinePage,
  QuarantineQuery,
} from "../core/quarantine.ts";
export { systemClock, systemRandom } from "../core/system-ports.ts";
export type { OutgoingMessage, TaskMessage } from "../core/task-message.ts";
export type * from "../engine/backend.ts";
export { nextCreationStep, type PresentInstance } from "../engine/creation-race.ts";
export { formatPageToken, PageBudget, type PagePlace, parsePageToken } from "../engine/instance-page.ts";
export { type InstanceWrite, nextInstanceWrite, type StoredInstance } from "../engine/next-instance-write.ts";
export { TaskHubClient, type TaskHubClientOptions } from "../engine/task-hub-client.ts";
export { TaskHubWorker, type TaskHubWorkerOptions } from "../engine/task-hub-worker.ts";
export type { Orchestrator } from "../orchestration/orchestrator.ts";
export type { EntityClass, EntityDefinition, EntityFunction } from "../worker/entities/entity-definition.ts";
export { InProcessExecutor, type InProcessExecutorOptions } from "../worker/in-process-executor.ts";
export {
  type ActivityDefinition,
  type OrchestrationDefinition,
  Registry,
  type RegistryOptions,
} from "../worker/registry.ts";
export * from "./history-builder.ts";
export { SteppedClock } from "./stepped-clock.ts";
export { type VirtualApp, VirtualHub, type VirtualHubOptions, type VirtualWorkerOptions } from "./virtual-hub.ts";
export {
  type BackendFault,
  type FaultPlan,
  type FaultyOperation,
  lockLost,
  type ScriptedFault,
  withBackendFaults,
} from "./with-backend-faults.ts";
