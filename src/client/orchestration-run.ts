import type { HistoryEvent } from "../core/history-event.ts";
import { assertReadableInstanceId, type InstanceId } from "../core/ids.ts";
import type { PurgeInstanceOptions, TerminateOptions } from "../core/orchestration-client.ts";
import type { ExternalEvent } from "../orchestration/external-event.ts";
import {
  type GetStateOptions,
  type RaiseEventOptions,
  type RestartOptions,
  type RunWaitOptions,
  readOptions,
} from "./client-options.ts";
import type { OrchestrationOperations } from "./orchestration-operations.ts";
import type { OrchestrationState } from "./orchestration-state.ts";

/** What an event is raised with: needed unless it may be `undefined`. */
export type RaiseArguments<Payload, Options> = undefined extends Payload
  ? [data?: Payload, options?: Options]
  : [data: Payload, options?: Options];

/**
 * One instance, to wait for and to speak to. It names the instance and keeps nothing of it: any client of the hub makes
 * another one by `client.run(id)`. An instance that continues as new, or is rewound, is the same run; so is a later one of
 * the same id.
 *
 * @typeParam Output what the orchestration returns, as it comes back
 * @example
 * const run = await client.start(processOrder, order);
 * await run.raiseEvent(approval, { approved: true });
 * const receipt = await run.result({ timeout: "1m" });
 */
export class OrchestrationRun<Output = unknown> {
  readonly #operations: () => Promise<OrchestrationOperations>;
  /** The id of the instance. */
  readonly id: InstanceId<Output>;
  /** `false` when the instance was there before; `undefined` for one that was not started here. */
  readonly isNew: boolean | undefined;

  constructor(operations: () => Promise<OrchestrationOperations>, id: string, isNew?: boolean) {
    assertReadableInstanceId(id);
    this.#operations = operations;
    this.id = id;
    this.isNew = isNew;
  }

  /**
   * Waits for the instance to end, and gives what it has returned; of one that continues as new, what the last of its
   * executions returns.
   *
   * @throws TaskFailedError when it has failed, with the failure; DurableError `InstanceTerminated`, `InstanceNotFound` when
   * it was purged or never was; `TaskTimeout`, `Aborted` when the wait ends first, and the instance goes on; `InvalidOption`
   */
  async result(options?: RunWaitOptions): Promise<Output> {
    const checked = readOptions("result", options);
    return (await (await this.#operations()).result(this.id, checked)) as Output;
  }

  /** Waits until the instance has begun to run. @throws DurableError `InstanceNotFound`, `TaskTimeout`, `Aborted` */
  async waitForStart(options?: RunWaitOptions): Promise<OrchestrationState<Output>> {
    const checked = readOptions("waitForStart", options);
    return (await (await this.#operations()).wait(this.id, "started", checked)) as OrchestrationState<Output>;
  }

  /** What is known of the instance. @throws DurableError `InstanceNotFound` when it was purged or never was */
  async status(options?: GetStateOptions): Promise<OrchestrationState<Output>> {
    const checked = readOptions("status", options);
    return (await (await this.#operations()).get(this.id, checked)) as OrchestrationState<Output>;
  }

  /**
   * Sends an event, by its definition or by name. It is kept until the orchestration waits for it; an instance that has
   * finished ignores it.
   *
   * @throws DurableError `InstanceNotFound` unless `options.ifMissing` is `"ignore"`; `InvalidOption`, `InvalidPayload`
   */
  async raiseEvent<Payload = unknown>(
    event: string | ExternalEvent<Payload>,
    ...[data, options]: RaiseArguments<Payload, RaiseEventOptions>
  ): Promise<void> {
    const checked = readOptions("raiseEvent", options);
    await (await this.#operations()).raiseEvent(this.id, event as ExternalEvent<unknown>, data, checked);
  }

  /**
   * Ends the instance. Activities that run already are not stopped. No effect on one that has finished.
   *
   * @param options.recursive ends the sub-orchestrations too that it waits for. @defaultValue false
   * @throws DurableError `InstanceNotFound`
   */
  async terminate(reason?: string, options?: TerminateOptions): Promise<void> {
    const checked = readOptions("terminate", options);
    await (await this.#operations()).terminate(this.id, reason, checked);
  }

  /** Lets the instance rest: what reaches it is kept for {@link resume}. @throws DurableError `InstanceNotFound` */
  async suspend(reason?: string): Promise<void> {
    await (await this.#operations()).suspend(this.id, reason);
  }

  /** Wakes the suspended instance. @throws DurableError `InstanceNotFound` */
  async resume(reason?: string): Promise<void> {
    await (await this.#operations()).resume(this.id, reason);
  }

  /**
   * Runs the failed instance on from its last failure.
   *
   * @throws DurableError `InstanceNotFound`, `InstanceNotActive` when it has not failed, `NotSupported`
   */
  async rewind(reason?: string): Promise<void> {
    await (await this.#operations()).rewind(this.id, reason);
  }

  /**
   * Starts the orchestration again with the name and input of this instance.
   *
   * @param options.restartWithNewInstanceId `false` replaces this instance. @defaultValue true
   * @throws DurableError `InstanceNotFound`, `InstanceAlreadyExists` when it is to be replaced and has not ended
   */
  async restart(options?: RestartOptions): Promise<OrchestrationRun<Output>> {
    const { restartWithNewInstanceId = true } = readOptions("restart", options);
    const id = await (await this.#operations()).restart(this.id, restartWithNewInstanceId);
    return new OrchestrationRun<Output>(this.#operations, id, true);
  }

  /**
   * Deletes everything about the finished instance. Resolves to the number of instances deleted: 0 when it was gone.
   *
   * @param options.recursive its finished sub-orchestrations too. @defaultValue false
   * @throws DurableError `InstanceNotActive` when it has not finished, unless `options.force`
   */
  async purge(options?: PurgeInstanceOptions): Promise<number> {
    const checked = readOptions("purge", options);
    return (await this.#operations()).purge(this.id, checked);
  }

  /** All that has happened to the instance, in order, with nothing left out. @throws DurableError `InstanceNotFound` */
  async history(): Promise<readonly HistoryEvent[]> {
    return (await this.#operations()).history(this.id);
  }
}
