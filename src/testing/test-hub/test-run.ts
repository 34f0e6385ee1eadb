import type { OrchestrationState } from "../../client/orchestration-state.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import type { InstanceWait } from "../../management/instance-waits.ts";
import type { ExternalEvent, PayloadArguments } from "../../orchestration/external-event.ts";
import type { RunOperations } from "./run-operations.ts";
import type { TestLogLine } from "./test-logs.ts";

/**
 * One instance on a test hub. What it tells is how things stand when nothing more happens without time; only
 * {@link result} and {@link ended} let time pass.
 */
export class TestRun<Output = unknown> {
  /** The id of the instance. */
  readonly id: string;
  readonly #operations: RunOperations;

  /** Made by `hub.start` and `hub.run`. */
  constructor(id: string, operations: RunOperations) {
    this.id = id;
    this.#operations = operations;
  }

  /**
   * What the orchestration returns. Lets as much time pass as it needs; fails at once, with what it waits for, when it waits
   * for something that time does not bring.
   *
   * @throws TaskFailedError when it fails, with the failure; DurableError `InstanceTerminated`; Error
   * that says what everybody waits for
   */
  result(): Promise<Output> {
    return this.#operations.result(this.id) as Promise<Output>;
  }

  /** Its status once it has ended, however it did. Lets time pass, and fails, as {@link result} does. */
  ended(): Promise<OrchestrationState<Output>> {
    return this.#operations.ended(this.id) as Promise<OrchestrationState<Output>>;
  }

  /** What is known of it now. */
  status(): Promise<OrchestrationState<Output>> {
    return this.#operations.status(this.id) as Promise<OrchestrationState<Output>>;
  }

  /** What the orchestration last gave to `setCustomStatus`; `undefined` for nothing. */
  async customStatus<T = unknown>(): Promise<T> {
    return (await this.status()).customStatus as T;
  }

  /** The events of its latest execution. */
  history(): Promise<readonly HistoryEvent[]> {
    return this.#operations.history(this.id);
  }

  /**
   * What it waits for, in the order in which the waits began. Empty once it has ended.
   *
   * @example
   * assert.deepEqual((await run.waits()).map(({ kind }) => kind), ["event", "timer"]);
   */
  waits(): Promise<readonly InstanceWait[]> {
    return this.#operations.waits(this.id);
  }

  /** What its code has logged, and that of its activities. */
  get logs(): readonly TestLogLine[] {
    return this.#operations.logs(this.id);
  }

  /** Sends an event, by its name or its definition. @throws DurableError `InvalidOption`, `InvalidPayload` */
  raiseEvent<Payload = unknown>(
    event: string | ExternalEvent<Payload>,
    ...data: PayloadArguments<Payload>
  ): Promise<void> {
    return this.#operations.raiseEvent(this.id, event as ExternalEvent<unknown>, data[0]);
  }

  /** @param options.recursive ends the sub-orchestrations too that it waits for. @defaultValue false */
  terminate(reason?: string, options?: { readonly recursive?: boolean }): Promise<void> {
    return this.#operations.terminate(this.id, reason, options);
  }

  /** Holds it up until it is resumed. */
  suspend(reason?: string): Promise<void> {
    return this.#operations.suspend(this.id, reason);
  }

  /** Lets it go on. */
  resume(reason?: string): Promise<void> {
    return this.#operations.resume(this.id, reason);
  }

  /** Runs a failed instance on from its last failure. @throws DurableError `InstanceNotActive` when it has not failed */
  rewind(reason?: string): Promise<void> {
    return this.#operations.rewind(this.id, reason);
  }
}
