import { conditionsOf } from "../client/instance-filter.ts";
import { DurableError } from "../core/errors.ts";
import type { OrchestrationClient, PurgeManyOptions } from "../core/orchestration-client.ts";
import type { Clock } from "../core/ports.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import type {
  OrchestrationFilter,
  PurgeHistoryByOptions,
  PurgeHistoryResult,
  PurgeOlderThanOptions,
} from "./instance-filters.ts";

type Conditions = ReturnType<typeof conditionsOf>;

/** What a client does with many instances at a time, and with the hub as a whole. */
export class InstanceAdmin {
  readonly #client: OrchestrationClient;
  readonly #clock: Clock;

  constructor(client: OrchestrationClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async purgeBy(filter: OrchestrationFilter, options?: PurgeHistoryByOptions): Promise<PurgeHistoryResult> {
    const query = purgeConditionsOf(filter);
    if (options === undefined) return { instancesDeleted: await this.#client.purgeBy(query) };
    return this.#purgeMany(query, options);
  }

  async purgeOlderThan(age: TimeSpanInput, options: PurgeOlderThanOptions): Promise<PurgeHistoryResult> {
    const { runtimeStatus, instanceIdPrefix, name } = options;
    const completedTimeTo = new Date(this.#clock.now() - parseTimeSpan(age, "'age'"));
    return this.#purgeMany(conditionsOf({ completedTimeTo, runtimeStatus, instanceIdPrefix, name }), options);
  }

  async #purgeMany(query: Conditions, options: PurgeHistoryByOptions): Promise<PurgeHistoryResult> {
    const asked = { ...query, recursive: options.recursive };
    const { deletedCount, ...rest } = await this.#client.purgeMany(asked, purgeLimitsOf(options));
    return { instancesDeleted: deletedCount, ...rest };
  }
}

/** @throws DurableError `InvalidOption`, also for a filter without any condition */
function purgeConditionsOf(filter: OrchestrationFilter): Conditions {
  const conditions = conditionsOf(filter);
  const { runtimeStatus, tags, ...others } = conditions;
  const isGiven = Object.values(others).some((value) => value !== undefined && value !== "");
  if (isGiven || runtimeStatus?.length || Object.keys(tags ?? {}).length > 0) return conditions;
  throw new DurableError("InvalidOption", "purgeInstanceHistoryBy needs a time or a status to select instances by");
}

/** @throws DurableError `InvalidOption` */
function purgeLimitsOf(options: PurgeHistoryByOptions): PurgeManyOptions {
  const { timeout, maxInstances, signal, continuationToken, onProgress } = options;
  return {
    maxInstances,
    signal,
    continuationToken,
    timeoutMs: timeout === undefined ? undefined : parseTimeSpan(timeout, "'timeout'"),
    onProgress: onProgress && (({ deletedCount }) => onProgress({ instancesDeleted: deletedCount })),
  };
}
