import { isEntityInstanceId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";
import type {
  EventSent,
  HistoryEvent,
  SubOrchestrationInstanceCreated,
  TaskScheduled,
  TimerCreated,
} from "../../core/history-event.ts";
import type { OrchestratorAction, SendEvent } from "../../core/orchestrator-action.ts";
import { type EntityRequest, readRequest } from "../../entities/entity-message.ts";

/** What can be done about it, for the end of every such message. */
export const nondeterminismCure =
  "New code goes beside the old behind context.patched('...'); once the code fits again, rewind the instance to run it on";

/** Events that record an action. */
export type RecordedAction = TaskScheduled | TimerCreated | SubOrchestrationInstanceCreated | EventSent;

export function isRecordedAction(event: HistoryEvent): event is RecordedAction {
  return (
    event.type === "TaskScheduled" ||
    event.type === "TimerCreated" ||
    event.type === "SubOrchestrationInstanceCreated" ||
    event.type === "EventSent"
  );
}

/**
 * The decisions of one execution, numbered from 0 in the order the code makes them, and checked against the ones that
 * history has recorded.
 *
 * A1. An action stays open until history confirms it; what is open at the end of an episode is what the orchestrator
 *     asks for.
 * A2. A recorded action must meet an open action of the same number, kind and name; what is sent to an entity, of the same
 *     operation or locks.
 */
export class ActionLedger {
  /** By number; a place is empty once its action is recorded or withdrawn. */
  readonly #open: (OrchestratorAction | undefined)[] = [];
  #openCount = 0;
  /** No place before this one is taken. */
  #first = 0;
  /** Timers cancelled before history knew of them: not asked for, but accepted if another SDK recorded them. */
  readonly #withdrawn = new Map<number, OrchestratorAction>();
  readonly #maxOpen: number;
  #excess: DurableError | undefined;

  /** @param maxOpen most actions that one episode may ask for */
  constructor(maxOpen: number) {
    this.#maxOpen = maxOpen;
  }

  /** Set once the code has asked for too much, whether it has caught the error or not. */
  get excess(): DurableError | undefined {
    return this.#excess;
  }

  /** Number of the next action. */
  get nextId(): number {
    return this.#open.length;
  }

  /** @throws DurableError `TooManyActions` */
  add<A extends OrchestratorAction>(create: (id: number) => A): A {
    if (this.#openCount >= this.#maxOpen) {
      this.#excess ??= new DurableError(
        "TooManyActions",
        `the orchestrator asked for more than ${this.#maxOpen} actions (calls, timers, events) at a time; does it loop without waiting? Wait for some of them before the next, or split the work into sub-orchestrations`,
      );
      throw this.#excess;
    }
    const action = create(this.#open.length);
    this.#open.push(action);
    this.#openCount++;
    return action;
  }

  /** Takes an action back that history does not hold yet. Resolves to `false` when it does. */
  withdraw(id: number): boolean {
    const action = this.#open[id];
    if (action === undefined) return false;
    this.#close(id);
    this.#withdrawn.set(id, action);
    return true;
  }

  #close(id: number): void {
    this.#open[id] = undefined;
    this.#openCount--;
  }

  /** Drops everything that history does not hold: the instance is failing. */
  withdrawAll(): void {
    this.#open.fill(undefined, this.#first);
    this.#openCount = 0;
  }

  get open(): readonly OrchestratorAction[] {
    if (this.#openCount === 0) return [];
    while (this.#open[this.#first] === undefined) this.#first++;
    return this.#open.slice(this.#first).filter((action) => action !== undefined);
  }

  /** @throws DurableError `NondeterministicOrchestration` with both sides of the mismatch */
  confirm(event: RecordedAction, position: number): void {
    const { eventId } = event;
    const open = this.#open[eventId];
    const action = open ?? this.#withdrawn.get(eventId);
    if (action === undefined) {
      throw nondeterminism(position, describeRecorded(event), "for nothing there", likelyCause(event));
    }
    if (!matches(event, action)) {
      throw nondeterminism(position, describeRecorded(event), `for ${describeAction(action)}`, likelyCause(event));
    }
    if (open === undefined) this.#withdrawn.delete(eventId);
    else this.#close(eventId);
  }

  /** @throws DurableError `NondeterministicOrchestration` when the code asks for more than the recorded episode did */
  assertNothingUnrecorded(position: number): void {
    const [action] = this.open;
    if (action === undefined) return;
    throw nondeterminism(
      position,
      "the end of an episode",
      `for ${describeAction(action)}, which that episode did not`,
      "a call was added to the orchestrator, or a branch depends on something that replay cannot repeat",
    );
  }
}

function matches(event: RecordedAction, action: OrchestratorAction): boolean {
  switch (event.type) {
    case "TaskScheduled":
      return action.kind === "ScheduleTask" && sameName(action.name, event.name);
    case "TimerCreated":
      return action.kind === "CreateTimer";
    case "SubOrchestrationInstanceCreated":
      return action.kind === "CreateSubOrchestration" && sameName(action.name, event.name);
    case "EventSent":
      return action.kind === "SendEvent" && isSameSending(action, event);
  }
}

function isSameSending(action: SendEvent, event: EventSent): boolean {
  if (!isEntityInstanceId(event.instanceId)) {
    return sameName(action.name, event.name) && action.instanceId === event.instanceId;
  }
  // The name of a delayed signal ends with its time, which others write with another precision.
  return (
    sameName(withoutTime(action.name), withoutTime(event.name)) &&
    foldEntityName(action.instanceId) === foldEntityName(event.instanceId) &&
    (action.input === event.input || isSameRequest(readRequest(action.input), readRequest(event.input)))
  );
}

/** Compares what is asked for, as names are compared for activities. Inputs, ids and times may differ. */
function isSameRequest(asked: EntityRequest | undefined, recorded: EntityRequest | undefined): boolean {
  if (asked === undefined || recorded === undefined) return true;
  return sameName(describeRequest(asked), describeRequest(recorded));
}

function describeRequest({ operation, isSignal, lockSet = [] }: EntityRequest): string {
  if (operation !== undefined) return `${isSignal ? "signal" : "call"} '${operation}'`;
  return `lock of ${lockSet.map(({ name, key }) => `'@${name.toLowerCase()}@${key}'`).join(", ")}`;
}

/** What is sent, and to whom. */
function describeSending({ name, instanceId, input }: EventSent | SendEvent): string {
  const request = isEntityInstanceId(instanceId) ? readRequest(input) : undefined;
  return `'${name}' to '${instanceId}'${request === undefined ? "" : `, ${describeRequest(request)}`}`;
}

function withoutTime(name: string): string {
  return name.split("@", 1)[0]!;
}

/** The id of an entity with its name, which is compared ignoring case, in lower case. */
function foldEntityName(instanceId: string): string {
  const keyAt = instanceId.indexOf("@", 1) + 1;
  return instanceId.slice(0, keyAt).toLowerCase() + instanceId.slice(keyAt);
}

function sameName(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}

function describeRecorded(event: RecordedAction): string {
  switch (event.type) {
    case "TaskScheduled":
    case "SubOrchestrationInstanceCreated":
      return `${event.type}('${event.name}') with id ${event.eventId}`;
    case "TimerCreated":
      return `TimerCreated(${event.fireAt.toISOString()}) with id ${event.eventId}`;
    case "EventSent":
      return `EventSent(${describeSending(event)}) with id ${event.eventId}`;
  }
}

function describeAction(action: OrchestratorAction): string {
  switch (action.kind) {
    case "ScheduleTask":
      return `ScheduleTask('${action.name}')`;
    case "CreateSubOrchestration":
      return `CreateSubOrchestration('${action.name}')`;
    case "CreateTimer":
      return `CreateTimer(${action.fireAt.toISOString()})`;
    case "SendEvent":
      return `SendEvent(${describeSending(action)})`;
    case "RecordPatch":
      return `RecordPatch('${action.patchId}')`;
    case "CompleteOrchestration":
      return `CompleteOrchestration(${action.status})`;
  }
}

function likelyCause(event: RecordedAction): string {
  const what = event.type === "TaskScheduled" ? "an activity call" : "a call";
  return `${what} was removed, renamed or moved in the code while this instance was running, or a branch depends on something that replay cannot repeat (the machine's clock, randomness, environment, I/O)`;
}

function nondeterminism(position: number, recorded: string, requested: string, cause: string): DurableError {
  return new DurableError(
    "NondeterministicOrchestration",
    `at event ${position} history has ${recorded}, but the orchestrator now asks ${requested}. Likely cause: ${cause}. ${nondeterminismCure}`,
  );
}
