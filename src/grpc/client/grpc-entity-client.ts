import { assertEntityOperation, assertRequestId, assertStartTime, entityPrefixOf } from "../../core/client-checks.ts";
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
} from "../../core/entity-client.ts";
import { assertAddressable, EntityId, type EntityRef, toEntityId } from "../../core/entity-id.ts";
import { DurableError, isDurableError } from "../../core/errors.ts";
import type { OrchestrationState } from "../../core/orchestration-state.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { callEntityOrchestratorName } from "../../core/reserved-names.ts";
import { readAnswer } from "../../entities/entity-message.ts";
import { explainFailure } from "../channel/call-failure.ts";
import type { TaskHubChannel } from "../channel/task-hub-channel.ts";
import { timeOf, toTimestamp } from "../codec/times.ts";
import type { EntityMetadata as WireMetadata } from "../proto/orchestrator_service_pb.ts";
import { nextTokenOf, pageSizeOf } from "./page-tokens.ts";

export interface GrpcEntityClientOptions {
  readonly channel: TaskHubChannel;
  readonly clock: Clock;
  readonly random: Random;
  /** Starts an orchestration, also a built-in one. Resolves to its instance id. */
  readonly start: (name: string, input: string) => Promise<string>;
  /** Waits for the end of an instance, with its failure. */
  readonly waitForEnd: (instanceId: string, options: EntityCallOptions) => Promise<OrchestrationState | undefined>;
  readonly purge: (instanceId: string) => Promise<number>;
}

/** Reaches the entities of a task hub over gRPC. */
export class GrpcEntityClient implements EntityClient {
  readonly #channel: TaskHubChannel;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #start: GrpcEntityClientOptions["start"];
  readonly #waitForEnd: GrpcEntityClientOptions["waitForEnd"];
  readonly #purge: GrpcEntityClientOptions["purge"];

  constructor(options: GrpcEntityClientOptions) {
    this.#channel = options.channel;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#start = options.start;
    this.#waitForEnd = options.waitForEnd;
    this.#purge = options.purge;
  }

  async signal(entity: EntityRef | string, signal: EntitySignal): Promise<void> {
    const { operation = "", input, scheduledTime, requestId } = signal;
    const instanceId = assertAddressable(toEntityId(entity)).toString();
    assertEntityOperation(operation);
    assertStartTime(scheduledTime, "scheduledTime");
    assertRequestId(requestId);
    const request = {
      instanceId,
      name: operation,
      input,
      requestId: requestId ?? this.#random.guid(),
      scheduledTime: scheduledTime && toTimestamp(scheduledTime),
      requestTime: toTimestamp(new Date(this.#clock.now())),
    };
    await explainFailure(this.#channel.unary("signalEntity", request), `the signal to the entity '${instanceId}'`);
  }

  /**
   * The protocol has no call from outside of orchestrations: a built-in orchestration calls for us, so that a worker of
   * this package has to run on the hub.
   *
   * @throws DurableError `NotSupported` when the server or its workers do not know that orchestration
   */
  async call(
    entity: EntityRef | string,
    { operation, input }: EntityCall,
    options: EntityCallOptions = {},
  ): Promise<EntityCallOutcome> {
    const id = assertAddressable(toEntityId(entity)).toString();
    assertEntityOperation(operation);
    const message: EntityCallMessage = { entity: id, operation, input };
    const what = `operation '${operation}' of entity '${id}'`;
    const instanceId = await this.#startCall(message);
    try {
      const ended = await this.#waitForEnd(instanceId, options);
      if (ended === undefined) throw new DurableError("Aborted", `the instance that waited for ${what} was purged`);
      return this.#outcomeOf(ended);
    } catch (error) {
      if (!isDurableError(error, "TaskTimeout")) throw error;
      const text = `${what} has not completed after ${options.timeoutMs} ms`;
      throw new DurableError("TaskTimeout", text, { cause: error });
    } finally {
      // Nobody else knows of it. The outcome counts for more than what is left behind.
      await this.#purge(instanceId).catch(() => {});
    }
  }

  async #startCall(message: EntityCallMessage): Promise<string> {
    try {
      return await this.#start(callEntityOrchestratorName, JSON.stringify(message));
    } catch (error) {
      if (!isDurableError(error, "InvalidOption") && !isDurableError(error, "NotSupported")) throw error;
      throw this.#cannotCall(error);
    }
  }

  #outcomeOf({ runtimeStatus, output, failureDetails }: OrchestrationState): EntityCallOutcome {
    const answer = runtimeStatus === "Completed" ? readAnswer(output) : undefined;
    if (answer !== undefined) return answer;
    if (runtimeStatus !== "Failed") {
      throw new DurableError("Aborted", `the instance that waited for the entity is ${runtimeStatus}: ${output}`);
    }
    const failure = failureDetails ?? { errorType: "Error", errorMessage: output ?? "", isNonRetriable: false };
    // The words of the workers of this and other packages for an orchestration that they do not have.
    if (/^Orchestrator(?:NotRegistered|TaskNotFound)/.test(failure.errorType)) throw this.#cannotCall(failure);
    return { kind: "failed", failureDetails: failure };
  }

  #cannotCall(cause: unknown): DurableError {
    return new DurableError(
      "NotSupported",
      `a client cannot call entities at ${this.#channel.target}, which needs a server and a worker of ` +
        "durable-functions-ts: signal the entity and read its state, or call it from an orchestration",
      { cause },
    );
  }

  async get(entity: EntityRef | string): Promise<EntityMetadata | undefined> {
    const instanceId = toEntityId(entity).toString();
    const call = this.#channel.unary("getEntity", { instanceId, includeState: true });
    try {
      const { exists, entity: found } = await explainFailure(call, `the entity '${instanceId}'`);
      const metadata = found && describeEntity(found, true);
      return metadata && { ...metadata, exists: exists && metadata.exists };
    } catch (error) {
      if (isDurableError(error, "InstanceNotFound")) return undefined;
      throw error;
    }
  }

  async query(query: EntityQuery): Promise<EntityPage> {
    const { lastModifiedFrom, lastModifiedTo, includeState = true, includeTransient = false } = query;
    const prefix = entityPrefixOf(query);
    const call = this.#channel.unary("queryEntities", {
      query: {
        instanceIdStartsWith: prefix === "@" ? undefined : prefix,
        lastModifiedFrom: lastModifiedFrom && toTimestamp(lastModifiedFrom),
        lastModifiedTo: lastModifiedTo && toTimestamp(lastModifiedTo),
        // Its state is what tells an entity from one that does not exist any more.
        includeState: includeState || includeTransient,
        includeTransient,
        pageSize: pageSizeOf(query),
        continuationToken: query.continuationToken,
      },
    });
    const { entities, continuationToken } = await explainFailure(call, "the query of entities");
    const found = entities.flatMap((each) => describeEntity(each, includeState || includeTransient) ?? []);
    return {
      entities: found.map((each) => (includeState ? each : { ...each, state: undefined })),
      continuationToken: nextTokenOf(continuationToken, query.continuationToken),
    };
  }

  async purge(entity: EntityRef | string): Promise<number> {
    const instanceId = toEntityId(entity).toString();
    const request = { request: { case: "instanceId", value: instanceId }, isOrchestration: false } as const;
    const call = this.#channel.unary("purgeInstances", request);
    try {
      const { deletedInstanceCount } = await explainFailure(call, `the purge of the entity '${instanceId}'`);
      return deletedInstanceCount > 0 ? 1 : 0;
    } catch (error) {
      if (isDurableError(error, "InstanceNotFound")) return 0;
      throw error;
    }
  }

  /** @throws DurableError `NotSupported` for `minEmptyMs`, which has no place in the protocol: the server decides */
  async cleanStorage(request: CleanEntityStorageRequest = {}): Promise<CleanEntityStorageResult> {
    const { removeEmptyEntities = true, releaseOrphanedLocks = true, continueUntilComplete = true } = request;
    if (request.minEmptyMs !== undefined) {
      throw new DurableError("NotSupported", "minEmptyMs cannot be told to a server: it has a rule of its own");
    }
    let { continuationToken } = request;
    let emptyEntitiesRemoved = 0;
    let orphanedLocksReleased = 0;
    do {
      const page = { continuationToken, removeEmptyEntities, releaseOrphanedLocks };
      const call = this.#channel.unary("cleanEntityStorage", page);
      const cleaned = await explainFailure(call, "the cleaning of entities");
      emptyEntitiesRemoved += cleaned.emptyEntitiesRemoved;
      orphanedLocksReleased += cleaned.orphanedLocksReleased;
      continuationToken = nextTokenOf(cleaned.continuationToken, continuationToken);
    } while (continueUntilComplete && continuationToken !== undefined);
    return { emptyEntitiesRemoved, orphanedLocksReleased, continuationToken };
  }
}

/** `undefined` for what is no entity. Without its state an entity that was listed is taken to exist. */
function describeEntity(wire: WireMetadata, includesState: boolean): EntityMetadata | undefined {
  const id = readId(wire.instanceId);
  if (id === undefined) return undefined;
  return {
    id,
    exists: !includesState || wire.serializedState !== undefined,
    lastModifiedTime: timeOf(wire.lastModifiedTime),
    queueSize: wire.backlogQueueSize,
    lockedBy: wire.lockedBy || undefined,
    state: wire.serializedState,
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
