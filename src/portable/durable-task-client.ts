import { setMaxListeners } from "node:events";
import { assertEventName, unlessFinished } from "../core/client-checks.ts";
import type { CleanEntityStorageResult } from "../core/entity-client.ts";
import type { EntityRef } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { assertDefinitionName } from "../core/function-names.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { InstanceId } from "../core/ids.ts";
import { linkSignals } from "../core/linked-signal.ts";
import { assertOptions } from "../core/option-names.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { PayloadFetch, OrchestrationState as StoredState } from "../core/orchestration-state.ts";
import { type DataConverter, guardDataConverter } from "../core/payloads/data-converter.ts";
import type { StoredAs } from "../core/payloads/json-types.ts";
import { validate } from "../core/payloads/standard-schema.ts";
import { type Quarantine, requireQuarantine } from "../core/quarantine.ts";
import { systemClock } from "../core/system-ports.ts";
import { parseTimeSpan } from "../core/time-span.ts";
import type { ExternalEvent, PayloadArguments } from "../orchestration/external-event.ts";
import { resolveTarget } from "./call-form.ts";
import {
  type CallEntityOptions,
  type CleanEntityStorageOptions,
  type ClientOptions,
  clientOptionKinds,
  conditionsOf,
  type EntityFilter,
  type EntityMetadata,
  type GetStateOptions,
  type InstanceConditions,
  type InstanceFilter,
  type InstanceIdFilter,
  type PurgeFilter,
  type PurgeOptions,
  type PurgeResult,
  readOptions,
  type ScheduleArguments,
  type ScheduleOptions,
  type SignalEntityOptions,
  type TerminateOptions,
  type WaitOptions,
} from "./client-options.ts";
import { ConnectedQuarantine } from "./connected-quarantine.ts";
import { EntityOperations } from "./entity-operations.ts";
import type { TargetInput, TargetOutput } from "./function-types.ts";
import type { OrchestrationTarget } from "./orchestration-context.ts";
import { OrchestrationState } from "./orchestration-state.ts";
import { Paged } from "./paged.ts";
import { purgeBy, purgeIds, purgeQueryOf } from "./purge.ts";

/** A client of one place, open. */
export interface OpenClient {
  readonly client: OrchestrationClient;
  close(): Promise<void>;
}

/**
 * Starts and manages orchestrations and entities of one task hub, wherever it is: what the clients of all places have in
 * common. What it reads is typed as it comes back: without a converter as JSON gives it. Nothing is opened before the first call. An instance or entity that a hub does not know, a name or id that it
 * does not accept: each method says so with a DurableError.
 */
export class DurableTaskClient<Converter extends DataConverter | undefined = undefined> implements AsyncDisposable {
  readonly #open: () => Promise<OpenClient>;
  readonly #dataConverter: DataConverter;
  readonly #defaultVersion: string | undefined;
  readonly #entities: EntityOperations;
  /**
   * Messages that no worker could read, to be looked at, put back or dropped. Its methods reject with `NotSupported` where
   * the hub is behind a service.
   */
  readonly quarantine: Quarantine;
  #opened: Promise<OpenClient> | undefined;
  readonly #closed = new AbortController();

  protected constructor(open: () => Promise<OpenClient>, options: ClientOptions<Converter>) {
    const { dataConverter, defaultVersion } = options;
    assertOptions({ dataConverter, defaultVersion }, clientOptionKinds, "this client");
    this.#open = open;
    // One for each call that waits.
    setMaxListeners(0, this.#closed.signal);
    this.#dataConverter = guardDataConverter(options.dataConverter);
    this.#defaultVersion = options.defaultVersion;
    this.quarantine = new ConnectedQuarantine(async () => requireQuarantine(await this.#connect()));
    this.#entities = new EntityOperations(async () => (await this.#connect()).entities, this.#dataConverter);
  }

  /**
   * Starts an orchestration, by reference, by a handle, or by name. Resolves to the id of the instance once the start is
   * durable.
   *
   * @throws DurableError `InstanceAlreadyExists` when an instance of `options.instanceId` is in a status that is not
   * reusable, `InvalidInstanceId`, `InvalidOption`, `InvalidPayload`
   */
  async scheduleNewOrchestration<Output = unknown, Target extends OrchestrationTarget = string>(
    orchestration: Target,
    ...given: ScheduleArguments<TargetInput<Target, unknown>>
  ): Promise<InstanceId<TargetOutput<Target, Converter, Output>>> {
    const options = readOptions("scheduleNewOrchestration", given[0] as ScheduleOptions | undefined);
    const target = resolveTarget("orchestration", orchestration);
    const { name, inputSchema } =
      typeof target === "object" && target !== null ? target : { name: target, inputSchema: undefined };
    assertDefinitionName(name, "the name of the orchestration to start");
    const { instanceId, startAt, version = this.#defaultVersion, tags, reusableStatuses } = options;
    const what = `the input of orchestration '${name}'`;
    // Checked here, sent as given: the orchestration runs the schema too, and a schema may change what it takes.
    await validate(inputSchema, options.input, what);
    const input = this.#dataConverter.serialize(options.input, what);
    const client = await this.#connect();
    const start = { name, instanceId, input, version, tags, scheduledStartTime: startAt, reusableStatuses };
    return (await client.startInstance(start)) as never;
  }

  /** What is known of an instance; `undefined` for an unknown one. */
  async getOrchestrationState<Output = unknown>(
    instanceId: InstanceId<Output>,
    given?: GetStateOptions,
  ): Promise<OrchestrationState<StoredAs<Converter, Output>> | undefined> {
    const options = readOptions("getOrchestrationState", given);
    const client = await this.#connect();
    const state = await client.getInstance(instanceId, reads(options));
    return state && this.#show(state, options);
  }

  /**
   * Waits until an instance has begun to run, or has ended.
   *
   * @throws DurableError `InstanceNotFound`; `TaskTimeout`, `Aborted` when the wait ends first
   */
  async waitForOrchestrationStart<Output = unknown>(
    instanceId: InstanceId<Output>,
    options?: WaitOptions,
  ): Promise<OrchestrationState<StoredAs<Converter, Output>>> {
    return this.#wait(instanceId, "started", readOptions("waitForOrchestrationStart", options));
  }

  /**
   * Waits until an instance has ended, however it did. `result` of what comes back has the type that the orchestration
   * returns, when the id is one that {@link scheduleNewOrchestration} has given back.
   *
   * @example
   * const id = await client.scheduleNewOrchestration(processOrder, { input: order });
   * const { result } = await client.waitForOrchestrationCompletion(id, { timeout: "1m" });
   * @throws DurableError `InstanceNotFound`; `TaskTimeout`, `Aborted` when the wait ends first
   */
  async waitForOrchestrationCompletion<Output = unknown>(
    instanceId: InstanceId<Output>,
    options?: WaitOptions,
  ): Promise<OrchestrationState<StoredAs<Converter, Output>>> {
    return this.#wait(instanceId, "ended", readOptions("waitForOrchestrationCompletion", options));
  }

  /** Instances that match, all pages of them. */
  getAllInstances(given?: InstanceFilter): Paged<OrchestrationState> {
    const filter = readOptions("getAllInstances", given);
    const { pageSize, fetchPayloads } = filter;
    const fetched: PayloadFetch = fetchPayloads ?? "inline";
    const query = { ...conditionsOf(filter), pageSize, fetchInput: fetched, fetchOutput: fetched };
    return new Paged(async (continuationToken) => {
      const client = await this.#connect();
      const page = await client.queryInstances({ ...query, continuationToken });
      const items = page.instances.map((state) => this.#show(state, { fetchPayloads }));
      return { items, continuationToken: page.continuationToken };
    });
  }

  /** How many instances match; none is read. @throws DurableError `InvalidOption` */
  async countInstances(filter?: InstanceConditions): Promise<number> {
    const conditions = conditionsOf(readOptions("countInstances", filter));
    return (await this.#connect()).countInstances(conditions);
  }

  /** Ids of finished instances, those that finished first first. */
  listInstanceIds(filter?: InstanceIdFilter): Paged<string> {
    const { completedFrom, completedTo, runtimeStatus, pageSize } = readOptions("listInstanceIds", filter);
    return new Paged(async (continuationToken) => {
      const client = await this.#connect();
      const query = { completedTimeFrom: completedFrom, completedTimeTo: completedTo, runtimeStatus, pageSize };
      const page = await client.listInstanceIds({ ...query, continuationToken });
      return { items: page.instanceIds, continuationToken: page.continuationToken };
    });
  }

  /**
   * Sends an event, which is kept until the orchestration waits for it; a finished instance ignores it.
   *
   * @throws DurableError `InstanceNotFound`, `InvalidOption`, `InvalidPayload`
   */
  async raiseOrchestrationEvent<Payload = unknown>(
    instanceId: string,
    event: string | ExternalEvent<Payload>,
    ...[data]: PayloadArguments<Payload>
  ): Promise<void> {
    const { name, schema } = typeof event === "object" && event !== null ? event : { name: event, schema: undefined };
    assertEventName(name);
    const what = `the data of event '${name}'`;
    await validate(schema, data, what);
    const text = this.#dataConverter.serialize(data, what);
    const client = await this.#connect();
    await unlessFinished(client.raiseEvent(instanceId, name, text));
  }

  /**
   * Ends an instance. Activities that run already are not stopped. No effect on a finished instance.
   *
   * @throws DurableError `InstanceNotFound`
   */
  async terminateOrchestration(instanceId: string, options?: TerminateOptions): Promise<void> {
    // The text alone is what other SDKs take.
    const given = typeof options === "string" ? { output: options as string } : options;
    const { output, recursive } = readOptions("terminateOrchestration", given);
    const reason =
      typeof output === "string"
        ? output
        : this.#dataConverter.serialize(output, `the output of the termination of '${instanceId}'`);
    const client = await this.#connect();
    await unlessFinished(client.terminate(instanceId, reason, { recursive }));
  }

  /** Lets an instance rest: what reaches it is kept until it is resumed. @throws DurableError `InstanceNotFound` */
  async suspendOrchestration(instanceId: string, reason?: string): Promise<void> {
    const client = await this.#connect();
    await unlessFinished(client.suspend(instanceId, reason));
  }

  /** Wakes a suspended instance. @throws DurableError `InstanceNotFound` */
  async resumeOrchestration(instanceId: string, reason?: string): Promise<void> {
    const client = await this.#connect();
    await unlessFinished(client.resume(instanceId, reason));
  }

  /**
   * Runs a failed instance on from its last failure.
   *
   * @throws DurableError `InstanceNotFound`, `InstanceNotActive` when it has not failed, `NotSupported`
   */
  async rewindInstance(instanceId: string, reason?: string): Promise<void> {
    const client = await this.#connect();
    await client.rewind(instanceId, reason);
  }

  /**
   * Starts an orchestration again with the name and input of an earlier instance.
   *
   * @param options.restartWithNewInstanceId `false` replaces the earlier instance. @defaultValue false
   * @returns the id of the new instance
   * @throws DurableError `InstanceNotFound`, `InstanceAlreadyExists` when it has not finished yet
   */
  async restartOrchestration<Output = unknown>(
    instanceId: InstanceId<Output>,
    options?: { readonly restartWithNewInstanceId?: boolean },
  ): Promise<InstanceId<Output>> {
    // As other SDKs take it.
    const given = typeof options === "boolean" ? { restartWithNewInstanceId: options as boolean } : options;
    const { restartWithNewInstanceId = false } = readOptions("restartOrchestration", given);
    const client = await this.#connect();
    return client.restart(instanceId, { restartWithNewInstanceId });
  }

  /**
   * Deletes everything about finished instances: one, those of a list that have finished, or those that match.
   *
   * @throws DurableError `InvalidOption`, also for a filter without any condition; `NotSupported` for one instance that
   * has not finished: terminate it first, or force it
   */
  async purgeOrchestration(
    target: string | readonly string[] | PurgeFilter,
    given?: PurgeOptions,
  ): Promise<PurgeResult> {
    const options = readOptions("purgeOrchestration", given);
    if (typeof target === "object" && !Array.isArray(target)) {
      const query = purgeQueryOf(readOptions("purgeFilter", target as PurgeFilter), systemClock.now());
      return purgeBy(await this.#connect(), query, options);
    }
    return { deletedInstanceCount: await purgeIds(await this.#connect(), target as string | string[], options) };
  }

  /**
   * Deletes the task hub with all that it keeps.
   *
   * @param options.force also while workers are at work on it; over gRPC always needed
   * @throws DurableError `TaskHubInUse`, `TaskHubNotFound`
   */
  async deleteTaskHub(options?: { readonly force?: boolean }): Promise<void> {
    const checked = readOptions("deleteTaskHub", options);
    await (await this.#connect()).deleteTaskHub(checked);
  }

  /** All that has happened to an instance, in order. @throws DurableError `InstanceNotFound` */
  async getOrchestrationHistory(instanceId: string): Promise<readonly HistoryEvent[]> {
    const client = await this.#connect();
    const history = await client.getHistory(instanceId);
    if (history === undefined) throw unknownInstance(instanceId);
    return history;
  }

  /**
   * Sends an operation to an entity and does not wait for it; the entity is made by its first operation.
   *
   * @param entity an `EntityId`, `{ name, key }` or `"@name@key"`
   * @throws DurableError `InvalidEntityId`, `InvalidOption`, `InvalidPayload`
   */
  async signalEntity(
    entity: EntityRef | string,
    operation: string,
    input?: unknown,
    options?: SignalEntityOptions,
  ): Promise<void> {
    return this.#entities.signal(entity, operation, input, readOptions("signalEntity", options));
  }

  /**
   * Runs one operation of an entity and waits for its result. An operation is not taken back when the wait ends first.
   *
   * @throws TaskFailedError when the operation fails; DurableError `InvalidEntityId`, `InvalidOption`, `InvalidPayload`,
   * `TaskTimeout`, `Aborted`
   */
  async callEntity<Result = unknown>(
    entity: EntityRef | string,
    operation: string,
    input?: unknown,
    given?: CallEntityOptions,
  ): Promise<StoredAs<Converter, Result>> {
    const options = readOptions("callEntity", given);
    return this.#untilClosed(options.signal, (signal) => {
      return this.#entities.call(entity, operation, input, { ...options, signal }) as Promise<never>;
    });
  }

  /** What is known of an entity; `undefined` for one that does not exist. @throws DurableError `InvalidEntityId` */
  async getEntity<State = unknown>(
    entity: EntityRef | string,
    options?: { readonly includeState?: boolean },
  ): Promise<EntityMetadata<StoredAs<Converter, State>> | undefined> {
    const checked = readOptions("getEntity", options);
    return (await this.#entities.get(entity, checked)) as never;
  }

  /** Entities that match, all pages of them. */
  getEntities<State = unknown>(filter?: EntityFilter): Paged<EntityMetadata<StoredAs<Converter, State>>> {
    return this.#entities.query(readOptions("getEntities", filter)) as Paged<never>;
  }

  /** Deletes what entities without state leave behind, and gives back locks of orchestrations that are gone. */
  async cleanEntityStorage(options?: CleanEntityStorageOptions): Promise<CleanEntityStorageResult> {
    return this.#entities.clean(readOptions("cleanEntityStorage", options));
  }

  /** Lets go of what the client has opened. Calls after it are refused; repeated ones do nothing. */
  async close(): Promise<void> {
    this.#closed.abort();
    const opened = this.#opened;
    this.#opened = undefined;
    const open = await opened?.catch(() => undefined);
    await open?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #connect(): Promise<OrchestrationClient> {
    if (this.#closed.signal.aborted) throw new DurableError("Aborted", "this client is closed");
    const opening = this.#opened ?? this.#open();
    this.#opened = opening;
    try {
      return (await opening).client;
    } catch (error) {
      // The next call tries again.
      if (this.#opened === opening) this.#opened = undefined;
      throw error;
    }
  }

  async #wait(
    instanceId: string,
    until: "started" | "ended",
    options: WaitOptions,
  ): Promise<OrchestrationState<never>> {
    const { timeout, signal } = options;
    const timeoutMs = timeout === undefined ? undefined : parseTimeSpan(timeout, "'timeout'");
    const client = await this.#connect();
    const state = await this.#untilClosed(signal, (either) => {
      return client.waitForInstance(instanceId, until, { ...reads(options), timeoutMs, signal: either });
    });
    if (state === undefined) throw unknownInstance(instanceId);
    return this.#show(state, options);
  }

  /** Nobody waits for what a closed client has asked. */
  async #untilClosed<T>(signal: AbortSignal | undefined, wait: (either: AbortSignal) => Promise<T>): Promise<T> {
    if (signal === undefined) return wait(this.#closed.signal);
    const linked = linkSignals(signal, this.#closed.signal);
    try {
      return await wait(linked.signal);
    } finally {
      linked.unlink();
    }
  }

  #show(state: StoredState, { fetchPayloads = true }: GetStateOptions): OrchestrationState<never> {
    const shown = fetchPayloads ? state : { ...state, input: undefined, output: undefined, customStatus: undefined };
    return new OrchestrationState<never>(shown, this.#dataConverter);
  }
}

/** What to read of an instance: why it failed is always told. */
function reads({ fetchPayloads = true }: GetStateOptions) {
  return { fetchInput: fetchPayloads, fetchFailure: true };
}

function unknownInstance(instanceId: string): DurableError {
  return new DurableError("InstanceNotFound", `there is no instance '${instanceId}'`);
}
