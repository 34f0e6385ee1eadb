import { type CodeMarks, noMarks } from "../core/code-marks.ts";
import type { EventWaits } from "../core/event-waits.ts";
import type { Episode, EpisodeResult, OrchestrationSession } from "../core/task-executor.ts";
import { type ExecutionOptions, OrchestrationExecution } from "../orchestration/replay/orchestration-execution.ts";
import { ReplayContext } from "../orchestration/replay-context.ts";

export interface InProcessSessionOptions extends Omit<ExecutionOptions, "createContext"> {
  /** Learn that the code runs. @defaultValue nobody does */
  readonly marks?: CodeMarks | undefined;
}

/** A live execution in this process. */
export class InProcessSession implements OrchestrationSession {
  readonly #execution: OrchestrationExecution;
  readonly #marks: CodeMarks;
  readonly #instanceId: string;
  #name = "";
  #newlyAwaited: readonly string[] = [];

  constructor(options: InProcessSessionOptions) {
    this.#marks = options.marks ?? noMarks;
    this.#instanceId = options.instanceId;
    this.#execution = new OrchestrationExecution({ ...options, createContext: (scope) => new ReplayContext(scope) });
  }

  async execute(episode: Episode): Promise<EpisodeResult> {
    if (this.#name === "") this.#name = nameIn(episode);
    const mark = this.#marks.enter({ kind: "orchestration", name: this.#name, instanceId: this.#instanceId });
    try {
      return await this.#run(episode);
    } finally {
      this.#marks.leave(mark);
    }
  }

  async #run(episode: Episode): Promise<EpisodeResult> {
    this.#execution.lookAhead([episode.pastEvents, episode.newEvents]);
    // Synchronous styles never leave this turn of the event loop: only a returned promise is awaited.
    for (const event of episode.pastEvents) {
      const turn = this.#execution.apply(event, true);
      if (turn !== undefined) await turn;
    }
    this.#execution.takeAwaitedEvents();
    for (const event of episode.newEvents) {
      const turn = this.#execution.apply(event, false);
      if (turn !== undefined) await turn;
    }
    this.#execution.lookAhead([]);
    if (this.#execution.rejection !== undefined) throw this.#execution.rejection;
    const { actions, customStatus, knowsCustomStatus, unwantedTasks, unawaitedCalls } = this.#execution;
    this.#newlyAwaited = this.#execution.takeAwaitedEvents();
    return {
      actions,
      customStatus,
      ...(knowsCustomStatus ? {} : { keepsCustomStatus: true }),
      ...(unwantedTasks === undefined ? {} : { unwantedTasks }),
      ...(unawaitedCalls.length === 0 ? {} : { unawaitedCalls }),
    };
  }

  waitsForTimer(timerId: number): boolean {
    return this.#execution.waitsFor(timerId);
  }

  eventWaits(): EventWaits | undefined {
    return this.#execution.eventWaits;
  }

  newlyAwaitedEvents(): readonly string[] {
    return this.#newlyAwaited;
  }

  close(): void {
    this.#execution.close();
  }
}

function nameIn({ pastEvents, newEvents }: Episode): string {
  for (const events of [pastEvents, newEvents]) {
    const started = events.find(({ type }) => type === "ExecutionStarted");
    if (started?.type === "ExecutionStarted") return started.name;
  }
  return "";
}
