import type { EntityBatch, EntityBatchResult } from "../../core/entity-batch.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { ExecutionRef } from "../../core/history-event.ts";
import type { OrchestratorAction } from "../../core/orchestrator-action.ts";
import { isReservedName } from "../../core/reserved-names.ts";
import type {
  ActivityInvocation,
  ActivityOutcome,
  Episode,
  EpisodeResult,
  OrchestrationSession,
  TaskExecutor,
} from "../../core/task-executor.ts";
import type { DurableFunction, DurableFunctions } from "../app/durable-functions.ts";
import type { InvokeDurable } from "../app/durable-invoker.ts";
import { SessionByName } from "../session-by-name.ts";
import { describeActivityFailure, toActivityResult, toActivityValue } from "./classic-activity.ts";
import { formatEntityPayload, readEntityAnswer } from "./classic-entity.ts";
import { describeUnknownFunction } from "./classic-failure.ts";
import { ClassicSession } from "./classic-session.ts";
import { readRepeatedFailure } from "./repeated-failure.ts";

export interface ClassicExecutorOptions {
  readonly functions: DurableFunctions;
  readonly invoke: InvokeDurable;
  /** Runs what is not here: functions of `DFApp`s, and built-in ones. */
  readonly others: TaskExecutor;
  /** Names of all activities of the process, for what is said of an unknown one. */
  readonly activityNames: () => readonly string[];
  readonly orchestrationNames: () => readonly string[];
  readonly httpPollIntervalMs: number;
  readonly events: EventLog;
}

/** Runs functions of the JSON protocol through their library, and hands everything else to another executor. */
export class ClassicExecutor implements TaskExecutor {
  readonly #options: ClassicExecutorOptions;

  constructor(options: ClassicExecutorOptions) {
    this.#options = options;
  }

  openSession(execution: ExecutionRef, onMisuse?: () => void): OrchestrationSession {
    const { functions, invoke, others, httpPollIntervalMs, events, orchestrationNames } = this.#options;
    return new SessionByName((name) => {
      const classic = functions.find("orchestration", name);
      if (classic !== undefined) {
        return new ClassicSession(execution, {
          classic,
          invoke,
          httpPollIntervalMs,
          events,
          versioning: functions.registry.versioning,
          isClassicActivity: (activity) => functions.find("activity", activity) !== undefined,
        });
      }
      const session = others.openSession(execution, onMisuse);
      if (isKnown(name, orchestrationNames())) return session;
      return new UnknownSession(session, describeUnknownFunction("orchestrator", name, orchestrationNames()));
    });
  }

  async executeActivity(invocation: ActivityInvocation): Promise<ActivityOutcome> {
    const repeated = readRepeatedFailure(invocation.tags);
    if (repeated !== undefined) return { kind: "failed", failureDetails: repeated };
    const { name } = invocation;
    const classic = this.#options.functions.find("activity", name);
    if (classic !== undefined) return this.#runActivity(classic, invocation);
    const known = this.#options.activityNames();
    if (isKnown(name, known)) return this.#options.others.executeActivity(invocation);
    const errorMessage = describeUnknownFunction("activity", name, known);
    return {
      kind: "failed",
      failureDetails: { errorType: "ActivityNotRegistered", errorMessage, isNonRetriable: true },
    };
  }

  async #runActivity(classic: DurableFunction, { input, instance }: ActivityInvocation): Promise<ActivityOutcome> {
    try {
      const metadata = { instanceId: { string: instance.instanceId }, data: { string: input ?? "null" } };
      const { response } = await this.#options.invoke(classic, toActivityValue(input), metadata);
      return { kind: "completed", result: toActivityResult(response.returnValue) };
    } catch (error) {
      return { kind: "failed", failureDetails: describeActivityFailure(error) };
    }
  }

  async executeEntityBatch(batch: EntityBatch): Promise<EntityBatchResult> {
    const classic = this.#options.functions.find("entity", batch.entity.name);
    if (classic === undefined) return this.#options.others.executeEntityBatch(batch);
    const { value } = await this.#options.invoke(classic, { string: formatEntityPayload(batch) });
    return readEntityAnswer(batch, value);
  }
}

function isKnown(name: string, known: readonly string[]): boolean {
  return isReservedName(name) || known.some((each) => each.toLowerCase() === name.toLowerCase());
}

/** An execution that nobody here can run: it fails in the extension's words. */
class UnknownSession implements OrchestrationSession {
  readonly #session: OrchestrationSession;
  readonly #text: string;

  constructor(session: OrchestrationSession, text: string) {
    this.#session = session;
    this.#text = text;
  }

  async execute(episode: Episode, work?: { readonly signal: AbortSignal }): Promise<EpisodeResult> {
    const { actions, ...result } = await this.#session.execute(episode, work);
    return { ...result, actions: actions.map((action) => this.#inTheirWords(action)) };
  }

  #inTheirWords(action: OrchestratorAction): OrchestratorAction {
    if (action.kind !== "CompleteOrchestration") return action;
    if (action.failureDetails?.errorType !== "OrchestratorNotRegistered") return action;
    return { ...action, result: this.#text, failureDetails: undefined };
  }

  close(): void {
    this.#session.close();
  }
}
