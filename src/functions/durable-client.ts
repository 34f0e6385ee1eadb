import type { HttpRequest, HttpResponse } from "@azure/functions";
import { assertEventName, unlessFinished } from "../core/client-checks.ts";
import type { CleanEntityStorageResult } from "../core/entity-client.ts";
import type { EntityRef } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import type { InstanceId } from "../core/ids.ts";
import { assertOptions } from "../core/option-names.ts";
import type { TerminateOptions } from "../core/orchestration-client.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { type DataConverter, guardDataConverter } from "../core/payloads/data-converter.ts";
import type { StoredAs } from "../core/payloads/json-types.ts";
import { validate } from "../core/payloads/standard-schema.ts";
import type { Clock } from "../core/ports.ts";
import { type Quarantine, requireQuarantine } from "../core/quarantine.ts";
import { shareAcrossCopies } from "../core/shared-class.ts";
import { systemClock } from "../core/system-ports.ts";
import type { TimeSpanInput } from "../core/time-span.ts";
import type { HttpManagementPayload } from "../management/management-links.ts";
import type { StartChecks } from "../management/start-checks.ts";
import type { ExternalEvent } from "../orchestration/external-event.ts";
import type { OrchestrationTarget, TargetInput, TargetOutput } from "../orchestration/orchestration-context.ts";
import {
  assertLinkArguments,
  readGetStatus,
  readLocation,
  readOptions,
  readPurgeBy,
  readRestart,
  readSignal,
  readStart,
  readStatusFilter,
  readWaitForResponse,
} from "./client-arguments.ts";
import {
  type ConnectOptions,
  clientOptionKinds,
  type DurableClientOptions,
  type GetStatusOptions,
  resolveWaitOptions,
  type StartNewArguments,
  type WaitForCompletionOptions,
  type WaitOptions,
} from "./durable-client-options.ts";
import {
  assertOwnHub,
  type CallEntityOptions,
  type CleanEntityStorageOptions,
  DurableEntityClient,
  type EntityFilter,
  type EntityLocation,
  type EntityStateResponse,
  type EntityStatusPage,
  type SignalEntityOptions,
} from "./durable-entity-client.ts";
import type { DurableOrchestrationStatus, InstanceStatus } from "./durable-orchestration-status.ts";
import type { ClientConnection } from "./embedded-host.ts";
import type { InstanceAdmin } from "./instance-admin.ts";
import type {
  InstanceListFilter,
  InstanceStatusPage,
  OrchestrationFilter,
  PurgeHistoryByOptions,
  PurgeHistoryOptions,
  PurgeHistoryResult,
  PurgeOlderThanOptions,
  StatusFilter,
} from "./instance-filters.ts";
import { StatusReader } from "./status-reader.ts";
import { StatusResponses } from "./status-responses.ts";

/** {@link InstanceStatus} in values as they come back. */
type InstanceStatusAs<Converter, Output, CustomStatus, Input> = InstanceStatus<
  StoredAs<Converter, Output>,
  StoredAs<Converter, CustomStatus>,
  StoredAs<Converter, Input>
>;

/** What an event is raised with: needed unless it may be `undefined`. */
type RaiseArguments<Payload> = undefined extends Payload
  ? [eventData?: Payload, options?: EntityLocation]
  : [eventData: Payload, options?: EntityLocation];

/**
 * Starts and manages orchestration instances. Functions get one from `app.http`; other code from `app.connect()`. What it
 * reads is typed as it comes back: without a converter as JSON gives it, so that a `Date` is a text.
 *
 * @typeParam Converter the converter of the app: `DataConverter` where there is one. @defaultValue plain JSON
 * @example
 * const id = await client.startNew("helloSequence", { input: ["Tokyo"] });
 * const status = await client.getStatus(id);
 */
export class DurableClient<Converter = undefined> {
  static {
    shareAcrossCopies(DurableClient, "DurableClient");
  }

  readonly #connection: ClientConnection;
  readonly #clock: Clock;
  readonly #dataConverter: DataConverter;
  readonly #startChecks: StartChecks | undefined;
  readonly #entities: DurableEntityClient;
  readonly #statuses: StatusReader;
  readonly #responses: StatusResponses;

  constructor(connection: ClientConnection, options: DurableClientOptions = {}) {
    if (typeof connection !== "object" || connection === null || !("managementBaseUrl" in connection)) {
      const ways = "DurableClient.connect({ storage, taskHub }) or app.connect(), and functions are given one";
      throw new DurableError("InvalidOption", `a DurableClient is made by ${ways}`);
    }
    assertOptions(options, clientOptionKinds, "a DurableClient");
    this.#connection = connection;
    this.#dataConverter = guardDataConverter(options.dataConverter);
    const clock = options.clock ?? connection.clock ?? systemClock;
    this.#startChecks = connection.startChecks;
    this.#entities = new DurableEntityClient(connection, this.#dataConverter);
    this.#statuses = new StatusReader(connection, this.#dataConverter, clock);
    this.#responses = new StatusResponses(connection, options.trustForwardedHeaders ?? false, clock);
    this.#clock = clock;
  }

  /**
   * A client of a task hub that others work on: in a process without an app or a worker. Close it in the end.
   *
   * @example
   * await using client = await DurableClient.connect({ connectionString, taskHub: "MyHub" });
   * const id = await client.startNew("processOrder", { input: order });
   *
   * @throws DurableError `InvalidOption`; `StorageUnavailable` when storage cannot be reached within seconds
   */
  static async connect<Converter extends DataConverter | undefined = undefined>(
    options: ConnectOptions<Converter>,
  ): Promise<DurableClient<Converter>> {
    const { connectClient } = await import("./connect-client.ts");
    const connected = await connectClient(options);
    return new DurableClient(connected.connection, connected.options);
  }

  /** Lets go of what {@link connect} has opened. Clients of a host or an app need it not. */
  async close(): Promise<void> {
    await this.#connection.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get taskHubName(): string {
    return this.#connection.client.taskHub;
  }

  /** Messages that nobody could read, to be looked at, put back or dropped. @throws DurableError `NotSupported` */
  get quarantine(): Quarantine {
    return requireQuarantine(this.#connection.client);
  }

  /**
   * Starts an orchestration. Resolves to its instance id once the start is durable.
   *
   * @throws DurableError `InstanceAlreadyExists` when an instance of `options.instanceId` has not finished yet,
   * `OrchestratorNotRegistered`, `InvalidInstanceId`, `InvalidOption`, `InvalidPayload`
   */
  /** As `durable-functions` 1 and 2 had it. */
  startNew(name: string, instanceId: string | undefined, input?: unknown): Promise<string>;
  // The compiler reports mistakes against the last overload.
  startNew<Target extends OrchestrationTarget>(
    orchestration: Target,
    ...options: StartNewArguments<TargetInput<Target>>
  ): Promise<InstanceId<TargetOutput<Target, undefined, unknown>>>;
  async startNew(orchestration: OrchestrationTarget, ...given: readonly unknown[]): Promise<string> {
    const options = readStart(given);
    const { client } = this.#connection;
    const { name, inputSchema } =
      typeof orchestration === "object" && orchestration !== null
        ? orchestration
        : { name: orchestration, inputSchema: undefined };
    const checks = this.#startChecks;
    checks?.assertKnown(name);
    const { instanceId, version = checks?.defaultVersionOf(name), tags, scheduledStartTime } = options;
    const input = this.#dataConverter.serialize(options.input, `the input of '${name}'`);
    // Checked here, sent as given: the orchestration runs the schema too, and a schema may change what it takes.
    if (checks !== undefined) await checks.checkInput(name, input);
    else await validate(inputSchema, options.input, `the input of orchestration '${name}'`);
    return client.startInstance({ name, instanceId, input, version, tags, scheduledStartTime });
  }

  /**
   * What is known of an instance. Its output has a type when the id is one that {@link startNew} has given back for a
   * handle, or when the caller names one.
   *
   * @typeParam CustomStatus what the orchestration gives to `setCustomStatus`
   * @example
   * const status = await client.getStatus<Receipt, { step: string }>(id);
   * if (status.runtimeStatus === "Completed") return status.output.total;
   * @throws DurableError `InstanceNotFound`, as `durable-functions` 3.x throws; {@link findStatus} does not
   */
  getStatus<Output = unknown, CustomStatus = unknown, Input = unknown>(
    instanceId: InstanceId<Output>,
    options?: GetStatusOptions,
  ): Promise<InstanceStatusAs<Converter, Output, CustomStatus, Input>>;
  async getStatus(instanceId: string, ...given: readonly unknown[]): Promise<unknown> {
    return this.#statuses.get(instanceId, readGetStatus(given));
  }

  /** Like {@link getStatus}, but an unknown instance is `undefined`. */
  async findStatus<Output = unknown, CustomStatus = unknown, Input = unknown>(
    instanceId: InstanceId<Output>,
    options?: GetStatusOptions,
  ): Promise<InstanceStatusAs<Converter, Output, CustomStatus, Input> | undefined> {
    return this.#statuses.find(instanceId, readGetStatus([options])) as Promise<never>;
  }

  /** All instances of the hub, all pages of them: on a large hub rather use {@link getStatusBy}. */
  getStatusAll(): Promise<DurableOrchestrationStatus[]>;
  async getStatusAll(...given: readonly unknown[]): Promise<DurableOrchestrationStatus[]> {
    if (given[0] === undefined) return this.#statuses.query({});
    throw new DurableError("InvalidOption", "getStatusAll takes nothing; getStatusBy(filter) takes conditions");
  }

  /** All instances that match, all pages of them. @throws DurableError `InvalidOption` */
  getStatusBy(filter: StatusFilter): Promise<DurableOrchestrationStatus[]>;
  async getStatusBy(...given: readonly unknown[]): Promise<DurableOrchestrationStatus[]> {
    return this.#statuses.query(readStatusFilter(given));
  }

  /**
   * One page of the instances that match. A page may be short, or empty, and have others behind it.
   *
   * @example const page = await client.listInstances({ name: "ship", runtimeStatus: ["Failed"], showInput: false });
   * @throws DurableError `InvalidOption`, also for a token that is not of a page of this hub
   */
  async listInstances(filter?: InstanceListFilter): Promise<InstanceStatusPage> {
    return this.#statuses.list(readOptions("listInstances", filter));
  }

  /** How many instances match; none is read. @throws DurableError `InvalidOption` */
  async countInstances(filter?: OrchestrationFilter): Promise<number> {
    const conditions = readOptions("countInstances", filter);
    return (await this.#admin()).count(conditions);
  }

  /**
   * Sends an event, by name or by its definition, to an instance. It is kept until the orchestrator waits for it; an
   * instance that has finished ignores it, as with `durable-functions` 3.x.
   *
   * @throws DurableError `InstanceNotFound`, `InvalidOption`, `InvalidPayload`
   */
  async raiseEvent<Payload = unknown>(
    instanceId: string,
    event: string | ExternalEvent<Payload>,
    ...given: RaiseArguments<Payload>
  ): Promise<void> {
    const [eventData, ...location]: readonly unknown[] = given;
    assertOwnHub(this.#connection, readLocation(location, "raiseEvent"));
    const { client } = this.#connection;
    const { name: eventName, schema } =
      typeof event === "object" && event !== null ? event : { name: event, schema: undefined };
    assertEventName(eventName);
    await validate(schema, eventData, `the data of event '${eventName}'`);
    const input = this.#dataConverter.serialize(eventData, `the data of event '${eventName}'`);
    await unlessFinished(client.raiseEvent(instanceId, eventName, input));
  }

  /**
   * Ends an instance. Activities that run already are not stopped. No effect on a finished instance.
   *
   * @param options.recursive ends the sub-orchestrations too that it waits for. @defaultValue false
   * @throws DurableError `InstanceNotFound`
   */
  async terminate(instanceId: string, reason?: string, options?: TerminateOptions): Promise<void> {
    const checked = readOptions("terminate", options);
    await unlessFinished(this.#connection.client.terminate(instanceId, reason, checked));
  }

  /** Lets an instance rest: what reaches it is kept for {@link resume}. @throws DurableError `InstanceNotFound` */
  async suspend(instanceId: string, reason?: string): Promise<void> {
    await unlessFinished(this.#connection.client.suspend(instanceId, reason));
  }

  /** Wakes a suspended instance. @throws DurableError `InstanceNotFound` */
  async resume(instanceId: string, reason?: string): Promise<void> {
    await unlessFinished(this.#connection.client.resume(instanceId, reason));
  }

  /**
   * Runs a failed instance on from its last failure.
   *
   * @throws DurableError `InstanceNotFound`, `InstanceNotActive` when it has not failed, `NotSupported`
   */
  rewind(instanceId: string, reason?: string, location?: EntityLocation): Promise<void>;
  async rewind(instanceId: string, reason?: string, ...location: readonly unknown[]): Promise<void> {
    assertOwnHub(this.#connection, readLocation(location, "rewind"));
    await this.#connection.client.rewind(instanceId, reason);
  }

  /**
   * Starts an orchestration again with the name and input of an earlier instance. Resolves to the new instance's id.
   *
   * @param restartWithNewInstanceId `false` replaces the earlier instance. @defaultValue true
   * @throws DurableError `InstanceNotFound`, `InstanceAlreadyExists` when it has not finished yet
   */
  restart(instanceId: string, restartWithNewInstanceId?: boolean): Promise<string>;
  async restart(instanceId: string, given: unknown): Promise<string> {
    return this.#connection.client.restart(instanceId, { restartWithNewInstanceId: readRestart(given) });
  }

  /**
   * Deletes everything about one finished instance. `instancesDeleted` is 0 for an unknown one.
   *
   * @throws DurableError `InstanceNotActive` for one that has not finished, unless `options.force`
   */
  async purgeInstanceHistory(instanceId: string, options?: PurgeHistoryOptions): Promise<PurgeHistoryResult> {
    const checked = readOptions("purgeInstanceHistory", options);
    return (await this.#admin()).purge(instanceId, checked);
  }

  /**
   * Deletes finished instances.
   *
   * @throws DurableError `InvalidOption`, also for a filter without any condition: to delete all finished instances,
   * say `{ createdTimeFrom: new Date(0) }`
   */
  purgeInstanceHistoryBy(filter: OrchestrationFilter, options?: PurgeHistoryByOptions): Promise<PurgeHistoryResult>;
  async purgeInstanceHistoryBy(...given: readonly unknown[]): Promise<PurgeHistoryResult> {
    const [filter, options] = readPurgeBy(given);
    return (await this.#admin()).purgeBy(filter, options);
  }

  /**
   * Deletes instances that finished longer ago, with all that they have kept.
   *
   * @example await client.purgeOlderThan("30d", { runtimeStatus: ["Completed"], timeout: "1m" });
   * @throws DurableError `InvalidOption`
   */
  async purgeOlderThan(age: TimeSpanInput, options?: PurgeOlderThanOptions): Promise<PurgeHistoryResult> {
    const checked = readOptions("purgeOlderThan", options);
    return (await this.#admin()).purgeOlderThan(age, checked);
  }

  /**
   * Deletes the task hub with all instances and entities.
   *
   * @param options.force also while workers are at work on it. @defaultValue false
   * @throws DurableError `TaskHubInUse`, `TaskHubNotFound`
   */
  async deleteTaskHub(options?: { readonly force?: boolean }): Promise<void> {
    await this.#connection.client.deleteTaskHub(readOptions("deleteTaskHub", options));
  }

  /**
   * Sends an operation to an entity and does not wait for it; the entity is made by its first operation.
   *
   * @param entityId an `EntityId`, `{ name, key }` or `"@name@key"`
   * @param operationName @defaultValue the empty name
   * @throws DurableError `EntityNotRegistered`, `InvalidEntityId`, `InvalidOption`, `InvalidPayload`, `NotSupported`
   */
  signalEntity(
    entityId: EntityRef | string,
    operationName?: string,
    operationContent?: unknown,
    options?: SignalEntityOptions,
  ): Promise<void>;
  async signalEntity(
    entityId: EntityRef | string,
    operationName?: string,
    operationContent?: unknown,
    ...given: readonly unknown[]
  ): Promise<void> {
    return this.#entities.signal(entityId, operationName, operationContent, readSignal(given));
  }

  /**
   * Runs one operation of an entity and waits for its result, which a small orchestration of ours asks for. An operation
   * is not taken back when the wait ends first.
   *
   * @example const left = await client.callEntity<number>(new EntityId("stock", "apple"), "take", 3, { timeout: "10s" });
   * @param options.timeout most time to wait. @defaultValue no limit
   * @throws TaskFailedError when the operation fails; DurableError `EntityNotRegistered`, `InvalidEntityId`,
   * `InvalidOption`, `InvalidPayload`, `TaskTimeout`, `Aborted`
   */
  async callEntity<Result = unknown>(
    entityId: EntityRef | string,
    operationName: string,
    operationContent?: unknown,
    options?: CallEntityOptions,
  ): Promise<StoredAs<Converter, Result>> {
    const checked = readOptions("callEntity", options);
    return (await this.#entities.call(entityId, operationName, operationContent, checked)) as never;
  }

  /** What is known of an entity; of one that never was, only that. @throws DurableError `InvalidEntityId` */
  readEntityState<State = unknown>(
    entityId: EntityRef | string,
    location?: EntityLocation,
  ): Promise<EntityStateResponse<StoredAs<Converter, State>>>;
  async readEntityState(entityId: EntityRef | string, ...location: readonly unknown[]): Promise<EntityStateResponse> {
    return this.#entities.readState(entityId, readLocation(location, "readEntityState"));
  }

  /** One page of the hub's entities. @throws DurableError `InvalidEntityId`, `InvalidOption` */
  async listEntities<State = unknown>(filter?: EntityFilter): Promise<EntityStatusPage<StoredAs<Converter, State>>> {
    return (await this.#entities.list(readOptions("listEntities", filter))) as never;
  }

  /** Deletes an entity with all that waits in it, whatever it is doing. @throws DurableError `InvalidEntityId` */
  async purgeEntity(entityId: EntityRef | string): Promise<PurgeHistoryResult> {
    return { instancesDeleted: await this.#entities.purge(entityId) };
  }

  /**
   * Deletes what entities without state leave behind once they have rested for 30 minutes, and gives back locks of
   * orchestrations that have ended or are gone. @throws DurableError `InvalidOption`
   */
  async cleanEntityStorage(options?: CleanEntityStorageOptions): Promise<CleanEntityStorageResult> {
    return this.#entities.cleanStorage(readOptions("cleanEntityStorage", options));
  }

  /**
   * The links that manage one instance over HTTP.
   *
   * @param request links lead to where it came in. @defaultValue they lead to the host's own address
   */
  createHttpManagementPayload(instanceId: string, request?: HttpRequest): HttpManagementPayload {
    assertLinkArguments(instanceId, request, "createHttpManagementPayload(instanceId, request)");
    return this.#responses.linksOf(instanceId, request);
  }

  /** A 202 answer with the links by which the caller of an HTTP function follows the instance. */
  createCheckStatusResponse(request: HttpRequest | undefined, instanceId: string): HttpResponse {
    assertLinkArguments(instanceId, request, "createCheckStatusResponse(request, instanceId)");
    return this.#responses.checkStatus(request, instanceId);
  }

  /**
   * Waits for an instance to finish, for a while. Answers 200 with the output of a completed one, 200 with the status of
   * a terminated one, 500 with the status of a failed one; and when the time is up, {@link createCheckStatusResponse}.
   *
   * @throws DurableError `InstanceNotFound`, `InvalidOption`
   */
  waitForCompletionOrCreateCheckStatusResponse(
    request: HttpRequest,
    instanceId: string,
    options?: WaitForCompletionOptions,
  ): Promise<HttpResponse>;
  async waitForCompletionOrCreateCheckStatusResponse(
    request: HttpRequest,
    instanceId: string,
    ...given: readonly unknown[]
  ): Promise<HttpResponse> {
    const form = "waitForCompletionOrCreateCheckStatusResponse(request, instanceId, options)";
    assertLinkArguments(instanceId, request, form);
    return this.#responses.completionOrCheckStatus(request, instanceId, readWaitForResponse(given));
  }

  /**
   * Waits until an instance has ended, however it did.
   *
   * @example const { output } = await client.waitForCompletion(id, { timeout: "1m" });
   * @throws DurableError `InstanceNotFound`, `InvalidOption`, `TaskTimeout`, `Aborted`
   */
  async waitForCompletion<Output = unknown, CustomStatus = unknown, Input = unknown>(
    instanceId: InstanceId<Output>,
    options?: WaitOptions,
  ): Promise<InstanceStatusAs<Converter, Output, CustomStatus, Input>> {
    const wait = resolveWaitOptions(readOptions("waitForCompletion", options));
    const status = await this.#statuses.waitForEnd(instanceId, { ...wait, signal: options?.signal });
    if (isTerminalStatus(status.runtimeStatus)) return status as never;
    const message = `the instance '${instanceId}' is still ${status.runtimeStatus} after ${wait.timeoutMs} ms`;
    throw new DurableError("TaskTimeout", message);
  }

  /** Loaded when it is asked for: most apps never do. */
  async #admin(): Promise<InstanceAdmin> {
    const { InstanceAdmin } = await import("./instance-admin.ts");
    return new InstanceAdmin(this.#connection.client, this.#clock);
  }
}
