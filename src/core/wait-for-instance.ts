import { DurableError } from "./errors.ts";
import type { WaitForInstanceOptions } from "./orchestration-client.ts";
import type { OrchestrationState } from "./orchestration-state.ts";
import { isTerminalStatus } from "./orchestration-status.ts";
import type { Clock } from "./ports.ts";

const firstPauseMs = 10;
const maxPauseMs = 1_000;
/** Of an instance that this process works on: should it be taken over, nobody tells. */
const toldPauseMs = 5_000;

/** What this process knows of instances because it works on them. */
export interface LocalInstances {
  /**
   * The instance is there and has not ended, and this process works on it: whatever changes is told. A guess, since others
   * may take it over.
   */
  isUnderWay(instanceId: string): boolean;
  /** Resolves once this process has written the instance's row; to `undefined` after `ms` or when `signal` aborts. */
  waitForChange(instanceId: string, ms: number, signal: AbortSignal | undefined): Promise<ToldChange | undefined>;
}

/** What is told of a change of an instance. */
export interface ToldChange {
  /** What a look at the instance would bring that has ended with this change. @defaultValue it has to be looked at */
  readonly ended?: OrchestrationState | undefined;
}

export interface PolledWaitOptions extends WaitForInstanceOptions {
  readonly pollIntervalMs?: number | undefined;
}

export interface InstanceLooks {
  /** Resolves to `undefined` for an unknown instance. @param ended as the instance is known to be, so that nothing is read */
  readonly read: (ended?: OrchestrationState) => Promise<OrchestrationState | undefined>;
  readonly clock: Clock;
  /** Tells of changes, so that nothing is read in between. @defaultValue nobody tells */
  readonly local?: LocalInstances | undefined;
}

/**
 * Looks at an instance until it is there, ever less often: a tenth of the time that was waited so far, at most a second.
 * While this process works on it, it is looked at when it has changed.
 *
 * @param options.pollIntervalMs time between two looks instead
 * @throws DurableError `TaskTimeout`, `Aborted`
 */
export async function waitForInstance(
  instanceId: string,
  until: "started" | "ended",
  { timeoutMs = Number.POSITIVE_INFINITY, signal, pollIntervalMs }: PolledWaitOptions,
  { read, clock, local }: InstanceLooks,
): Promise<OrchestrationState | undefined> {
  const begun = clock.now();
  const isUnderWay = () => local?.isUnderWay(instanceId) === true;
  let state: OrchestrationState | undefined;
  let looks = !isUnderWay();
  let told: ToldChange | undefined;
  for (;;) {
    if (looks) {
      state = await read(told?.ended);
      if (state === undefined || isThere(state, until)) return state;
    }
    looks = true;
    told = undefined;
    if (signal?.aborted) throw new DurableError("Aborted", `the wait for '${instanceId}' was ended`);
    const waitedMs = clock.now() - begun;
    const leftMs = timeoutMs - waitedMs;
    if (leftMs > 0) {
      const pauseMs = pollIntervalMs ?? Math.min(Math.max(firstPauseMs, waitedMs / 10), maxPauseMs);
      if (local === undefined || !isUnderWay()) await clock.sleep(Math.min(pauseMs, leftMs), signal);
      else {
        told = await local.waitForChange(instanceId, Math.min(toldPauseMs, leftMs), signal);
        looks = told === undefined || until === "started" || !isUnderWay();
      }
    } else if (state !== undefined) {
      const message = `the instance '${instanceId}' is still ${state.runtimeStatus} after ${timeoutMs} ms`;
      throw new DurableError("TaskTimeout", message);
    }
  }
}

function isThere({ runtimeStatus }: OrchestrationState, until: "started" | "ended"): boolean {
  return until === "started" ? runtimeStatus !== "Pending" : isTerminalStatus(runtimeStatus);
}
