import type { FailureDetails } from "../../core/failure-details.ts";
import type { OrchestrationTask } from "../tasks/orchestration-task.ts";
import type { RecordedAction } from "./action-ledger.ts";
import type { PendingAnswer } from "./execution-scope.ts";

/** Settles the task of one number. */
export interface OpenTask extends PendingAnswer {
  /** How history holds the question. */
  record?: RecordedAction;
}

/** The tasks of one execution that wait for an answer, by number. */
export class OpenTasks {
  /** A place is empty once its task is closed. */
  readonly #tasks: (OpenTask | undefined)[] = [];
  readonly #forsaken: number[] = [];

  add(id: number, task: OpenTask): void {
    this.#tasks[id] = task;
  }

  remove(id: number): void {
    this.#tasks[id] = undefined;
  }

  /** As {@link remove}, for a call that somebody may be working on still. */
  forsake(id: number): void {
    this.remove(id);
    this.#forsaken.push(id);
  }

  /** Numbers of the calls whose time is over, and of those open ones whose tasks are among these. */
  unwantedCalls(tasks: ReadonlySet<OrchestrationTask<unknown>> | undefined): readonly number[] {
    if (tasks === undefined || tasks.size === 0) return this.#forsaken.slice();
    const found = this.#forsaken.slice();
    for (const [id, open] of this.#tasks.entries()) {
      if (open?.task !== undefined && tasks.has(open.task)) found.push(id);
    }
    return found;
  }

  /** The time of some call was over. */
  get hasForsaken(): boolean {
    return this.#forsaken.length > 0;
  }

  has(id: number): boolean {
    return this.#tasks[id] !== undefined;
  }

  /** History holds the question. */
  record(event: RecordedAction): void {
    const task = this.#tasks[event.eventId];
    if (task !== undefined) task.record = event;
  }

  /**
   * Takes out the task that asked, unless it is closed: a repeat, or the late answer to a cancelled timer. An episode
   * that was repeated with other messages may have given the same number to another question, or to an earlier timer;
   * the answers to those are not taken.
   */
  take(id: number, question: RecordedAction["type"], firedAt?: Date): OpenTask | undefined {
    const task = this.#tasks[id];
    if (task === undefined) return undefined;
    const { record } = task;
    if (record !== undefined && record.type !== question) return undefined;
    if (record?.type === "TimerCreated" && firedAt !== undefined && firedAt < record.fireAt) return undefined;
    this.#tasks[id] = undefined;
    return task;
  }
}

/** The failure that an answer brings, also from SDKs that write only a text. */
export function failureOf(event: {
  readonly failureDetails: FailureDetails | undefined;
  readonly reason: string | undefined;
  readonly details: string | undefined;
}): FailureDetails {
  if (event.failureDetails !== undefined) return event.failureDetails;
  return {
    errorType: "Error",
    errorMessage: event.reason ?? "the task failed without a reason",
    stackTrace: event.details,
    isNonRetriable: false,
  };
}
