import { DurableError } from "./errors.ts";
import { assertOptionNames } from "./option-names.ts";
import { parseTimeSpan, type TimeSpanInput } from "./time-span.ts";

/** What ends single instances before they end their process or hold up others. */
export interface WorkerLimits {
  /**
   * What was begun this often and never ended, because it takes its process down with it, is failed instead of begun
   * again: an orchestration with `OrchestrationPoisoned`, an activity with `ActivityPoisoned`, an operation of an entity
   * with `EntityOperationPoisoned`. @defaultValue 10
   */
  readonly maxUnfinishedRuns?: number | undefined;
  /** An orchestration with so many history events fails with `HistoryTooLong`. @defaultValue 200,000 */
  readonly maxHistoryEvents?: number | undefined;
  /** An orchestration whose history holds about so many bytes fails likewise. @defaultValue 512 MiB */
  readonly maxHistoryBytes?: number | undefined;
  /** An orchestrator that asks for more at a time fails with `TooManyActions`. @defaultValue 100,000 */
  readonly maxActionsPerEpisode?: number | undefined;
  /**
   * A payload that code hands over and that has more bytes as JSON fails it with `InvalidPayload`. Clients refuse more than
   * 128 MiB at the call, whatever is said here. @defaultValue 128 MiB
   */
  readonly maxPayloadBytes?: number | undefined;
  /**
   * Code that blocks the event loop for so long is interrupted; its process ends, and its instance is failed when it is
   * met again. For orchestrators and entities 20 seconds count if this is longer, because they could not commit any more.
   * 0 only tells which code it is. @defaultValue 0, and one minute for `durable start`
   */
  readonly maxBlockedTime?: TimeSpanInput | undefined;
  /**
   * What becomes of an orchestration or activity whose name this worker does not have: `wait` leaves it to others for
   * {@link unknownNameGrace}, `fail` fails it at once. Entities always wait.
   * @defaultValue "wait"; in memory, in Functions apps and for `durable start` "fail"
   */
  readonly unknownNames?: "wait" | "fail" | undefined;
  /** @defaultValue one minute */
  readonly unknownNameGrace?: TimeSpanInput | undefined;
}

/** {@link WorkerLimits}, checked and complete but for the defaults of the engine. Times are in milliseconds. */
export interface ResolvedWorkerLimits {
  readonly maxUnfinishedRuns?: number;
  readonly maxHistoryEvents?: number;
  readonly maxHistoryBytes?: number;
  readonly maxPayloadBytes?: number;
  readonly maxActions: number | undefined;
  readonly maxBlockedMs: number;
  /** 0 to fail at once. */
  readonly unknownNameGraceMs: number;
}

/** What differs between the places where a worker works. */
export interface WorkerLimitDefaults {
  readonly unknownNames: "wait" | "fail";
  readonly maxBlockedMs: number;
}

const counts = {
  maxUnfinishedRuns: [1, 1000],
  maxHistoryEvents: [10, 100_000_000],
  maxHistoryBytes: [1024, Number.MAX_SAFE_INTEGER],
  maxActionsPerEpisode: [1, 10_000_000],
  maxPayloadBytes: [1024, 512 * 1024 * 1024],
} as const;

const names = [...Object.keys(counts), "maxBlockedTime", "unknownNames", "unknownNameGrace"];
/** The watchdog looks twice a second, and whoever waits for a disk may take as long. */
const leastBlockedMs = 2_000;

/**
 * @param path where the limits are written, for errors. @defaultValue an option
 * @throws DurableError `InvalidOption` that names the limit
 */
export function resolveWorkerLimits(
  limits: WorkerLimits | undefined,
  defaults: WorkerLimitDefaults,
  path?: string,
): ResolvedWorkerLimits {
  const given = limits ?? {};
  const pathOf = (name: string) => (path === undefined ? `'limits.${name}'` : `${path}.${name}`);
  assertOptionNames(given, names, path ?? "'limits'");
  const refuse = (name: string, wanted: string, value: unknown): DurableError => {
    return new DurableError("InvalidOption", `${pathOf(name)} must be ${wanted}, but is ${JSON.stringify(value)}`);
  };
  const count = (name: keyof typeof counts): number | undefined => {
    const value: unknown = given[name];
    if (value === undefined || value === null) return undefined;
    // Overrides of host.json from the environment are text.
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    const [least, most] = counts[name];
    if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
    throw refuse(name, `a whole number from ${least} to ${most}`, value);
  };
  const { maxBlockedTime, unknownNames = defaults.unknownNames, unknownNameGrace = 60_000 } = given;
  const maxBlockedMs =
    maxBlockedTime === undefined ? defaults.maxBlockedMs : parseTimeSpan(maxBlockedTime, pathOf("maxBlockedTime"));
  if (maxBlockedMs !== 0 && maxBlockedMs < leastBlockedMs) {
    throw refuse("maxBlockedTime", `0 or at least ${leastBlockedMs / 1000} seconds`, maxBlockedTime);
  }
  if (unknownNames !== "wait" && unknownNames !== "fail")
    throw refuse("unknownNames", '"wait" or "fail"', unknownNames);
  const graceMs = parseTimeSpan(unknownNameGrace, pathOf("unknownNameGrace"));
  const [maxUnfinishedRuns, maxHistoryEvents] = [count("maxUnfinishedRuns"), count("maxHistoryEvents")];
  const [maxHistoryBytes, maxPayloadBytes] = [count("maxHistoryBytes"), count("maxPayloadBytes")];
  return {
    ...(maxUnfinishedRuns !== undefined && { maxUnfinishedRuns }),
    ...(maxHistoryEvents !== undefined && { maxHistoryEvents }),
    ...(maxHistoryBytes !== undefined && { maxHistoryBytes }),
    ...(maxPayloadBytes !== undefined && { maxPayloadBytes }),
    maxActions: count("maxActionsPerEpisode"),
    maxBlockedMs,
    unknownNameGraceMs: unknownNames === "wait" ? graceMs : 0,
  };
}
