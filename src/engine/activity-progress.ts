import type { EventLog } from "../core/event-log.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { formatFailureTrace } from "../core/failure-trace.ts";
import type { TaskScheduled } from "../core/history-event.ts";
import type { Clock } from "../core/ports.ts";
import { isReservedName } from "../core/reserved-names.ts";
import type { TaskMessage } from "../core/task-message.ts";
import { decodeTaskTags } from "../core/task-tags.ts";
import { formatDuration } from "../core/time-span.ts";

/** An activity that runs for so long is told of, and again each time that it has run twice as long. */
const firstNoticeMs = 30_000;

/** Tells how one run of an activity gets on, from its begin to its end. */
export class ActivityProgress {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #events: EventLog;
  readonly #fields: {
    readonly instanceId: string;
    readonly functionName: string;
    readonly attempt: number | undefined;
  };
  /** The activities of the engine's own have no lines, unless they fail. */
  readonly #isHidden: boolean;
  #begunAt: number | undefined;
  #nextNoticeMs = firstNoticeMs;

  constructor({ event, target }: TaskMessage, clock: Clock, events: EventLog) {
    const { name, tags } = event as TaskScheduled;
    const { attempt } = decodeTaskTags(tags);
    this.#name = name;
    this.#clock = clock;
    this.#events = events;
    this.#fields = { instanceId: target.instanceId, functionName: name, attempt };
    this.#isHidden = isReservedName(name);
  }

  /** @param deliveryCount 1 for the first delivery of this attempt */
  begin(deliveryCount: number): void {
    this.#begunAt = this.#clock.now();
    if (this.#isHidden) return;
    const again = deliveryCount > 1 ? { deliveryCount } : {};
    this.#events.write("ActivityExecuting", `'${this.#name}' executing`, { ...this.#fields, ...again });
  }

  /** To be called now and then. */
  tick(): void {
    if (this.#isHidden || this.#begunAt === undefined) return;
    const durationMs = this.#elapsed();
    if (durationMs < this.#nextNoticeMs) return;
    while (this.#nextNoticeMs <= durationMs) this.#nextNoticeMs *= 2;
    const text = `'${this.#name}' has been running for ${formatDuration(durationMs)}`;
    this.#events.write("ActivityRunning", text, { ...this.#fields, durationMs });
  }

  complete(): void {
    if (this.#isHidden) return;
    const durationMs = this.#elapsed();
    const text = `'${this.#name}' completed after ${formatDuration(durationMs)}`;
    this.#events.write("ActivityExecuted", text, { ...this.#fields, durationMs });
  }

  fail(failure: FailureDetails): void {
    const text = `'${this.#name}' failed: ${formatFailureTrace(failure)}`;
    this.#events.write("ActivityFailed", text, { ...this.#fields, durationMs: this.#elapsed() });
  }

  #elapsed(): number {
    return Math.max(0, this.#clock.now() - (this.#begunAt ?? this.#clock.now()));
  }
}
