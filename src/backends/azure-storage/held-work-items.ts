import { DurableError } from "../../core/errors.ts";
import type { ActivityWorkItem, OrchestrationWorkItem } from "../../engine/backend.ts";
import type { HeldDelivery, HeldMessage } from "./messaging/held-message.ts";

/** Messages of one instance that this worker holds. */
export class HeldOrchestration implements OrchestrationWorkItem {
  readonly instanceId: string;
  readonly messages: readonly HeldDelivery[];
  readonly renewIntervalMs: number;
  isSettled = false;
  /** Its instance may be taken again. */
  isReleased = false;

  constructor(messages: readonly HeldDelivery[], renewIntervalMs: number) {
    this.instanceId = messages[0]!.instanceId;
    this.messages = messages;
    this.renewIntervalMs = renewIntervalMs;
  }

  get isFirstOfInstance(): boolean {
    return this.messages.some(({ isFirstOfInstance }) => isFirstOfInstance === true);
  }

  get unfinishedRuns(): number {
    return Math.max(...this.messages.map(({ unfinishedRuns }) => unfinishedRuns));
  }
}

/** A request for an activity that this worker holds. */
export class HeldActivity implements ActivityWorkItem {
  readonly delivered: HeldMessage;
  /** As it was fetched. */
  readonly lastHeartbeat: string | undefined;
  readonly renewIntervalMs: number;
  /** By this machine's clock. */
  renewedAt: number;
  isSettled = false;

  readonly #visibilityTimeoutMs: number;

  constructor(
    delivered: HeldMessage,
    {
      renewIntervalMs,
      visibilityTimeoutMs,
    }: { readonly renewIntervalMs: number; readonly visibilityTimeoutMs: number },
    now: number,
  ) {
    this.#visibilityTimeoutMs = visibilityTimeoutMs;
    this.delivered = delivered;
    this.lastHeartbeat = delivered.lastHeartbeat;
    this.renewIntervalMs = renewIntervalMs;
    this.renewedAt = now;
  }

  get unfinishedRuns(): number {
    return this.delivered.unfinishedRuns;
  }

  get mayHaveRun(): boolean {
    return this.delivered.mayHaveRun(this.#visibilityTimeoutMs);
  }
}

/** @throws DurableError `InternalError` for a work item of another backend */
export function asOrchestration(workItem: OrchestrationWorkItem): HeldOrchestration {
  if (workItem instanceof HeldOrchestration) return workItem;
  throw new DurableError("InternalError", "the work item was not fetched from this backend");
}

/** @throws DurableError `InternalError` for a work item of another backend */
export function asActivity(workItem: ActivityWorkItem): HeldActivity {
  if (workItem instanceof HeldActivity) return workItem;
  throw new DurableError("InternalError", "the work item was not fetched from this backend");
}

/** What is lost to another worker is for that one to have, however often it was delivered, within milliseconds. */
export const maxLostDelayMs = 2_000;

export function lockLost(instanceId: string, reason: string): DurableError {
  return new DurableError("WorkItemLockLost", `${instanceId} is not held any more: ${reason}`);
}
