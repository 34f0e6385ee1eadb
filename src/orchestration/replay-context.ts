import { DurableError } from "../core/errors.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import { deterministicGuid } from "./deterministic-guid.ts";
import type { DurableTask, TimerTask, WinnerOf } from "./durable-task.ts";
import { DurableTimer } from "./durable-timer.ts";
import type { OrchestrationContext } from "./orchestration-context.ts";
import type { OrchestrationExecution } from "./orchestration-execution.ts";
import { assertTasks, settleWithAll, settleWithAny } from "./task-combinators.ts";
import { TaskFailedError } from "./task-failed-error.ts";

/** Longest custom status, in UTF-16 units of its JSON: 16 KiB, as the official extension allows. */
const maxCustomStatusLength = 8192;

type Named = string | { readonly name: string };

/** The context that user code holds: turns calls into numbered actions and open tasks of one execution. */
export class ReplayContext implements OrchestrationContext {
  readonly #execution: OrchestrationExecution;
  #guids = 0;

  readonly Task: OrchestrationContext["Task"] = {
    all: (tasks) => this.all(tasks),
    any: (tasks) => this.any(tasks),
  };

  constructor(execution: OrchestrationExecution) {
    this.#execution = execution;
  }

  get df(): OrchestrationContext {
    return this;
  }

  get instanceId(): string {
    return this.#execution.instanceId;
  }

  get parentInstanceId(): string | undefined {
    return this.#execution.started.parentInstance?.orchestrationInstance.instanceId;
  }

  get name(): string {
    return this.#execution.started.name;
  }

  get version(): string {
    return this.#execution.started.version ?? "";
  }

  get currentUtcDateTime(): Date {
    return new Date(this.#execution.now);
  }

  get isReplaying(): boolean {
    return this.#execution.isReplaying;
  }

  getInput<T>(): T {
    const { dataConverter, started } = this.#execution;
    return dataConverter.deserialize(started.input, `the input of orchestration '${started.name}'`) as T;
  }

  callActivity<Output>(activity: Named, input?: unknown): DurableTask<Output> {
    this.#execution.enterCall("callActivity");
    const name = nameOf(activity, "an activity");
    const text = this.#execution.dataConverter.serialize(input, `the input of activity '${name}'`);
    if (this.#execution.isEnding) return this.#execution.createTask();
    const { id } = this.#execution.ledger.add((id) => ({
      kind: "ScheduleTask",
      id,
      name,
      version: undefined,
      input: text,
      tags: undefined,
    }));
    return this.#awaitResult(id, "activity", name);
  }

  callSubOrchestrator<Output>(orchestration: Named, input?: unknown, instanceId?: string): DurableTask<Output> {
    this.#execution.enterCall("callSubOrchestrator");
    const name = nameOf(orchestration, "an orchestration");
    const text = this.#execution.dataConverter.serialize(input, `the input of sub-orchestration '${name}'`);
    if (this.#execution.isEnding) return this.#execution.createTask();
    const { id } = this.#execution.ledger.add((id) => ({
      kind: "CreateSubOrchestration",
      id,
      name,
      version: undefined,
      instanceId: instanceId ?? `${this.#execution.executionId}:${id}`,
      input: text,
      tags: undefined,
      fireAndForget: false,
    }));
    return this.#awaitResult(id, "sub-orchestration", name);
  }

  createTimer(when: Date | TimeSpanInput): TimerTask {
    this.#execution.enterCall("createTimer");
    return new DurableTimer(this.#execution, fireTime(when, this.#execution.now));
  }

  waitForExternalEvent<T>(name: string): DurableTask<T> {
    this.#execution.enterCall("waitForExternalEvent");
    assertText(name, "the name of an external event");
    const task = this.#execution.createTask<T>();
    this.#execution.events.wait(name, (event) => {
      try {
        task.complete(this.#execution.dataConverter.deserialize(event.input, `the event '${name}'`) as T);
      } catch (error) {
        task.fail(error);
      }
    });
    return task;
  }

  sendEvent(instanceId: string, name: string, input?: unknown): void {
    this.#execution.enterCall("sendEvent");
    assertText(instanceId, "the instance id of sendEvent");
    assertText(name, "the event name of sendEvent");
    const text = this.#execution.dataConverter.serialize(input, `the event '${name}'`);
    if (this.#execution.isEnding) return;
    this.#execution.ledger.add((id) => ({ kind: "SendEvent", id, instanceId, name, input: text }));
  }

  all<const Tasks extends readonly DurableTask<unknown>[]>(
    tasks: Tasks,
  ): DurableTask<{ -readonly [K in keyof Tasks]: Tasks[K] extends DurableTask<infer T> ? T : never }> {
    this.#execution.enterCall("all");
    assertTasks(tasks, "all()");
    const combined = this.#execution.createTask<unknown>();
    settleWithAll(combined, tasks);
    return combined as never;
  }

  any<Tasks extends readonly DurableTask<unknown>[]>(tasks: Tasks): DurableTask<WinnerOf<Tasks[number]>> {
    this.#execution.enterCall("any");
    assertTasks(tasks, "any()");
    if (tasks.length === 0) {
      throw new DurableError("OrchestrationMisuse", "any() needs at least one task: nothing could ever win");
    }
    const combined = this.#execution.createTask<unknown>();
    settleWithAny(combined, tasks);
    return combined as never;
  }

  continueAsNew(input?: unknown, options: { readonly preserveUnprocessedEvents?: boolean } = {}): void {
    this.#execution.enterCall("continueAsNew");
    this.#execution.requestContinueAsNew({
      input: this.#execution.dataConverter.serialize(input, "the input of continueAsNew"),
      preserveUnprocessedEvents: options.preserveUnprocessedEvents ?? true,
    });
  }

  setCustomStatus(status: unknown): void {
    this.#execution.enterCall("setCustomStatus");
    const text = this.#execution.dataConverter.serialize(status, "the custom status");
    if (text !== undefined && text.length > maxCustomStatusLength) {
      throw new DurableError(
        "InvalidPayload",
        `the custom status has ${text.length} characters as JSON; at most ${maxCustomStatusLength} are allowed`,
      );
    }
    this.#execution.customStatus = text;
  }

  newGuid(): string {
    this.#execution.enterCall("newGuid");
    return deterministicGuid(this.instanceId, this.#execution.now, this.#guids++);
  }

  log(...args: readonly unknown[]): void {
    this.#execution.log(args);
  }

  #awaitResult<Output>(id: number, what: string, name: string): DurableTask<Output> {
    const { dataConverter } = this.#execution;
    const task = this.#execution.createTask<Output>();
    this.#execution.awaitAnswer(id, {
      complete: (result) => {
        try {
          task.complete(dataConverter.deserialize(result, `the result of ${what} '${name}'`) as Output);
        } catch (error) {
          task.fail(error);
        }
      },
      fail: (details: FailureDetails) => task.fail(new TaskFailedError(what, name, id, details)),
    });
    return task;
  }
}

function nameOf(target: Named, what: string): string {
  const name = typeof target === "string" ? target : target?.name;
  assertText(name, `the name of ${what}`);
  return name;
}

function assertText(value: unknown, what: string): asserts value is string {
  if (typeof value === "string" && value !== "") return;
  throw new DurableError("OrchestrationMisuse", `${what} must be a non-empty text, but got ${JSON.stringify(value)}`);
}

function fireTime(when: Date | TimeSpanInput, now: Date): Date {
  const at = when instanceof Date ? when.getTime() : now.getTime() + parseTimeSpan(when, "the time of createTimer");
  if (Number.isNaN(at) || Math.abs(at) > 8.64e15) {
    throw new DurableError("InvalidOption", "the time of createTimer is not a valid date");
  }
  return new Date(at);
}
