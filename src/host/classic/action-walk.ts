import { EntityId, toEntityId } from "../../core/entity-id.ts";
import type { FailureDetails } from "../../core/failure-details.ts";
import { assertInstanceId } from "../../core/ids.ts";
import type { DurableLock } from "../../orchestration/durable-lock.ts";
import { callHttp } from "../../orchestration/http/http-call.ts";
import type { ContextScope } from "../../orchestration/replay/context-scope.ts";
import { TaskFailedError } from "../../orchestration/task-failed-error.ts";
import { DurableTimer } from "../../orchestration/tasks/durable-timer.ts";
import { callEntity, lockEntities, signalEntity } from "../../orchestration/tasks/entity-calls.ts";
import { waitForEvent } from "../../orchestration/tasks/event-wait.ts";
import type { OrchestrationTask } from "../../orchestration/tasks/orchestration-task.ts";
import { settleWithAll, settleWithAny } from "../../orchestration/tasks/task-combinators.ts";
import { readActionType } from "./action-types.ts";
import { nextClassicDelayMs, readClassicRetry } from "./classic-retry.ts";
import type { ClassicAction, OrchestratorAnswer } from "./orchestrator-answer.ts";
import type { RecordedActions } from "./recorded-actions.ts";
import { formatRepeatedFailure } from "./repeated-failure.ts";

type Task = OrchestrationTask<unknown>;

export interface ActionWalkOptions {
  /** `true` for activities of the JSON protocol, whose texts are encoded twice. */
  readonly isClassicActivity: (name: string) => boolean;
}

/** The activity by which the official extension makes HTTP calls. */
export const extensionHttpActivity = "BuiltIn::HttpActivity";

/**
 * Does what a classic orchestrator has asked for: each action after the one before it is over, as the official extension
 * does, which replays the list and not the code.
 *
 * W1. The numbers that actions get are those that the library gives its tasks: one each for activities, timers,
 *     sub-orchestrations, HTTP calls and messages to entities, in order; further ones for retries as they come.
 * W2. An action is started once, however often the list names it. Lists come from code that has waited for one task
 *     several times, and the library counts it once.
 * W3. Where the library goes on, the walk goes on: failures are not its business, `all` ends with the first of them, and
 *     cancelled timers are waited for by nobody.
 * W4. What history holds is not started before history had it, for the code may have waited for an earlier task meanwhile.
 */
export class ActionWalk {
  readonly #scope: ContextScope;
  readonly #answer: OrchestratorAnswer;
  readonly #options: ActionWalkOptions & { readonly recorded: RecordedActions };
  /** Tasks by the action object, or by the action's text where objects say nothing (W2). */
  readonly #started = new Map<unknown, Task[]>();
  #lock: DurableLock | undefined;
  /** HTTP calls that the official extension has made for this execution, when it had it. */
  #foreignHttpCalls: number;

  /** Of the next action. */
  #nextId = 0;
  #waitsForHistory = false;

  constructor(
    scope: ContextScope,
    answer: OrchestratorAnswer,
    options: ActionWalkOptions & { readonly recorded: RecordedActions; readonly foreignHttpCalls?: number },
  ) {
    this.#scope = watchActions(scope, (id) => {
      this.#nextId = id + 1;
    });
    this.#answer = answer;
    this.#options = options;
    this.#foreignHttpCalls = options.foreignHttpCalls ?? 0;
  }

  /** It goes on by an event named {@link historyGoesOn}, when more of the history was applied (W4). */
  get waitsForHistory(): boolean {
    return this.#waitsForHistory;
  }

  /** As the code of an orchestration. */
  *run(): Generator<Task, unknown, unknown> {
    for (const action of this.#answer.actions) {
      while (!this.#mayStart(action)) {
        this.#waitsForHistory = true;
        yield waitForEvent(this.#scope, historyGoesOn, undefined) as Task;
        this.#waitsForHistory = false;
      }
      const task = this.#startOnce(action);
      if (this.#scope.isEnding) return undefined;
      if (task === undefined || isOver(task)) continue;
      try {
        yield task;
      } catch {
        // The code has seen it, if it looked (W3).
      }
    }
    const { end } = this.#answer;
    if (end?.kind === "threw") throw new OrchestratorFailed(end.message);
    if (end !== undefined) return end.output;
    return yield this.#scope.createTask();
  }

  #mayStart(action: ClassicAction): boolean {
    const isStarted = (each: ClassicAction) => this.#answer.keepsIdentity && this.#started.has(each);
    return this.#options.recorded.mayStart(action, this.#nextId, isStarted); // W4
  }

  /** @param siblings what was started for the compound that the action is a child of */
  #startOnce(action: ClassicAction, siblings?: readonly Task[]): Task | undefined {
    const { keepsIdentity } = this.#answer;
    const key = keepsIdentity ? action : siblings && JSON.stringify(action);
    const started = this.#started.get(key) ?? [];
    // By its text alone, one that is over or stands beside this one is another call of the same kind.
    const known = started.find((task) => keepsIdentity || !(task.isCompleted || siblings?.includes(task))); // W2
    if (known !== undefined) return known;
    const task = this.#start(action);
    if (key !== undefined && task !== undefined) this.#started.set(key, [...started, task]);
    return task;
  }

  #start(given: ClassicAction): Task | undefined {
    const type = readActionType(given.actionType);
    if (type === "WhenAny" || type === "WhenAll") return this.#combine(type, given);
    // As it would have travelled: dates as texts, nothing undefined.
    const action = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
    switch (type) {
      case "CallActivity":
        return this.#callActivity(action);
      case "CallActivityWithRetry":
        return this.#withRetries(action, (failure) => this.#callActivity(action, failure));
      case "CallSubOrchestrator":
        return this.#callSubOrchestrator(action);
      case "CallSubOrchestratorWithRetry":
        return this.#withRetries(action, (failure) => this.#callSubOrchestrator(action, failure));
      case "CreateTimer":
        return this.#createTimer(action);
      case "WaitForExternalEvent":
        return waitForEvent(this.#scope, String(action["externalEventName"]), undefined) as Task;
      case "CallHttp":
        return this.#callHttp(action);
      case "CallEntity":
        return callEntity(this.#scope, readOperation(action));
      case "SignalEntity":
        signalEntity(this.#scope, readOperation(action), undefined);
        return undefined;
      case "ScheduledSignalEntity":
        signalEntity(this.#scope, readOperation(action), readDate(action["fireAt"]));
        return undefined;
      case "LockEntities":
        return this.#lockEntities(action);
      case "ReleaseEntities":
        this.#lock?.release();
        this.#lock = undefined;
        return undefined;
      case "ContinueAsNew": {
        const input = JSON.stringify(action["input"] ?? null);
        this.#scope.continueAsNew({ input, preserveUnprocessedEvents: false });
        return undefined;
      }
      default:
        throw new Error(
          `Received an unexpected action type from the out-of-proc function: '${String(given.actionType)}'.`,
        );
    }
  }

  #combine(type: "WhenAny" | "WhenAll", { compoundActions }: ClassicAction): Task | undefined {
    const children = (Array.isArray(compoundActions) ? compoundActions : []) as readonly ClassicAction[];
    const tasks: Task[] = [];
    for (const child of children) {
      const task = this.#startOnce(child, tasks);
      // W3
      if (task !== undefined && (task.isCompleted || task.canSettle)) tasks.push(task);
    }
    if (tasks.length === 0) return undefined;
    const combined = this.#scope.createTask<unknown>();
    if (type === "WhenAny") settleWithAny(combined, tasks);
    else settleWithAll(combined, tasks);
    return combined;
  }

  /** @param failure what the attempt shall fail with, without being made */
  #callActivity(action: Record<string, unknown>, failure?: FailureDetails): Task {
    const name = String(action["functionName"]);
    const given = action["input"];
    // The library encodes texts before it hands them over; the functions of others take them as they are.
    const isEncoded = typeof given === "string" && !this.#options.isClassicActivity(name);
    const input = given === undefined ? undefined : isEncoded ? given : JSON.stringify(given);
    return this.#schedule(name, input, failure);
  }

  /** Takes the next number (W1). */
  #schedule(name: string, input: string | undefined, failure: FailureDetails | undefined): Task {
    const tags = failure && formatRepeatedFailure(failure);
    const { id } = this.#scope.addAction((id) => ({ kind: "ScheduleTask", id, name, version: undefined, input, tags }));
    return this.#awaitAnswer(id, "activity", name);
  }

  #callSubOrchestrator(action: Record<string, unknown>, failure?: FailureDetails): Task {
    const name = String(action["functionName"]);
    if (failure !== undefined) return this.#schedule(name, undefined, failure);
    const { instanceId, version, input } = action;
    const isGiven = typeof instanceId === "string" && instanceId !== "";
    if (isGiven) assertInstanceId(instanceId);
    const { id } = this.#scope.addAction((id) => ({
      kind: "CreateSubOrchestration",
      id,
      name,
      version: typeof version === "string" ? version : this.#scope.defaultVersion,
      instanceId: isGiven ? instanceId : `${this.#scope.executionId}:${id.toString(16)}`,
      input: input === undefined ? undefined : JSON.stringify(input),
      tags: undefined,
      fireAndForget: false,
    }));
    return this.#awaitAnswer(id, "sub-orchestration", name);
  }

  /** The library reads the result by itself: here it only matters that there is one. */
  #awaitAnswer(id: number, what: string, name: string): Task {
    const task = this.#scope.createTask<unknown>();
    this.#scope.expectAnswer(id, {
      complete: () => task.complete(undefined),
      fail: (details) => task.fail(new TaskFailedError(what, name, id, details)),
    });
    return task;
  }

  /**
   * Attempts with timers between them, and one more timer after the last failure, which the library waits for. It knows
   * nothing of failures that are final nor of time limits, and waits for all attempts: those left over repeat the failure.
   */
  #withRetries(action: Record<string, unknown>, start: (failure: FailureDetails | undefined) => Task): Task {
    const scope = this.#scope;
    const retry = readClassicRetry(action["retryOptions"]);
    const firstAttemptAt = scope.now.getTime();
    const outer = scope.createTask<unknown>();
    const attempt = (number: number, repeated: FailureDetails | undefined): void => {
      const inner = start(repeated);
      inner.onSettled(() => {
        if (!inner.isFaulted) return outer.complete(inner.result);
        const failure = (inner.error as TaskFailedError).failureDetails;
        const isLast = number >= retry.maxAttempts;
        const now = scope.now.getTime();
        const delayMs = repeated ? undefined : nextClassicDelayMs(retry, number, failure, now - firstAttemptAt);
        const timer = new DurableTimer(scope, new Date(now + (isLast ? 0 : (delayMs ?? 0))));
        timer.onSettled(() => {
          if (isLast) outer.fail(inner.error);
          else attempt(number + 1, delayMs === undefined ? failure : undefined);
        });
      });
    };
    attempt(1, undefined);
    return outer;
  }

  #createTimer(action: Record<string, unknown>): Task {
    const timer = new DurableTimer(this.#scope, readDate(action["fireAt"]));
    // It has a number, and a record if it was made before it was cancelled.
    if (action["isCanceled"] === true) timer.cancel();
    return timer as Task;
  }

  /** By the built-in orchestration, with all its polls: the library takes its answer as that of the first request. */
  #callHttp({ httpRequest }: Record<string, unknown>): Task {
    if (this.#foreignHttpCalls-- > 0) return this.#schedule(extensionHttpActivity, undefined, undefined);
    const { method, uri, content, headers, tokenSource, asynchronousPatternEnabled } =
      httpRequest as HttpRequestMembers;
    const request = {
      url: uri,
      ...(method !== undefined && { method }),
      ...(content !== undefined && { body: content }),
      ...(headers !== undefined && { headers }),
      ...(tokenSource !== undefined && { tokenSource }),
      enablePolling: asynchronousPatternEnabled,
    };
    return callHttp(this.#scope, [request]) as Task;
  }

  #lockEntities({ lockSet }: Record<string, unknown>): Task {
    const entities = (lockSet as readonly { readonly name: string; readonly key: string }[]).map(toEntityId);
    const task = lockEntities(this.#scope, entities);
    task.onSettled(() => {
      if (!task.isFaulted) this.#lock = task.result;
    });
    return task as Task;
  }
}

interface HttpRequestMembers {
  readonly method?: string;
  readonly uri: string;
  readonly content?: string;
  readonly headers?: Record<string, string>;
  readonly tokenSource?: { readonly kind: "AzureManagedIdentity"; readonly resource: string };
  readonly asynchronousPatternEnabled: boolean;
}

/** Event that tells a walk of more history. Its name is none that code waits for. */
export const historyGoesOn = "BuiltIn.HistoryGoesOn";

/** The same scope, of which each new action is told. */
function watchActions(scope: ContextScope, onAction: (id: number) => void): ContextScope {
  const addAction: ContextScope["addAction"] = (create) => {
    const action = scope.addAction(create);
    onAction(action.id);
    return action;
  };
  return new Proxy(scope, {
    get(target, member) {
      if (member === "addAction") return addAction;
      const value: unknown = Reflect.get(target, member, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The code of a classic orchestrator has thrown. */
export class OrchestratorFailed extends Error {
  override readonly name = "OrchestratorFailed";
}

function isOver(task: Task): boolean {
  return task.isCompleted || !task.canSettle;
}

function readOperation(action: Record<string, unknown>) {
  const entity = EntityId.parse(String(action["instanceId"]));
  return { entity, operation: String(action["operation"]), input: action["input"] };
}

function readDate(value: unknown): Date {
  return new Date(String(value));
}
