import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { EntityBatch, EntityBatchResult, EntityOutcome } from "../../core/entity-batch.ts";
import type { ExecutionRef } from "../../core/history-event.ts";
import type { Clock } from "../../core/ports.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  OrchestrationSession,
  TaskExecutor,
} from "../../core/task-executor.ts";
import { fromEntityResult, toEntityRequest } from "../codec/entity-batches.ts";
import { fromWireFailure } from "../codec/failures.ts";
import { toWireTrace } from "../codec/trace-contexts.ts";
import { WorkItemSchema } from "../proto/orchestrator_service_pb.ts";
import { RemoteSession } from "./remote-session.ts";
import type { WorkDispatcher } from "./work-dispatcher.ts";

export interface RemoteExecutorOptions {
  readonly dispatcher: WorkDispatcher;
  readonly clock: Clock;
}

/** Runs everything in workers that are connected over gRPC. */
export class RemoteExecutor implements TaskExecutor {
  readonly #dispatcher: WorkDispatcher;
  readonly #clock: Clock;

  constructor({ dispatcher, clock }: RemoteExecutorOptions) {
    this.#dispatcher = dispatcher;
    this.#clock = clock;
  }

  openSession(execution: ExecutionRef): OrchestrationSession {
    return new RemoteSession(execution, this.#dispatcher, this.#clock);
  }

  async executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome> {
    const { name, version, input, instance, taskId, tags = {}, signal } = invocation;
    const { instanceId, executionId } = instance;
    return await this.#dispatcher.dispatch<"activity", ActivityOutcome>({
      kind: "activity",
      name,
      version,
      instanceId,
      executionId,
      taskId,
      signal,
      write: (_, completionToken) =>
        writeWorkItem({
          completionToken,
          request: {
            case: "activityRequest",
            value: {
              name,
              version,
              input,
              taskId,
              tags,
              orchestrationInstance: { instanceId, executionId },
              parentTraceContext: toWireTrace(invocation.parentTraceContext),
            },
          },
        }),
      read: ({ result, failureDetails }) => ({
        kind: "result",
        result:
          failureDetails === undefined
            ? { kind: "completed", result }
            : { kind: "failed", failureDetails: fromWireFailure(failureDetails) },
      }),
    });
  }

  /** A worker may do only some of the operations: the others are sent again, on the state that it has left. */
  async executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    const outcomes: EntityOutcome[] = [];
    let { state } = batch;
    while (outcomes.length < batch.operations.length) {
      const rest = { ...batch, state, operations: batch.operations.slice(outcomes.length), signal: batch.signal };
      const result = await this.#executeOperations(rest);
      outcomes.push(...result.outcomes);
      state = result.state;
    }
    return { outcomes, state };
  }

  async #executeOperations(batch: EntityBatch): Promise<EntityBatchResult> {
    return await this.#dispatcher.dispatch<"entity", EntityBatchResult>({
      kind: "entity",
      name: batch.entity.name,
      version: undefined,
      instanceId: batch.instanceId,
      signal: batch.signal,
      write: (_, completionToken) =>
        writeWorkItem({
          completionToken,
          request: { case: "entityRequestV2", value: toEntityRequest(batch) },
        }),
      read: (answer) => {
        const { failureDetails, requiresState } = answer;
        if (requiresState) return { kind: "failed", reason: "the worker wants the state, which it was given" };
        if (failureDetails !== undefined) return { kind: "failed", reason: failureDetails.errorMessage };
        return { kind: "result", result: fromEntityResult(answer, batch) };
      },
    });
  }
}

function writeWorkItem(workItem: MessageInitShape<typeof WorkItemSchema>): Uint8Array {
  return toBinary(WorkItemSchema, create(WorkItemSchema, workItem));
}
