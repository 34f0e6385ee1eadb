import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import type { EntityAction, EntityBatch, EntityOutcome } from "../../src/core/entity-batch.ts";
import type { EventRaised, HistoryEvent } from "../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import type { LogSink } from "../../src/core/ports.ts";
import type { TaskExecutor } from "../../src/core/task-executor.ts";
import type { Backend, OrchestrationCheckpoint } from "../../src/engine/backend.ts";
import { InstanceProcessor } from "../../src/engine/instance-processor.ts";
import { createRequest, type EntityRequest, formatRequestEvent } from "../../src/entities/entity-message.ts";
import { parseSchedulerState } from "../../src/entities/scheduler-state.ts";
import { eventRaised } from "../../src/testing/history-builder.ts";
import { SteppedClock } from "../../src/testing/stepped-clock.ts";
import { type ScriptedFault, withBackendFaults } from "../../src/testing/with-backend-faults.ts";

export const self = "@counter@k";
export const guid = (name: string) =>
  `${Buffer.from(name.slice(0, 4)).toString("hex").padEnd(8, "0")}-0000-4000-8000-000000000000`;
export const crash = (when: "historyWritten" | "messagesSent" | "after" | "before", call: number): ScriptedFault => ({
  operation: "completeOrchestrationWorkItem",
  call,
  when,
  error: new Error("the process is gone"),
});
export const completion = {
  kind: "CompleteOrchestration",
  id: 9,
  status: "Completed",
  result: undefined,
  failureDetails: undefined,
  carryoverEvents: [],
  newVersion: undefined,
} as const;

export interface SetUpOptions {
  readonly faults?: readonly ScriptedFault[];
  /** Number of the checkpoint of which nothing is sent, as the caller is told. */
  readonly unsentCheckpoint?: number;
  readonly maxSessions?: number;
  readonly maxEntityOperations?: number;
  readonly actions?: Readonly<Record<string, readonly EntityAction[]>>;
  /** Of an orchestration, for each of its episodes. */
  readonly episodes?: (events: readonly HistoryEvent[]) => readonly OrchestratorAction[];
  readonly executeEntityBatch?: TaskExecutor["executeEntityBatch"];
}

/** A hub, whose entities append what they are told to a text. */
export function setUp(options: SetUpOptions = {}) {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const checkpoints: OrchestrationCheckpoint[] = [];
  const ran: string[] = [];
  const log: { readonly level: string; readonly event: string }[] = [];
  const sink: LogSink = { log: (level, event) => void log.push({ level, event }) };
  const batches: EntityBatch[] = [];
  const recording = new Proxy(hub, {
    get(target, name) {
      if (name === "completeOrchestrationWorkItem") {
        return (checkpoint: OrchestrationCheckpoint) => {
          checkpoints.push(checkpoint);
          if (checkpoints.length !== options.unsentCheckpoint) return target.completeOrchestrationWorkItem(checkpoint);
          const unsent = { outgoingAfterCommit: [], settled: [], deferred: checkpoint.settled };
          const receipt = target.completeOrchestrationWorkItem({ ...checkpoint, ...unsent });
          return receipt.then((made) => ({
            ...made,
            isUnsent: true,
            undeleted: checkpoint.settled.map(({ id }) => id),
          }));
        };
      }
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const backend: Backend = withBackendFaults(recording, options.faults ?? []);
  const executor: TaskExecutor = {
    openSession: () => ({
      execute: async ({ newEvents }) => ({ actions: options.episodes?.(newEvents) ?? [], customStatus: undefined }),
      close() {},
    }),
    executeActivity: async () => ({ kind: "completed", result: undefined }),
    executeEntityBatch:
      options.executeEntityBatch ??
      (async (batch) => {
        batches.push(batch);
        let state = batch.state === undefined ? "" : (JSON.parse(batch.state) as string);
        const outcomes = batch.operations.map(({ operation }): EntityOutcome => {
          ran.push(operation);
          if (operation === "fail") {
            const failureDetails = { errorType: "Error", errorMessage: "no", isNonRetriable: false };
            return { kind: "failed", failureDetails };
          }
          state += operation;
          return { kind: "completed", result: JSON.stringify(state), actions: options.actions?.[operation] ?? [] };
        });
        return { outcomes, state: JSON.stringify(state) };
      }),
  };
  const openProcessor = () =>
    new InstanceProcessor({
      backend,
      store: hub,
      executor,
      clock,
      log: sink,
      maxSessions: options.maxSessions ?? 10,
      maxSessionBytes: 1e9,
      maxSessionIdleMs: 1e9,
      maxEntityOperations: options.maxEntityOperations ?? 100,
    });
  let processor = openProcessor();
  const tell = (event: EventRaised, instanceId = self, executionId?: string, deliverAt?: Date) =>
    hub.sendMessage({ message: { event, target: { instanceId, executionId } }, ...(deliverAt && { deliverAt }) });

  return {
    clock,
    hub,
    log,
    ran,
    batches,
    checkpoints,
    tell,
    send: (request: Partial<EntityRequest> & { readonly operation: string }, instanceId = self) => {
      const whole = createRequest({
        id: guid(request.operation),
        isSignal: request.parentInstanceId === undefined,
        ...request,
      });
      const { name, input, deliverAt } = formatRequestEvent(whole, clock.now());
      return tell({ ...eventRaised(name), input }, instanceId, undefined, deliverAt);
    },
    /** As after a restart. */
    restart: () => {
      processor.close();
      processor = openProcessor();
    },
    /** Until nothing is left to do now. */
    drain: async (limit = 50) => {
      for (let round = 0; round < limit; round++) {
        const workItem = await fetchNow(backend);
        if (workItem === undefined) return;
        await processor.process(workItem);
      }
      throw new Error("there is no end of work items");
    },
    scheduler: async (instanceId = self) => parseSchedulerState((await hub.getInstance(instanceId))?.input)!,
    text: async () => (await hub.getInstance(self))?.input && JSON.parse((await hub.getInstance(self))!.input!).state,
    outbox: () =>
      checkpoints
        .filter(({ workItem }) => workItem.instanceId === self)
        .map(({ outgoingAfterCommit = [] }) => outgoingAfterCommit.map(nameOf)),
    events: () => log.map(({ event }) => event),
  };
}

export function nameOf({
  message: { event, target },
}: NonNullable<OrchestrationCheckpoint["outgoingAfterCommit"]>[number]) {
  return `${target.instanceId}: ${event.type === "EventRaised" ? event.name : event.type}`;
}

/** The next work item, those of entities last. */
export async function fetchNow(backend: Backend) {
  return (
    (await atOnce((signal) => backend.fetchOrchestrationWorkItem(signal))) ??
    (await atOnce((signal) => backend.fetchEntityWorkItem(signal)))
  );
}

async function atOnce<T>(fetch: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const fetched = fetch(stop.signal);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  return await fetched;
}

const caller = { parentInstanceId: "caller", parentExecutionId: "e" } as const;
export const callOf = (
  operation: string,
  ms = 0,
  before = 0,
): Partial<EntityRequest> & { readonly operation: string } => ({
  ...caller,
  operation,
  timestamp: new Date(Date.UTC(2026, 0, 1) + ms).toISOString(),
  ...(before > 0 && { predecessor: new Date(Date.UTC(2026, 0, 1) + before).toISOString() }),
});
