import type { ExecutionCompleted, ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import { type OpenLock, OpenLocks } from "../entities/open-locks.ts";
import { type Answer, answerIn, type NumberedAnswer, type QuestionType } from "./answers.ts";
import { type AnswerFate, EntityRequests } from "./entity-requests.ts";
import { type InstanceStatus, nextInstanceStatus } from "./instance-status.ts";

/** Of an action: a question that waits, or what has become of it. */
type ActionState = QuestionType | "answered" | "rewound" | "other";

/**
 * What the engine needs to know of an execution's history to judge the next messages and to show the instance: a fold
 * over its events, small enough to keep beside a live session.
 */
export class HistorySummary {
  #started: ExecutionStarted | undefined;
  #completed: ExecutionCompleted | undefined;
  #length = 0;
  #episodes = 0;
  #nextActionId = 0;
  #weight = 0;
  #lastTimestamp: Date | undefined;
  #status: InstanceStatus = { runtimeStatus: "Pending" };
  /** By the number of the action; what was cancelled before its first checkpoint leaves a gap. */
  readonly #actions = new Map<number, ActionState>();
  readonly #entityRequests = new EntityRequests();
  readonly #locks = new OpenLocks();
  /** Failures that a rewind has undone: what they were, and when they were made. */
  readonly #undoneFailures = new Set<string>();
  /** When the open timers are due, by their number. */
  readonly #dueTimes = new Map<number, Date>();

  static of(events: readonly HistoryEvent[]): HistorySummary {
    const summary = new HistorySummary();
    summary.append(events);
    return summary;
  }

  append(events: readonly HistoryEvent[]): void {
    for (const event of events) this.#add(event);
  }

  #add(event: HistoryEvent): void {
    this.#length++;
    this.#weight += weightOf(event);
    this.#lastTimestamp = event.timestamp;
    if (event.eventId >= this.#nextActionId) this.#nextActionId = event.eventId + 1;
    switch (event.type) {
      case "OrchestratorStarted":
        this.#episodes++;
        return;
      case "OrchestratorCompleted":
        return;
      case "ExecutionStarted":
        this.#started ??= event;
        break;
      case "ExecutionCompleted":
        this.#completed = event;
        break;
      case "TimerCreated":
        this.#dueTimes.set(event.eventId, event.fireAt);
        this.#actions.set(event.eventId, event.type);
        return;
      case "TaskScheduled":
      case "SubOrchestrationInstanceCreated":
        this.#actions.set(event.eventId, event.type);
        return;
      case "TaskCompleted":
      case "TaskFailed":
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
      case "TimerFired":
        this.#answer(answerIn(event)!);
        return;
      case "EventSent":
        this.#actions.set(event.eventId, "other");
        this.#entityRequests.ask(event);
        this.#locks.add(event);
        break;
      case "EventRaised":
        this.#entityRequests.answer(event.name);
        break;
      case "GenericEvent":
        if (event.eventId >= 0) this.#actions.set(event.eventId, "rewound");
        else if (isUndoneFailure(event.data)) this.#undoneFailures.add(`${event.data} ${timeOf(event)}`);
        break;
      default:
        if (event.eventId >= 0) this.#actions.set(event.eventId, "other");
    }
    this.#status = nextInstanceStatus(this.#status, event);
  }

  #answer(answer: NumberedAnswer): void {
    if (this.fateOfAnswer(answer) !== "wanted") return;
    this.#actions.set(answer.id, "answered");
    this.#dueTimes.delete(answer.id);
  }

  get started(): ExecutionStarted | undefined {
    return this.#started;
  }

  /** Set once the execution has ended. */
  get completed(): ExecutionCompleted | undefined {
    return this.#completed;
  }

  /** Number of events. */
  get length(): number {
    return this.#length;
  }

  /** Number of episodes, the one in progress included once its `OrchestratorStarted` is appended. */
  get episodes(): number {
    return this.#episodes;
  }

  /** The first number that no action has. */
  get nextActionId(): number {
    return this.#nextActionId;
  }

  /** About how many bytes a live session of this history holds. */
  get weight(): number {
    return this.#weight;
  }

  /** Time of the last event. */
  get lastTimestamp(): Date | undefined {
    return this.#lastTimestamp;
  }

  /** Locks of entities that were asked for and not given back. */
  get openLocks(): readonly OpenLock[] {
    return this.#locks.locks;
  }

  /** Numbers of the timers that have not fired. */
  get openTimers(): Iterable<number> {
    return this.#dueTimes.keys();
  }

  isOpenTimer(id: number): boolean {
    return this.#dueTimes.has(id);
  }

  get openTimerCount(): number {
    return this.#dueTimes.size;
  }

  /** `true` for an activity that was asked for and has no answer. */
  isOpenActivity(id: number): boolean {
    return this.#actions.get(id) === "TaskScheduled";
  }

  /** What the history says of the instance's status. */
  get status(): InstanceStatus {
    return this.#status;
  }

  /**
   * Whether an answer is in order: `early` until the history holds its question; `repeated`, and of no effect, when that
   * has been answered or was another question, as an episode that is repeated after a crash may ask.
   */
  fateOfAnswer(answer: Answer): AnswerFate {
    if (!("id" in answer)) return this.#entityRequests.fateOfAnswer(answer.requestId);
    const { id, question, firedAt } = answer;
    const state = this.#actions.get(id);
    if (state === undefined || state === "rewound") return "early";
    if (state !== question) return "repeated";
    const dueAt = this.#dueTimes.get(id);
    return firedAt !== undefined && dueAt !== undefined && firedAt < dueAt ? "repeated" : "wanted";
  }

  /**
   * `true` for a failure that a rewind has undone: after a crash its message may come again, and is no answer to the same
   * question when that is asked anew. Only what was undone is told by kind and time; whoever has accepted it may not have
   * kept the message's id.
   */
  hasUndone(event: HistoryEvent): boolean {
    return this.#undoneFailures.has(`${rewoundMark}${event.type} ${timeOf(event)}`);
  }

  /** Why these events cannot be a history of this instance that is still under way. */
  describeProblem(instanceId: string): string | undefined {
    if (this.#length === 0 || this.#completed !== undefined) return undefined;
    if (this.#started === undefined) return "the history cannot be read: it has no ExecutionStarted event";
    const owner = this.#started.orchestrationInstance?.instanceId;
    return owner === instanceId ? undefined : `the history cannot be read: it belongs to the instance '${owner}'`;
  }
}

/** How a rewind marks what it has undone; .NET does it likewise. */
const rewoundMark = "Rewound: ";

function isUndoneFailure(data: string | undefined): boolean {
  return data === `${rewoundMark}TaskFailed` || data === `${rewoundMark}SubOrchestrationInstanceFailed`;
}

/** A damaged history may have no valid time. */
function timeOf({ timestamp }: HistoryEvent): number {
  return timestamp instanceof Date ? timestamp.getTime() : Number.NaN;
}

const eventBytes = 200;

/** A fixed share for the event and its tasks, and two bytes a character of what may be long. */
function weightOf(event: HistoryEvent): number {
  const { input, result } = event as { readonly input?: unknown; readonly result?: unknown };
  return eventBytes + 2 * (lengthOf(input) + lengthOf(result));
}

function lengthOf(text: unknown): number {
  return typeof text === "string" ? text.length : 0;
}
