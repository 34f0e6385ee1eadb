import type { Clock } from "../core/ports.ts";
import type { Backend } from "./backend.ts";
import { type ActivityRequest, type Cancellation, cancellationOf, type InstanceProgress } from "./wanted-activities.ts";

export interface RunningActivitiesOptions {
  readonly backend: Pick<Backend, "readInstanceProgress">;
  readonly clock: Clock;
  /** A look at an instance has failed; it is tried again with the next renewal. */
  readonly onLookFailed: (instanceId: string, error: unknown) => void;
}

/** An activity that runs in this process. */
export interface RunningActivity {
  readonly request: ActivityRequest;
  /** Set once nobody wants it. */
  cancellation: Cancellation | undefined;
  /** Called once. */
  readonly cancel: (cancellation: Cancellation) => void;
}

interface WatchedInstance {
  readonly running: Set<RunningActivity>;
  /** A row of it was seen. */
  hadRow: boolean;
  /** The look that is under way, or was the last. */
  look: Promise<void>;
  lookedAt: number;
}

/**
 * The activities that run in this process, by instance, and who of them is still wanted.
 *
 * W1. What this process commits is known at once, and costs nothing. What other workers commit is read from the row of the
 *     instance, not more often than asked for: one read for all activities of an instance.
 * W2. Each is cancelled at most once, and not after it has ended.
 */
export class RunningActivities {
  readonly #options: RunningActivitiesOptions;
  readonly #instances = new Map<string, WatchedInstance>();

  constructor(options: RunningActivitiesOptions) {
    this.#options = options;
  }

  /** @returns to be called when it has ended */
  add(activity: RunningActivity): () => void {
    const { instanceId } = activity.request.instance;
    const watched = this.#instances.get(instanceId) ?? {
      running: new Set(),
      hadRow: false,
      look: Promise.resolve(),
      lookedAt: Number.NEGATIVE_INFINITY,
    };
    this.#instances.set(instanceId, watched);
    watched.running.add(activity);
    return () => {
      watched.running.delete(activity);
      if (watched.running.size === 0) this.#instances.delete(instanceId);
    };
  }

  /** Some activity of the instance runs here. */
  has(instanceId: string): boolean {
    return this.#instances.has(instanceId);
  }

  /** Cancels what is not wanted any more. @param progress `undefined` when the instance has no row */
  tell(instanceId: string, progress: InstanceProgress | undefined): void {
    const watched = this.#instances.get(instanceId);
    if (watched === undefined) return;
    for (const activity of watched.running) {
      if (activity.cancellation !== undefined) continue; // W2
      activity.cancellation = cancellationOf(activity.request, progress, watched.hadRow, this.#options.clock.now());
      if (activity.cancellation !== undefined) activity.cancel(activity.cancellation);
    }
  }

  /**
   * Reads how far the instance has come, unless that was done less than `maxAgeMs` ago. Never rejects: who cannot be asked
   * has cancelled nothing.
   */
  look(instanceId: string, maxAgeMs: number): Promise<void> {
    const watched = this.#instances.get(instanceId);
    if (watched === undefined) return Promise.resolve();
    const now = this.#options.clock.now();
    if (now - watched.lookedAt < maxAgeMs) return watched.look; // W1
    watched.lookedAt = now;
    watched.look = this.#read(instanceId);
    return watched.look;
  }

  async #read(instanceId: string): Promise<void> {
    try {
      const progress = await this.#options.backend.readInstanceProgress(instanceId);
      this.tell(instanceId, progress);
      const watched = this.#instances.get(instanceId);
      if (watched !== undefined && progress !== undefined) watched.hadRow = true;
    } catch (error) {
      this.#options.onLookFailed(instanceId, error);
    }
  }
}
