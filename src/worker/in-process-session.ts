import type { Episode, EpisodeResult, OrchestrationSession } from "../core/task-executor.ts";
import { type ExecutionOptions, OrchestrationExecution } from "../orchestration/replay/orchestration-execution.ts";

/** A live execution in this process. */
export class InProcessSession implements OrchestrationSession {
  readonly #execution: OrchestrationExecution;

  constructor(options: ExecutionOptions) {
    this.#execution = new OrchestrationExecution(options);
  }

  async execute(episode: Episode): Promise<EpisodeResult> {
    this.#execution.patches.lookAhead([episode.pastEvents, episode.newEvents]);
    // Synchronous styles never leave this turn of the event loop: only a returned promise is awaited.
    for (const event of episode.pastEvents) {
      const turn = this.#execution.apply(event, true);
      if (turn !== undefined) await turn;
    }
    for (const event of episode.newEvents) {
      const turn = this.#execution.apply(event, false);
      if (turn !== undefined) await turn;
    }
    this.#execution.patches.lookAhead([]);
    if (this.#execution.rejection !== undefined) throw this.#execution.rejection;
    const { actions, customStatus } = this.#execution;
    return { actions, customStatus };
  }

  close(): void {}
}
