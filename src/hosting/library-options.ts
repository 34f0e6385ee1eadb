import { DurableError } from "../core/errors.ts";
import { assertKind, assertOptionNames } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { type RetentionOptions, type RetentionPolicy, resolveRetention } from "../core/retention.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import { type ResolvedWorkerLimits, resolveWorkerLimits, type WorkerLimits } from "../core/worker-limits.ts";
import type { AnyApp } from "../functions/df-app.ts";
import { findHostableApp, type HostableApp } from "../functions/embedded-host.ts";
import {
  type HubLocation,
  hubOptionNames,
  limitDefaultsOn,
  type ResolvedHub,
  resolveConcurrency,
  resolveHub,
  type WorkerConcurrency,
} from "./hub-location.ts";
import type { LogWriter } from "./process-log.ts";

/**
 * How a worker in this process is made.
 *
 * @typeParam Converter the type of {@link StartWorkerOptions.dataConverter}
 */
export interface StartWorkerOptions<Converter extends DataConverter | undefined = DataConverter | undefined>
  extends HubLocation {
  /** What is run. Of several that define a name, the first one serves. */
  readonly apps: readonly AnyApp[];
  /** How much runs at the same time. */
  readonly concurrency?: WorkerConcurrency | undefined;
  /** What ends single instances before they end the process or hold up others. */
  readonly limits?: WorkerLimits | undefined;
  /**
   * Replays each orchestration from its history beside its run, and fails it with `NondeterministicOrchestration` when its
   * code decides otherwise there. For development: orchestrator code runs several times. @defaultValue false
   */
  readonly replayCheck?: boolean | undefined;
  /** Stop at the first SIGTERM or SIGINT. @defaultValue false */
  readonly stopOnSignals?: boolean | undefined;
  /** How long a stop lets running activities finish before their signals abort. @defaultValue 3 seconds */
  readonly stopGrace?: TimeSpanInput | undefined;
  /** How long finished instances are kept. @defaultValue for ever */
  readonly retention?: RetentionOptions | undefined;
  /** Receives what apps and engine log. @defaultValue standard error: user code from `info` up, the rest from `warn` up */
  readonly log?: LogWriter | undefined;
  /** Of `host.client`; apps have their own. @defaultValue plain JSON */
  readonly dataConverter?: Converter | undefined;
}

export interface ResolvedWorker extends ResolvedHub {
  readonly apps: readonly HostableApp[];
  readonly concurrency: WorkerConcurrency;
  readonly limits: ResolvedWorkerLimits;
  readonly replayCheck: boolean;
  readonly stopOnSignals: boolean;
  readonly stopGraceMs: number | undefined;
  readonly retention: RetentionPolicy | undefined;
  readonly log: LogWriter | undefined;
  readonly dataConverter: DataConverter | undefined;
}

const optionNames = [
  "apps",
  ...hubOptionNames,
  "concurrency",
  "limits",
  "replayCheck",
  "stopOnSignals",
  "stopGrace",
  "retention",
  "log",
  "dataConverter",
] as const satisfies readonly (keyof StartWorkerOptions)[];

/** @throws DurableError `InvalidOption` that names the option */
export function resolveStartWorker(options: StartWorkerOptions): ResolvedWorker {
  assertOptionNames(options, optionNames, "startWorker");
  const { apps, concurrency = {}, log, stopOnSignals, stopGrace, retention, replayCheck } = options;
  if (!Array.isArray(apps) || apps.length === 0) throw invalid("'apps' must be a list of one DFApp or more");
  const hub = resolveHub(options);
  assertKind(options.dataConverter, "converter", "'dataConverter'", true);
  if (log !== undefined && typeof log !== "function") throw invalid("'log' must be a function");
  if (stopOnSignals !== undefined && typeof stopOnSignals !== "boolean") {
    throw invalid(`'stopOnSignals' must be true or false, but got ${String(stopOnSignals)}`);
  }
  if (replayCheck !== undefined && typeof replayCheck !== "boolean") {
    throw invalid(`'replayCheck' must be true or false, but got ${String(replayCheck)}`);
  }
  return {
    ...hub,
    apps: (apps as readonly unknown[]).map((app, index) => {
      const hostable = findHostableApp(app);
      if (hostable === undefined) throw invalid(`element ${index} of 'apps' is no DFApp`);
      return hostable;
    }),
    concurrency: resolveConcurrency(concurrency),
    limits: resolveWorkerLimits(options.limits, limitDefaultsOn(hub.storage)),
    replayCheck: replayCheck ?? false,
    stopOnSignals: stopOnSignals ?? false,
    stopGraceMs: stopGrace === undefined ? undefined : parseTimeSpan(stopGrace, "'stopGrace'"),
    retention: retention === undefined ? undefined : resolveRetention(retention, "'retention'"),
    log,
    dataConverter: options.dataConverter,
  };
}

function invalid(message: string): DurableError {
  return new DurableError("InvalidOption", message);
}
