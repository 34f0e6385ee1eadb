import type { HistoryEvent } from "../core/history-event.ts";
import type { InstanceId } from "../core/ids.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { Quarantine } from "../core/quarantine.ts";
import type { ExternalEvent } from "../orchestration/external-event.ts";
import type { OrchestrationHandle } from "../orchestration/handles.ts";
import type { ClientAccess } from "./client-access.ts";
import {
  type GetStateOptions,
  type InstanceConditions,
  type InstanceFilter,
  type InstanceIdFilter,
  type PurgeFilter,
  type PurgeOptions,
  type PurgeResult,
  type RaiseEventOptions,
  type RestartOptions,
  readOptions,
  type ScheduleArguments,
  type ScheduleOptions,
  type StartArguments,
  type StartOptions,
  type StartOrGetOptions,
  type TerminateOptions,
  type WaitOptions,
} from "./client-options.ts";
import { EntityVerbs } from "./entity-verbs.ts";
import { loadOperations, loadQuarantine } from "./load-operations.ts";
import type { OrchestrationOperations } from "./orchestration-operations.ts";
import { OrchestrationRun, type RaiseArguments } from "./orchestration-run.ts";
import type { OrchestrationState } from "./orchestration-state.ts";
import { Paged } from "./paged.ts";
import type { TargetInput, TargetOutput, ToldId, ToldOutput } from "./target-types.ts";

type HandleTarget = string | OrchestrationHandle<never, unknown>;

/**
 * What clients of every place do with orchestrations, under the names of the Durable Task SDKs and with runs: `DurableClient`
 * has the names of `durable-functions` besides.
 *
 * @typeParam AnyTarget what can be started
 */
export abstract class OrchestrationVerbs<Converter, AnyTarget = HandleTarget> extends EntityVerbs<Converter> {
  readonly #dataConverter: DataConverter;
  /** @internal */
  protected readonly operations: () => Promise<OrchestrationOperations>;
  /**
   * Messages that no worker could read, to be looked at, put back or dropped. Its methods reject with `NotSupported` where
   * the hub is behind a service.
   */
  readonly quarantine: Quarantine;

  protected constructor(access: ClientAccess) {
    const load = loadOperations(access);
    super(async () => (await load()).entities);
    this.#dataConverter = access.dataConverter;
    this.operations = async () => (await load()).orchestrations;
    this.quarantine = loadQuarantine(access);
  }

  /**
   * Starts an orchestration. Resolves once the start is durable.
   *
   * @example
   * const run = await client.start(processOrder, order, { instanceId: `order-${order.id}`, tags: { tenant: "a" } });
   * const receipt = await run.result();
   * @throws DurableError `InstanceAlreadyExists` when there is an instance of `options.instanceId` that is not to be
   * replaced, `OrchestratorNotRegistered`, `InvalidInstanceId`, `InvalidOption`, `InvalidPayload`
   */
  async start<Output = unknown, Target extends AnyTarget | string = string>(
    orchestration: Target,
    ...[input, options]: StartArguments<TargetInput<Target, unknown>>
  ): Promise<OrchestrationRun<TargetOutput<Target, Converter, Output>>> {
    const checked = readOptions("start", options as StartOptions | undefined);
    const { instanceId, isNew } = await (await this.operations()).start(orchestration, input, checked, "start");
    return new OrchestrationRun(this.operations, instanceId, isNew);
  }

  /**
   * The instance of that id: the one that is there, whatever has become of it, or a new one. However many ask for it at a
   * time, one starts it, and `isNew` says who.
   *
   * @example const run = await client.startOrGet(processOrder, order, { instanceId: `order-${order.id}` });
   * @param options.reusableStatuses statuses in which an existing one is replaced: `["Failed"]`, say. @defaultValue none
   * @throws DurableError as {@link start}; `InstanceAlreadyExists` for an instance of another orchestration
   */
  async startOrGet<Output = unknown, Target extends AnyTarget | string = string>(
    orchestration: Target,
    input: TargetInput<Target, unknown>,
    options: StartOrGetOptions,
  ): Promise<OrchestrationRun<TargetOutput<Target, Converter, Output>>> {
    const checked = readOptions<Partial<StartOrGetOptions>>("startOrGet", options);
    const { instanceId, isNew } = await (await this.operations()).startOrGet(orchestration, input, checked);
    return new OrchestrationRun(this.operations, instanceId, isNew);
  }

  /**
   * An instance that is there, to wait for and to speak to. Nothing is read.
   *
   * @example const receipt = await client.run<typeof processOrder>("order-7").result();
   * @throws DurableError `InvalidInstanceId`
   */
  run<Output = unknown>(instanceId: ToldId<Converter, Output>): OrchestrationRun<ToldOutput<Converter, Output>> {
    return new OrchestrationRun(this.operations, instanceId);
  }

  /**
   * {@link start} under the name of the Durable Task SDKs, with the input among the options. Resolves to the id of the
   * instance.
   */
  async scheduleNewOrchestration<Output = unknown, Target extends AnyTarget | string = string>(
    orchestration: Target,
    ...given: ScheduleArguments<TargetInput<Target, unknown>>
  ): Promise<InstanceId<TargetOutput<Target, Converter, Output>>> {
    const verb = "scheduleNewOrchestration";
    const { input, ...options } = readOptions(verb, given[0] as ScheduleOptions | undefined);
    return (await (await this.operations()).start(orchestration, input, options, verb)).instanceId;
  }

  /** What is known of an instance; `undefined` for an unknown one. */
  async getOrchestrationState<Output = unknown>(
    instanceId: ToldId<Converter, Output>,
    options?: GetStateOptions,
  ): Promise<OrchestrationState<ToldOutput<Converter, Output>> | undefined> {
    return (await (await this.operations()).find(instanceId, readOptions("getOrchestrationState", options))) as never;
  }

  /**
   * Waits until an instance has begun to run, or has ended.
   *
   * @throws DurableError `InstanceNotFound`; `TaskTimeout`, `Aborted` when the wait ends first
   */
  async waitForOrchestrationStart<Output = unknown>(
    instanceId: ToldId<Converter, Output>,
    options?: WaitOptions,
  ): Promise<OrchestrationState<ToldOutput<Converter, Output>>> {
    const checked = readOptions("waitForOrchestrationStart", options);
    return (await (await this.operations()).wait(instanceId, "started", checked)) as never;
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
    instanceId: ToldId<Converter, Output>,
    options?: WaitOptions,
  ): Promise<OrchestrationState<ToldOutput<Converter, Output>>> {
    const checked = readOptions("waitForOrchestrationCompletion", options);
    return (await (await this.operations()).wait(instanceId, "ended", checked)) as never;
  }

  /**
   * Instances that match, page by page as they are asked for.
   *
   * @example
   * for await (const { instanceId } of client.getAllInstances({ name: "ship", runtimeStatus: ["Failed"] })) {
   *   await client.run(instanceId).rewind("mended");
   * }
   * @throws DurableError `InvalidOption`
   */
  getAllInstances(given?: InstanceFilter): Paged<OrchestrationState> {
    const filter = readOptions("getAllInstances", given);
    return new Paged(async (token) => (await this.operations()).query(filter, token));
  }

  /** How many instances match; none is read. @throws DurableError `InvalidOption` */
  async countInstances(filter?: InstanceConditions): Promise<number> {
    const conditions = readOptions("countInstances", filter);
    return (await this.operations()).count(conditions);
  }

  /** Ids of finished instances, those that finished first first. */
  listInstanceIds(given?: InstanceIdFilter): Paged<string> {
    const filter = readOptions("listInstanceIds", given);
    return new Paged(async (token) => (await this.operations()).listIds(filter, token));
  }

  /**
   * Sends an event, which is kept until the orchestration waits for it; a finished instance ignores it.
   *
   * @throws DurableError `InstanceNotFound` unless `options.ifMissing` is `"ignore"`; `InvalidOption`, `InvalidPayload`
   */
  async raiseOrchestrationEvent<Payload = unknown>(
    instanceId: string,
    event: string | ExternalEvent<Payload>,
    ...[data, options]: RaiseArguments<Payload, RaiseEventOptions>
  ): Promise<void> {
    const checked = readOptions("raiseOrchestrationEvent", options);
    await (await this.operations()).raiseEvent(instanceId, event as ExternalEvent<unknown>, data, checked);
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
    await (await this.operations()).terminate(instanceId, reason, { recursive });
  }

  /** Lets an instance rest: what reaches it is kept until it is resumed. @throws DurableError `InstanceNotFound` */
  async suspendOrchestration(instanceId: string, reason?: string): Promise<void> {
    await (await this.operations()).suspend(instanceId, reason);
  }

  /** Wakes a suspended instance. @throws DurableError `InstanceNotFound` */
  async resumeOrchestration(instanceId: string, reason?: string): Promise<void> {
    await (await this.operations()).resume(instanceId, reason);
  }

  /**
   * Runs a failed instance on from its last failure.
   *
   * @throws DurableError `InstanceNotFound`, `InstanceNotActive` when it has not failed, `NotSupported`
   */
  async rewindInstance(instanceId: string, reason?: string): Promise<void> {
    await (await this.operations()).rewind(instanceId, reason);
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
    options?: RestartOptions,
  ): Promise<InstanceId<Output>> {
    // As other SDKs take it.
    const given = typeof options === "boolean" ? { restartWithNewInstanceId: options as boolean } : options;
    const { restartWithNewInstanceId = false } = readOptions("restartOrchestration", given);
    return (await this.operations()).restart(instanceId, restartWithNewInstanceId);
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
      const filter = readOptions("purgeFilter", target as PurgeFilter);
      return (await this.operations()).purgeBy(filter, options);
    }
    return (await this.operations()).purgeIds(target as string | string[], options);
  }

  /** All that has happened to an instance, in order. @throws DurableError `InstanceNotFound` */
  async getOrchestrationHistory(instanceId: string): Promise<readonly HistoryEvent[]> {
    return (await this.operations()).history(instanceId);
  }

  /**
   * Deletes the task hub with all instances and entities.
   *
   * @param options.force also while workers are at work on it; over gRPC always needed. @defaultValue false
   * @throws DurableError `TaskHubInUse`, `TaskHubNotFound`
   */
  async deleteTaskHub(options?: { readonly force?: boolean }): Promise<void> {
    const checked = readOptions("deleteTaskHub", options);
    await (await this.operations()).deleteTaskHub(checked);
  }
}
