import { assertEntityOperation, assertRequestId, assertStartTime, entityPrefixOf } from "../core/client-checks.ts";
import type {
  CleanEntityStorageRequest,
  CleanEntityStorageResult,
  EntityCall,
  EntityCallMessage,
  EntityCallOptions,
  EntityCallOutcome,
  EntityClient,
  EntityMetadata,
  EntityPage,
  EntityQuery,
  EntitySignal,
} from "../core/entity-client.ts";
import { assertAddressable, EntityId, type EntityRef, toEntityId } from "../core/entity-id.ts";
import { DurableError, isDurableError } from "../core/errors.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { assertPayload, defaultMaxPayloadBytes } from "../core/payloads/payload-limit.ts";
import type { Clock, Random } from "../core/ports.ts";
import { callEntityOrchestratorName } from "../core/reserved-names.ts";
import { createRequest, formatRequestEvent, readAnswer } from "../entities/entity-message.ts";
import { readEntityState, readEntityStatus } from "../entities/scheduler-state.ts";
import type { TaskHubStore } from "./backend.ts";
import { cleanEntityStorage } from "./clean-entity-storage.ts";

export interface TaskHubEntityClientOptions {
  readonly store: TaskHubStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Starts an orchestration, also a built-in one. Resolves to its instance id. */
  readonly start: (name: string, input: string) => Promise<string>;
  /** @defaultValue 128 MiB */
  readonly maxPayloadBytes?: number | undefined;
}

/** Reaches the entities of a task hub directly on its store. */
export class TaskHubEntityClient implements EntityClient {
  readonly #store: TaskHubStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #start: TaskHubEntityClientOptions["start"];
  readonly #maxPayloadBytes: number;

  constructor(options: TaskHubEntityClientOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#start = options.start;
    this.#maxPayloadBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes;
  }

  async signal(entity: EntityRef | string, signal: EntitySignal): Promise<void> {
    const { operation = "", input, scheduledTime: dueAt, requestId } = signal;
    const instanceId = assertAddressable(toEntityId(entity)).toString();
    assertEntityOperation(operation);
    assertStartTime(dueAt, "scheduledTime");
    assertRequestId(requestId);
    assertPayload(input, `the input of operation '${operation}'`, this.#maxPayloadBytes);
    const id = requestId ?? this.#random.guid();
    const now = this.#clock.now();
    const { deliverAt, ...event } = formatRequestEvent(
      createRequest({ id, operation, isSignal: true, input, dueAt }),
      now,
    );
    await this.#store.sendMessage({
      message: {
        event: { ...event, type: "EventRaised", eventId: -1, timestamp: new Date(now), parentTraceContext: undefined },
        target: { instanceId, executionId: undefined },
      },
      deliverAt,
    });
  }

  async call(
    entity: EntityRef | string,
    { operation, input }: EntityCall,
    options: EntityCallOptions = {},
  ): Promise<EntityCallOutcome> {
    const id = assertAddressable(toEntityId(entity)).toString();
    assertEntityOperation(operation);
    assertPayload(input, `the input of operation '${operation}'`, this.#maxPayloadBytes);
    const message: EntityCallMessage = { entity: id, operation, input };
    const instanceId = await this.#start(callEntityOrchestratorName, JSON.stringify(message));
    try {
      const ended = await this.#waitForEnd(instanceId, `operation '${operation}' of entity '${id}'`, options);
      return await this.#outcomeOf(ended);
    } finally {
      // Nobody else knows of it. The outcome counts for more than what is left behind.
      await this.#store.purgeInstance(instanceId).catch(() => {});
    }
  }

  async get(entity: EntityRef | string): Promise<EntityMetadata | undefined> {
    const state = await this.#store.getInstance(toEntityId(entity).toString(), { fetchInput: true });
    return state && describeEntity(state, true);
  }

  async query(query: EntityQuery): Promise<EntityPage> {
    const { lastModifiedFrom, lastModifiedTo, includeState = true, includeTransient = false } = query;
    const page = await this.#store.queryInstances({
      instanceIdPrefix: entityPrefixOf(query),
      includeEntities: true,
      // An entity's row is made anew by every batch.
      createdTimeFrom: lastModifiedFrom,
      createdTimeTo: lastModifiedTo,
      pageSize: query.pageSize,
      continuationToken: query.continuationToken,
      fetchInput: includeState,
      fetchOutput: false,
    });
    const found = page.instances.flatMap((state) => describeEntity(state, includeState) ?? []);
    return {
      entities: found.filter(({ exists }) => exists || includeTransient),
      continuationToken: page.continuationToken,
    };
  }

  async purge(entity: EntityRef | string): Promise<number> {
    return (await this.#store.purgeInstance(toEntityId(entity).toString())) ? 1 : 0;
  }

  cleanStorage(request: CleanEntityStorageRequest = {}): Promise<CleanEntityStorageResult> {
    return cleanEntityStorage(request, { store: this.#store, clock: this.#clock });
  }

  async #waitForEnd(instanceId: string, what: string, options: EntityCallOptions): Promise<OrchestrationState> {
    const { timeoutMs = Number.POSITIVE_INFINITY, signal } = options;
    const deadline = this.#clock.now() + timeoutMs;
    let pauseMs = firstPauseMs;
    for (;;) {
      const state = await this.#store.getInstance(instanceId, { fetchInput: false });
      if (state === undefined) throw new DurableError("Aborted", `the instance that waited for ${what} was purged`);
      if (isTerminalStatus(state.runtimeStatus)) return state;
      if (signal?.aborted) throw new DurableError("Aborted", `the wait for ${what} was ended`);
      const leftMs = deadline - this.#clock.now();
      if (leftMs <= 0) throw new DurableError("TaskTimeout", `${what} has not completed after ${timeoutMs} ms`);
      await this.#clock.sleep(Math.min(pauseMs, leftMs), signal);
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    }
  }

  async #outcomeOf({ instanceId, runtimeStatus, output }: OrchestrationState): Promise<EntityCallOutcome> {
    const answer = runtimeStatus === "Completed" ? readAnswer(output) : undefined;
    if (answer !== undefined) return answer;
    if (runtimeStatus !== "Failed") {
      throw new DurableError("Aborted", `the instance that waited for the entity is ${runtimeStatus}: ${output}`);
    }
    const history = (await this.#store.getHistory(instanceId)) ?? [];
    const failures = history.flatMap((event) => (event.type === "ExecutionCompleted" ? [event.failureDetails] : []));
    const unknown = { errorType: "Error", errorMessage: output ?? "", isNonRetriable: false };
    return { kind: "failed", failureDetails: failures.at(-1) ?? unknown };
  }
}

const firstPauseMs = 50;
const maxPauseMs = 1000;

/** `undefined` for a row that is no entity's: other programs may give ids that only begin like one. */
function describeEntity(row: OrchestrationState, includesState: boolean): EntityMetadata | undefined {
  const id = readId(row.instanceId);
  if (id === undefined) return undefined;
  const { exists, queueSize, lockedBy } = readEntityStatus(row.customStatus);
  const state = includesState ? readEntityState(row.input) : undefined;
  return {
    id,
    exists: includesState ? state !== undefined : exists,
    lastModifiedTime: row.createdTime,
    queueSize,
    lockedBy,
    state,
  };
}

function readId(instanceId: string): EntityId | undefined {
  try {
    return EntityId.parse(instanceId);
  } catch (error) {
    if (isDurableError(error, "InvalidEntityId")) return undefined;
    throw error;
  }
}
