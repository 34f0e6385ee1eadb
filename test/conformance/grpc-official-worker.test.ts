import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  EntityInstanceId,
  NoOpLogger,
  type OrchestrationContext,
  RetryPolicy,
  type Task,
  TaskEntity,
  TaskHubGrpcWorker,
  type TOrchestrator,
  whenAll,
} from "@microsoft/durabletask-js";
import { expect, it } from "vitest";
import type { EntityBatch, EntityBatchResult } from "../../src/core/entity-batch.ts";
import type { ExecutionRef, HistoryEvent } from "../../src/core/history-event.ts";
import { type Clock, silentLog } from "../../src/core/ports.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  Episode,
  EpisodeResult,
  OrchestrationSession,
  TaskExecutor,
} from "../../src/core/task-executor.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { ActionReader } from "../../src/grpc/codec/action-reader.ts";
import { fromEntityResult, toEntityRequest } from "../../src/grpc/codec/entity-batches.ts";
import { HistoryWriter } from "../../src/grpc/codec/history-writer.ts";
import type { HistoryEventInit } from "../../src/grpc/codec/wire-types.ts";
import {
  EntityBatchRequestSchema,
  EntityBatchResultSchema,
  OrchestratorRequestSchema,
  OrchestratorResponseSchema,
} from "../../src/grpc/proto/orchestrator_service_pb.ts";
import { VirtualHub } from "../../src/testing/virtual-hub.ts";

/** The official JavaScript worker as an executor of the engine: every work item as bytes, without a connection. */
class OfficialExecutor implements TaskExecutor {
  readonly #worker: TaskHubGrpcWorker;
  readonly #activities: Readonly<Record<string, (input: never) => unknown>>;
  readonly #clock: Clock;

  constructor(
    worker: TaskHubGrpcWorker,
    activities: Readonly<Record<string, (input: never) => unknown>>,
    clock: Clock,
  ) {
    this.#worker = worker;
    this.#activities = activities;
    this.#clock = clock;
  }

  openSession(execution: ExecutionRef): OrchestrationSession {
    const writer = new HistoryWriter("messages");
    const reader = new ActionReader(execution);
    const seen: HistoryEventInit[] = [];
    const write = (event: HistoryEvent) => {
      reader.observe(event);
      return writer.write(event);
    };
    return {
      execute: async ({ pastEvents, newEvents }: Episode): Promise<EpisodeResult> => {
        seen.push(...pastEvents.map(write));
        const added = newEvents.map(write);
        const request = create(OrchestratorRequestSchema, { ...execution, pastEvents: seen, newEvents: added });
        seen.push(...added);
        const bytes = await this.#worker.processOrchestratorRequest(toBinary(OrchestratorRequestSchema, request));
        const { actions, customStatus } = fromBinary(OrchestratorResponseSchema, bytes);
        return { actions: reader.read(actions, new Date(this.#clock.now())), customStatus };
      },
      close: () => {},
    };
  }

  async executeActivity({ name, input }: ActivityInvocation): Promise<ActivityOutcome> {
    try {
      const received: unknown = input === undefined || input === "" ? undefined : JSON.parse(input);
      return { kind: "completed", result: JSON.stringify(this.#activities[name]?.(received as never)) };
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error;
      return { kind: "failed", failureDetails: { errorType, errorMessage, isNonRetriable: false } };
    }
  }

  async executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    // This entry of the worker takes the first version.
    const { instanceId, entityState } = toEntityRequest(batch);
    const operations = batch.operations.map(({ id: requestId, operation, input }) => ({ requestId, operation, input }));
    const request = create(EntityBatchRequestSchema, { instanceId: instanceId!, entityState, operations });
    const bytes = await this.#worker.processEntityBatchRequest(toBinary(EntityBatchRequestSchema, request));
    return fromEntityResult(fromBinary(EntityBatchResultSchema, bytes), batch);
  }
}

class Counter extends TaskEntity<{ value: number }> {
  add(amount: number): number {
    this.state.value += amount;
    return this.state.value;
  }

  get(): number {
    return this.state.value;
  }

  fail(): void {
    throw new RangeError("the counter does not count");
  }

  /** Tells another counter, and starts an orchestration. */
  tell(key: string): void {
    this.context?.signalEntity(new EntityInstanceId("counter", key), "add", 100);
    this.context?.scheduleNewOrchestration("adder", { key, amount: 1000 });
  }

  protected override initializeState(): { value: number } {
    return { value: 0 };
  }
}

const counter = (key: string) => new EntityInstanceId("counter", key);
type Run = AsyncGenerator<Task<unknown>, unknown, never>;
type Orchestrator = (context: OrchestrationContext, input: never) => Run;

const activities = {
  double: (value: number) => value * 2,
  nothing: (value: unknown) => value,
  fail: () => {
    throw new TypeError("no");
  },
};

const orchestrators: Readonly<Record<string, Orchestrator>> = {
  async *tasks(context, input: number): Run {
    const doubled: number = yield context.callActivity("double", input);
    const nothing: unknown = yield context.callActivity("nothing");
    const parts: number[] = yield whenAll([1, 2, 3].map((value) => context.callActivity("double", value)));
    const child: number = yield context.callSubOrchestrator("child", 5);
    yield context.createTimer(60);
    context.setCustomStatus({ at: "the event" });
    const event: unknown = yield context.waitForExternalEvent("Go");
    return [doubled, nothing ?? null, parts, child, event];
  },
  async *child(context, input: number): Run {
    return [context.parent?.name, context.parent?.instanceId, yield context.callActivity("double", input)];
  },
  async *failing(context): Run {
    return yield context.callActivity("fail", 1, {
      retry: new RetryPolicy({ maxNumberOfAttempts: 2, firstRetryIntervalInMilliseconds: 1000 }),
    });
  },
  async *eternal(context, input: number): Run {
    if (input === 3) return [input, yield context.waitForExternalEvent("kept")];
    context.continueAsNew(input + 1, true);
    return undefined;
  },
  async *shopper(context): Run {
    const { entities } = context;
    entities.signalEntity(counter("a"), "add", 1);
    const first: number = yield entities.callEntity(counter("a"), "add", 2);
    entities.signalEntity(counter("a"), "add", 10, {
      signalTime: new Date(context.currentUtcDateTime.getTime() + 60_000),
    });
    const lock: { release(): void } = yield entities.lockEntities(counter("a"), counter("b"));
    const locked: number = yield entities.callEntity(counter("b"), "add", 5);
    lock.release();
    let failure = "";
    try {
      yield entities.callEntity(counter("b"), "fail");
    } catch (error) {
      failure = (error as Error).message;
    }
    yield entities.callEntity(counter("b"), "tell", "c");
    yield context.createTimer(120);
    const last: number = yield entities.callEntity(counter("a"), "get");
    const other: number = yield entities.callEntity(counter("c"), "get");
    return [first, locked, failure, last, other];
  },
  async *adder(context, input: { key: string; amount: number }): Run {
    return yield context.entities.callEntity(counter(input.key), "add", input.amount);
  },
};

async function startHub(): Promise<VirtualHub> {
  const hub = new VirtualHub();
  const official = new TaskHubGrpcWorker({ hostAddress: "nowhere", logger: new NoOpLogger() });
  for (const [name, orchestrator] of Object.entries(orchestrators)) {
    official.addNamedOrchestrator(name, orchestrator as unknown as TOrchestrator);
  }
  official.addNamedEntity("counter", () => new Counter());
  const { backend, clock } = hub;
  const executor = new OfficialExecutor(official, activities, clock);
  await new TaskHubWorker({ backend, store: backend, executor, clock, log: silentLog }).start();
  return hub;
}

it("an orchestration of the official worker runs on the engine", async () => {
  const hub = await startHub();
  const id = await hub.client.startInstance({ name: "tasks", input: "21" });
  await hub.advance("5m");
  expect((await hub.client.getInstance(id))?.customStatus).toBe('{"at":"the event"}');
  await hub.client.raiseEvent(id, "go", '{"x":null}');
  const { runtimeStatus, output } = await hub.runUntilEnded(id);
  expect([runtimeStatus, JSON.parse(output!)]).toEqual([
    "Completed",
    [42, null, [2, 4, 6], ["tasks", id, 10], { x: null }],
  ]);
});

it("a failure of the official worker is known to the engine", async () => {
  const hub = await startHub();
  const id = await hub.client.startInstance({ name: "failing" });
  const { runtimeStatus, output } = await hub.runUntilEnded(id);
  expect([runtimeStatus, output]).toEqual(["Failed", expect.stringContaining("no")]);
});

it("a continue-as-new of the official worker keeps its events", async () => {
  const hub = await startHub();
  const id = await hub.client.startInstance({ name: "eternal", input: "1" });
  await hub.client.raiseEvent(id, "Kept", '"yes"');
  expect((await hub.runUntilEnded(id)).output).toBe('[3,"yes"]');
});

it("a termination reaches the official worker", async () => {
  const hub = await startHub();
  const id = await hub.client.startInstance({ name: "tasks", input: "21" });
  await hub.advance("5m");
  await hub.client.suspend(id, "hold on");
  await hub.client.terminate(id, '"enough"');
  const { runtimeStatus, output } = await hub.runUntilEnded(id);
  expect([runtimeStatus, output]).toEqual(["Terminated", '"enough"']);
});

it("entities of the official worker are called, signalled and locked", async () => {
  const hub = await startHub();
  const id = await hub.client.startInstance({ name: "shopper" });
  const { runtimeStatus, output } = await hub.runUntilEnded(id);
  expect([runtimeStatus, JSON.parse(output!)]).toEqual([
    "Completed",
    [3, 5, expect.stringContaining("the counter does not count"), 13, 1100],
  ]);
  for (const key of ["a", "b"]) {
    expect(await hub.client.entities.get(`@counter@${key}`)).toMatchObject({ lockedBy: undefined, queueSize: 0 });
  }
});
