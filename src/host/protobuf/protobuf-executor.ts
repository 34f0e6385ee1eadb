import type { EntityBatch, EntityBatchResult } from "../../core/entity-batch.ts";
import type { ExecutionRef } from "../../core/history-event.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  OrchestrationSession,
  TaskExecutor,
} from "../../core/task-executor.ts";
import { ExtensionExecutor } from "../../grpc/extension/extension-executor.ts";
import type { DurableFunctions } from "../app/durable-functions.ts";
import type { InvokeDurable } from "../app/durable-invoker.ts";
import { toActivityResult } from "../classic/classic-activity.ts";
import { SessionByName } from "../session-by-name.ts";

export interface ProtobufExecutorOptions {
  readonly functions: DurableFunctions;
  readonly invoke: InvokeDurable;
  /** Runs what is not here. */
  readonly others: TaskExecutor;
  readonly httpPollIntervalMs: number;
}

/** Runs functions that speak protobuf as the Durable extension does, and hands everything else to another executor. */
export class ProtobufExecutor implements TaskExecutor {
  readonly #functions: DurableFunctions;
  readonly #others: TaskExecutor;
  readonly #extension: ExtensionExecutor;

  constructor({ functions, invoke, others, httpPollIntervalMs }: ProtobufExecutorOptions) {
    this.#functions = functions;
    this.#others = others;
    this.#extension = new ExtensionExecutor({
      functions: {
        has: (kind, name) => functions.find(kind, name) !== undefined,
        async call({ kind, name, instanceId, value }) {
          const durable = functions.find(kind, name)!;
          const trigger = value === undefined ? {} : { string: value };
          const { response } = await invoke(durable, trigger, { instanceId: { string: instanceId } });
          const returned = response.returnValue ?? undefined;
          return kind === "activity" ? toActivityResult(returned) : returned?.string;
        },
      },
      // Grants of locks reach these functions in no other form.
      entityEncoding: "messages",
      httpPollIntervalMs,
    });
  }

  openSession(execution: ExecutionRef, onMisuse?: () => void): OrchestrationSession {
    return new SessionByName((name) =>
      this.#functions.find("orchestration", name) === undefined
        ? this.#others.openSession(execution, onMisuse)
        : this.#extension.openSession(execution),
    );
  }

  executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome> {
    return this.#runnerOf("activity", invocation.name).executeActivity(invocation);
  }

  executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    return this.#runnerOf("entity", batch.entity.name).executeEntityBatch(batch);
  }

  #runnerOf(kind: "activity" | "entity", name: string): TaskExecutor {
    return this.#functions.find(kind, name) === undefined ? this.#others : this.#extension;
  }
}
