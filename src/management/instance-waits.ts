import { entityOfInstanceId, formatEntityInstanceId, isEntityInstanceId } from "../core/entity-id.ts";
import type { NamedEvents } from "../core/event-waits.ts";
import type {
  EventSent,
  HistoryEvent,
  SubOrchestrationInstanceCreated,
  TaskScheduled,
  TimerCreated,
} from "../core/history-event.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { readPatchMark } from "../core/orchestrator-action.ts";
import { isReservedName } from "../core/reserved-names.ts";
import { decodeTaskTags, isFireAndForget } from "../core/task-tags.ts";
import { operationEventName, readRelease, readRequest, releaseEventName } from "../entities/entity-message.ts";

/** One thing that an instance waits for. */
export type InstanceWait =
  /** A worker has to take it up: it was not begun, or was rewound. */
  | { readonly kind: "worker"; readonly since: Date; readonly notBefore?: Date | undefined }
  /** It is suspended, and goes on when it is resumed. */
  | { readonly kind: "resume"; readonly since: Date; readonly reason?: string | undefined }
  | {
      readonly kind: "activity";
      readonly since: Date;
      readonly taskId: number;
      readonly name: string;
      /** 1 for the first; 1 for all in histories of workers that do not number them. */
      readonly attempt: number;
    }
  | { readonly kind: "timer"; readonly since: Date; readonly taskId: number; readonly fireAt: Date }
  | {
      readonly kind: "sub-orchestration";
      readonly since: Date;
      readonly taskId: number;
      readonly name: string;
      readonly instanceId: string;
    }
  /** Without a name where the history leaves nothing else to wait for and its worker has not noted the name. */
  | { readonly kind: "event"; readonly since: Date; readonly name?: string | undefined; readonly count: number }
  /** The answer of an entity. */
  | { readonly kind: "entity"; readonly since: Date; readonly entity: string; readonly operation: string }
  /** The locks of these entities, all of them. */
  | { readonly kind: "lock"; readonly since: Date; readonly entities: readonly string[] };

/** What an instance waits for and what it holds meanwhile. */
export interface InstanceWaits {
  /** In the order in which the waits began. Empty for an instance that has ended, and for an entity. */
  readonly waits: readonly InstanceWait[];
  /** Locks of entities that it has been granted, with the time of that. */
  readonly heldLocks: readonly { readonly entities: readonly string[]; readonly since: Date }[];
  /** Events that have come and that its code has not taken: nobody waits for them yet, or it is suspended. */
  readonly keptEvents: readonly NamedEvents[];
}

/** What is read of the row of an instance. */
export type WaitingInstance = Pick<
  OrchestrationState,
  "instanceId" | "runtimeStatus" | "executionId" | "createdTime" | "lastUpdatedTime" | "scheduledStartTime" | "waitNote"
>;

const nothing: InstanceWaits = { waits: [], heldLocks: [], keptEvents: [] };

/**
 * What an instance waits for, and since when, as its row and its history tell. Histories of other workers will do, with
 * one thing missing: no history holds the waits for external events, which workers of this package note in the row.
 *
 * @param history that of its latest execution; `undefined` when it has none
 */
export function describeWaits(state: WaitingInstance, history: readonly HistoryEvent[] | undefined): InstanceWaits {
  const { runtimeStatus, createdTime, lastUpdatedTime, scheduledStartTime, waitNote } = state;
  if (isTerminalStatus(runtimeStatus) || isEntityInstanceId(state.instanceId)) return nothing;
  if (history === undefined || !isOfExecution(history, state.executionId)) {
    const notBefore = scheduledStartTime && { notBefore: scheduledStartTime };
    return { ...nothing, waits: [{ kind: "worker", since: createdTime, ...notBefore }] };
  }
  const open = new OpenWaits(history);
  const unwanted = new Set(waitNote?.unwantedTasks);
  const waits = open.waits.filter((wait) => !("taskId" in wait) || !unwanted.has(wait.taskId));
  const { awaited = [], kept = [] } = waitNote?.events ?? {};
  for (const { name, since, count } of awaited) waits.push({ kind: "event", since, name, count });
  const { suspension } = open;
  if (suspension !== undefined) waits.push(suspension);
  else if (waits.length === 0) {
    // A rewind has taken back what it waited for; once a worker has taken it up, .NET leaves the status as it is.
    if (runtimeStatus === "Pending") waits.push({ kind: "worker", since: lastUpdatedTime });
    else waits.push({ kind: "event", since: open.lastEpisode ?? lastUpdatedTime, count: 1 });
  }
  waits.sort((a, b) => a.since.getTime() - b.since.getTime());
  return { waits, heldLocks: open.heldLocks, keptEvents: [...kept, ...open.eventsSinceSuspension] };
}

/** While an instance is started again, the history is still that of the execution before. */
function isOfExecution(history: readonly HistoryEvent[], executionId: string | undefined): boolean {
  const started = history.find((event) => event.type === "ExecutionStarted");
  return started === undefined || !executionId || started.orchestrationInstance?.executionId === executionId;
}

type Question = TaskScheduled | TimerCreated | SubOrchestrationInstanceCreated;

interface EntityWait {
  readonly since: Date;
  readonly entity: string;
  readonly operation: string;
}

interface Lock {
  readonly since: Date;
  readonly entities: string[];
}

/** A fold over the events of one execution. */
class OpenWaits {
  readonly #questions = new Map<number, Question>();
  /** By the id of the request, in lower case. */
  readonly #entityCalls = new Map<string, EntityWait>();
  readonly #askedLocks = new Map<string, Lock>();
  readonly #heldLocks = new Map<string, Lock>();
  readonly #eventsSinceSuspension = new Map<string, NamedEvents>();
  suspension: Extract<InstanceWait, { readonly kind: "resume" }> | undefined;
  lastEpisode: Date | undefined;

  constructor(history: readonly HistoryEvent[]) {
    for (const event of history) this.#add(event);
  }

  get waits(): InstanceWait[] {
    return [
      ...[...this.#questions.values()].flatMap(describeQuestion),
      ...[...this.#entityCalls.values()].map((call): InstanceWait => ({ kind: "entity", ...call })),
      ...[...this.#askedLocks.values()].map((lock): InstanceWait => ({ kind: "lock", ...lock })),
    ];
  }

  get heldLocks(): readonly Lock[] {
    return [...this.#heldLocks.values()];
  }

  get eventsSinceSuspension(): readonly NamedEvents[] {
    return [...this.#eventsSinceSuspension.values()];
  }

  #add(event: HistoryEvent): void {
    switch (event.type) {
      case "OrchestratorStarted":
        this.lastEpisode = event.timestamp;
        return;
      case "TaskScheduled":
      case "TimerCreated":
      case "SubOrchestrationInstanceCreated":
        this.#questions.set(event.eventId, event);
        return;
      case "TaskCompleted":
      case "TaskFailed":
        return this.#answer(event.taskScheduledId, "TaskScheduled");
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        return this.#answer(event.taskScheduledId, "SubOrchestrationInstanceCreated");
      case "TimerFired":
        return this.#answer(event.timerId, "TimerCreated");
      case "EventSent":
        return this.#send(event);
      case "EventRaised":
        return this.#raise(event.name, event.timestamp);
      case "ExecutionSuspended":
        this.suspension ??= { kind: "resume", since: event.timestamp, reason: event.reason };
        return;
      case "ExecutionResumed":
        this.#resume();
        return;
      case "GenericEvent":
        // A rewind ends a suspension: whatever wakes the instance sets it running again.
        if (readPatchMark(event.data) === undefined) this.#resume();
        return;
      default:
    }
  }

  /** A number may have been given to another question by an episode that was repeated after a crash. */
  #answer(id: number, question: Question["type"]): void {
    if (this.#questions.get(id)?.type === question) this.#questions.delete(id);
  }

  #send({ instanceId, name, input, timestamp }: EventSent): void {
    if (typeof instanceId !== "string" || entityOfInstanceId(instanceId) === undefined) return;
    if (name === releaseEventName) return this.#release(instanceId, input);
    if (name !== operationEventName) return;
    const request = readRequest(input);
    if (request === undefined || request.isSignal) return;
    const { operation, lockSet } = request;
    const id = request.id.toLowerCase();
    if (lockSet !== undefined) {
      this.#askedLocks.set(id, { since: timestamp, entities: lockSet.map(formatEntityInstanceId) });
    } else this.#entityCalls.set(id, { since: timestamp, entity: instanceId, operation: operation ?? "" });
  }

  #raise(name: string, timestamp: Date): void {
    const id = name.toLowerCase();
    if (this.#entityCalls.delete(id)) return;
    const lock = this.#askedLocks.get(id);
    if (lock !== undefined) {
      this.#askedLocks.delete(id);
      this.#heldLocks.set(id, { ...lock, since: timestamp });
      return;
    }
    if (this.suspension === undefined || isReservedName(name)) return;
    const earlier = this.#eventsSinceSuspension.get(id) ?? { name, since: timestamp, count: 0 };
    this.#eventsSinceSuspension.set(id, { ...earlier, count: earlier.count + 1 });
  }

  #release(entity: string, input: string | undefined): void {
    const id = readRelease(input)?.id.toLowerCase() ?? "";
    for (const locks of [this.#heldLocks, this.#askedLocks]) {
      const lock = locks.get(id);
      if (lock === undefined) continue;
      const entities = lock.entities.filter((each) => each !== entity);
      if (entities.length === 0) locks.delete(id);
      else locks.set(id, { ...lock, entities });
    }
  }

  #resume(): void {
    this.suspension = undefined;
    this.#eventsSinceSuspension.clear();
  }
}

function describeQuestion(question: Question): readonly InstanceWait[] {
  const { eventId: taskId, timestamp: since } = question;
  switch (question.type) {
    case "TaskScheduled": {
      const { attempt } = decodeTaskTags(question.tags);
      return [{ kind: "activity", since, taskId, name: question.name, attempt }];
    }
    case "TimerCreated":
      return [{ kind: "timer", since, taskId, fireAt: question.fireAt }];
    case "SubOrchestrationInstanceCreated": {
      if (isFireAndForget(question.tags)) return [];
      return [{ kind: "sub-orchestration", since, taskId, name: question.name, instanceId: question.instanceId }];
    }
  }
}
