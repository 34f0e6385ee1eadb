/**
 * What it takes to test an app ({@link createTestHub}), and to prove a backend of one's own ({@link VirtualHub}, whose
 * worker runs registries). The suites that prove it are in `durable-functions-ts/testing/suites`, because they need vitest;
 * nothing here does.
 *
 * @example
 * import "./app.js";
 *
 * test("greets", async () => {
 *   await using hub = createTestHub();
 *   const run = await hub.start("hello", ["Ann"]);
 *   assert.deepEqual(await run.result(), ["Hello Ann!"]);
 * });
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
export type { EventWaits, NamedEvents, WaitNote } from "../core/event-waits.ts";
export type * from "../core/history-event.ts";
export { matchesConditions } from "../core/instance-conditions.ts";
export type {
  GetInstanceOptions,
  OrchestrationClient,
  PurgeInstanceOptions,
  PurgeManyOptions,
  PurgeQuery,
  PurgeSummary,
  StartInstanceOptions,
  WaitForInstanceOptions,
} from "../core/orchestration-client.ts";
export type {
  InstanceConditions,
  InstanceIdPage,
  InstanceIdQuery,
  InstancePage,
  InstanceQuery,
  LargePart,
  OrchestrationState,
  PayloadFetch,
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
export type { LocalInstances, ToldChange } from "../core/wait-for-instance.ts";
export type * from "../engine/backend.ts";
export { nextCreationStep, type PresentInstance } from "../engine/creation-race.ts";
export {
  formatPageToken,
  PageBudget,
  type PagedConditions,
  type PagePlace,
  parsePageToken,
} from "../engine/instance-page.ts";
export { type InstanceWrite, nextInstanceWrite, type StoredInstance } from "../engine/next-instance-write.ts";
export { TaskHubClient, type TaskHubClientOptions } from "../engine/task-hub-client.ts";
export { TaskHubWorker, type TaskHubWorkerOptions } from "../engine/task-hub-worker.ts";
export type { InstanceProgress } from "../engine/wanted-activities.ts";
export type { InstanceWait } from "../management/instance-waits.ts";
export type { Orchestrator } from "../orchestration/orchestrator.ts";
export type { ActivityFunction, UserLog } from "../worker/activity-context.ts";
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
export type { ActivityCall } from "./test-hub/activity-call.ts";
export { createTestHub } from "./test-hub/create-test-hub.ts";
export type { TestedHttp, TestedHttpAnswer, TestedHttpRequest } from "./test-hub/fake-http.ts";
export type {
  DeliveredTwice,
  FailActivityOptions,
  HostDiesOptions,
  InjectionOptions,
  Injections,
  TestedInstance,
} from "./test-hub/injections.ts";
export {
  hangs,
  type Replacement,
  type ReplacementOf,
  replace,
  type TestedActivity,
} from "./test-hub/replacement.ts";
export { type ReplayedHistory, replay } from "./test-hub/replay.ts";
export type { RunUntilOptions, TestHub, TestStartOptions } from "./test-hub/test-hub.ts";
export type { TestHubOptions } from "./test-hub/test-hub-options.ts";
export type { TestLogLine } from "./test-hub/test-logs.ts";
export type { TestRun } from "./test-hub/test-run.ts";
export type { TestedEntity } from "./test-hub/tested-entity.ts";
export type { PortableFunctions, TestedApp } from "./test-hub/tested-functions.ts";
export { type VirtualApp, VirtualHub, type VirtualHubOptions, type VirtualWorkerOptions } from "./virtual-hub.ts";
export {
  type BackendFault,
  type FaultPlan,
  type FaultSubject,
  type FaultyOperation,
  lockLost,
  type ScriptedFault,
  withBackendFaults,
} from "./with-backend-faults.ts";
