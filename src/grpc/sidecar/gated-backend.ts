import { linkSignals } from "../../core/linked-signal.ts";
import type { TaskMessage } from "../../core/task-message.ts";
import type {
  ActivityWorkItem,
  Backend,
  CheckpointReceipt,
  LoadedHistory,
  OrchestrationCheckpoint,
  OrchestrationWorkItem,
  RunNote,
} from "../../engine/backend.ts";
import type { InstanceProgress } from "../../engine/wanted-activities.ts";
import type { WorkKind } from "./work-item-filter.ts";
import type { WorkerQueue } from "./worker-queue.ts";

/**
 * A backend that hands out work only while a worker is connected that has room for it: without one, work stays where it
 * is, for other processes to take.
 */
export class GatedBackend implements Backend {
  readonly #backend: Backend;
  readonly #gate: Pick<WorkerQueue, "room" | "waitForRoom" | "whenInterrupted">;

  constructor(backend: Backend, gate: Pick<WorkerQueue, "room" | "waitForRoom" | "whenInterrupted">) {
    this.#backend = backend;
    this.#gate = gate;
  }

  get taskHub(): string {
    return this.#backend.taskHub;
  }

  start(): Promise<void> {
    return this.#backend.start();
  }

  beginStop(): void {
    this.#backend.beginStop?.();
  }

  stop(): Promise<void> {
    return this.#backend.stop();
  }

  fetchOrchestrationWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    return this.#fetch("orchestration", signal, (open) => this.#backend.fetchOrchestrationWorkItem(open));
  }

  fetchEntityWorkItem(signal: AbortSignal): Promise<OrchestrationWorkItem | undefined> {
    return this.#fetch("entity", signal, (open) => this.#backend.fetchEntityWorkItem(open));
  }

  fetchActivityWorkItem(signal: AbortSignal, demand: () => number = () => 1): Promise<ActivityWorkItem | undefined> {
    const wanted = () => Math.min(demand(), Math.max(1, this.#gate.room("activity")));
    return this.#fetch("activity", signal, (open) => this.#backend.fetchActivityWorkItem(open, wanted));
  }

  noteRun(workItem: OrchestrationWorkItem | ActivityWorkItem, note: RunNote): Promise<void> {
    return this.#backend.noteRun(workItem, note);
  }

  loadHistory(workItem: OrchestrationWorkItem): Promise<LoadedHistory> {
    return this.#backend.loadHistory(workItem);
  }

  renewOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    return this.#backend.renewOrchestrationWorkItem(workItem);
  }

  completeOrchestrationWorkItem(checkpoint: OrchestrationCheckpoint): Promise<CheckpointReceipt> {
    return this.#backend.completeOrchestrationWorkItem(checkpoint);
  }

  abandonOrchestrationWorkItem(workItem: OrchestrationWorkItem): Promise<void> {
    return this.#backend.abandonOrchestrationWorkItem(workItem);
  }

  renewActivityWorkItem(workItem: ActivityWorkItem, heartbeat?: string): Promise<void> {
    return this.#backend.renewActivityWorkItem(workItem, heartbeat);
  }

  completeActivityWorkItem(workItem: ActivityWorkItem, answer: TaskMessage | undefined): Promise<void> {
    return this.#backend.completeActivityWorkItem(workItem, answer);
  }

  abandonActivityWorkItem(workItem: ActivityWorkItem): Promise<void> {
    return this.#backend.abandonActivityWorkItem(workItem);
  }

  isKeeper(): boolean {
    return this.#backend.isKeeper?.() ?? true;
  }

  readInstanceProgress(instanceId: string): Promise<InstanceProgress | undefined> {
    return this.#backend.readInstanceProgress(instanceId);
  }

  async #fetch<T>(
    kind: WorkKind,
    signal: AbortSignal,
    fetch: (open: AbortSignal) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    while (!signal.aborted) {
      await this.#gate.waitForRoom(kind, signal);
      if (signal.aborted) return undefined;
      // They may have left since.
      if (this.#gate.room(kind) <= 0) continue;
      const open = linkSignals(signal, this.#gate.whenInterrupted());
      try {
        const workItem = await fetch(open.signal);
        if (workItem !== undefined) return workItem;
      } finally {
        open.unlink();
      }
    }
    return undefined;
  }
}
