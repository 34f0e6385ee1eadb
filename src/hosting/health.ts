import type { logEvents } from "../core/log-events.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { EnginePartition } from "../host/durable-engine.ts";

/**
 * `healthy`: works. `degraded`: works on, but storage has failed lately, or the connection is lost. `unhealthy`: takes no
 * work, and will not by itself.
 */
export type HealthStatus = "healthy" | "degraded" | "unhealthy";

/** `starting`: has not started yet, or does so now. */
export type HostState = "starting" | "running" | "stopping" | "stopped" | "failed";

/** How a host in this process is. */
export interface HostHealth {
  /** How it is, in one word. */
  readonly status: HealthStatus;
  /** It takes work: `false` until it has started, and from the moment a stop is asked for. */
  readonly isReady: boolean;
  /** Where it is in its life. */
  readonly state: HostState;
  /** Absent where the server of a worker has one that was not named. */
  readonly taskHub: string | undefined;
  /** The storage or the server, without secrets; absent until it is open. */
  readonly storage: string | undefined;
  /** When its last start was done; absent before. */
  readonly startedAt: Date | undefined;
  /** What last kept all work waiting, if it was within the last minute: an event of LOGS.md. */
  readonly lastError:
    | {
        /** Name of the event. */
        readonly event: string;
        /** When it was written. */
        readonly at: Date;
      }
    | undefined;
  /**
   * The partitions of the task hub that are served here, each with the time at which its queue was last asked for messages.
   * Absent where partitions are no matter of this process: in memory, and where a server has the hub.
   */
  readonly partitions?: readonly EnginePartition[] | undefined;
}

/** How long an error of the engine makes its host degraded. */
const errorAgeMs = 60_000;

/** What keeps all work waiting, and not one instance alone. */
const troubles: ReadonlySet<string> = new Set([
  "OrchestrationFetchFailed",
  "EntityFetchFailed",
  "ActivityFetchFailed",
  "PartitionPassFailed",
  "PartitionNotPolled",
  "AppLeaseHeldByOther",
  "QueueReceiveFailed",
  "MessagesNotSent",
  "EngineStartFailed",
] satisfies (keyof typeof logEvents)[]);

/** Knows how a host is, by what it does and by what its engine logs. */
export class HealthMonitor {
  readonly #clock: Clock;
  readonly #taskHub: string | undefined;
  #state: HostState = "starting";
  #storage: string | undefined;
  #startedAt: Date | undefined;
  #lastError: { readonly event: string; readonly at: Date } | undefined;

  constructor(clock: Clock, taskHub: string | undefined) {
    this.#clock = clock;
    this.#taskHub = taskHub;
  }

  /** A sink that hands everything on to `log`. */
  watch(log: LogSink): LogSink {
    return {
      leastLevel: log.leastLevel,
      log: (level, event, message, fields) => {
        if (troubles.has(event)) this.#lastError = { event, at: new Date(this.#clock.now()) };
        log.log(level, event, message, fields);
      },
    };
  }

  /** For a worker that starts again. */
  isStarting(): void {
    this.#state = "starting";
  }

  hasStarted(storage: string | undefined): void {
    this.#storage = storage;
    this.#startedAt = new Date(this.#clock.now());
    if (this.#state === "starting") this.#state = "running";
  }

  hasFailed(): void {
    if (this.#state === "running") this.#state = "failed";
  }

  isStopping(): void {
    this.#state = "stopping";
  }

  hasStopped(): void {
    this.#state = "stopped";
  }

  /** @param isConnected `false` while a worker waits for its server to come back */
  read(isConnected = true, partitions?: readonly EnginePartition[]): HostHealth {
    const state = this.#state;
    const lastError = this.#recentError();
    const isFine = lastError === undefined && isConnected;
    return {
      status: state !== "running" ? "unhealthy" : isFine ? "healthy" : "degraded",
      isReady: state === "running" && isConnected,
      state,
      taskHub: this.#taskHub,
      storage: this.#storage,
      startedAt: this.#startedAt,
      lastError,
      ...(partitions !== undefined && { partitions }),
    };
  }

  #recentError(): HostHealth["lastError"] {
    const error = this.#lastError;
    return error !== undefined && this.#clock.now() - error.at.getTime() < errorAgeMs ? error : undefined;
  }
}
