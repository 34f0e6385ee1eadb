import type { EntityId } from "../core/entity-id.ts";
import type { Tags } from "../core/history-event.ts";
import type { TimeSpanInput } from "../core/time-span.ts";
import type { MapOptions, Tolerance } from "../orchestration/context-arguments.ts";
import type { DurableLock, LockState } from "../orchestration/durable-lock.ts";
import type { DurableTask, TimerTask, WinnerOf } from "../orchestration/durable-task.ts";
import { createEntityHandle, type EntityHandle } from "../orchestration/entity-handle.ts";
import { createEntityProxy, type EntityTarget } from "../orchestration/entity-proxy.ts";
import type { ExternalEvent, ExternalEventStream } from "../orchestration/external-event.ts";
import type { DurableHttpRequest } from "../orchestration/http/durable-http-request.ts";
import type { DurableHttpResponse } from "../orchestration/http/durable-http-response.ts";
import type {
  OrchestrationContext as HandleOrchestrationContext,
  ResultsOf,
  SettledResultsOf,
} from "../orchestration/orchestration-context.ts";
import { resolveCallForm } from "./call-form.ts";
import { belongsTo } from "./combinations.ts";
import { definitionOf } from "./definitions.ts";
import type {
  CallActivityOptions,
  CallSubOrchestratorOptions,
  OrchestrationContext,
  StartOrchestrationOptions,
} from "./orchestration-context.ts";

type Tasks = readonly DurableTask<unknown>[];

/** The context of replay, with calls by reference. Keeps nothing itself: every call goes on to the context beneath. */
export class PortableContext implements OrchestrationContext {
  readonly #context: HandleOrchestrationContext;

  readonly Task: OrchestrationContext["Task"] = {
    all: (tasks, options) => this.all(tasks, options),
    any: (tasks) => this.any(tasks),
    allSettled: (tasks) => this.allSettled(tasks),
    race: (tasks) => this.race(tasks),
  };

  constructor(context: HandleOrchestrationContext) {
    this.#context = context;
  }

  get instanceId(): string {
    return this.#context.instanceId;
  }

  get parentInstanceId(): string | undefined {
    return this.#context.parentInstanceId;
  }

  get name(): string {
    return this.#context.name;
  }

  get version(): string {
    return this.#context.version;
  }

  get tags(): Tags {
    return this.#context.tags;
  }

  get currentUtcDateTime(): Date {
    return this.#context.currentUtcDateTime;
  }

  get isReplaying(): boolean {
    return this.#context.isReplaying;
  }

  get customStatus(): unknown {
    return this.#context.customStatus;
  }

  getInput(): never {
    return this.#context.getInput() as never;
  }

  callActivity(activity: unknown, input?: unknown, options?: CallActivityOptions): DurableTask<never> {
    const call = resolveCallForm("activity", activity, input, options);
    return this.#own(this.#context.callActivity(call.target as string, call.input, call.options)) as never;
  }

  callSubOrchestrator(
    orchestration: unknown,
    input?: unknown,
    options?: CallSubOrchestratorOptions,
  ): DurableTask<never> {
    const call = resolveCallForm("orchestration", orchestration, input, options);
    return this.#own(this.#context.callSubOrchestrator(call.target as string, call.input, call.options)) as never;
  }

  get callSubOrchestration(): OrchestrationContext["callSubOrchestrator"] {
    return (...call: unknown[]) => Reflect.apply(this.callSubOrchestrator, this, call) as never;
  }

  startNewOrchestration(orchestration: unknown, input?: unknown, options?: StartOrchestrationOptions): string {
    const call = resolveCallForm<CallSubOrchestratorOptions>("orchestration", orchestration, input, options);
    return this.#context.startNewOrchestration(call.target as string, call.input, call.options);
  }

  callHttp(...request: [request: DurableHttpRequest]): DurableTask<DurableHttpResponse> {
    return this.#own(this.#context.callHttp(...request));
  }

  createTimer(when: Date | TimeSpanInput): TimerTask {
    return this.#own(this.#context.createTimer(when));
  }

  waitForExternalEvent<T>(
    event: string | ExternalEvent<T>,
    ...options: [options?: { readonly timeout?: TimeSpanInput }]
  ): DurableTask<never> {
    return this.#own(this.#context.waitForExternalEvent<T>(event, ...options)) as never;
  }

  events<T>(event: string | ExternalEvent<T>): ExternalEventStream<never> {
    return this.#context.events(event) as never;
  }

  sendEvent<T>(instanceId: string, event: string | ExternalEvent<T>, input?: T): void {
    this.#context.sendEvent<unknown>(instanceId, event, input);
  }

  callEntity(entity: EntityTarget, operation: string, input?: unknown): DurableTask<never> {
    return this.#own(this.#context.callEntity(entity, operation, input)) as never;
  }

  signalEntity(
    entity: EntityTarget,
    operation: string,
    input?: unknown,
    options?: { readonly scheduledTime?: Date | TimeSpanInput },
  ): void {
    this.#context.signalEntity(entity, operation, input, options);
  }

  entity(entity: unknown, key: string): never {
    return createEntityProxy(entityHandleOf(entity), key, {
      call: (id: EntityId, operation, input) => this.callEntity(id, operation, input),
      signal: (id: EntityId, operation, input) => this.signalEntity(id, operation, input),
    }) as never;
  }

  lock(...entities: readonly (EntityTarget | readonly EntityTarget[])[]): DurableTask<DurableLock> {
    return this.#own(this.#context.lock(entities.flat() as readonly EntityTarget[]));
  }

  lockEntities(...entities: readonly (EntityTarget | readonly EntityTarget[])[]): DurableTask<DurableLock> {
    return this.lock(...entities);
  }

  isLocked(): LockState {
    return this.#context.isLocked();
  }

  all<const T extends Tasks>(tasks: T, options?: { readonly failFast?: boolean }): DurableTask<ResultsOf<T>> {
    return this.#own(this.#context.all(tasks, options));
  }

  whenAll<const T extends Tasks>(tasks: T): DurableTask<ResultsOf<T>> {
    return this.all(tasks);
  }

  allSettled<const T extends Tasks>(tasks: T): DurableTask<SettledResultsOf<T>> {
    return this.#own(this.#context.allSettled(tasks));
  }

  any<T extends Tasks>(tasks: T): DurableTask<WinnerOf<T[number]>> {
    return this.#own(this.#context.any(tasks));
  }

  whenAny<T extends Tasks>(tasks: T): DurableTask<WinnerOf<T[number]>> {
    return this.any(tasks);
  }

  race<T extends Tasks>(tasks: T): DurableTask<ResultsOf<T>[number]> {
    return this.#own(this.#context.race(tasks));
  }

  map<Item, Output>(
    items: readonly Item[],
    start: (item: Item, index: number) => PromiseLike<Output>,
    options?: MapOptions,
  ): DurableTask<never> {
    return this.#own(this.#context.map(items, start, options as { readonly tolerate: Tolerance })) as never;
  }

  continueAsNew(input?: unknown, options?: { readonly preserveUnprocessedEvents?: boolean }): void {
    this.#context.continueAsNew(input, options);
  }

  setCustomStatus(status: unknown): void {
    this.#context.setCustomStatus(status);
  }

  patched(id: string): boolean {
    return this.#context.patched(id);
  }

  newGuid(instanceId?: string): string {
    return this.#context.newGuid(instanceId);
  }

  newUuid(): string {
    return this.#context.newGuid();
  }

  log(...args: readonly unknown[]): void {
    this.#context.log(...args);
  }

  trace(...args: readonly unknown[]): void {
    this.#context.trace(...args);
  }

  debug(...args: readonly unknown[]): void {
    this.#context.debug(...args);
  }

  info(...args: readonly unknown[]): void {
    this.#context.info(...args);
  }

  warn(...args: readonly unknown[]): void {
    this.#context.warn(...args);
  }

  error(...args: readonly unknown[]): void {
    this.#context.error(...args);
  }

  #own<T extends object>(task: T): T {
    return belongsTo(task, this);
  }
}

/** Functions and classes become handles; handles and names stay as they are. */
function entityHandleOf(entity: unknown): EntityHandle<unknown> | string {
  if (typeof entity !== "function") return entity as EntityHandle<unknown> | string;
  const { name, operationSchemas } = definitionOf("entity", entity);
  const schemas = Object.entries(operationSchemas ?? {}).flatMap(([operation, { input }]) =>
    input === undefined ? [] : [[operation, input] as const],
  );
  return createEntityHandle(name, Object.fromEntries(schemas));
}
