/** A piece of user code at work. */
export interface RunningCode {
  readonly kind: "orchestration" | "entity" | "activity";
  readonly name: string;
  readonly instanceId: string;
  /** Number of an activity's task in its orchestration. */
  readonly taskId?: number | undefined;
}

/**
 * Learns which user code runs at the moment, for whoever watches the event loop: while code blocks it, nobody on it can
 * tell.
 */
export interface CodeMarks {
  /** User code has the event loop from now on, until {@link leave}. @returns what `leave` takes */
  enter(code: RunningCode): number;
  leave(mark: number): void;
  /** Begins to run, and may wait for things of the outside, until {@link ended} with the same object. */
  started(code: RunningCode): void;
  ended(code: RunningCode): void;
}

/** Nobody watches. */
export const noMarks: CodeMarks = { enter: () => 0, leave() {}, started() {}, ended() {} };
