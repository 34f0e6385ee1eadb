import type { EventWaits } from "../core/event-waits.ts";
import type { Episode, EpisodeResult, OrchestrationSession } from "../core/task-executor.ts";

/** A session whose kind is known once it has seen by which name its execution was started. */
export class SessionByName implements OrchestrationSession {
  readonly #open: (name: string) => OrchestrationSession;
  #session: OrchestrationSession | undefined;

  constructor(open: (name: string) => OrchestrationSession) {
    this.#open = open;
  }

  execute(episode: Episode, work?: { readonly signal: AbortSignal }): Promise<EpisodeResult> {
    if (this.#session === undefined) {
      const started = [...episode.pastEvents, ...episode.newEvents].find(({ type }) => type === "ExecutionStarted");
      // Whoever runs it says what is wrong with a history without a start.
      this.#session = this.#open(started?.type === "ExecutionStarted" ? String(started.name) : "");
    }
    return this.#session.execute(episode, work);
  }

  newlyAwaitedEvents(): readonly string[] {
    return this.#session?.newlyAwaitedEvents?.() ?? [];
  }

  waitsForTimer(timerId: number): boolean {
    return this.#session?.waitsForTimer?.(timerId) ?? true;
  }

  eventWaits(): EventWaits | undefined {
    return this.#session?.eventWaits?.();
  }

  close(): void {
    this.#session?.close();
  }
}
