/** External events of one name, compared ignoring case. */
export interface NamedEvents {
  /** Name of the events. */
  readonly name: string;
  /** When the first of them came, or the first wait for one of them began. */
  readonly since: Date;
  /** How many. */
  readonly count: number;
}

/** What an execution has to do with external events between two episodes. History holds no wait, so its code has to say. */
export interface EventWaits {
  /** Waits of its code that no event has ended yet. */
  readonly awaited: readonly NamedEvents[];
  /** Events that have come, and that its code has not waited for yet. */
  readonly kept: readonly NamedEvents[];
}

/** What the worker of an instance has noted of its code, as of the last change of its row. For those who look, not for replay. */
export interface WaitNote {
  /** Waits for external events, and events that wait; absent when there are neither. */
  readonly events: EventWaits | undefined;
  /** Numbers of activities and timers that were asked for, and that nobody waits for any more. */
  readonly unwantedTasks: readonly number[];
}
