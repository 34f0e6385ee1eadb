import { clampDate } from "../../core/date-range.ts";
import { DurableError } from "../../core/errors.ts";
import { parseTimeSpan, type TimeSpanInput } from "../../core/time-span.ts";
import type { TimerTask } from "../durable-task.ts";
import type { ExecutionScope } from "../replay/execution-scope.ts";
import { OrchestrationTask } from "./orchestration-task.ts";

/** Longest delay that one timer message may have; the queue service refuses more than 7 days. */
const maxTimerMs = 6 * 86_400_000;
/** A longer wait is a chain of timers of this length, as the official extension makes it. */
const timerSliceMs = 3 * 86_400_000;

/** A durable timer: one timer action, or a chain of them for a long wait, each with a number of its own. */
export class DurableTimer extends OrchestrationTask<void> implements TimerTask {
  readonly #scope: ExecutionScope;
  readonly #fireAt: Date;
  #actionId: number | undefined;
  #isCanceled = false;

  constructor(scope: ExecutionScope, fireAt: Date) {
    super(scope.observer);
    this.#scope = scope;
    this.#fireAt = fireAt;
    if (!scope.isEnding) this.#arm();
  }

  get isCanceled(): boolean {
    return this.#isCanceled;
  }

  override get canSettle(): boolean {
    return !this.#isCanceled;
  }

  cancel(): void {
    this.#scope.enterCall("cancel");
    if (this.isCompleted) throw new DurableError("OrchestrationMisuse", "a timer that has fired cannot be cancelled");
    this.withdraw();
    this.#scope.observer.use?.(this);
    this.#scope.allowUnsettleable();
  }

  /** {@link cancel} by replay itself. */
  withdraw(): void {
    if (this.isCompleted || this.#isCanceled) return;
    this.#isCanceled = true;
    if (this.#actionId === undefined) return;
    this.#scope.withdrawAction(this.#actionId);
    this.#scope.forgetAnswer(this.#actionId, this);
  }

  #arm(): void {
    const remaining = this.#fireAt.getTime() - this.#scope.now.getTime();
    const isLong = remaining > (this.#actionId === undefined ? maxTimerMs : timerSliceMs);
    const fireAt = isLong ? new Date(this.#scope.now.getTime() + timerSliceMs) : this.#fireAt;
    const { id } = this.#scope.addAction((id) => ({ kind: "CreateTimer", id, fireAt }));
    this.#actionId = id;
    this.#scope.expectAnswer(id, {
      task: this,
      complete: () => {
        if (this.#scope.now < this.#fireAt && isLong) this.#arm();
        else this.complete(undefined);
      },
      fail: () => {},
    });
  }
}

/**
 * The instant that is meant.
 *
 * @param when the instant, or the time from `now`
 * @throws DurableError `InvalidOption`
 */
export function resolveTime(when: Date | TimeSpanInput, now: Date, what: string): Date {
  const at = when instanceof Date ? when.getTime() : now.getTime() + parseTimeSpan(when, what);
  if (Number.isNaN(at) || Math.abs(at) > 8.64e15) {
    throw new DurableError("InvalidOption", `${what} is not a valid date`);
  }
  return clampDate(new Date(at));
}
