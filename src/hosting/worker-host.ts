import type { DurableClient } from "../functions/durable-client.ts";
import type { HostHealth } from "./health.ts";
import type { HealthHandler, HealthHandlerOptions } from "./health-handler.ts";

/** The apps of a process at work: see `startWorker`. */
export interface WorkerHost<Converter = undefined> extends AsyncDisposable {
  /** Starts and manages instances of the hub; over when the host has stopped. */
  readonly client: DurableClient<Converter>;
  /** Answers `/health`, `/health/live` and `/health/ready`: {@link createHealthHandler} with its defaults. */
  readonly healthHandler: HealthHandler;
  /**
   * Resolves when the host has stopped: by {@link stop}, by a signal, or because its storage is gone for good. Then, and
   * only then, with what to tell about that.
   */
  readonly stopped: Promise<string | undefined>;
  /** How the host is: for readiness and liveness probes. */
  health(): HostHealth;
  /** @throws DurableError `InvalidOption` */
  createHealthHandler(options?: HealthHandlerOptions): HealthHandler;
  /**
   * Takes no more work, lets running activities finish within the grace, hands the rest back, and gives its partitions to
   * others. Never rejects; repeated calls wait for the first.
   */
  stop(): Promise<void>;
}
