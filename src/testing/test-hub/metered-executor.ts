import type { EntityBatch, EntityBatchResult } from "../../core/entity-batch.ts";
import type { ExecutionRef } from "../../core/history-event.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  OrchestrationSession,
  TaskExecutor,
} from "../../core/task-executor.ts";
import type { WorkMeter } from "./work-meter.ts";

/** Tells a meter when user code is at work. */
export class MeteredExecutor implements TaskExecutor {
  readonly #executor: TaskExecutor;
  readonly #meter: WorkMeter;

  constructor(executor: TaskExecutor, meter: WorkMeter) {
    this.#executor = executor;
    this.#meter = meter;
  }

  openSession(execution: ExecutionRef, onMisuse?: () => void): OrchestrationSession {
    const session = this.#executor.openSession(execution, onMisuse);
    const work = { kind: "orchestration", name: "", instanceId: execution.instanceId } as const;
    const execute = session.execute.bind(session);
    session.execute = async (episode, given) => {
      const end = this.#meter.begin(work);
      try {
        return await execute(episode, given);
      } finally {
        end();
      }
    };
    return session;
  }

  async executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome> {
    const { name, instance, taskId } = invocation;
    const end = this.#meter.begin({ kind: "activity", name, instanceId: instance.instanceId, taskId });
    try {
      return await this.#executor.executeActivity(invocation);
    } finally {
      end();
    }
  }

  async executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    const instanceId = batch.entity.toString();
    const end = this.#meter.begin({ kind: "entity", name: batch.entity.name, instanceId });
    try {
      return await this.#executor.executeEntityBatch(batch);
    } finally {
      end();
    }
  }
}
