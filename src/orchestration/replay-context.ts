import { isEntityInstanceId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { durableFunctionOptions, type FunctionInvocation, noBindings } from "../core/function-invocation.ts";
import type { Tags } from "../core/history-event.ts";
import { assertKind, assertOptionNames, assertOptions } from "../core/option-names.ts";
import { validateSync } from "../core/payloads/standard-schema.ts";
import { isReservedName } from "../core/reserved-names.ts";
import { type RetryOptions, type RetryPolicy, resolveRetryPolicy } from "../core/retry-policy.ts";
import type { TimeSpanInput } from "../core/time-span.ts";
import {
  assertShortText,
  assertText,
  type CallActivityOptions,
  type CallSubOrchestratorOptions,
  type CallTarget,
  resolveCall,
} from "./call-options.ts";
import { type MapOptions, readEventTimeout, readMapPlan, readPreserve } from "./context-arguments.ts";
import type { DurableLock, LockState } from "./durable-lock.ts";
import type { DurableTask, TimerTask, WinnerOf } from "./durable-task.ts";
import type { EntityHandle } from "./entity-handle.ts";
import { createEntityProxy, type EntityProxy, type EntityTarget, resolveEntity } from "./entity-proxy.ts";
import { assertEventName, createEventStream, type ExternalEvent, type ExternalEventStream } from "./external-event.ts";
import type { DurableHttpRequest } from "./http/durable-http-request.ts";
import type { DurableHttpResponse } from "./http/durable-http-response.ts";
import { callHttp } from "./http/http-call.ts";
import type { OrchestrationContext, ResultsOf, SettledResultsOf } from "./orchestration-context.ts";
import type { ContextScope } from "./replay/context-scope.ts";
import { DurableTimer, resolveTime } from "./tasks/durable-timer.ts";
import { callEntity, lockEntities, signalEntity } from "./tasks/entity-calls.ts";
import { waitForEvent } from "./tasks/event-wait.ts";
import type { OrchestrationTask } from "./tasks/orchestration-task.ts";
import { assertTask, assertTasks } from "./tasks/task-arguments.ts";
import { callActivity, callSubOrchestration, startOrchestration } from "./tasks/task-calls.ts";
import {
  settleWithAll,
  settleWithAllOrEveryFailure,
  settleWithAllSettled,
  settleWithAny,
  settleWithMap,
  settleWithRace,
} from "./tasks/task-combinators.ts";

/** Longest custom status, in UTF-16 units of its JSON: 16 KiB, as the official extension allows. */
const maxCustomStatusLength = 8192;

type Tasks = readonly DurableTask<unknown>[];

/** The context that user code holds: turns calls into numbered actions and open tasks of one execution. */
export class ReplayContext implements OrchestrationContext, FunctionInvocation {
  readonly #scope: ContextScope;

  readonly Task: OrchestrationContext["Task"] = {
    all: (tasks, options) => this.all(tasks, options),
    any: (tasks) => this.any(tasks),
    allSettled: (tasks) => this.allSettled(tasks),
    race: (tasks) => this.race(tasks),
  };

  constructor(scope: ContextScope) {
    this.#scope = scope;
  }

  get df(): OrchestrationContext {
    return this;
  }

  get instanceId(): string {
    return this.#scope.started.orchestrationInstance.instanceId;
  }

  get parentInstanceId(): string | undefined {
    return this.#scope.started.parentInstance?.orchestrationInstance.instanceId;
  }

  get name(): string {
    return this.#scope.started.name;
  }

  get functionName(): string {
    return this.name;
  }

  /** The same in every replay of this execution. */
  get invocationId(): string {
    return this.#scope.started.orchestrationInstance.executionId ?? this.instanceId;
  }

  get extraInputs(): FunctionInvocation["extraInputs"] {
    return noBindings.extraInputs;
  }

  get extraOutputs(): FunctionInvocation["extraOutputs"] {
    return noBindings.extraOutputs;
  }

  get options(): FunctionInvocation["options"] {
    return durableFunctionOptions("orchestrationTrigger");
  }

  get version(): string {
    return this.#scope.started.version ?? "";
  }

  get tags(): Tags {
    return this.#scope.started.tags ?? {};
  }

  get currentUtcDateTime(): Date {
    return new Date(this.#scope.now);
  }

  get isReplaying(): boolean {
    return this.#scope.isReplaying;
  }

  get customStatus(): unknown {
    return this.#scope.dataConverter.deserialize(this.#scope.customStatus, "the custom status");
  }

  getInput(): never {
    return this.#scope.readInput() as never;
  }

  callActivity(activity: CallTarget, input?: unknown, options?: CallActivityOptions): DurableTask<never> {
    this.#scope.enterCall("callActivity");
    const call = resolveCall("activity", activity, input, options);
    this.#assertCallable(call.name);
    return this.#scope.watchCall(callActivity(this.#scope, call), call.name) as never;
  }

  callActivityWithRetry(activity: CallTarget, retry: RetryPolicy | RetryOptions, input?: unknown): DurableTask<never> {
    resolveRetryPolicy(retry);
    return this.callActivity(activity, input, { retry });
  }

  callSubOrchestrator(
    orchestration: CallTarget,
    input?: unknown,
    options?: string | CallSubOrchestratorOptions,
    version?: string,
  ): DurableTask<never> {
    this.#scope.enterCall("callSubOrchestrator");
    this.#scope.criticalSection.assertMayStart("callSubOrchestrator");
    const given = typeof options === "string" ? { instanceId: options, version } : options;
    const call = resolveCall("sub-orchestration", orchestration, input, given ?? { version });
    this.#assertCallable(call.name);
    return this.#scope.watchCall(callSubOrchestration(this.#scope, call), call.name) as never;
  }

  callSubOrchestratorWithRetry(
    orchestration: CallTarget,
    retry: RetryPolicy | RetryOptions,
    input?: unknown,
    instanceId?: string,
    version?: string,
  ): DurableTask<never> {
    resolveRetryPolicy(retry);
    return this.callSubOrchestrator(orchestration, input, { retry, instanceId, version });
  }

  startNewOrchestration(
    orchestration: CallTarget,
    input?: unknown,
    options?: Omit<CallSubOrchestratorOptions, "retry">,
  ): string {
    this.#scope.enterCall("startNewOrchestration");
    this.#scope.criticalSection.assertMayStart("startNewOrchestration");
    const call = resolveCall("sub-orchestration", orchestration, input, options);
    this.#assertCallable(call.name);
    return startOrchestration(this.#scope, call);
  }

  callHttp(request: DurableHttpRequest): DurableTask<DurableHttpResponse>;
  callHttp(...given: readonly unknown[]): DurableTask<DurableHttpResponse> {
    this.#scope.enterCall("callHttp");
    return callHttp(this.#scope, given);
  }

  createTimer(when: Date | TimeSpanInput): TimerTask {
    this.#scope.enterCall("createTimer");
    const timer = new DurableTimer(this.#scope, resolveTime(when, this.#scope.now, "the time of createTimer"));
    return this.#scope.watchCall(timer, "createTimer");
  }

  waitForExternalEvent<T>(
    event: string | ExternalEvent<T>,
    options?: { readonly timeout?: TimeSpanInput },
  ): DurableTask<never>;
  waitForExternalEvent<T>(event: string | ExternalEvent<T>, ...given: readonly unknown[]): DurableTask<never> {
    this.#scope.enterCall("waitForExternalEvent");
    return waitForEvent<T>(this.#scope, event, readEventTimeout(given)) as never;
  }

  events<T>(event: string | ExternalEvent<T>): ExternalEventStream<never> {
    this.#scope.enterCall("events");
    return createEventStream(() => this.waitForExternalEvent(event));
  }

  sendEvent<T>(instanceId: string, event: string | ExternalEvent<T>, input?: T): void {
    this.#scope.enterCall("sendEvent");
    assertText(instanceId, "the instance id of sendEvent");
    if (isEntityInstanceId(instanceId)) {
      throw new DurableError(
        "OrchestrationMisuse",
        `'${instanceId}' is the id of an entity, which takes no events; use signalEntity`,
      );
    }
    if (!instanceId.isWellFormed()) {
      throw new DurableError("InvalidInstanceId", "the instance id of sendEvent holds a lone surrogate");
    }
    const { name, schema } = typeof event === "object" && event !== null ? event : { name: event, schema: undefined };
    assertEventName(name, "the event name of sendEvent");
    // Checked here, sent as given: the receiver runs the schema too, and a schema may change what it takes.
    validateSync<unknown>(schema, input, `the event '${name}'`);
    const text = this.#scope.dataConverter.serialize(input, `the event '${name}'`);
    if (this.#scope.isEnding) return;
    this.#scope.addAction((id) => ({ kind: "SendEvent", id, instanceId, name, input: text }));
  }

  callEntity(entity: EntityTarget, operation: string, input?: unknown): DurableTask<never> {
    this.#scope.enterCall("callEntity");
    return callEntity(this.#scope, { entity: resolveEntity(entity), operation, input }) as never;
  }

  signalEntity(
    entity: EntityTarget,
    operation: string,
    input?: unknown,
    options: { readonly scheduledTime?: Date | TimeSpanInput } = {},
  ): void {
    this.#scope.enterCall("signalEntity");
    assertOptionNames(options, ["scheduledTime"], "signalEntity");
    const { scheduledTime } = options;
    const what = "the scheduledTime of signalEntity";
    const dueAt = scheduledTime === undefined ? undefined : resolveTime(scheduledTime, this.#scope.now, what);
    signalEntity(this.#scope, { entity: resolveEntity(entity), operation, input }, dueAt);
  }

  entity<T>(entity: EntityHandle<T> | string, key: string): EntityProxy<T, never> {
    return createEntityProxy(entity, key, {
      call: (id, operation, input) => this.callEntity(id, operation, input),
      signal: (id, operation, input) => this.signalEntity(id, operation, input),
    }) as EntityProxy<T, never>;
  }

  lock(...entities: readonly (EntityTarget | readonly EntityTarget[])[]): DurableTask<DurableLock> {
    this.#scope.enterCall("lock");
    return lockEntities(this.#scope, (entities.flat() as readonly EntityTarget[]).map(resolveEntity));
  }

  isLocked(): LockState {
    const { ownedLocks } = this.#scope.criticalSection;
    return { isLocked: ownedLocks.length > 0, ownedLocks: [...ownedLocks] };
  }

  all<const T extends Tasks>(tasks: T, options: { readonly failFast?: boolean } = {}): DurableTask<ResultsOf<T>> {
    assertOptions(options, { failFast: "flag" }, "all()");
    return this.#combine("all()", tasks, options.failFast === false ? settleWithAllOrEveryFailure : settleWithAll);
  }

  allSettled<const T extends Tasks>(tasks: T): DurableTask<SettledResultsOf<T>> {
    return this.#combine("allSettled()", tasks, settleWithAllSettled);
  }

  any<T extends Tasks>(tasks: T): DurableTask<WinnerOf<T[number]>> {
    return this.#combine("any()", tasks, settleWithAny, "nothing could ever win");
  }

  race<T extends Tasks>(tasks: T): DurableTask<ResultsOf<T>[number]> {
    return this.#combine("race()", tasks, settleWithRace, "nothing could ever win");
  }

  map<Item, Output>(
    items: readonly Item[],
    start: (item: Item, index: number) => PromiseLike<Output>,
    options: MapOptions = {},
  ): DurableTask<never> {
    this.#scope.enterCall("map");
    if (!Array.isArray(items)) throw new DurableError("OrchestrationMisuse", "map() takes an array of items");
    assertKind(start, "function", "the second argument of map()");
    const plan = readMapPlan(options, items.length);
    const combined = this.#scope.createTask<unknown>();
    settleWithMap(combined, [...items], (item, index) => this.#asTask(start(item, index), index), plan);
    return combined as never;
  }

  continueAsNew(input?: unknown, options?: { readonly preserveUnprocessedEvents?: boolean }): void;
  continueAsNew(input: unknown, given?: unknown): void {
    this.#scope.enterCall("continueAsNew");
    const preserveUnprocessedEvents = readPreserve(given);
    this.#scope.continueAsNew({
      input: this.#scope.dataConverter.serialize(input, "the input of continueAsNew"),
      preserveUnprocessedEvents,
    });
  }

  setCustomStatus(status: unknown): void {
    this.#scope.enterCall("setCustomStatus");
    const text = this.#scope.dataConverter.serialize(status, "the custom status");
    if (text !== undefined && text.length > maxCustomStatusLength) {
      throw new DurableError(
        "InvalidPayload",
        `the custom status has ${text.length} characters as JSON; at most ${maxCustomStatusLength} are allowed`,
      );
    }
    this.#scope.setCustomStatus(text);
  }

  patched(id: string): boolean {
    this.#scope.enterCall("patched");
    assertText(id, "the id of a patch");
    assertShortText(id, "the id of a patch");
    return this.#scope.isPatched(id);
  }

  newGuid(instanceId: string = this.instanceId): string {
    this.#scope.enterCall("newGuid");
    assertKind(instanceId, "text", "the instance id of newGuid");
    return this.#scope.newGuid(instanceId);
  }

  log(...args: readonly unknown[]): void {
    this.#scope.log("info", args);
  }

  trace(...args: readonly unknown[]): void {
    this.#scope.log("trace", args);
  }

  debug(...args: readonly unknown[]): void {
    this.#scope.log("debug", args);
  }

  info(...args: readonly unknown[]): void {
    this.#scope.log("info", args);
  }

  warn(...args: readonly unknown[]): void {
    this.#scope.log("warn", args);
  }

  error(...args: readonly unknown[]): void {
    this.#scope.log("error", args);
  }

  /** Built-in functions are for built-in orchestrations; others have `callHttp`. */
  #assertCallable(name: string): void {
    if (!isReservedName(name) || isReservedName(this.name)) return;
    throw new DurableError("OrchestrationMisuse", `'${name}' is built in and cannot be called by name; use callHttp`);
  }

  #combine(
    api: string,
    tasks: Tasks,
    settle: (combined: OrchestrationTask<unknown>, tasks: readonly OrchestrationTask<unknown>[]) => void,
    whyNotEmpty?: string,
  ): never {
    this.#scope.enterCall(api);
    assertTasks(tasks, api, this.#scope.observer);
    if (tasks.length === 0 && whyNotEmpty !== undefined) {
      throw new DurableError("OrchestrationMisuse", `${api} needs at least one task: ${whyNotEmpty}`);
    }
    const combined = this.#scope.createTask<unknown>();
    settle(combined, tasks);
    return combined as never;
  }

  /** An async function may be mapped too: between durable tasks it settles in microtasks, which a turn drains. */
  #asTask(started: unknown, index: number): OrchestrationTask<unknown> {
    if (started instanceof Promise) {
      const task = this.#scope.createTask<unknown>();
      // What resumes it is the durable task that the function awaits, and that one is counted by itself.
      task.settlesIf(() => false);
      this.#scope.allowUnsettleable();
      started.then(
        (value) => task.complete(value),
        (error) => task.fail(error),
      );
      return task;
    }
    assertTask(started, `what the function given to map() returned for item ${index}`, this.#scope.observer);
    return started;
  }
}
