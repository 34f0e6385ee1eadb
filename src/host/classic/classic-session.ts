import type { EventLog } from "../../core/event-log.ts";
import type { EventWaits } from "../../core/event-waits.ts";
import type { ExecutionRef, ExecutionStarted, HistoryEvent } from "../../core/history-event.ts";
import type { CompleteOrchestration, OrchestratorAction } from "../../core/orchestrator-action.ts";
import { jsonDataConverter } from "../../core/payloads/data-converter.ts";
import type { Episode, EpisodeResult, OrchestrationSession } from "../../core/task-executor.ts";
import type { VersioningOptions } from "../../core/versioning.ts";
import type { ContextScope } from "../../orchestration/replay/context-scope.ts";
import { OrchestrationExecution } from "../../orchestration/replay/orchestration-execution.ts";
import { ReplayContext } from "../../orchestration/replay-context.ts";
import type { DurableFunction } from "../app/durable-functions.ts";
import type { InvokeDurable } from "../app/durable-invoker.ts";
import {
  ActionWalk,
  type ActionWalkOptions,
  extensionHttpActivity,
  historyGoesOn,
  OrchestratorFailed,
} from "./action-walk.ts";
import { formatOrchestrationPayload } from "./orchestration-payload.ts";
import { type ClassicAction, type OrchestratorAnswer, readReturned, readThrown } from "./orchestrator-answer.ts";
import { RecordedActions } from "./recorded-actions.ts";

export interface ClassicSessionOptions extends ActionWalkOptions {
  readonly classic: DurableFunction;
  readonly invoke: InvokeDurable;
  readonly httpPollIntervalMs: number;
  readonly events: EventLog;
  readonly versioning: VersioningOptions | undefined;
}

/**
 * One execution of a classic orchestrator. The library runs the code from its beginning in every episode, and says each
 * time all that the code has asked for; replaying that list against history gives what is new in it.
 *
 * S1. Each episode replays the newest list on the whole history. Only records have to meet an action: a list says in what
 *     order its actions come, not in which episode each came first.
 */
export class ClassicSession implements OrchestrationSession {
  readonly #execution: ExecutionRef;
  readonly #options: ClassicSessionOptions;
  readonly #events: HistoryEvent[] = [];
  #replayed: OrchestrationExecution | undefined;

  constructor(execution: ExecutionRef, options: ClassicSessionOptions) {
    this.#execution = execution;
    this.#options = options;
  }

  async execute({ pastEvents, newEvents }: Episode): Promise<EpisodeResult> {
    this.#events.push(...pastEvents);
    const pastCount = this.#events.length;
    this.#events.push(...newEvents);
    const started = this.#events.find((event) => event.type === "ExecutionStarted");
    const answer = await this.#ask(started, pastCount);
    this.#replayed = await this.#replay(answer, pastCount);
    const { actions, knowsCustomStatus, rejection } = this.#replayed;
    if (rejection !== undefined) throw rejection;
    const keepsCustomStatus = !knowsCustomStatus || answer.customStatus === undefined;
    return {
      actions: actions.map((action) => this.#inTheirWords(action)),
      customStatus: keepsCustomStatus ? undefined : JSON.stringify(answer.customStatus),
      ...(keepsCustomStatus && { keepsCustomStatus }),
    };
  }

  waitsForTimer(timerId: number): boolean {
    return this.#replayed?.waitsFor(timerId) ?? true;
  }

  eventWaits(): EventWaits | undefined {
    return this.#replayed?.eventWaits;
  }

  close(): void {
    this.#replayed?.close();
  }

  async #ask(started: ExecutionStarted | undefined, pastCount: number): Promise<OrchestratorAnswer> {
    const { classic, invoke, httpPollIntervalMs } = this.#options;
    let context: unknown;
    try {
      // Without a start there is nothing to run; replay says what is wrong with such a history.
      if (started === undefined) return readReturned(undefined);
      const payload = formatOrchestrationPayload(started, this.#events, pastCount, httpPollIntervalMs);
      const { instanceId } = this.#execution;
      const metadata = { instanceId: { string: instanceId } };
      const { value } = await invoke(classic, { string: payload }, metadata, (given) => {
        context = given;
      });
      return readReturned(value);
    } catch (error) {
      return withIdentity(readFailure(error), context);
    }
  }

  async #replay(answer: OrchestratorAnswer, pastCount: number): Promise<OrchestrationExecution> {
    let scope: ContextScope | undefined;
    let walk: ActionWalk | undefined;
    const recorded = new RecordedActions(this.#events);
    const foreignHttpCalls = this.#events.filter((event) => {
      return event.type === "TaskScheduled" && event.name === extensionHttpActivity;
    }).length;
    const code = {
      orchestrator: () => {
        walk = new ActionWalk(scope!, answer, { ...this.#options, recorded, foreignHttpCalls });
        return walk.run();
      },
      dataConverter: jsonDataConverter,
      versioning: this.#options.versioning,
    };
    const execution = new OrchestrationExecution({
      ...this.#execution,
      createContext: (given) => {
        scope = given;
        return new ReplayContext(given);
      },
      findOrchestration: () => code,
      log: () => {},
    });
    // S1
    const first = this.#events[0];
    if (first !== undefined) await execution.apply(looseReplay(first.timestamp), true);
    for (const [index, event] of this.#events.entries()) {
      recorded.advance(event);
      const isReplaying = index < pastCount;
      const turn = execution.apply(event, isReplaying);
      if (turn !== undefined) await turn;
      if (walk?.waitsForHistory) await execution.apply(goOn(event.timestamp), isReplaying);
    }
    return execution;
  }

  /** A failure of the code is told as the extension tells it, by a text alone. */
  #inTheirWords(action: OrchestratorAction): OrchestratorAction {
    if (action.kind !== "CompleteOrchestration" || action.status !== "Failed") return action;
    const { failureDetails } = action;
    if (failureDetails?.errorType !== OrchestratorFailed.name) return action;
    const result = `Orchestrator function '${this.#options.classic.name}' failed: ${failureDetails.errorMessage}`;
    // The engine tells failures by their details, and there will be none.
    const { instanceId } = this.#execution;
    this.#options.events.write("OrchestrationFailed", result, { instanceId });
    return { ...action, result, failureDetails: undefined } satisfies CompleteOrchestration;
  }
}

/** After such an event, replay does not ask in which episode an action was first made. */
function looseReplay(timestamp: Date): HistoryEvent {
  return { type: "GenericEvent", eventId: -1, timestamp, data: "classic" };
}

function goOn(timestamp: Date): HistoryEvent {
  return {
    type: "EventRaised",
    eventId: -1,
    timestamp,
    name: historyGoesOn,
    input: undefined,
    parentTraceContext: undefined,
  };
}

function readFailure(error: unknown): OrchestratorAnswer {
  try {
    return readThrown(error);
  } catch (unreadable) {
    return readThrown(unreadable);
  }
}

/** An answer that was thrown is a text; the library still has the actions as objects, where this version keeps them. */
function withIdentity(answer: OrchestratorAnswer, context: unknown): OrchestratorAnswer {
  const { df } = (context ?? {}) as {
    readonly df?: { readonly taskOrchestratorExecutor?: { readonly actions?: unknown } };
  };
  const actions = df?.taskOrchestratorExecutor?.actions;
  if (!Array.isArray(actions) || JSON.stringify(actions) !== JSON.stringify(answer.actions)) return answer;
  return { ...answer, actions: actions as readonly ClassicAction[], keepsIdentity: true };
}
