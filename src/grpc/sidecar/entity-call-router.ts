import type { EntityBatch, EntityBatchResult } from "../../core/entity-batch.ts";
import type { ExecutionRef, ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import { callEntityOrchestratorName } from "../../core/reserved-names.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  Episode,
  EpisodeResult,
  OrchestrationSession,
  TaskExecutor,
} from "../../core/task-executor.ts";

/**
 * Keeps the built-in orchestration by which a client calls an entity in this process, since workers of other languages do
 * not know it. Everything else goes to the workers.
 */
export class EntityCallRouter implements TaskExecutor {
  readonly #workers: TaskExecutor;
  readonly #builtIns: TaskExecutor;

  constructor(workers: TaskExecutor, builtIns: TaskExecutor) {
    this.#workers = workers;
    this.#builtIns = builtIns;
  }

  openSession(execution: ExecutionRef, onMisuse?: () => void): OrchestrationSession {
    return new RoutedSession((name) => {
      const executor = name === callEntityOrchestratorName ? this.#builtIns : this.#workers;
      return executor.openSession(execution, onMisuse);
    });
  }

  executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome> {
    return this.#workers.executeActivity(invocation);
  }

  executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    return this.#workers.executeEntityBatch(batch);
  }
}

/** The first events of an execution say what it runs, and with that where. */
class RoutedSession implements OrchestrationSession {
  readonly #open: (name: string | undefined) => OrchestrationSession;
  #session: OrchestrationSession | undefined;

  constructor(open: (name: string | undefined) => OrchestrationSession) {
    this.#open = open;
  }

  execute(episode: Episode, work?: { readonly signal: AbortSignal }): Promise<EpisodeResult> {
    this.#session ??= this.#open([...episode.pastEvents, ...episode.newEvents].find(isStart)?.name);
    return this.#session.execute(episode, work);
  }

  close(): void {
    this.#session?.close();
  }
}

function isStart(event: HistoryEvent): event is ExecutionStarted {
  return event.type === "ExecutionStarted";
}
