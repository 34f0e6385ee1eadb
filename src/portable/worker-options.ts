import { DurableError } from "../core/errors.ts";
import { assertKind, assertOptionNames } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import { resolveVersioning, type VersioningOptions } from "../core/versioning.ts";
import type { WorkerLimits } from "../core/worker-limits.ts";
import type { LogWriter } from "../hosting/process-log.ts";
import type { DurableHttpOptions } from "../worker/durable-http/durable-http-options.ts";

/** How much a worker does at the same time. */
export interface ConcurrencyOptions {
  /** @defaultValue 100, over gRPC 100 for each processor */
  readonly maxConcurrentOrchestrations?: number | undefined;
  /** @defaultValue 20, over gRPC 100 for each processor */
  readonly maxConcurrentActivities?: number | undefined;
  /** Beside the orchestrations. @defaultValue 100, over gRPC 100 for each processor */
  readonly maxConcurrentEntities?: number | undefined;
}

/**
 * What workers of every place take.
 *
 * @typeParam Converter the type of {@link WorkerOptions.dataConverter}: functions read what it brings back
 */
export interface WorkerOptions<Converter extends DataConverter | undefined = DataConverter | undefined> {
  /** How much runs at the same time. */
  readonly concurrency?: ConcurrencyOptions | undefined;
  /** What ends single instances before they end the process. Over gRPC only `maxActionsPerEpisode` counts. */
  readonly limits?: WorkerLimits | undefined;
  /**
   * Replays each orchestration from its history beside its run, and fails it with `NondeterministicOrchestration` when its
   * code decides otherwise there. For development: orchestrator code runs several times. @defaultValue false
   */
  readonly replayCheck?: boolean | undefined;
  /** Which instances this worker runs, by their version. @defaultValue those of every version */
  readonly versioning?: VersioningOptions | undefined;
  /** Turns values into the JSON text that is stored, and back. @defaultValue plain JSON */
  readonly dataConverter?: Converter | undefined;
  /** What `ctx.callHttp` may do. */
  readonly durableHttp?: DurableHttpOptions | undefined;
  /** Stop at the first SIGTERM or SIGINT. @defaultValue false */
  readonly stopOnSignals?: boolean | undefined;
  /** How long a stop lets running activities finish before their signals abort. @defaultValue 3 seconds */
  readonly stopGrace?: TimeSpanInput | undefined;
  /** Receives what functions and worker log. @defaultValue standard error: functions from `info` up, the rest from `warn` up */
  readonly log?: LogWriter | undefined;
}

/** Names of the options of every place. */
export const workerOptionNames: readonly (keyof WorkerOptions)[] = [
  "concurrency",
  "limits",
  "replayCheck",
  "versioning",
  "dataConverter",
  "durableHttp",
  "stopOnSignals",
  "stopGrace",
  "log",
];

const countNames = ["maxConcurrentOrchestrations", "maxConcurrentActivities", "maxConcurrentEntities"] as const;

/** @throws DurableError `InvalidOption` that names the option */
export function resolveWorkerOptions(options: WorkerOptions): {
  readonly concurrency: ConcurrencyOptions;
  readonly versioning: VersioningOptions | undefined;
  readonly stopGraceMs: number | undefined;
} {
  const { concurrency = {}, versioning, stopOnSignals, stopGrace, log, replayCheck } = options;
  assertKind(options.dataConverter, "converter", "'dataConverter'", true);
  if (versioning !== undefined) {
    assertOptionNames(versioning, ["version", "matchStrategy", "failureStrategy"], "'versioning'");
  }
  if (typeof concurrency !== "object" || concurrency === null) throw invalid("'concurrency' must be an object");
  assertOptionNames(concurrency, countNames, "'concurrency'");
  for (const name of countNames) {
    const value: unknown = concurrency[name];
    if (value === undefined || (typeof value === "number" && Number.isInteger(value) && value >= 1)) continue;
    throw invalid(`'concurrency.${name}' must be a whole number of at least 1, but got ${String(value)}`);
  }
  if (log !== undefined && typeof log !== "function") throw invalid("'log' must be a function");
  if (stopOnSignals !== undefined && typeof stopOnSignals !== "boolean") {
    throw invalid(`'stopOnSignals' must be true or false, but got ${String(stopOnSignals)}`);
  }
  if (replayCheck !== undefined && typeof replayCheck !== "boolean") {
    throw invalid(`'replayCheck' must be true or false, but got ${String(replayCheck)}`);
  }
  return {
    concurrency,
    versioning: versioning && resolveVersioning(versioning),
    stopGraceMs: stopGrace === undefined ? undefined : parseTimeSpan(stopGrace, "'stopGrace'"),
  };
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
