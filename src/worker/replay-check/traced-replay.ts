import type { WaitNote } from "../../core/event-waits.ts";
import { ownFrameOf } from "../../core/failure-trace.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import type { CompleteOrchestration, OrchestratorAction } from "../../core/orchestrator-action.ts";
import type { LogLevel } from "../../core/ports.ts";
import type { DurableTask } from "../../orchestration/durable-task.ts";
import type { ExternalEvent } from "../../orchestration/external-event.ts";
import { describeAction, isRecordedAction } from "../../orchestration/replay/action-ledger.ts";
import type { ContextScope } from "../../orchestration/replay/context-scope.ts";
import { OrchestrationExecution } from "../../orchestration/replay/orchestration-execution.ts";
import { ReplayContext } from "../../orchestration/replay-context.ts";
import type { InProcessExecutor } from "../in-process-executor.ts";
import { findWrittenCode } from "../registry.ts";
import {
  compareEnd,
  describeRefusal,
  describeRejection,
  engineFailureOf,
  type HistoryReplay,
  planReplay,
} from "./replay-history.ts";

/** What user code did when a recorded history was replayed. */
export interface TracedReplay {
  readonly outcome: HistoryReplay;
  /** Number of events that the code was given before it and the history parted; of all if they have not. */
  readonly reached: number;
  /** How the engine has failed the instance at the time; the history may be one that no code fits. */
  readonly engineFailure: string | undefined;
  /** What the code asks for that history does not hold: of an instance that the engine has failed, how it would go on. */
  readonly asks: readonly { readonly text: string; readonly place: string | undefined }[];
  /** Where the code has asked for what differs. */
  readonly differsAt: string | undefined;
  /** How the code has ended now. */
  readonly end: CompleteOrchestration | undefined;
  /** JSON text. */
  readonly customStatus: string | undefined;
  /** What the code waits for now, as far as no history holds it. */
  readonly waits: WaitNote;
  readonly places: ReplayPlaces;
}

/** Where in the code something was asked for: function, file, line and column, as a stack has them. */
export interface ReplayPlaces {
  /** Of a call, a timer or what was sent, by its number. */
  ofAction(id: number): string | undefined;
  /** Of the latest wait for events of a name. */
  ofWait(eventName: string): string | undefined;
  /** Of the wait that an event has met, by the position of the event in the history. */
  ofEvent(position: number): string | undefined;
}

export interface TracedReplayOptions {
  /** Is given the function that is about to run, as the user has written it, once. */
  readonly onStart?: ((code: object) => void) | undefined;
  /** Receives what the code logs by its context, although it is replayed. */
  readonly onLog?: ((level: LogLevel, name: string, args: readonly unknown[]) => void) | undefined;
}

/**
 * Replays a recorded history once, with the code that an executor has, and tells what the code did. Nothing has an
 * effect. Nothing but the code runs between two events, so that it can be followed step by step in a debugger.
 *
 * @param history of one execution: of an instance that is under way, or that has ended, also by the engine
 */
export async function traceReplay(
  executor: Pick<InProcessExecutor, "sessionOptions">,
  history: readonly HistoryEvent[],
  { onStart, onLog }: TracedReplayOptions = {},
): Promise<TracedReplay> {
  const notes = new Notes();
  const nothing = { asks: [], differsAt: undefined, end: undefined, customStatus: undefined, waits: noWaits };
  const plan = planReplay(history);
  if (typeof plan === "string") {
    const outcome: HistoryReplay = { kind: "not replayed", reason: plan };
    return { ...nothing, outcome, engineFailure: undefined, reached: 0, places: notes };
  }
  const { started, events, end } = plan;
  const engineFailure = engineFailureOf(end);
  const options = executor.sessionOptions(started.orchestrationInstance);
  const execution = new OrchestrationExecution({
    ...options,
    findOrchestration: (name) => {
      const code = options.findOrchestration(name);
      if (code !== undefined) onStart?.(findWrittenCode(code.orchestrator));
      return code;
    },
    createContext: (scope) => new TracedContext(traceScope(scope, notes, onLog), notes),
  });
  let reached: number | undefined;
  try {
    execution.lookAhead([events]);
    for (const [position, event] of events.entries()) {
      if (event.type === "EventRaised") notes.raised(position, event.name);
      const turn = execution.apply(event, true);
      if (turn !== undefined) await turn;
      if (!execution.knowsCustomStatus) reached ??= position;
    }
    const { rejection, actions, customStatus, eventWaits, unwantedTasks = [] } = execution;
    if (rejection !== undefined) {
      return { ...nothing, outcome: describeRejection(rejection), engineFailure, reached: 0, places: notes };
    }
    const outcome = engineFailure === undefined ? compareEnd(actions, end, events.length) : compareWithoutEnd(actions);
    return {
      outcome,
      reached: reached ?? events.length,
      engineFailure,
      asks: actions
        .filter(({ kind }) => kind !== "CompleteOrchestration" && kind !== "RecordPatch")
        .map((action) => ({ text: describeAction(action), place: notes.ofAction(action.id) })),
      differsAt: outcome.kind === "breaks" ? notes.ofDifference(events, reached) : undefined,
      end: actions.find((action) => action.kind === "CompleteOrchestration"),
      customStatus,
      waits: { events: eventWaits, unwantedTasks },
      places: notes,
    };
  } finally {
    execution.close();
  }
}

/** What the instance had still to decide when the engine failed it is in no history. */
function compareWithoutEnd(actions: readonly OrchestratorAction[]): HistoryReplay {
  const reason = describeRefusal(actions);
  return reason === undefined ? { kind: "fits" } : { kind: "breaks", reason };
}

const noWaits: WaitNote = { events: undefined, unwantedTasks: [] };

/** A place is made a text when it is asked for, which takes long: stacks are read through source maps. */
class Notes implements ReplayPlaces {
  readonly #actions = new Map<number, Place>();
  readonly #withdrawn = new Set<number>();
  readonly #waits = new Map<string, Place>();
  readonly #events = new Map<number, Place>();
  /** Waits and events of a name that have not met yet. */
  readonly #queues = new Map<string, { readonly places: Place[]; readonly events: number[] }>();

  asked({ id }: OrchestratorAction): void {
    this.#actions.set(id, new Place());
  }

  withdrew(id: number): void {
    this.#withdrawn.add(id);
  }

  waited(eventName: string): void {
    const key = eventName.toLowerCase();
    const place = new Place();
    this.#waits.set(key, place);
    const waiting = this.#queue(key);
    const event = waiting.events.shift();
    if (event === undefined) waiting.places.push(place);
    else this.#events.set(event, place);
  }

  /** An event comes: for the first wait, or else for one that will be. */
  raised(position: number, eventName: unknown): void {
    const waiting = this.#queue(String(eventName).toLowerCase());
    const place = waiting.places.shift();
    if (place === undefined) waiting.events.push(position);
    else this.#events.set(position, place);
  }

  #queue(key: string): { readonly places: Place[]; readonly events: number[] } {
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { places: [], events: [] };
      this.#queues.set(key, queue);
    }
    return queue;
  }

  ofAction(id: number): string | undefined {
    return this.#actions.get(id)?.text;
  }

  /** Of what the code has asked for in place of the event at which it was refused, or beyond its history. */
  ofDifference(events: readonly HistoryEvent[], refusedAt: number | undefined): string | undefined {
    const refused = refusedAt === undefined ? undefined : events[refusedAt];
    if (refused !== undefined && isRecordedAction(refused)) return this.ofAction(refused.eventId);
    const recorded = new Set(
      events
        .slice(0, refusedAt)
        .filter(isRecordedAction)
        .map(({ eventId }) => eventId),
    );
    const beyond = [...this.#actions.keys()].find((id) => !recorded.has(id) && !this.#withdrawn.has(id));
    return beyond === undefined ? undefined : this.ofAction(beyond);
  }

  ofWait(eventName: string): string | undefined {
    return this.#waits.get(eventName.toLowerCase())?.text;
  }

  ofEvent(position: number): string | undefined {
    return this.#events.get(position)?.text;
  }
}

/** Frames of ours that may lie above those of the user. */
const maxFrames = 40;

class Place {
  readonly #holder: { readonly stack?: string } = {};

  constructor() {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = maxFrames;
    Error.captureStackTrace(this.#holder);
    Error.stackTraceLimit = stackTraceLimit;
  }

  get text(): string | undefined {
    return ownFrameOf(String(this.#holder.stack));
  }
}

/** The scope of an execution that notes what is asked for, and hands over what is logged. */
function traceScope(scope: ContextScope, notes: Notes, onLog: TracedReplayOptions["onLog"]): ContextScope {
  const own: Partial<ContextScope> = {
    addAction: (create) => {
      const action = scope.addAction(create);
      notes.asked(action);
      return action;
    },
    withdrawAction: (id) => {
      scope.withdrawAction(id);
      notes.withdrew(id);
    },
    log: (level, args) => onLog?.(level, scope.started.name, args),
  };
  return new Proxy(scope, {
    get(_target, name) {
      if (Object.hasOwn(own, name)) return own[name as keyof ContextScope];
      const value: unknown = Reflect.get(scope, name, scope);
      return typeof value === "function" ? value.bind(scope) : value;
    },
  });
}

/** No history holds the waits for external events. */
class TracedContext extends ReplayContext {
  readonly #notes: Notes;

  constructor(scope: ContextScope, notes: Notes) {
    super(scope);
    this.#notes = notes;
  }

  override waitForExternalEvent<T>(event: string | ExternalEvent<T>, ...given: readonly unknown[]): DurableTask<never> {
    const name = typeof event === "object" && event !== null ? event.name : event;
    this.#notes.waited(String(name));
    return super.waitForExternalEvent<T>(event, ...(given as []));
  }
}
