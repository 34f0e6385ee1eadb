import { setMaxListeners } from "node:events";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { EntityBatch, EntityBatchResult } from "../../core/entity-batch.ts";
import { DurableError, isDurableError, messageOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import { formatFailureTrace } from "../../core/failure-trace.ts";
import { type LinkedSignal, linkSignals } from "../../core/linked-signal.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { ActivityOutcome, TaskExecutor } from "../../core/task-executor.ts";
import { decodeTaskTags } from "../../core/task-tags.ts";
import { describeUnawaited } from "../../core/unawaited-calls.ts";
import { CallFailure, type TaskHubChannel } from "../channel/task-hub-channel.ts";
import { fromEntityBatchRequest, fromEntityRequest, toEntityResult } from "../codec/entity-batches.ts";
import { toWireFailure } from "../codec/failures.ts";
import { fromWireTrace } from "../codec/trace-contexts.ts";
import {
  ActivityResponseSchema,
  EntityBatchResultSchema,
  OrchestratorResponseSchema,
  WorkItemSchema,
} from "../proto/orchestrator_service_pb.ts";
import { ReturnPace } from "./back-off.ts";
import { runTurn } from "./orchestration-turn.ts";
import { abandonmentOf, type Outcome, OutcomeSender } from "./outcome-sender.ts";
import type { PayloadCourier } from "./payload-courier.ts";
import { failResponse, splitResponse } from "./response-chunks.ts";
import type { ActivityWork, EntityWork, OrchestrationWork, Work } from "./work.ts";

export interface WorkRunnerOptions {
  readonly executor: TaskExecutor;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly payloads: PayloadCourier;
  /** The connection of now. */
  readonly channel: () => TaskHubChannel | undefined;
}

/**
 * Takes work from its request to its outcome.
 *
 * R1. Work is settled once at most: completed, or given back. `run` never rejects.
 * R2. What user code did wrong is an outcome. What could not be run, by this worker or now, is given back.
 * R3. A lost connection ends no work. Its outcome goes over the next one; whether the server still wants it, only the
 *     server knows. So an activity is not cut off for a moment without network, at the price of one that may run twice.
 */
export class WorkRunner {
  readonly #options: WorkRunnerOptions;
  readonly #sender: OutcomeSender;
  readonly #pace = new ReturnPace();
  /** Aborts what runs, and every wait. */
  readonly #cutOff = new AbortController();
  /** Gives up what is being sent. */
  readonly #closed = new AbortController();
  readonly #unsettled = new Set<Work>();
  readonly #returns = new Set<Promise<void>>();

  constructor(options: WorkRunnerOptions) {
    this.#options = options;
    // All that runs, and all that is sent, listens.
    setMaxListeners(0, this.#cutOff.signal);
    setMaxListeners(0, this.#closed.signal);
    this.#sender = new OutcomeSender({ ...options, signal: this.#closed.signal });
  }

  async run(work: Work): Promise<void> {
    this.#unsettled.add(work);
    const link = this.#linkLazily();
    try {
      const outcomes = await this.#execute(work, link);
      if (this.#unsettled.has(work)) await this.#complete(work, outcomes); // R1
    } catch (error) {
      if (this.#unsettled.delete(work)) this.#track(this.#giveBack(work, error)); // R1
    } finally {
      this.#unsettled.delete(work);
      link.unlink();
    }
  }

  /** Gives back work that was not begun. */
  giveBackUnbegun(work: Work): void {
    this.#track(this.#wait(work).then(() => this.#abandon(work)));
  }

  /** Resolves once all that is being given back is. It takes no part in the limits of what runs at a time. */
  async hasReturnedAll(): Promise<void> {
    while (this.#returns.size > 0) await Promise.all(this.#returns);
  }

  /** Aborts the signals of what runs, and ends every pause. */
  cutOff(): void {
    this.#cutOff.abort(new DurableError("WorkerStopping", "the worker stops"));
  }

  /** Gives back all that still runs; what it comes to afterwards is not told to anybody. */
  giveUp(): void {
    const left = [...this.#unsettled];
    this.#unsettled.clear();
    const error = new Error("the worker has stopped, and it did not end in time");
    for (const work of left) this.#track(this.#giveBack(work, error));
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#closed.abort();
  }

  async #execute(work: Work, link: Link): Promise<readonly Outcome[]> {
    await this.#options.payloads.resolve(WorkItemSchema, work.item);
    switch (work.kind) {
      case "orchestration":
        return this.#runOrchestration(work, link);
      case "activity":
        return [await this.#runActivity(work, link)];
      case "entity":
        return [await this.#runEntity(work, link)];
    }
  }

  async #runOrchestration(work: OrchestrationWork, link: Link): Promise<readonly Outcome[]> {
    const { request, instanceId, completionToken } = work;
    const { events, payloads } = this.#options;
    const onFailed = (name: string, failure: FailureDetails) =>
      events.write("OrchestrationFailed", `'${name}' failed: ${formatFailureTrace(failure)}`, { instanceId });
    const onUnawaited = (functionName: string, calls: readonly string[]) => {
      const text = describeUnawaited(functionName, calls);
      events.write("CallsNotAwaited", text, { instanceId, functionName, count: calls.length });
    };
    const turn = await runTurn(request, {
      ...this.#options,
      channel: this.#channel,
      work: link,
      onFailed,
      onUnawaited,
    });
    const response = { ...turn, completionToken };
    const offloaded = await payloads.offload(OrchestratorResponseSchema, response, instanceId).catch((error) => {
      if (!isDurableError(error, "InvalidPayload")) throw error;
      return failResponse(create(OrchestratorResponseSchema, response), error.code, error.message); // R2
    });
    return splitResponse(offloaded).map((chunk) => ({ method: "completeOrchestratorTask", request: chunk }));
  }

  async #runActivity(work: ActivityWork, link: Link): Promise<Outcome> {
    const { request, instanceId } = work;
    const outcome = await this.#options.executor.executeActivity({
      name: request.name,
      version: request.version,
      // The JavaScript SDK writes an empty text for an activity that is called without an input.
      input: request.input || undefined,
      instance: { instanceId, executionId: request.orchestrationInstance?.executionId },
      taskId: request.taskId,
      // The protocol does not count.
      deliveryCount: 1,
      tags: request.tags,
      parentTraceContext: fromWireTrace(request.parentTraceContext),
      get signal() {
        return link.signal;
      },
    });
    try {
      return await this.#toActivityOutcome(work, outcome);
    } catch (error) {
      if (!isDurableError(error, "InvalidPayload")) throw error;
      return this.#toActivityOutcome(work, failedActivity(error.code, error.message)); // R2
    }
  }

  async #toActivityOutcome(work: ActivityWork, outcome: ActivityOutcome): Promise<Outcome> {
    const { request, instanceId, completionToken } = work;
    const { events, payloads } = this.#options;
    const header = { instanceId, taskId: request.taskId, completionToken };
    if (outcome.kind === "failed") {
      const { attempt } = decodeTaskTags(request.tags);
      const text = `'${request.name}' failed: ${formatFailureTrace(outcome.failureDetails)}`;
      events.write("ActivityFailed", text, { instanceId, attempt });
      const response = { ...header, failureDetails: toWireFailure(outcome.failureDetails) };
      return { method: "completeActivityTask", request: response };
    }
    const response = await payloads.offload(ActivityResponseSchema, { ...header, result: outcome.result }, instanceId);
    return { method: "completeActivityTask", request: response };
  }

  async #runEntity({ request, instanceId, completionToken }: EntityWork, link: Link): Promise<Outcome> {
    const { executor, payloads, clock } = this.#options;
    const batch =
      request.$typeName === "EntityRequest"
        ? fromEntityRequest(request, link.signal)
        : fromEntityBatchRequest(request, link.signal);
    const startTime = new Date(clock.now());
    const result = await executor.executeEntityBatch(batch);
    this.#tellFailedOperations(batch, result);
    const response = toEntityResult(result, request, { startTime, endTime: new Date(clock.now()) });
    const offloaded = await payloads.offload(EntityBatchResultSchema, { ...response, completionToken }, instanceId);
    return { method: "completeEntityTask", request: offloaded };
  }

  #tellFailedOperations({ instanceId, operations }: EntityBatch, { outcomes }: EntityBatchResult): void {
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind !== "failed") continue;
      const { operation, isSignal } = operations[index]!;
      const text = `operation '${operation}' of ${instanceId} failed: ${formatFailureTrace(outcome.failureDetails)}`;
      this.#options.events.write(isSignal ? "EntitySignalFailed" : "EntityOperationFailed", text, { instanceId });
    }
  }

  async #complete(work: Work, outcomes: readonly Outcome[]): Promise<void> {
    try {
      for (const outcome of outcomes) await this.#sender.send(outcome);
      this.#unsettled.delete(work);
    } catch (error) {
      if (!this.#unsettled.delete(work)) return;
      if (isOf(error, status.RESOURCE_EXHAUSTED) && work.kind === "activity") return this.#failTooLarge(work, error);
      const isTaken = isOf(error, status.NOT_FOUND);
      const reason = isTaken
        ? "the server has given it to somebody else, or has the outcome already"
        : messageOf(error);
      const text = `the outcome of ${describe(work)} was not taken: ${reason}`;
      this.#options.events.write("WorkItemNotCompleted", text, { instanceId: work.instanceId });
      if (!isTaken) this.#track(this.#wait(work).then(() => this.#abandon(work)));
    }
  }

  /** The next run would have as much to say. */
  async #failTooLarge(work: ActivityWork, error: unknown): Promise<void> {
    const text =
      `the server does not take the result of '${work.request.name}': ${messageOf(error)}; keep large data elsewhere ` +
      "and return where it is, or give worker and clients a store for large payloads";
    const outcome = await this.#toActivityOutcome(work, failedActivity("ResponseTooLarge", text));
    await this.#sender.send(outcome).catch(() => this.#abandon(work));
  }

  /** @param returning never rejects */
  #track(returning: Promise<void>): void {
    const tracked = returning.finally(() => this.#returns.delete(tracked));
    this.#returns.add(tracked);
  }

  async #giveBack(work: Work, error: unknown): Promise<void> {
    const { events } = this.#options;
    const fields = { instanceId: work.instanceId };
    if (isDurableError(error, "EntityNotRegistered")) events.write("EntityNotRegistered", error.message, fields);
    else events.write("WorkItemAbandoned", `${describe(work)} was given back: ${messageOf(error)}`, fields);
    await this.#wait(work);
    await this.#abandon(work);
  }

  async #wait({ kind, instanceId }: Work): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(this.#pace.next(`${kind}:${instanceId}`, clock.now()), this.#cutOff.signal);
  }

  /** Without a word when it fails: the server gives it to others once it misses this worker. */
  async #abandon(work: Work): Promise<void> {
    // A server that gives none knows no abandoned work.
    if (work.completionToken === "") return;
    await this.#sender.send(abandonmentOf(work)).catch(() => {});
  }

  get #channel(): TaskHubChannel {
    const channel = this.#options.channel();
    if (channel === undefined) throw new DurableError("InternalError", "work has come without a connection");
    return channel;
  }

  /** The signal of one piece of work, made when it is first read: most never look at it. */
  #linkLazily(): Link & { unlink(): void } {
    const source = this.#cutOff.signal; // R3
    let linked: LinkedSignal | undefined;
    return {
      get signal() {
        linked ??= linkSignals(source);
        return linked.signal;
      },
      unlink: () => linked?.unlink(),
    };
  }
}

interface Link {
  readonly signal: AbortSignal;
}

function failedActivity(errorType: string, errorMessage: string): ActivityOutcome {
  return { kind: "failed", failureDetails: { errorType, errorMessage, isNonRetriable: true } };
}

function describe(work: Work): string {
  return work.kind === "activity" ? `activity '${work.request.name}'` : `the ${work.kind}`;
}

function isOf(error: unknown, code: number): boolean {
  return error instanceof CallFailure && error.code === code;
}
