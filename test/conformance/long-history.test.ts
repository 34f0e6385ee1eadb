import { expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { historyRowKey, toHistoryRow, toSentinelRow } from "../../src/backends/azure-storage/codec/history-row.ts";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import type { TableRow } from "../../src/backends/azure-storage/storage/table-row.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";

/** Long histories, on a table that makes its rows when they are asked for: an emulator needs minutes for as many. */

const instanceId = "long";
const x = "5b0c1e6f0a7d4f0c9b1d3c2e4f5a6b7c";
const header = { eventId: -1, timestamp: new Date("2026-06-24T10:00:00Z") };
const perEpisode = 4;

const started: HistoryEvent = {
  type: "ExecutionStarted",
  ...header,
  orchestrationInstance: { instanceId, executionId: x },
  parentInstance: undefined,
  name: "chain",
  version: undefined,
  input: "1",
  tags: undefined,
  correlation: undefined,
  parentTraceContext: undefined,
  scheduledStartTime: undefined,
  generation: 0,
  generateNewTrace: false,
};

/** The event at a place: activities one after the other, each in an episode of its own. */
function eventAt(index: number): HistoryEvent {
  if (index === 0) return { type: "OrchestratorStarted", ...header };
  if (index === 1) return started;
  const step = Math.floor((index - 2) / perEpisode);
  switch ((index - 2) % perEpisode) {
    case 0:
      return {
        type: "TaskScheduled",
        eventId: step,
        timestamp: header.timestamp,
        name: "echo",
        version: undefined,
        input: undefined,
        parentTraceContext: undefined,
        tags: undefined,
      };
    case 1:
      return { type: "OrchestratorCompleted", ...header };
    case 2:
      return { type: "OrchestratorStarted", ...header };
    default:
      return { type: "TaskCompleted", ...header, taskScheduledId: step, result: String(step) };
  }
}

function rowAt(index: number): TableRow {
  const key = { partitionKey: instanceId, rowKey: historyRowKey(index), executionId: x };
  return toHistoryRow(eventAt(index), key, { storeTaskInputs: false });
}

function openTable(count: number) {
  const sentinel: TableRow = {
    ...toSentinelRow(instanceId, {
      executionId: x,
      isCheckpointComplete: true,
      completedTimestamp: "2026-06-24T10:00:00.1234567Z",
      startedWithoutMessage: false,
      eventCount: count,
      acceptedMessageIds: [],
    }),
    etag: "v1",
  };
  const answer = (request: StorageRequest): unknown => {
    if (request.kind === "table.get") return sentinel;
    if (request.kind !== "table.query" || !request.table.endsWith("History")) {
      return request.kind === "table.query" ? { rows: [], continuationToken: undefined } : undefined;
    }
    const start = Number(request.continuationToken ?? 0);
    const end = Math.min(count, start + 1000);
    const rows = Array.from({ length: end - start }, (_, offset) => rowAt(start + offset));
    const isLast = end === count;
    return { rows: isLast ? [...rows, sentinel] : rows, continuationToken: isLast ? undefined : String(end) };
  };
  const transport: StorageTransport = async (request) => ({ outcome: "done", value: answer(request) });
  const { store } = createAzureStorageTaskHub({
    connectionString: "UseDevelopmentStorage=true",
    taskHub: "LongHub",
    workerId: "w",
    clock: systemClock,
    random: systemRandom,
    decorateTransport: () => transport,
  });
  return store;
}

/** Gives the code the result that it waits for after so many. */
async function replay(events: readonly HistoryEvent[], steps: number): Promise<readonly string[]> {
  const registry = new Registry();
  registry.addOrchestration({
    name: "chain",
    *orchestrator(context) {
      for (let step = 0; ; step++) {
        if ((yield* context.callActivity("echo")) !== step) throw new Error(`another result than ${step}`);
      }
    },
  });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const session = executor.openSession({ instanceId, executionId: x });
  const newEvents: HistoryEvent[] = [
    { type: "OrchestratorStarted", ...header },
    { type: "TaskCompleted", ...header, taskScheduledId: steps, result: String(steps) },
  ];
  const { actions } = await session.execute({ pastEvents: events, newEvents });
  session.close();
  return actions.map((action) => `${action.kind} ${action.id}`);
}

/** So many activities have answered, and one is asked for. */
const lengthOf = (steps: number) => 2 + perEpisode * steps + 2;

it("a history of 100,000 events is loaded and replayed in bounded memory, in a time that goes by its length", {
  timeout: 300_000,
}, async () => {
  const secondsOf = async (steps: number) => {
    const begin = performance.now();
    const events = await openTable(lengthOf(steps)).getHistory(instanceId);
    expect(events).toHaveLength(lengthOf(steps));
    expect(await replay(events!, steps)).toEqual([`ScheduleTask ${steps + 1}`]);
    return (performance.now() - begin) / 1000;
  };
  await secondsOf(1000);
  const short = await secondsOf(5000);
  const before = process.memoryUsage().rss;
  const long = await secondsOf(25_000);
  const after = process.memoryUsage().rss;
  expect(lengthOf(25_000)).toBeGreaterThan(100_000);
  // Five times the length, on a machine that others use too.
  expect(long).toBeLessThan(4 * 5 * Math.max(short, 0.1));
  expect(after - before).toBeLessThan(512 * 1024 * 1024);
});
