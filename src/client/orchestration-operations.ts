import { assertEventName, unlessFinished } from "../core/client-checks.ts";
import { DurableError, isDurableError } from "../core/errors.ts";
import { assertDefinitionName } from "../core/function-names.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { GetInstanceOptions, PurgeInstanceOptions, TerminateOptions } from "../core/orchestration-client.ts";
import type { PayloadFetch, OrchestrationState as StoredState } from "../core/orchestration-state.ts";
import { validate } from "../core/payloads/standard-schema.ts";
import { parseTimeSpan } from "../core/time-span.ts";
import { waitForInstance } from "../core/wait-for-instance.ts";
import type { CallTarget } from "../orchestration/call-options.ts";
import type { ExternalEvent } from "../orchestration/external-event.ts";
import type { ClientAccess } from "./client-access.ts";
import type {
  GetStateOptions,
  InstanceConditions,
  InstanceFilter,
  InstanceIdFilter,
  PurgeFilter,
  PurgeOptions,
  PurgeResult,
  RaiseEventOptions,
  RunWaitOptions,
  StartOptions,
} from "./client-options.ts";
import { conditionsOf } from "./instance-filter.ts";
import { OrchestrationState, resultOf } from "./orchestration-state.ts";
import type { Page } from "./paged.ts";
import { purgeBy, purgeIds, purgeQueryOf } from "./purge.ts";
import { type ResolvedReuse, resolveReuse } from "./reuse-policy.ts";

/** What a start has come to. */
export interface Started {
  readonly instanceId: string;
  /** `false` when an instance of that id was there already, and is left alone. */
  readonly isNew: boolean;
}

/** How often a start is tried that finds an instance in its way which is gone by the next look. */
const maxStarts = 5;

/**
 * What clients of every place do with single instances, in values. Options are checked by those above, ids and names by
 * the port.
 */
export class OrchestrationOperations {
  readonly #access: ClientAccess;

  constructor(access: ClientAccess) {
    this.#access = access;
  }

  /** @param verb for messages */
  async start(target: unknown, input: unknown, options: StartOptions, verb: string): Promise<Started> {
    const { reusableStatuses, givesExisting } = resolveReuse(options, verb);
    return this.#start(target, input, options, { reusableStatuses, givesExisting });
  }

  /** Starts an instance unless one of its id is there, whatever has become of it. */
  async startOrGet(target: unknown, input: unknown, options: StartOptions): Promise<Started> {
    const { reusableStatuses = [] } = resolveReuse(options, "startOrGet");
    if (options.instanceId === undefined) {
      throw new DurableError("InvalidOption", "startOrGet needs an 'instanceId': without one every start is a new one");
    }
    return this.#start(target, input, options, { reusableStatuses, givesExisting: true });
  }

  async #start(target: unknown, value: unknown, options: StartOptions, reuse: ResolvedReuse): Promise<Started> {
    const { startChecks, dataConverter } = this.#access;
    const { name, inputSchema } = this.#resolve(target);
    const { instanceId, tags, signal } = options;
    const version = options.version ?? this.#access.defaultVersion ?? startChecks?.defaultVersionOf(name);
    const scheduledStartTime = startTimeOf(options);
    const what = `the input of orchestration '${name}'`;
    const input = dataConverter.serialize(value, what);
    // Checked here, sent as given: the orchestration runs the schema too, and a schema may change what it takes.
    if (startChecks !== undefined) await startChecks.checkInput(name, input);
    else await validate(inputSchema, value, what);
    const client = await this.#access.connect();
    const { reusableStatuses, givesExisting } = reuse;
    const start = { name, instanceId, input, version, tags, scheduledStartTime, reusableStatuses, signal };
    for (let attempt = 1; ; attempt++) {
      try {
        return { instanceId: await client.startInstance(start), isNew: true };
      } catch (error) {
        if (!givesExisting || instanceId === undefined || !isDurableError(error, "InstanceAlreadyExists")) throw error;
        const existing = await client.getInstance(instanceId, { fetchInput: false, fetchOutput: false });
        if (existing !== undefined) return assertSameOrchestration(existing, name);
        if (attempt === maxStarts) throw error;
      }
    }
  }

  #resolve(given: unknown): Exclude<CallTarget, string> {
    const { resolveTarget = (each: unknown) => each as CallTarget, startChecks } = this.#access;
    const target = resolveTarget(given);
    const resolved = typeof target === "object" && target !== null ? target : { name: target, inputSchema: undefined };
    if (startChecks !== undefined) startChecks.assertKnown(resolved.name);
    else assertDefinitionName(resolved.name, "the name of the orchestration to start");
    return resolved;
  }

  /** @returns `undefined` for an unknown instance */
  async find(instanceId: string, options: GetStateOptions = {}): Promise<OrchestrationState | undefined> {
    const client = await this.#access.connect();
    const state = await client.getInstance(instanceId, reads(options));
    return state && this.show(state, options);
  }

  /** @throws DurableError `InstanceNotFound` */
  async get(instanceId: string, options: GetStateOptions): Promise<OrchestrationState> {
    const state = await this.find(instanceId, options);
    if (state === undefined) throw unknownInstance(instanceId);
    return state;
  }

  /** @throws DurableError `InstanceNotFound`; `TaskTimeout`, `Aborted` when the wait ends first */
  async wait(
    instanceId: string,
    until: "started" | "ended",
    options: GetStateOptions & RunWaitOptions,
  ): Promise<OrchestrationState> {
    return this.show(await this.waitForState(instanceId, until, options, reads(options)), options);
  }

  /** {@link wait} for what is stored. */
  async waitForState(
    instanceId: string,
    until: "started" | "ended",
    { timeout, pollInterval, signal }: RunWaitOptions,
    fetch: GetInstanceOptions,
  ): Promise<StoredState> {
    const { clock, untilClosed = (own, wait) => wait(own) } = this.#access;
    const timeoutMs = timeout === undefined ? undefined : parseTimeSpan(timeout, "'timeout'");
    const pollIntervalMs = resolvePollInterval(pollInterval);
    const client = await this.#access.connect();
    const state = await untilClosed(signal, (either) => {
      const wait = { ...fetch, timeoutMs, signal: either };
      if (pollIntervalMs === undefined && this.#access.waitsByClock !== true) {
        return client.waitForInstance(instanceId, until, wait);
      }
      const read = () => client.getInstance(instanceId, fetch);
      return waitForInstance(instanceId, until, { ...wait, pollIntervalMs }, { read, clock });
    });
    if (state === undefined) throw unknownInstance(instanceId);
    return state;
  }

  /** What an instance has returned. @throws TaskFailedError, or DurableError, when it has ended otherwise */
  async result(instanceId: string, options: RunWaitOptions): Promise<unknown> {
    const fetch = { fetchInput: false, fetchFailure: true };
    return resultOf(this.show(await this.waitForState(instanceId, "ended", options, fetch), {}));
  }

  async raiseEvent(
    instanceId: string,
    event: string | ExternalEvent<unknown>,
    data: unknown,
    { ifMissing = "throw" }: RaiseEventOptions,
  ): Promise<void> {
    if (ifMissing !== "throw" && ifMissing !== "ignore") {
      const message = `'ifMissing' of an event must be "throw" or "ignore", but got ${JSON.stringify(ifMissing)}`;
      throw new DurableError("InvalidOption", message);
    }
    const { name, schema } = typeof event === "object" && event !== null ? event : { name: event, schema: undefined };
    assertEventName(name);
    const what = `the data of event '${name}'`;
    await validate(schema, data, what);
    const text = this.#access.dataConverter.serialize(data, what);
    const client = await this.#access.connect();
    try {
      await unlessFinished(client.raiseEvent(instanceId, name, text));
    } catch (error) {
      if (ifMissing !== "ignore" || !isDurableError(error, "InstanceNotFound")) throw error;
    }
  }

  async terminate(instanceId: string, reason: string | undefined, options: TerminateOptions): Promise<void> {
    const client = await this.#access.connect();
    await unlessFinished(client.terminate(instanceId, reason, options));
  }

  async suspend(instanceId: string, reason: string | undefined): Promise<void> {
    const client = await this.#access.connect();
    await unlessFinished(client.suspend(instanceId, reason));
  }

  async resume(instanceId: string, reason: string | undefined): Promise<void> {
    const client = await this.#access.connect();
    await unlessFinished(client.resume(instanceId, reason));
  }

  async rewind(instanceId: string, reason: string | undefined): Promise<void> {
    const client = await this.#access.connect();
    await client.rewind(instanceId, reason);
  }

  async restart(instanceId: string, restartWithNewInstanceId: boolean): Promise<string> {
    const client = await this.#access.connect();
    return client.restart(instanceId, { restartWithNewInstanceId });
  }

  async purge(instanceId: string, options: PurgeInstanceOptions): Promise<number> {
    const client = await this.#access.connect();
    return client.purge(instanceId, options);
  }

  /** @throws DurableError `InstanceNotFound` */
  async history(instanceId: string): Promise<readonly HistoryEvent[]> {
    const client = await this.#access.connect();
    const history = await client.getHistory(instanceId);
    if (history === undefined) throw unknownInstance(instanceId);
    return history;
  }

  async query(filter: InstanceFilter, continuationToken: string | undefined): Promise<Page<OrchestrationState>> {
    const { pageSize, fetchPayloads } = filter;
    const fetched: PayloadFetch = fetchPayloads ?? "inline";
    const query = { ...conditionsOf(filter), pageSize, fetchInput: fetched, fetchOutput: fetched };
    const client = await this.#access.connect();
    const page = await client.queryInstances({ ...query, continuationToken });
    const items = page.instances.map((state) => this.show(state, { fetchPayloads }));
    return { items, continuationToken: page.continuationToken };
  }

  async count(filter: InstanceConditions): Promise<number> {
    const conditions = conditionsOf(filter);
    return (await this.#access.connect()).countInstances(conditions);
  }

  async listIds(filter: InstanceIdFilter, continuationToken: string | undefined): Promise<Page<string>> {
    const { completedFrom, completedTo, runtimeStatus, pageSize } = filter;
    const client = await this.#access.connect();
    const query = { completedTimeFrom: completedFrom, completedTimeTo: completedTo, runtimeStatus, pageSize };
    const page = await client.listInstanceIds({ ...query, continuationToken });
    return { items: page.instanceIds, continuationToken: page.continuationToken };
  }

  async purgeBy(filter: PurgeFilter, options: PurgeOptions): Promise<PurgeResult> {
    const query = purgeQueryOf(filter, this.#access.clock.now());
    return purgeBy(await this.#access.connect(), query, options);
  }

  async purgeIds(target: string | readonly string[], options: PurgeOptions): Promise<PurgeResult> {
    return { deletedInstanceCount: await purgeIds(await this.#access.connect(), target, options) };
  }

  async deleteTaskHub(options: { readonly force?: boolean | undefined }): Promise<void> {
    await (await this.#access.connect()).deleteTaskHub(options);
  }

  show(state: StoredState, { fetchPayloads = true }: GetStateOptions): OrchestrationState {
    const shown = fetchPayloads ? state : { ...state, input: undefined, output: undefined, customStatus: undefined };
    return new OrchestrationState(shown, this.#access.dataConverter);
  }
}

/** What to read of an instance: why it failed is always told. */
function reads({ fetchPayloads = true }: GetStateOptions): GetInstanceOptions {
  return { fetchInput: fetchPayloads, fetchFailure: true };
}

function startTimeOf({ startAt, scheduledStartTime }: StartOptions): Date | undefined {
  if (startAt === undefined || scheduledStartTime === undefined) return startAt ?? scheduledStartTime;
  throw new DurableError("InvalidOption", "'startAt' and 'scheduledStartTime' say the same: give one of them");
}

/** An id that stands for something else gives no result of the kind that is asked for. */
function assertSameOrchestration(existing: StoredState, name: string): Started {
  const { instanceId } = existing;
  if (existing.name.toLowerCase() === name.toLowerCase()) return { instanceId, isNew: false };
  const message = `the instance '${instanceId}' exists already and is one of the orchestration '${existing.name}', not of '${name}'`;
  throw new DurableError("InstanceAlreadyExists", message);
}

/** @returns milliseconds; `undefined` where the hub may choose */
function resolvePollInterval(pollInterval: RunWaitOptions["pollInterval"]): number | undefined {
  if (pollInterval === undefined) return undefined;
  const intervalMs = parseTimeSpan(pollInterval, "'pollInterval'");
  if (intervalMs > 0) return intervalMs;
  throw new DurableError("InvalidOption", `'pollInterval' must be more than zero, but got ${String(pollInterval)}`);
}

function unknownInstance(instanceId: string): DurableError {
  return new DurableError("InstanceNotFound", `there is no instance '${instanceId}'`);
}
