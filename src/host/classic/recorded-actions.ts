import type { HistoryEvent } from "../../core/history-event.ts";
import { isRecordedAction, type RecordedAction } from "../../orchestration/replay/action-ledger.ts";
import { type ActionType, readActionType } from "./action-types.ts";
import type { ClassicAction } from "./orchestrator-answer.ts";

/** How history holds what an action asks for. */
const recordTypes: Readonly<Partial<Record<ActionType, readonly RecordedAction["type"][]>>> = {
  CallActivity: ["TaskScheduled"],
  CallActivityWithRetry: ["TaskScheduled"],
  CallSubOrchestrator: ["SubOrchestrationInstanceCreated"],
  CallSubOrchestratorWithRetry: ["SubOrchestrationInstanceCreated"],
  CreateTimer: ["TimerCreated"],
  CallHttp: ["SubOrchestrationInstanceCreated", "TaskScheduled"],
  CallEntity: ["EventSent"],
  SignalEntity: ["EventSent"],
  ScheduledSignalEntity: ["EventSent"],
  LockEntities: ["EventSent"],
  ReleaseEntities: ["EventSent"],
};

/**
 * What history says about when an action was first made. The list of a classic orchestrator does not: its code may have
 * waited for an earlier task in between, while retries took numbers.
 */
export class RecordedActions {
  readonly #byId = new Map<number, { readonly event: RecordedAction; readonly episode: number }>();
  readonly #episodes: number;
  #last = -1;
  #episode = 0;

  constructor(events: readonly HistoryEvent[]) {
    let episode = 0;
    for (const event of events) {
      if (event.type === "OrchestratorStarted") episode++;
      else if (isRecordedAction(event)) {
        this.#byId.set(event.eventId, { event, episode });
        this.#last = Math.max(this.#last, event.eventId);
      }
    }
    this.#episodes = episode;
  }

  /** The event is about to be applied. */
  advance(event: HistoryEvent): void {
    if (event.type === "OrchestratorStarted") this.#episode++;
  }

  /** `false` while history shows that the number was given to something else, or later. */
  mayStart(action: ClassicAction, id: number, isStarted: (action: ClassicAction) => boolean): boolean {
    const first = firstNumbered(action, isStarted);
    if (first === undefined) return true;
    const recorded = this.#byId.get(id);
    // A timer that was cancelled at once has left no record.
    if (recorded === undefined) return id < this.#last || this.#episode >= this.#episodes;
    return recorded.episode <= this.#episode && isRecordOf(recorded.event, first);
  }
}

/** What takes the first number of an action: itself, or a child that was not started before. */
function firstNumbered(
  action: ClassicAction,
  isStarted: (action: ClassicAction) => boolean,
): ClassicAction | undefined {
  if (isStarted(action)) return undefined;
  const type = readActionType(action.actionType);
  if (type !== "WhenAny" && type !== "WhenAll") {
    return type !== undefined && recordTypes[type] !== undefined ? action : undefined;
  }
  const { compoundActions } = action;
  for (const child of (Array.isArray(compoundActions) ? compoundActions : []) as readonly ClassicAction[]) {
    const first = firstNumbered(child, isStarted);
    if (first !== undefined) return first;
  }
  return undefined;
}

function isRecordOf(event: RecordedAction, action: ClassicAction): boolean {
  const type = readActionType(action.actionType);
  if (type === undefined || recordTypes[type]?.includes(event.type) !== true) return false;
  const { functionName } = action;
  if (typeof functionName !== "string" || !("name" in event)) return true;
  return event.name.toLowerCase() === functionName.toLowerCase();
}
