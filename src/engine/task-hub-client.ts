import { assertEventName, assertReason, assertStartTime } from "../core/client-checks.ts";
import type { EntityClient } from "../core/entity-client.ts";
import { DurableError } from "../core/errors.ts";
import { assertDefinitionName } from "../core/function-names.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { assertInstanceId, assertKnownInstanceId, assertReadableInstanceId, createId } from "../core/ids.ts";
import { assertConditions, assertInstanceQuery } from "../core/instance-conditions.ts";
import { assertOptions, type OptionKinds } from "../core/option-names.ts";
import type {
  GetInstanceOptions,
  OrchestrationClient,
  PurgeInstanceOptions,
  PurgeManyOptions,
  PurgeQuery,
  PurgeSummary,
  StartInstanceOptions,
  TerminateOptions,
  WaitForInstanceOptions,
} from "../core/orchestration-client.ts";
import type {
  InstanceConditions,
  InstanceIdPage,
  InstanceIdQuery,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "../core/orchestration-state.ts";
import { isTerminalStatus, type OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import { assertPayload, assertRowText, assertTags, defaultMaxPayloadBytes } from "../core/payloads/payload-limit.ts";
import type { Clock, Random } from "../core/ports.ts";
import type { Quarantine } from "../core/quarantine.ts";
import { callEntityOrchestratorName } from "../core/reserved-names.ts";
import { assertReusableStatuses } from "../core/reusable-statuses.ts";
import { waitForInstance } from "../core/wait-for-instance.ts";
import type { FetchOptions, TaskHubStore } from "./backend.ts";
import { deleteTaskHub } from "./delete-task-hub.ts";
import { HistorySummary } from "./history-summary.ts";
import { listInstanceIds } from "./list-instance-ids.ts";
import { purgeEnded, purgeEndedTree, purgeInstance, purgeTree } from "./purge-instance.ts";
import { purgeMany } from "./purge-many.ts";
import { findReplaceable } from "./replaceable-instance.ts";
import { rewindInstance } from "./rewind.ts";
import { TaskHubEntityClient } from "./task-hub-entity-client.ts";
import { terminateDescendants } from "./terminate-descendants.ts";

/** What a client of a task hub is made of. */
export interface TaskHubClientOptions {
  /** Where the hub is kept. */
  readonly store: TaskHubStore;
  /** What times and waits go by. */
  readonly clock: Clock;
  /** What ids are made of. */
  readonly random: Random;
  /** Most bytes of a payload as UTF-8; larger ones are refused with `InvalidPayload`. @defaultValue 128 MiB */
  readonly maxPayloadBytes?: number | undefined;
}

/** What is `any` is checked by rules of its own. */
const startKinds: OptionKinds<StartInstanceOptions> = {
  name: "any",
  instanceId: "any",
  input: "text",
  version: "text",
  tags: "tags",
  scheduledStartTime: "any",
  reusableStatuses: "statuses",
  signal: "signal",
  parentTraceContext: "any",
};

/** What an instance is, without what it was given and has returned. */
const bare: FetchOptions = { fetchInput: false, fetchOutput: false };

/** Starts and manages instances of a task hub directly on its store. */
export class TaskHubClient implements OrchestrationClient {
  readonly entities: EntityClient;
  readonly #store: TaskHubStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #maxPayloadBytes: number;

  constructor(options: TaskHubClientOptions) {
    this.#maxPayloadBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.entities = new TaskHubEntityClient({
      ...options,
      start: (name, input) => this.#create({ name, input }),
    });
  }

  /** Name of the hub. */
  get taskHub(): string {
    return this.#store.taskHub;
  }

  get quarantine(): Quarantine | undefined {
    return this.#store.quarantine;
  }

  async startInstance(options: StartInstanceOptions): Promise<string> {
    assertOptions(options, startKinds, "startInstance");
    assertDefinitionName(options.name, "the name of the orchestration to start");
    if (options.instanceId !== undefined) assertInstanceId(options.instanceId);
    assertStartTime(options.scheduledStartTime, "scheduledStartTime");
    assertReusableStatuses(options.reusableStatuses);
    return this.#create(options);
  }

  /**
   * Starts the built-in orchestration that calls an entity for a client elsewhere, which waits for it and purges it.
   *
   * @param input an `EntityCallMessage` as JSON text
   */
  async startEntityCall(instanceId: string, input: string | undefined): Promise<string> {
    assertInstanceId(instanceId);
    return this.#create({ name: callEntityOrchestratorName, instanceId, input });
  }

  async #create(options: StartInstanceOptions): Promise<string> {
    assertPayload(options.input, "the input", this.#maxPayloadBytes);
    assertTags(options.tags);
    const instanceId = options.instanceId ?? createId(this.#random);
    // A generated id is new, so there is no row to read.
    const existing = options.instanceId === undefined ? undefined : await this.#findReplaceable(instanceId, options);
    await this.#store.createInstance({
      replaces: existing,
      event: {
        type: "ExecutionStarted",
        eventId: -1,
        timestamp: new Date(Math.max(this.#clock.now(), laterThan(existing))),
        orchestrationInstance: { instanceId, executionId: createId(this.#random) },
        parentInstance: undefined,
        name: options.name,
        version: options.version,
        input: options.input,
        tags: options.tags,
        correlation: undefined,
        parentTraceContext: options.parentTraceContext,
        scheduledStartTime: options.scheduledStartTime,
        generation: existing === undefined ? 0 : existing.generation + 1,
        generateNewTrace: false,
      },
    });
    return instanceId;
  }

  async getInstance(instanceId: string, options: GetInstanceOptions = {}): Promise<OrchestrationState | undefined> {
    assertReadableInstanceId(instanceId);
    const { fetchInput = true, fetchOutput = true, fetchFailure = false } = options;
    const state = await this.#store.getInstance(instanceId, { fetchInput, fetchOutput });
    return fetchFailure && state !== undefined ? this.#withFailure(state) : state;
  }

  /** As if it had been read. */
  async #readTold(state: OrchestrationState, options: GetInstanceOptions): Promise<OrchestrationState> {
    const { fetchInput = true, fetchOutput = true, fetchFailure = false } = options;
    const { input, output } = state;
    const read = { ...state, input: fetchInput ? input : undefined, output: fetchOutput ? output : undefined };
    return fetchFailure ? this.#withFailure(read) : read;
  }

  async waitForInstance(
    instanceId: string,
    until: "started" | "ended",
    options: WaitForInstanceOptions = {},
  ): Promise<OrchestrationState | undefined> {
    assertReadableInstanceId(instanceId);
    const { fetchInput, fetchOutput, fetchFailure } = options;
    const fetch = { fetchInput, fetchOutput, fetchFailure };
    const read = (ended?: OrchestrationState) =>
      ended === undefined ? this.getInstance(instanceId, fetch) : this.#readTold(ended, fetch);
    return waitForInstance(instanceId, until, options, { read, clock: this.#clock, local: this.#store.local });
  }

  async getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined> {
    assertReadableInstanceId(instanceId);
    return this.#store.getHistory(instanceId);
  }

  async queryInstances(query: InstanceQuery): Promise<InstancePage> {
    assertInstanceQuery(query);
    return this.#store.queryInstances(query);
  }

  async countInstances(conditions: InstanceConditions): Promise<number> {
    assertConditions(conditions);
    return this.#store.countInstances(conditions);
  }

  listInstanceIds(query: InstanceIdQuery): Promise<InstanceIdPage> {
    return listInstanceIds(query, this.#store);
  }

  async raiseEvent(instanceId: string, name: string, input: string | undefined): Promise<void> {
    assertEventName(name);
    assertPayload(input, `the data of event '${name}'`, this.#maxPayloadBytes);
    await this.#assertActive(instanceId, "an event");
    await this.#send(instanceId, { type: "EventRaised", name, input, parentTraceContext: undefined });
  }

  /** Ends an instance at once. @throws DurableError `InstanceNotFound`, `InstanceNotActive`, `InvalidOption` */
  async terminate(instanceId: string, reason: string | undefined, options?: TerminateOptions): Promise<void> {
    assertReason(reason, "a termination");
    assertPayload(reason, "the reason of a termination", this.#maxPayloadBytes);
    const { runtimeStatus } = await this.#require(instanceId);
    if (!isTerminalStatus(runtimeStatus)) {
      await this.#send(instanceId, { type: "ExecutionTerminated", input: reason });
    }
    // Also below a finished instance: an earlier call may have broken off half way down.
    if (options?.recursive === true) {
      const terminate = (id: string) => this.#send(id, { type: "ExecutionTerminated", input: reason });
      await terminateDescendants(instanceId, { store: this.#store, clock: this.#clock, terminate });
    }
    assertActive(instanceId, runtimeStatus, "a termination");
  }

  /** Holds an instance up until it is resumed. @throws DurableError `InstanceNotFound`, `InstanceNotActive` */
  async suspend(instanceId: string, reason: string | undefined): Promise<void> {
    assertReason(reason, "a suspension");
    assertPayload(reason, "the reason of a suspension", this.#maxPayloadBytes);
    await this.#assertActive(instanceId, "a suspension");
    await this.#send(instanceId, { type: "ExecutionSuspended", reason });
  }

  /** Lets a suspended instance go on. @throws DurableError `InstanceNotFound`, `InstanceNotActive` */
  async resume(instanceId: string, reason: string | undefined): Promise<void> {
    assertReason(reason, "a resumption");
    assertPayload(reason, "the reason of a resumption", this.#maxPayloadBytes);
    await this.#assertActive(instanceId, "a resumption");
    await this.#send(instanceId, { type: "ExecutionResumed", reason });
  }

  async rewind(instanceId: string, reason: string | undefined): Promise<void> {
    assertReason(reason, "a rewind");
    assertRowText(reason, "the reason of a rewind");
    const { runtimeStatus } = await this.#require(instanceId);
    if (runtimeStatus !== "Failed") {
      throw new DurableError(
        "InstanceNotActive",
        `the instance '${instanceId}' is ${runtimeStatus}; only a failed instance can be rewound`,
      );
    }
    await rewindInstance(instanceId, reason, { store: this.#store, clock: this.#clock });
  }

  async restart(instanceId: string, options: { readonly restartWithNewInstanceId: boolean }): Promise<string> {
    const { name, version, input, tags } = await this.#require(instanceId, { fetchInput: true, fetchOutput: false });
    return this.startInstance({
      name,
      version,
      input,
      tags,
      instanceId: options.restartWithNewInstanceId ? undefined : instanceId,
    });
  }

  async purge(instanceId: string, options: PurgeInstanceOptions = {}): Promise<number> {
    assertKnownInstanceId(instanceId);
    const { recursive = false, force = false } = options;
    const purge = recursive ? purgeTree : purgeInstance;
    return purge(instanceId, force, { store: this.#store, clock: this.#clock });
  }

  async purgeBy(query: PurgeQuery): Promise<number> {
    return (await this.purgeMany(query)).deletedCount;
  }

  async purgeMany(query: PurgeQuery, options: PurgeManyOptions = {}): Promise<PurgeSummary> {
    const purging = { store: this.#store, clock: this.#clock };
    return purgeMany(query, options, {
      clock: this.#clock,
      queryInstances: (page) => this.#store.queryInstances(page),
      purge: (ended, recursive) => (recursive ? purgeEndedTree(ended, purging) : purgeEnded(ended, purging)),
    });
  }

  deleteTaskHub({ force = false }: { readonly force?: boolean | undefined } = {}): Promise<void> {
    return deleteTaskHub(this.#store, force);
  }

  /** The state that a new instance is written in place of, if there is one. */
  #findReplaceable(instanceId: string, options: StartInstanceOptions): Promise<OrchestrationState | undefined> {
    return findReplaceable(instanceId, options, {
      read: () => this.#store.getInstance(instanceId, bare),
      terminate: (reason) => this.#send(instanceId, { type: "ExecutionTerminated", input: reason }),
      clock: this.#clock,
    });
  }

  async #require(instanceId: string, options = bare): Promise<OrchestrationState> {
    assertKnownInstanceId(instanceId);
    const state = await this.#store.getInstance(instanceId, options);
    if (state !== undefined) return state;
    throw new DurableError("InstanceNotFound", `no instance '${instanceId}' exists in task hub '${this.taskHub}'`);
  }

  async #withFailure(state: OrchestrationState): Promise<OrchestrationState> {
    if (state.runtimeStatus !== "Failed") return state;
    const history = (await this.#store.getHistory(state.instanceId)) ?? [];
    return { ...state, failureDetails: HistorySummary.of(history).completed?.failureDetails };
  }

  async #assertActive(instanceId: string, what: string): Promise<void> {
    const { runtimeStatus } = await this.#require(instanceId);
    assertActive(instanceId, runtimeStatus, what);
  }

  async #send(instanceId: string, event: ControlEvent): Promise<void> {
    const timestamp = new Date(this.#clock.now());
    const target = { instanceId, executionId: undefined };
    await this.#store.sendMessage({ message: { event: { ...event, eventId: -1, timestamp }, target } });
  }
}

/** Executions of one id are ordered by the time they were created, whatever the clocks of their creators say. */
function laterThan(existing: OrchestrationState | undefined): number {
  return existing === undefined ? 0 : Math.max(existing.createdTime.getTime(), existing.lastUpdatedTime.getTime()) + 1;
}

function assertActive(instanceId: string, runtimeStatus: OrchestrationRuntimeStatus, what: string): void {
  if (!isTerminalStatus(runtimeStatus)) return;
  throw new DurableError(
    "InstanceNotActive",
    `the instance '${instanceId}' is ${runtimeStatus} and takes no ${what.replace(/^an? /, "")}`,
  );
}

type ControlEvent = HistoryEvent extends infer E
  ? E extends { type: "EventRaised" | "ExecutionTerminated" | "ExecutionSuspended" | "ExecutionResumed" }
    ? Omit<E, "eventId" | "timestamp">
    : never
  : never;
