import { DurableError, isDurableError } from "../../core/errors.ts";
import { assertKnownInstanceId } from "../../core/ids.ts";
import { assertConditions } from "../../core/instance-conditions.ts";
import type {
  PurgeInstanceOptions,
  PurgeManyOptions,
  PurgeQuery,
  PurgeSummary,
} from "../../core/orchestration-client.ts";
import type { InstancePage, InstanceQuery, OrchestrationState } from "../../core/orchestration-state.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import type { Clock } from "../../core/ports.ts";
import { endedStatuses, purgeMany } from "../../engine/purge-many.ts";
import { toWireStatus } from "../codec/statuses.ts";
import { toTimestamp } from "../codec/times.ts";
import type { UnaryCall } from "./unary-call.ts";

export interface InstancePurgesOptions {
  readonly call: UnaryCall;
  readonly clock: Clock;
  readonly getInstance: (instanceId: string) => Promise<OrchestrationState | undefined>;
  readonly queryInstances: (query: InstanceQuery) => Promise<InstancePage>;
}

/** What the filter of the protocol knows. */
const filtered: ReadonlySet<string> = new Set(["runtimeStatus", "createdTimeFrom", "createdTimeTo", "recursive"]);

/** Purges over the protocol. Servers delete what has ended, and count what has not as nothing. */
export class InstancePurges {
  readonly #options: InstancePurgesOptions;

  constructor(options: InstancePurgesOptions) {
    this.#options = options;
  }

  /** @throws DurableError `InstanceNotActive` for what has not ended, which the protocol cannot force */
  async one(instanceId: string, { recursive = false, force = false }: PurgeInstanceOptions): Promise<number> {
    assertKnownInstanceId(instanceId);
    const deleted = await this.#purge(instanceId, recursive);
    if (deleted > 0) return deleted;
    const state = await this.#options.getInstance(instanceId);
    if (state === undefined || isTerminalStatus(state.runtimeStatus)) return 0;
    const way = force ? "which a purge over gRPC cannot force: terminate it first" : "terminate it before it is purged";
    throw new DurableError("InstanceNotActive", `the instance '${instanceId}' is ${state.runtimeStatus}; ${way}`);
  }

  /** The server does it alone where it can: limits, and conditions that the protocol does not know, need this side. */
  async many(query: PurgeQuery, options: PurgeManyOptions): Promise<PurgeSummary> {
    assertConditions(query);
    const conditions = Object.entries(query).filter(([, value]) => value !== undefined);
    const isPlain =
      conditions.every(([name]) => filtered.has(name)) && Object.values(options).every((it) => it === undefined);
    if (isPlain) return { deletedCount: await this.#byFilter(query), isComplete: true, continuationToken: undefined };
    return await purgeMany(query, options, {
      clock: this.#options.clock,
      queryInstances: this.#options.queryInstances,
      purge: ({ instanceId }, recursive) => this.#purge(instanceId, recursive),
    });
  }

  async #purge(instanceId: string, recursive: boolean): Promise<number> {
    const request = { request: { case: "instanceId", value: instanceId }, recursive, isOrchestration: true } as const;
    try {
      const purged = await this.#options.call("purgeInstances", request, `the purge of '${instanceId}'`);
      return purged.deletedInstanceCount;
    } catch (error) {
      if (isDurableError(error, "InstanceNotFound")) return 0;
      throw error;
    }
  }

  async #byFilter({ createdTimeFrom, createdTimeTo, runtimeStatus: asked, recursive }: PurgeQuery): Promise<number> {
    const runtimeStatus = endedStatuses(asked);
    if (runtimeStatus.length === 0) return 0;
    const filter = {
      createdTimeFrom: createdTimeFrom && toTimestamp(createdTimeFrom),
      createdTimeTo: createdTimeTo && toTimestamp(createdTimeTo),
      runtimeStatus: runtimeStatus.map(toWireStatus),
    };
    const request = { request: { case: "purgeInstanceFilter", value: filter }, recursive: recursive === true } as const;
    let purged = 0;
    for (;;) {
      const page = await this.#options.call("purgeInstances", request, "the purge of instances");
      purged += page.deletedInstanceCount;
      // A server that was not done and has deleted nothing would never be.
      if (page.isComplete !== false || page.deletedInstanceCount === 0) return purged;
    }
  }
}
