import { TableClient } from "@azure/data-tables";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import {
  type AzureStorageOptions,
  type AzureStorageTaskHub,
  createAzureStorageTaskHub,
} from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { ExecutionStarted, HistoryEvent } from "../../src/core/history-event.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { OrchestrationWorkItem } from "../../src/engine/backend.ts";
import type { StrictAnswers, StrictService } from "../../src/testing/azure-storage-strict.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { eachMessageOnce, openStrictService } from "../support/strict-service.ts";

/**
 * One emulator for a test file, behind a storage account that is as strict as the service; backends that a test opened
 * are stopped after it.
 */
export let azurite: Azurite;
let strict: StrictService;
const open: AzureStorageTaskHub[] = [];
let hubCount = 0;

beforeAll(async () => {
  azurite = await startAzurite();
  strict = openStrictService();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ backend }) => backend.stop()));
});
afterAll(async () => {
  await azurite.stop();
  expect(strict.violations).toEqual([]);
});

export function newHubName(): string {
  return `Hub${++hubCount}x${process.pid}`;
}

/** The answers of the service that a test can do with; or none of them, and why. */
export type ServiceAnswers = Partial<StrictAnswers> | { readonly plain: string };

export function openHub(
  taskHub: string,
  options: Partial<AzureStorageOptions> = {},
  answers: ServiceAnswers = eachMessageOnce,
): AzureStorageTaskHub {
  const { decorateTransport = (transport) => transport } = options;
  const hub = createAzureStorageTaskHub({
    connectionString: azurite.connectionString,
    taskHub,
    workerId: `worker-${systemRandom.guid()}`,
    clock: systemClock,
    random: systemRandom,
    maxQueuePollingIntervalMs: 200,
    leaseRenewIntervalMs: 500,
    ...options,
    decorateTransport: (transport) =>
      decorateTransport("plain" in answers ? transport : strict.decorate(transport, answers)),
  });
  open.push(hub);
  return hub;
}

/** A test that waits in vain runs out of its time. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.sleep(5);
}

export const at = (seconds: number) => new Date(Date.UTC(2026, 5, 24, 10, 0, seconds));
export const x = "5b0c1e6f0a7d4f0c9b1d3c2e4f5a6b7c";
export const header = (seconds: number) => ({ eventId: -1, timestamp: at(seconds) });

export function started(instanceId: string, change: Partial<ExecutionStarted> = {}): ExecutionStarted {
  return {
    type: "ExecutionStarted",
    ...header(0),
    orchestrationInstance: { instanceId, executionId: x },
    parentInstance: undefined,
    name: "HelloSequence",
    version: undefined,
    input: '"Tokyo"',
    tags: undefined,
    correlation: undefined,
    parentTraceContext: undefined,
    scheduledStartTime: undefined,
    generation: 0,
    generateNewTrace: false,
    ...change,
  };
}

export function scheduled(eventId: number, seconds: number): HistoryEvent {
  return {
    type: "TaskScheduled",
    eventId,
    timestamp: at(seconds),
    name: "SayHello",
    version: undefined,
    input: '["Tokyo"]',
    parentTraceContext: undefined,
    tags: undefined,
  };
}

export async function fetchWork(
  { backend }: AzureStorageTaskHub,
  withinMs = 20_000,
): Promise<OrchestrationWorkItem | undefined> {
  return await backend.fetchOrchestrationWorkItem(AbortSignal.timeout(withinMs));
}

export async function rawRows(table: string): Promise<Record<string, unknown>[]> {
  const client = TableClient.fromConnectionString(azurite.connectionString, table, { allowInsecureConnection: true });
  const rows: Record<string, unknown>[] = [];
  for await (const row of client.listEntities({ disableTypeConversion: true }))
    rows.push(row as Record<string, unknown>);
  return rows;
}

export const S = (value: string) => ({ type: "String", value });
export const I = (value: number) => ({ type: "Int32", value: String(value) });
export const B = (value: boolean) => ({ type: "Boolean", value: String(value) });
export const T = (seconds: number) => ({
  type: "DateTime",
  value: expect.stringMatching(new RegExp(`^${at(seconds).toISOString().slice(0, 19)}`)),
});

export function raised(name: string, input?: string): HistoryEvent {
  return { type: "EventRaised", ...header(1), name, input, parentTraceContext: undefined };
}

/** Sends an event to an instance from outside. */
export async function raise(
  { store }: AzureStorageTaskHub,
  instanceId: string,
  name: string,
  input?: string,
): Promise<void> {
  await store.sendMessage({ message: { event: raised(name, input), target: { instanceId, executionId: undefined } } });
}

/** Commits an episode that records the work item's messages and `extra`. */
export async function commit(
  { backend }: AzureStorageTaskHub,
  workItem: OrchestrationWorkItem,
  extra: readonly HistoryEvent[] = [],
  change: Partial<Parameters<typeof backend.completeOrchestrationWorkItem>[0]> = {},
): Promise<string | undefined> {
  const loaded = await backend.loadHistory(workItem);
  const events: HistoryEvent[] = [
    { type: "OrchestratorStarted", ...header(1) },
    ...workItem.messages.map(({ message }) => message.event),
    ...extra,
    { type: "OrchestratorCompleted", ...header(1) },
  ];
  const receipt = await backend.completeOrchestrationWorkItem({
    workItem,
    history: {
      executionId: x,
      expectedHistoryVersion: loaded.historyVersion,
      firstIndex: loaded.events.length,
      events,
      episode: 1,
    },
    outgoing: [],
    instance: { executionId: x, lastUpdatedTime: at(1), customStatus: undefined, runtimeStatus: "Running" },
    settled: workItem.messages,
    deferred: [],
    ...change,
  });
  return receipt.historyVersion;
}
