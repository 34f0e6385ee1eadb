import { DurableError, isDurableError } from "../core/errors.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { Tags } from "../core/history-event.ts";
import type { OrchestrationState as StoredState } from "../core/orchestration-state.ts";
import { isTerminalStatus, type OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import { type DataConverter, jsonDataConverter } from "../core/payloads/data-converter.ts";
import { shareAcrossCopies } from "../core/shared-class.ts";
import { TaskFailedError } from "../orchestration/task-failed-error.ts";

/** What is known of one instance. A view that may lag behind by seconds. Payloads are parsed when they are read. */
export class OrchestrationState<Output = unknown> {
  static {
    shareAcrossCopies(OrchestrationState, "OrchestrationState");
  }

  readonly #state: StoredState;
  readonly #dataConverter: DataConverter;

  constructor(state: StoredState, dataConverter: DataConverter) {
    this.#state = state;
    this.#dataConverter = dataConverter;
    // What console.log shows, which sees no getters.
    Object.defineProperty(this, Symbol.for("nodejs.util.inspect.custom"), { value: () => this.toJSON() });
  }

  /** Id of the instance. */
  get instanceId(): string {
    return this.#state.instanceId;
  }

  /** Name of the orchestration. */
  get name(): string {
    return this.#state.name;
  }

  /** Version that it was started with; `undefined` without one. */
  get version(): string | undefined {
    return this.#state.version;
  }

  /** What it is doing, or how it has ended. */
  get runtimeStatus(): OrchestrationRuntimeStatus {
    return this.#state.runtimeStatus;
  }

  /** When it was created. */
  get createdAt(): Date {
    return this.#state.createdTime;
  }

  /** When its status last changed; may be seconds late while it runs. */
  get lastUpdatedAt(): Date {
    return this.#state.lastUpdatedTime;
  }

  /** Another name of {@link createdAt}, as `durable-functions` has it. */
  get createdTime(): Date {
    return this.createdAt;
  }

  /** Another name of {@link lastUpdatedAt}, as `durable-functions` has it. */
  get lastUpdatedTime(): Date {
    return this.lastUpdatedAt;
  }

  /** When it ended. */
  get completedAt(): Date | undefined {
    return this.#state.completedTime;
  }

  /** Id of the orchestration that has started it, also of one that does not wait for it; `undefined` for others. */
  get parentInstanceId(): string | undefined {
    return this.#state.parentInstanceId;
  }

  /** Tags that it was started with; empty without any. */
  get tags(): Tags {
    return this.#state.tags ?? {};
  }

  /** What it has and a list did not read, because it lies in a blob for its size: ask with `fetchPayloads: true`. */
  get notLoaded(): readonly ("input" | "output" | "tags")[] {
    return this.#state.notLoaded ?? [];
  }

  /** It has ended, however it did. */
  get isCompleted(): boolean {
    return isTerminalStatus(this.runtimeStatus);
  }

  /** What it was started with; `undefined` for nothing, or when payloads were not asked for. */
  get input(): unknown {
    return this.#read(this.serializedInput, "the input");
  }

  /**
   * What the orchestration has returned; of a terminated one what it was terminated with; `undefined` for one that has
   * failed or not ended, or when payloads were not asked for.
   */
  get result(): Output {
    return (this.runtimeStatus === "Failed" ? undefined : this.#readOutput()) as Output;
  }

  #readOutput(): unknown {
    return this.#read(this.serializedOutput, "the output", this.runtimeStatus === "Completed" ? undefined : true);
  }

  /** Another name of {@link result}. */
  get output(): Output {
    return this.result;
  }

  /** What the orchestration last gave to `setCustomStatus`. */
  get customStatus(): unknown {
    return this.#read(this.serializedCustomStatus, "the custom status");
  }

  /** JSON text of the input, as it is stored. */
  get serializedInput(): string | undefined {
    return this.#state.input;
  }

  /** JSON text of the output, or the text of a failure or a termination. */
  get serializedOutput(): string | undefined {
    return this.#state.output;
  }

  /** JSON text of the custom status, as it is stored. */
  get serializedCustomStatus(): string | undefined {
    return this.#state.customStatus;
  }

  /** Why it has failed. */
  get failureDetails(): FailureDetails | undefined {
    const { runtimeStatus, failureDetails, output } = this.#state;
    if (runtimeStatus !== "Failed") return undefined;
    // The row has the text alone, where history could not be read.
    return failureDetails ?? { errorType: "Error", errorMessage: output ?? "", isNonRetriable: false };
  }

  /** @throws TaskFailedError when the instance has failed, with the failure */
  raiseIfFailed(): void {
    const { failureDetails } = this;
    if (failureDetails !== undefined) throw new TaskFailedError("orchestration", this.name, -1, failureDetails);
  }

  /** What is logged or sent on: a plain object. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { instanceId, name, runtimeStatus, createdAt, lastUpdatedAt, input, result, customStatus } = this;
    const { tags, parentInstanceId, failureDetails } = this;
    return {
      instanceId,
      name,
      runtimeStatus,
      createdAt,
      lastUpdatedAt,
      input,
      result,
      customStatus,
      tags,
      ...(parentInstanceId !== undefined && { parentInstanceId }),
      failureDetails,
    };
  }

  /**
   * Stored text as a value. A reason is itself when the converter cannot read it, and so is any text with plain JSON, where
   * there is nothing to hide.
   *
   * @throws DurableError `InvalidPayload` for what a converter of the user's cannot read
   */
  #read(text: string | undefined, what: string, isReason = this.#dataConverter === jsonDataConverter): unknown {
    if (text === undefined || text === "") return text;
    if (!isReason) return this.#dataConverter.deserialize(text, `${what} of '${this.instanceId}'`);
    try {
      return this.#dataConverter.deserialize(text, `${what} of '${this.instanceId}'`);
    } catch (error) {
      if (isDurableError(error, "InvalidPayload")) return text;
      throw error;
    }
  }
}

/** Most of a reason that a message has. */
const maxReasonUnits = 200;

/** What an instance that has ended has returned. @throws TaskFailedError; DurableError `InstanceTerminated` */
export function resultOf<Output>(state: OrchestrationState<Output>): Output {
  state.raiseIfFailed();
  if (state.runtimeStatus === "Completed") return state.result;
  const reason = state.serializedOutput?.slice(0, maxReasonUnits).toWellFormed();
  const how = state.runtimeStatus === "Canceled" ? "canceled" : "terminated";
  const message = `the instance '${state.instanceId}' was ${how}${reason ? `: ${reason}` : ""}`;
  throw new DurableError("InstanceTerminated", message);
}
