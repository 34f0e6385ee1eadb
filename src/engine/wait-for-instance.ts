import { DurableError } from "../core/errors.ts";
import type { WaitForInstanceOptions } from "../core/orchestration-client.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";

const firstPauseMs = 10;
const maxPauseMs = 1_000;

/**
 * Looks at an instance until it is there, ever less often: a tenth of the time that was waited so far, at most a second.
 *
 * @param read resolves to `undefined` for an unknown instance
 * @throws DurableError `TaskTimeout`, `Aborted`
 */
export async function waitForInstance(
  instanceId: string,
  until: "started" | "ended",
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitForInstanceOptions,
  { read, clock }: { readonly read: () => Promise<OrchestrationState | undefined>; readonly clock: Clock },
): Promise<OrchestrationState | undefined> {
  const begun = clock.now();
  for (;;) {
    const state = await read();
    if (state === undefined || isThere(state, until)) return state;
    if (signal?.aborted) throw new DurableError("Aborted", `the wait for '${instanceId}' was ended`);
    const waitedMs = clock.now() - begun;
    const leftMs = timeoutMs - waitedMs;
    if (leftMs <= 0) {
      const message = `the instance '${instanceId}' is still ${state.runtimeStatus} after ${timeoutMs} ms`;
      throw new DurableError("TaskTimeout", message);
    }
    const pauseMs = Math.min(Math.max(firstPauseMs, waitedMs / 10), maxPauseMs);
    await clock.sleep(Math.min(pauseMs, leftMs), signal);
  }
}

function isThere({ runtimeStatus }: OrchestrationState, until: "started" | "ended"): boolean {
  return until === "started" ? runtimeStatus !== "Pending" : isTerminalStatus(runtimeStatus);
}
