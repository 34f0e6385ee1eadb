import { DurableError } from "../../core/errors.ts";
import type { ActivityWorkItem, DeliveredMessage, OrchestrationWorkItem } from "../../engine/backend.ts";
import type { Hold } from "./message-queue.ts";

export class MemoryOrchestrationWorkItem implements OrchestrationWorkItem {
  readonly instanceId: string;
  readonly messages: readonly DeliveredMessage[];
  readonly unfinishedRuns: number;
  readonly renewIntervalMs: number;
  readonly hold: Hold;
  readonly run: MemoryRun;
  isSettled = false;

  constructor(hold: Hold, renewIntervalMs: number) {
    this.hold = hold;
    this.run = new MemoryRun(hold);
    this.instanceId = hold.key;
    this.messages = hold.delivered;
    this.unfinishedRuns = Math.max(...hold.messages.map((stored) => stored.unfinishedRuns));
    this.renewIntervalMs = renewIntervalMs;
  }

  settle(): void {
    this.isSettled = true;
    this.run.end();
  }
}

export class MemoryActivityWorkItem implements ActivityWorkItem {
  readonly delivered: DeliveredMessage;
  readonly unfinishedRuns: number;
  readonly lastHeartbeat: string | undefined;
  readonly renewIntervalMs: number;
  readonly hold: Hold;
  readonly run: MemoryRun;
  isSettled = false;

  constructor(hold: Hold, renewIntervalMs: number) {
    this.hold = hold;
    this.run = new MemoryRun(hold);
    this.delivered = hold.delivered[0]!;
    this.unfinishedRuns = hold.messages[0]!.unfinishedRuns;
    this.lastHeartbeat = hold.messages[0]!.lastHeartbeat;
    this.renewIntervalMs = renewIntervalMs;
  }

  settle(): void {
    this.isSettled = true;
    this.run.end();
  }
}

/** A run of the code for what a work item holds. */
class MemoryRun {
  readonly #messages: Hold["messages"];
  #hasBegun = false;

  constructor({ messages }: Hold) {
    this.#messages = messages;
  }

  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    for (const stored of this.#messages) stored.unfinishedRuns++;
  }

  /** Whoever says so is there, so the run has not taken it down. */
  end(): void {
    if (!this.#hasBegun) return;
    this.#hasBegun = false;
    for (const stored of this.#messages) stored.unfinishedRuns--;
  }

  markFatal(): void {
    for (const stored of this.#messages) stored.unfinishedRuns = Number.POSITIVE_INFINITY;
  }
}

/** @throws DurableError `InternalError` for a work item of another backend */
export function asOrchestration(workItem: OrchestrationWorkItem): MemoryOrchestrationWorkItem {
  if (workItem instanceof MemoryOrchestrationWorkItem) return workItem;
  throw new DurableError("InternalError", "the work item was not fetched from this backend");
}

/** @throws DurableError `InternalError` for a work item of another backend */
export function asActivity(workItem: ActivityWorkItem): MemoryActivityWorkItem {
  if (workItem instanceof MemoryActivityWorkItem) return workItem;
  throw new DurableError("InternalError", "the work item was not fetched from this backend");
}

/** The error of a work item that is settled, or whose lock has run out. */
export function lockLost(instanceId: string): DurableError {
  return new DurableError("WorkItemLockLost", `a work item of '${instanceId}' is not held any more`);
}

/** As on Azure Storage: 2, 4, 8, ... up to 600 seconds. */
export function retryDelayMs(deliveryCount: number): number {
  return Math.min(2 ** Math.min(deliveryCount, 10), 600) * 1000;
}
