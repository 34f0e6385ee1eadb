import type {
  CleanEntityStorageRequest,
  CleanEntityStorageResult,
  EntityCall,
  EntityCallOptions,
  EntityCallOutcome,
  EntityClient,
  EntityMetadata,
  EntityPage,
  EntityQuery,
  EntitySignal,
} from "../../../src/core/entity-client.ts";
import { type EntityRef, toEntityId } from "../../../src/core/entity-id.ts";
import { DurableError } from "../../../src/core/errors.ts";
import { assertDefinitionName } from "../../../src/core/function-names.ts";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { assertInstanceId, assertReadableInstanceId } from "../../../src/core/ids.ts";
import type {
  OrchestrationClient,
  PurgeInstanceOptions,
  PurgeManyOptions,
  PurgeQuery,
  PurgeSummary,
  StartInstanceOptions,
} from "../../../src/core/orchestration-client.ts";
import type {
  InstanceConditions,
  InstanceIdPage,
  InstanceIdQuery,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "../../../src/core/orchestration-state.ts";
import { isTerminalStatus } from "../../../src/core/orchestration-status.ts";
import type { Clock } from "../../../src/core/ports.ts";

/** An instance that began at 10:00:00.9 and changed last at 10:00:03.2. */
export function instance(state: Partial<OrchestrationState> = {}): OrchestrationState {
  return {
    instanceId: "abc",
    executionId: "e1",
    name: "seq",
    version: undefined,
    runtimeStatus: "Running",
    input: '"World"',
    output: undefined,
    customStatus: undefined,
    createdTime: new Date("2024-05-01T10:00:00.900Z"),
    lastUpdatedTime: new Date("2024-05-01T10:00:03.200Z"),
    completedTime: undefined,
    scheduledStartTime: undefined,
    generation: 0,
    tags: undefined,
    ...state,
  };
}

/** Holds entities in memory, and records what it was asked. */
class FakeEntityClient implements EntityClient {
  readonly found = new Map<string, EntityMetadata>();
  /** Each call as its method and arguments, with ids as texts. */
  readonly calls: unknown[][] = [];
  /** Pages to hand out, in order. */
  pages: EntityPage[] = [];
  outcome: EntityCallOutcome = { kind: "completed", result: undefined };

  async signal(entity: EntityRef | string, signal: EntitySignal): Promise<void> {
    this.calls.push(["signal", toEntityId(entity).toString(), signal]);
  }

  async call(
    entity: EntityRef | string,
    call: EntityCall,
    { timeoutMs }: EntityCallOptions = {},
  ): Promise<EntityCallOutcome> {
    this.calls.push(["call", toEntityId(entity).toString(), call, timeoutMs]);
    return this.outcome;
  }

  async get(entity: EntityRef | string): Promise<EntityMetadata | undefined> {
    this.calls.push(["get", toEntityId(entity).toString()]);
    return this.found.get(toEntityId(entity).toString());
  }

  async query(query: EntityQuery): Promise<EntityPage> {
    this.calls.push(["query", query]);
    return this.pages.shift() ?? { entities: [...this.found.values()], continuationToken: undefined };
  }

  async purge(entity: EntityRef | string): Promise<number> {
    this.calls.push(["purge", toEntityId(entity).toString()]);
    return this.found.delete(toEntityId(entity).toString()) ? 1 : 0;
  }

  async cleanStorage(request?: CleanEntityStorageRequest): Promise<CleanEntityStorageResult> {
    this.calls.push(["cleanStorage", request]);
    return { emptyEntitiesRemoved: 1, orphanedLocksReleased: 2, continuationToken: undefined };
  }
}

/** An entity that exists, changed last at 10:00:03.2. */
export function entity(id: string, state: string | undefined, more: Partial<EntityMetadata> = {}): EntityMetadata {
  const lastModifiedTime = new Date("2024-05-01T10:00:03.200Z");
  const exists = state !== undefined;
  return { id: toEntityId(id), exists, state, lastModifiedTime, queueSize: 0, lockedBy: undefined, ...more };
}

/** Holds instances in memory, refuses what the port refuses, and records what it was asked. */
export class FakeOrchestrationClient implements OrchestrationClient {
  readonly taskHub = "Hub";
  readonly entities = new FakeEntityClient();
  readonly instances = new Map<string, OrchestrationState>();
  readonly histories = new Map<string, readonly HistoryEvent[]>();
  /** Each call as its method and arguments. */
  readonly calls: unknown[][] = [];
  /** Pages to hand out, in order. */
  pages: InstancePage[] = [];
  purgeable = 0;
  /** Thrown by the next call, whatever it is. */
  failure: unknown;

  constructor(...instances: readonly OrchestrationState[]) {
    for (const state of instances) this.instances.set(state.instanceId, state);
  }

  async startInstance(options: StartInstanceOptions): Promise<string> {
    assertDefinitionName(options.name, "the name");
    if (options.instanceId !== undefined) assertInstanceId(options.instanceId);
    this.#record("startInstance", options);
    const { instanceId = "generated" } = options;
    const existing = this.instances.get(instanceId);
    if (existing !== undefined && !isTerminalStatus(existing.runtimeStatus)) {
      throw new DurableError("InstanceAlreadyExists", `an instance '${instanceId}' exists already`);
    }
    this.instances.set(
      instanceId,
      instance({ ...options, instanceId, runtimeStatus: "Pending" } as OrchestrationState),
    );
    return instanceId;
  }

  async getInstance(instanceId: string, options?: { fetchInput?: boolean }): Promise<OrchestrationState | undefined> {
    assertReadableInstanceId(instanceId);
    this.#record("getInstance", instanceId, options);
    return this.instances.get(instanceId);
  }

  async waitForInstance(instanceId: string, until: "started" | "ended"): Promise<OrchestrationState | undefined> {
    this.#record("waitForInstance", instanceId, until);
    return this.instances.get(instanceId);
  }

  async listInstanceIds(query: InstanceIdQuery): Promise<InstanceIdPage> {
    this.#record("listInstanceIds", query);
    return { instanceIds: [...this.instances.keys()], continuationToken: undefined };
  }

  async getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined> {
    assertReadableInstanceId(instanceId);
    this.#record("getHistory", instanceId);
    return this.histories.get(instanceId);
  }

  async queryInstances(query: InstanceQuery): Promise<InstancePage> {
    this.#record("queryInstances", query);
    return this.pages.shift() ?? { instances: [...this.instances.values()], continuationToken: undefined };
  }

  async raiseEvent(instanceId: string, name: string, input: string | undefined): Promise<void> {
    if (name === "") throw new DurableError("InvalidOption", "the name of an event must be a non-empty text");
    this.#operate("raiseEvent", instanceId, name, input);
  }

  async terminate(instanceId: string, reason: string | undefined): Promise<void> {
    this.#operate("terminate", instanceId, reason);
  }

  async suspend(instanceId: string, reason: string | undefined): Promise<void> {
    this.#operate("suspend", instanceId, reason);
  }

  async resume(instanceId: string, reason: string | undefined): Promise<void> {
    this.#operate("resume", instanceId, reason);
  }

  async rewind(instanceId: string, reason: string | undefined): Promise<void> {
    assertInstanceId(instanceId);
    this.#record("rewind", instanceId, reason);
    if (this.#require(instanceId).runtimeStatus !== "Failed") {
      throw new DurableError("InstanceNotActive", "only a failed instance can be rewound");
    }
  }

  async restart(instanceId: string, options: { readonly restartWithNewInstanceId: boolean }): Promise<string> {
    assertInstanceId(instanceId);
    this.#record("restart", instanceId, options);
    this.#require(instanceId);
    return options.restartWithNewInstanceId ? "restarted" : instanceId;
  }

  async countInstances(conditions: InstanceConditions): Promise<number> {
    this.#record("countInstances", conditions);
    return this.instances.size;
  }

  async purgeMany(query: PurgeQuery, options: PurgeManyOptions = {}): Promise<PurgeSummary> {
    this.#record("purgeMany", query, options);
    return { deletedCount: this.purgeable, isComplete: true, continuationToken: undefined };
  }

  async deleteTaskHub(options: { readonly force?: boolean | undefined } = {}): Promise<void> {
    this.#record("deleteTaskHub", options);
  }

  async purge(instanceId: string, { force = false }: PurgeInstanceOptions = {}): Promise<number> {
    assertInstanceId(instanceId);
    this.#record("purge", instanceId);
    const status = this.instances.get(instanceId)?.runtimeStatus;
    if (status !== undefined && !isTerminalStatus(status) && !force) {
      throw new DurableError("InstanceNotActive", `'${instanceId}' is ${status}`);
    }
    return this.instances.delete(instanceId) ? 1 : 0;
  }

  async purgeBy(query: PurgeQuery): Promise<number> {
    this.#record("purgeBy", query);
    return this.purgeable;
  }

  #operate(operation: string, instanceId: string, ...rest: unknown[]): void {
    assertInstanceId(instanceId);
    this.#record(operation, instanceId, ...rest);
    const { runtimeStatus } = this.#require(instanceId);
    if (isTerminalStatus(runtimeStatus)) throw new DurableError("InstanceNotActive", `'${instanceId}' has finished`);
  }

  #require(instanceId: string): OrchestrationState {
    const state = this.instances.get(instanceId);
    if (state === undefined) throw new DurableError("InstanceNotFound", `there is no instance '${instanceId}'`);
    return state;
  }

  #record(...call: unknown[]): void {
    this.calls.push(call);
    if (this.failure !== undefined) throw this.failure;
  }
}

/** Time that passes only by sleeping. `onSleep` is told when, and may change the world. */
export class FakeClock implements Clock {
  #now = Date.parse("2024-05-01T12:00:00Z");
  readonly sleeps: number[] = [];
  onSleep: () => void = () => {};

  now(): number {
    return this.#now;
  }

  async sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.#now += ms;
    this.onSleep();
  }
}
