import { assertEventName, assertReason, assertStartTime } from "../../core/client-checks.ts";
import type { EntityClient } from "../../core/entity-client.ts";
import { DurableError, isDurableError } from "../../core/errors.ts";
import { assertDefinitionName } from "../../core/function-names.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import { assertInstanceId, assertKnownInstanceId, assertReadableInstanceId, createId } from "../../core/ids.ts";
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
} from "../../core/orchestration-client.ts";
import type {
  InstanceConditions,
  InstanceIdPage,
  InstanceIdQuery,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "../../core/orchestration-state.ts";
import type { PayloadStore } from "../../core/payloads/payload-store.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { assertReusableStatuses, defaultReusableStatuses } from "../../core/reusable-statuses.ts";
import { explainFailure } from "../channel/call-failure.ts";
import type { CallOptions, TaskHubChannel } from "../channel/task-hub-channel.ts";
import { HistoryReader } from "../codec/history-reader.ts";
import { fromWireState } from "../codec/states.ts";
import { toWireStatus } from "../codec/statuses.ts";
import { toWireTags } from "../codec/tags.ts";
import { toTimestamp } from "../codec/times.ts";
import { toWireTrace } from "../codec/trace-contexts.ts";
import { PayloadChannel } from "../payloads/payload-channel.ts";
import type { GetInstanceResponse } from "../proto/orchestrator_service_pb.ts";
import type { RequestInit, ResponseOf, UnaryMethodName } from "../service/service-definition.ts";
import { GrpcEntityClient } from "./grpc-entity-client.ts";
import { InstancePurges } from "./instance-purges.ts";
import { InstanceQueries } from "./instance-queries.ts";
import { waitOverCalls } from "./instance-wait.ts";
import type { UnaryCall } from "./unary-call.ts";

export interface GrpcOrchestrationClientOptions {
  readonly channel: TaskHubChannel;
  readonly clock: Clock;
  readonly random: Random;
  /** Where large payloads are. @defaultValue nowhere: messages carry them */
  readonly payloads?: PayloadStore | undefined;
}

const maxAttempts = 10;

/**
 * Starts and manages instances through the gRPC service of a task hub.
 *
 * What an instance is in is for the server to judge, in the one call that asks for something: an event for an instance
 * that is not there, or has ended, rejects where the server says so, and some servers answer nothing of the kind.
 *
 * The protocol has one switch for all payloads: a query that leaves out inputs leaves out outputs and custom statuses too.
 */
export class GrpcOrchestrationClient implements OrchestrationClient {
  readonly entities: EntityClient;
  readonly #channel: TaskHubChannel;
  #lastAnswered: number | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #queries: InstanceQueries;
  readonly #purges: InstancePurges;

  constructor({ channel, clock, random, payloads }: GrpcOrchestrationClientOptions) {
    this.#channel = payloads === undefined ? channel : new PayloadChannel(channel, payloads);
    this.#clock = clock;
    this.#random = random;
    const call: UnaryCall = (method, request, what) => this.#call(method, request, what);
    this.#queries = new InstanceQueries(call);
    this.#purges = new InstancePurges({
      call,
      clock,
      getInstance: (id) => this.getInstance(id, { fetchInput: false }),
      queryInstances: (query) => this.#queries.query(query),
    });
    this.entities = new GrpcEntityClient({
      channel: this.#channel,
      clock,
      random,
      start: (name, input) => this.#create({ name, input }),
      waitForEnd: (id, options) => this.waitForInstance(id, "ended", { ...options, fetchFailure: true }),
      purge: (id) => this.purge(id),
    });
  }

  get taskHub(): string {
    return this.#channel.taskHub ?? "default";
  }

  async startInstance(options: StartInstanceOptions): Promise<string> {
    assertDefinitionName(options.name, "the name of the orchestration to start");
    if (options.instanceId !== undefined) assertInstanceId(options.instanceId);
    assertStartTime(options.scheduledStartTime, "scheduledStartTime");
    if (options.instanceId !== undefined) assertReusableStatuses(options.reusableStatuses);
    return this.#create(options);
  }

  async #create(options: StartInstanceOptions): Promise<string> {
    const { name, version, input, tags, scheduledStartTime, reusableStatuses = defaultReusableStatuses } = options;
    const instanceId = options.instanceId ?? createId(this.#random);
    const isOurs = options.instanceId === undefined;
    const request = {
      instanceId,
      name,
      version,
      input,
      scheduledStartTimestamp: scheduledStartTime && toTimestamp(scheduledStartTime),
      // Nobody else has an id that was just made.
      orchestrationIdReusePolicy: isOurs ? undefined : { replaceableStatus: reusableStatuses.map(toWireStatus) },
      tags: toWireTags(tags),
      parentTraceContext: toWireTrace(options.parentTraceContext),
      requestTime: toTimestamp(new Date(this.#clock.now())),
    };
    try {
      const what = `the start of '${name}' as '${instanceId}'`;
      const start = () => this.#call("startInstance", request, what, { signal: options.signal });
      const started = await (isOurs ? this.#whileAway(start) : start());
      return started.instanceId || instanceId;
    } catch (error) {
      // Made again after a lost answer.
      if (isOurs && isDurableError(error, "InstanceAlreadyExists")) return instanceId;
      throw error;
    }
  }

  /** Makes a call again that bears it, for as long as gRPC does so for the others. */
  async #whileAway<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (attempt >= maxAttempts || !isDurableError(error, "ServiceUnavailable")) throw error;
        await this.#clock.sleep(Math.min(50 * 2 ** (attempt - 1), 250));
      }
    }
  }

  /** Input, output and custom status come in one; what was not asked for is left out here. */
  async getInstance(instanceId: string, options: GetInstanceOptions = {}): Promise<OrchestrationState | undefined> {
    assertReadableInstanceId(instanceId);
    try {
      const request = { instanceId, getInputsAndOutputs: true };
      return readState(await this.#call("getInstance", request, `the instance '${instanceId}'`), options);
    } catch (error) {
      if (isDurableError(error, "InstanceNotFound")) return undefined;
      throw error;
    }
  }

  async waitForInstance(
    instanceId: string,
    until: "started" | "ended",
    options: WaitForInstanceOptions = {},
  ): Promise<OrchestrationState | undefined> {
    assertReadableInstanceId(instanceId);
    const method = until === "started" ? "waitForInstanceStart" : "waitForInstanceCompletion";
    const request = { instanceId, getInputsAndOutputs: true };
    return waitOverCalls(instanceId, until, options, {
      wait: async (call) => readState(await this.#channel.unary(method, request, call), options),
      read: () => this.getInstance(instanceId, options),
      clock: this.#clock,
      lastAnswered: this.#lastAnswered,
    });
  }

  async getHistory(instanceId: string): Promise<readonly HistoryEvent[] | undefined> {
    assertReadableInstanceId(instanceId);
    try {
      const history = await explainFailure(this.#readHistory(instanceId), `the history of '${instanceId}'`);
      return history.length === 0 ? undefined : history;
    } catch (error) {
      if (isDurableError(error, "InstanceNotFound")) return undefined;
      throw error;
    }
  }

  async #readHistory(instanceId: string): Promise<readonly HistoryEvent[]> {
    const reader = new HistoryReader();
    const history: HistoryEvent[] = [];
    for await (const { events } of this.#channel.stream("streamInstanceHistory", { instanceId })) {
      for (const event of events) history.push(reader.read(event));
    }
    return history;
  }

  queryInstances(query: InstanceQuery): Promise<InstancePage> {
    return this.#queries.query(query);
  }

  countInstances(conditions: InstanceConditions): Promise<number> {
    return this.#queries.count(conditions);
  }

  listInstanceIds(query: InstanceIdQuery): Promise<InstanceIdPage> {
    return this.#queries.listIds(query);
  }

  async raiseEvent(instanceId: string, name: string, input: string | undefined): Promise<void> {
    assertEventName(name);
    assertKnownInstanceId(instanceId);
    await this.#call("raiseEvent", { instanceId, name, input }, `the event '${name}' for '${instanceId}'`);
  }

  async terminate(instanceId: string, reason: string | undefined, options: TerminateOptions = {}): Promise<void> {
    assertKnownInstanceId(instanceId);
    assertReason(reason, "a termination");
    const request = { instanceId, output: reason, recursive: options.recursive === true };
    await this.#call("terminateInstance", request, `the termination of '${instanceId}'`);
  }

  async suspend(instanceId: string, reason: string | undefined): Promise<void> {
    assertKnownInstanceId(instanceId);
    assertReason(reason, "a suspension");
    await this.#call("suspendInstance", { instanceId, reason }, `the suspension of '${instanceId}'`);
  }

  async resume(instanceId: string, reason: string | undefined): Promise<void> {
    assertKnownInstanceId(instanceId);
    assertReason(reason, "a resumption");
    await this.#call("resumeInstance", { instanceId, reason }, `the resumption of '${instanceId}'`);
  }

  async rewind(instanceId: string, reason: string | undefined): Promise<void> {
    assertKnownInstanceId(instanceId);
    assertReason(reason, "a rewind");
    await this.#call("rewindInstance", { instanceId, reason }, `the rewind of '${instanceId}'`);
  }

  async restart(instanceId: string, options: { readonly restartWithNewInstanceId: boolean }): Promise<string> {
    assertKnownInstanceId(instanceId);
    const { restartWithNewInstanceId } = options;
    const request = { instanceId, restartWithNewInstanceId };
    try {
      const { instanceId: restarted } = await this.#call("restartInstance", request, `the restart of '${instanceId}'`);
      return restarted || instanceId;
    } catch (error) {
      if (isDurableError(error, "InstanceNotActive")) {
        // The instance that runs under the id is in the way of the new one.
        throw new DurableError("InstanceAlreadyExists", error.message, { cause: error });
      }
      if (isDurableError(error, "NotSupported")) return this.#startAgain(instanceId, restartWithNewInstanceId);
      throw error;
    }
  }

  /** For servers without the call. */
  async #startAgain(instanceId: string, restartWithNewInstanceId: boolean): Promise<string> {
    const state = await this.getInstance(instanceId);
    if (state === undefined) {
      throw new DurableError("InstanceNotFound", `no instance '${instanceId}' exists at ${this.#channel.target}`);
    }
    const { name, version, input, tags } = state;
    const startId = restartWithNewInstanceId ? undefined : instanceId;
    return this.#create({ name, version, input, tags, instanceId: startId });
  }

  purge(instanceId: string, options: PurgeInstanceOptions = {}): Promise<number> {
    return this.#purges.one(instanceId, options);
  }

  async purgeBy(query: PurgeQuery): Promise<number> {
    return (await this.purgeMany(query)).deletedCount;
  }

  purgeMany(query: PurgeQuery, options: PurgeManyOptions = {}): Promise<PurgeSummary> {
    return this.#purges.many(query, options);
  }

  /** A server that has the hub open works on it, which the protocol cannot ask for: it is always to be forced. */
  async deleteTaskHub({ force = false }: { readonly force?: boolean | undefined } = {}): Promise<void> {
    if (!force) {
      const message = `the server at ${this.#channel.target} works on the task hub: force its deletion to delete it all the same`;
      throw new DurableError("TaskHubInUse", message);
    }
    await this.#call("deleteTaskHub", {}, "the deletion of the task hub");
  }

  /** @param what is asked, for messages */
  #call<N extends UnaryMethodName>(
    method: N,
    request: RequestInit<N>,
    what: string,
    options?: CallOptions,
  ): Promise<ResponseOf<N>> {
    const answered = this.#channel.unary(method, request, options);
    answered.then(
      () => {
        this.#lastAnswered = this.#clock.now();
      },
      () => {},
    );
    return explainFailure(answered, what);
  }
}

function readState(
  { exists, orchestrationState }: GetInstanceResponse,
  options: GetInstanceOptions,
): OrchestrationState | undefined {
  return exists && orchestrationState !== undefined ? only(fromWireState(orchestrationState), options) : undefined;
}

function only(state: OrchestrationState, options: GetInstanceOptions): OrchestrationState {
  const { fetchInput = true, fetchOutput = true, fetchFailure = false } = options;
  const { failureDetails, ...others } = state;
  return {
    ...others,
    input: fetchInput ? others.input : undefined,
    output: fetchOutput ? others.output : undefined,
    ...(fetchFailure && failureDetails !== undefined && { failureDetails }),
  };
}
