import type { HttpRequest, HttpResponse } from "@azure/functions";
import type { RaiseEventOptions, RunWaitOptions, ScheduleArguments } from "../client/client-options.ts";
import type { RaiseArguments } from "../client/orchestration-run.ts";
import { OrchestrationVerbs } from "../client/orchestration-verbs.ts";
import type { TargetInput, TargetOutput, ToldId } from "../client/target-types.ts";
import type { EntityRef } from "../core/entity-id.ts";
import type { InstanceId } from "../core/ids.ts";
import { assertOptions } from "../core/option-names.ts";
import type { TerminateOptions } from "../core/orchestration-client.ts";
import { type DataConverter, guardDataConverter } from "../core/payloads/data-converter.ts";
import type { StoredAs } from "../core/payloads/json-types.ts";
import type { Clock } from "../core/ports.ts";
import { shareAcrossCopies } from "../core/shared-class.ts";
import { systemClock } from "../core/system-ports.ts";
import type { TimeSpanInput } from "../core/time-span.ts";
import type { HttpManagementPayload } from "../management/management-links.ts";
import type { ExternalEvent } from "../orchestration/external-event.ts";
import type { OrchestrationTarget } from "../orchestration/orchestration-context.ts";
import {
  assertLinkArguments,
  assertNothing,
  clientOptionKinds,
  readGetStatus,
  readLocation,
  readOptions,
  readPurgeBy,
  readRaise,
  readRestart,
  readSignal,
  readStart,
  readStatusFilter,
  readWaitForResponse,
} from "./client-arguments.ts";
import type {
  ConnectOptions,
  DurableClientOptions,
  GetStatusOptions,
  WaitForCompletionOptions,
} from "./durable-client-options.ts";
import type { DurableOrchestrationStatus, InstanceStatusAs } from "./durable-orchestration-status.ts";
import { assertConnection, assertOwnHub, type ClientConnection, type EntityLocation } from "./embedded-host.ts";
import type {
  EntityFilter,
  EntityStateResponse,
  EntityStatusPage,
  SignalEntityOptions,
} from "./entity-status-reader.ts";
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

/**
 * Starts and manages orchestration instances. Functions get one from `app.http`; other code from `app.connect()`. What it
 * reads is typed as it comes back: without a converter as JSON gives it, so that a `Date` is a text.
 *
 * It has the names of `durable-functions` 3.x and those of the Durable Task SDKs. What is new is named once: `start`,
 * `startOrGet` and `run` give an `OrchestrationRun`.
 *
 * @typeParam Converter the converter of the app: `DataConverter` where there is one. @defaultValue plain JSON
 * @example
 * const run = await client.start(helloSequence, ["Tokyo"]);
 * const greetings = await run.result({ timeout: "1m" });
 */
export class DurableClient<Converter = undefined> extends OrchestrationVerbs<Converter> {
  static {
    shareAcrossCopies(DurableClient, "DurableClient");
  }

  readonly #connection: ClientConnection;
  readonly #clock: Clock;
  readonly #dataConverter: DataConverter;
  readonly #statuses: StatusReader;
  readonly #responses: StatusResponses;

  constructor(connection: ClientConnection, options: DurableClientOptions = {}) {
    assertConnection(connection);
    assertOptions(options, clientOptionKinds, "a DurableClient");
    const dataConverter = guardDataConverter(options.dataConverter);
    const clock = options.clock ?? connection.clock ?? systemClock;
    super({
      connect: async () => connection.client,
      dataConverter,
      clock,
      waitsByClock: options.clock !== undefined,
      startChecks: connection.startChecks,
    });
    this.#connection = connection;
    this.#dataConverter = dataConverter;
    this.#statuses = new StatusReader(connection, dataConverter, clock);
    this.#responses = new StatusResponses(connection, options.trustForwardedHeaders ?? false, clock);
    this.#clock = clock;
  }

  /**
   * A client of a task hub that others work on: in a process without an app or a worker. Close it in the end.
   *
   * @example
   * await using client = await DurableClient.connect({ connection: "AzureWebJobsStorage", taskHub: "MyHub" });
   * const run = await client.start<Receipt>("processOrder", order);
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

  /** Closes it, as `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Name of the hub. */
  get taskHubName(): string {
    return this.#connection.client.taskHub;
  }

  /**
   * Starts an orchestration. Resolves to its instance id once the start is durable.
   *
   * @throws DurableError `InstanceAlreadyExists` when an instance of `options.instanceId` has not finished yet,
   * `OrchestratorNotRegistered`, `InvalidInstanceId`, `InvalidOption`, `InvalidPayload`
   */
  /** As `durable-functions` 1 and 2 had it. */
  startNew(name: string, instanceId: string | undefined, input?: unknown, version?: string): Promise<string>;
  // The compiler reports mistakes against the last overload.
  startNew<Target extends OrchestrationTarget>(
    orchestration: Target,
    ...options: ScheduleArguments<TargetInput<Target, unknown>>
  ): Promise<InstanceId<TargetOutput<Target, undefined, unknown>>>;
  async startNew(orchestration: OrchestrationTarget, ...given: readonly unknown[]): Promise<string> {
    const { input, ...options } = readStart(given);
    return (await (await this.operations()).start(orchestration, input, options, "startNew")).instanceId;
  }

  /**
   * What is known of an instance. Its output has a type when the id is one that {@link startNew} has given back for a
   * handle, or when the caller names one: a type, or that of a handle, by `getStatus<typeof processOrder>(id)`.
   *
   * @typeParam CustomStatus what the orchestration gives to `setCustomStatus`
   * @example
   * const status = await client.getStatus<Receipt, { step: string }>(id);
   * if (status.runtimeStatus === "Completed") return status.output.total;
   * @throws DurableError `InstanceNotFound`, as `durable-functions` 3.x throws; {@link findStatus} does not
   */
  getStatus<Output = unknown, CustomStatus = unknown, Input = unknown>(
    instanceId: ToldId<Converter, Output>,
    options?: GetStatusOptions,
  ): Promise<InstanceStatusAs<Converter, Output, CustomStatus, Input>>;
  async getStatus(instanceId: string, ...given: readonly unknown[]): Promise<unknown> {
    return this.#statuses.get(instanceId, readGetStatus(given));
  }

  /** Like {@link getStatus}, but an unknown instance is `undefined`. */
  async findStatus<Output = unknown, CustomStatus = unknown, Input = unknown>(
    instanceId: ToldId<Converter, Output>,
    options?: GetStatusOptions,
  ): Promise<InstanceStatusAs<Converter, Output, CustomStatus, Input> | undefined> {
    return this.#statuses.find(instanceId, readGetStatus([options])) as Promise<never>;
  }

  /** All instances of the hub, all pages of them: on a large hub rather use {@link getStatusBy}. */
  getStatusAll(): Promise<DurableOrchestrationStatus[]>;
  async getStatusAll(...given: readonly unknown[]): Promise<DurableOrchestrationStatus[]> {
    assertNothing(given, "getStatusAll takes nothing; getStatusBy(filter) takes conditions");
    return this.#statuses.query({});
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

  /**
   * Sends an event, by name or by its definition, to an instance. It is kept until the orchestrator waits for it; an
   * instance that has finished ignores it, as with `durable-functions` 3.x.
   *
   * @throws DurableError `InstanceNotFound` unless `options.ifMissing` is `"ignore"`; `InvalidOption`, `InvalidPayload`
   */
  async raiseEvent<Payload = unknown>(
    instanceId: string,
    event: string | ExternalEvent<Payload>,
    ...given: RaiseArguments<Payload, RaiseEventOptions & EntityLocation>
  ): Promise<void> {
    const [eventData, ...rest]: readonly unknown[] = given;
    const { ifMissing, ...location } = readRaise(rest);
    assertOwnHub(this.#connection, location);
    await (await this.operations()).raiseEvent(instanceId, event as ExternalEvent<unknown>, eventData, { ifMissing });
  }

  /**
   * Ends an instance. Activities that run already are not stopped. No effect on a finished instance.
   *
   * @param options.recursive ends the sub-orchestrations too that it waits for. @defaultValue false
   * @throws DurableError `InstanceNotFound`
   */
  async terminate(instanceId: string, reason?: string, options?: TerminateOptions): Promise<void> {
    await (await this.operations()).terminate(instanceId, reason, readOptions("terminate", options));
  }

  /** Lets an instance rest: what reaches it is kept for {@link resume}. @throws DurableError `InstanceNotFound` */
  async suspend(instanceId: string, reason?: string): Promise<void> {
    await (await this.operations()).suspend(instanceId, reason);
  }

  /** Wakes a suspended instance. @throws DurableError `InstanceNotFound` */
  async resume(instanceId: string, reason?: string): Promise<void> {
    await (await this.operations()).resume(instanceId, reason);
  }

  /**
   * Runs a failed instance on from its last failure.
   *
   * @throws DurableError `InstanceNotFound`, `InstanceNotActive` when it has not failed, `NotSupported`
   */
  rewind(instanceId: string, reason?: string, location?: EntityLocation): Promise<void>;
  async rewind(instanceId: string, reason?: string, ...location: readonly unknown[]): Promise<void> {
    assertOwnHub(this.#connection, readLocation(location, "rewind"));
    await (await this.operations()).rewind(instanceId, reason);
  }

  /**
   * Starts an orchestration again with the name and input of an earlier instance. Resolves to the new instance's id.
   *
   * @param restartWithNewInstanceId `false` replaces the earlier instance. @defaultValue true
   * @throws DurableError `InstanceNotFound`, `InstanceAlreadyExists` when it has not finished yet
   */
  restart(instanceId: string, restartWithNewInstanceId?: boolean): Promise<string>;
  async restart(instanceId: string, given: unknown): Promise<string> {
    return (await this.operations()).restart(instanceId, readRestart(given));
  }

  /**
   * Deletes everything about one finished instance. `instancesDeleted` is 0 for an unknown one.
   *
   * @throws DurableError `InstanceNotActive` for one that has not finished, unless `options.force`
   */
  async purgeInstanceHistory(instanceId: string, options?: PurgeHistoryOptions): Promise<PurgeHistoryResult> {
    const checked = readOptions("purgeInstanceHistory", options);
    return { instancesDeleted: await (await this.operations()).purge(instanceId, checked) };
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
   * Sends an operation to an entity and does not wait for it; the entity is made by its first operation.
   *
   * @param entityId an `EntityId`, `{ name, key }` or `"@name@key"`
   * @param operationName @defaultValue the empty name
   * @throws DurableError `EntityNotRegistered`, `InvalidEntityId`, `InvalidOption`, `InvalidPayload`, `NotSupported`
   */
  override signalEntity(
    entityId: EntityRef | string,
    operationName?: string,
    operationContent?: unknown,
    options?: SignalEntityOptions,
  ): Promise<void>;
  override async signalEntity(
    entityId: EntityRef | string,
    operationName?: string,
    operationContent?: unknown,
    ...given: readonly unknown[]
  ): Promise<void> {
    const { scheduledTime, requestId, ...location } = readSignal(given);
    assertOwnHub(this.#connection, location);
    return super.signalEntity(entityId, operationName, operationContent, { scheduledTime, requestId });
  }

  /** What is known of an entity; of one that never was, only that. @throws DurableError `InvalidEntityId` */
  readEntityState<State = unknown>(
    entityId: EntityRef | string,
    location?: EntityLocation,
  ): Promise<EntityStateResponse<StoredAs<Converter, State>>>;
  async readEntityState(entityId: EntityRef | string, ...location: readonly unknown[]): Promise<EntityStateResponse> {
    const checked = readLocation(location, "readEntityState");
    assertOwnHub(this.#connection, checked);
    return (await this.#entities()).readState(entityId);
  }

  /** One page of the hub's entities. @throws DurableError `InvalidEntityId`, `InvalidOption` */
  async listEntities<State = unknown>(filter?: EntityFilter): Promise<EntityStatusPage<StoredAs<Converter, State>>> {
    return (await (await this.#entities()).list(readOptions("listEntities", filter))) as never;
  }

  /** Deletes an entity with all that waits in it, whatever it is doing. @throws DurableError `InvalidEntityId` */
  async purgeEntity(entityId: EntityRef | string): Promise<PurgeHistoryResult> {
    return { instancesDeleted: await this.purgeOneEntity(entityId) };
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
    instanceId: ToldId<Converter, Output>,
    options?: RunWaitOptions,
  ): Promise<InstanceStatusAs<Converter, Output, CustomStatus, Input>> {
    const checked = readOptions("waitForCompletion", options);
    const state = await (await this.operations()).waitForState(instanceId, "ended", checked, { fetchInput: true });
    return this.#statuses.show(state, true) as never;
  }

  /** Loaded when it is asked for, as the next one is: most apps never do. */
  async #entities() {
    const { EntityStatusReader } = await import("./entity-status-reader.ts");
    return new EntityStatusReader(this.#connection.client, this.#dataConverter);
  }

  async #admin() {
    const { InstanceAdmin } = await import("./instance-admin.ts");
    return new InstanceAdmin(this.#connection.client, this.#clock);
  }
}
