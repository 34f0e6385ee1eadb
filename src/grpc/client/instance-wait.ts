import { status } from "@grpc/grpc-js";
import { DurableError } from "../../core/errors.ts";
import type { WaitForInstanceOptions } from "../../core/orchestration-client.ts";
import type { OrchestrationState } from "../../core/orchestration-state.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import type { Clock } from "../../core/ports.ts";
import { CallFailure, toDurableError } from "../channel/call-failure.ts";
import type { CallOptions } from "../channel/task-hub-channel.ts";

/** One call waits no longer, in milliseconds: a connection that is dead without a sign is noticed by then. */
const maxCallMs = 120_000;
/** Between calls that end before they should, in milliseconds. */
const pauseMs = 1000;
/** A server that was there may be away for so long: it restarts, or is moved. */
const maxAwayMs = 60_000;
/** A call that lasted so long had a server that let it wait, in milliseconds. */
const longCallMs = 10_000;

export interface InstanceWaitOptions {
  /** One call of the service that waits. */
  readonly wait: (options: CallOptions) => Promise<OrchestrationState | undefined>;
  readonly read: () => Promise<OrchestrationState | undefined>;
  readonly clock: Clock;
  /** When the service last answered anything, in milliseconds; absent when it never did. */
  readonly lastAnswered?: number | undefined;
}

/**
 * Waits by calls of the service, as many as it takes: servers, proxies and networks end long ones.
 *
 * @throws DurableError `TaskTimeout`, `Aborted`; what the service says
 */
export async function waitOverCalls(
  instanceId: string,
  until: "started" | "ended",
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitForInstanceOptions,
  { wait, read, clock, lastAnswered = Number.NEGATIVE_INFINITY }: InstanceWaitOptions,
): Promise<OrchestrationState | undefined> {
  const deadline = clock.now() + timeoutMs;
  // A server that has answered before was there when the wait began.
  let lastSeen = lastAnswered === Number.NEGATIVE_INFINITY ? lastAnswered : clock.now();
  for (;;) {
    if (signal?.aborted) throw new DurableError("Aborted", `the wait for '${instanceId}' was ended`);
    const begun = clock.now();
    const leftMs = deadline - begun;
    if (leftMs <= 0) {
      const wish = until === "started" ? "begun" : "ended";
      throw new DurableError("TaskTimeout", `the instance '${instanceId}' has not ${wish} after ${timeoutMs} ms`);
    }
    try {
      const state = await wait({ signal, timeoutMs: Math.min(leftMs, maxCallMs) });
      if (state === undefined || isThere(state, until)) return state;
      lastSeen = clock.now();
    } catch (error) {
      if (signal?.aborted)
        throw new DurableError("Aborted", `the wait for '${instanceId}' was ended`, { cause: error });
      const code = error instanceof CallFailure ? error.code : undefined;
      const now = clock.now();
      if (code === status.DEADLINE_EXCEEDED) {
        lastSeen = now;
        continue;
      }
      // Some servers have no better word for an instance that is not there.
      if ((code === status.NOT_FOUND || code === status.UNKNOWN) && (await read()) === undefined) return undefined;
      // A server that stops says so, and schedulers end the calls of a connection after some hours.
      const wasEnded = error instanceof CallFailure && code === status.CANCELLED && !error.isLocal;
      if (wasEnded && (now - begun >= longCallMs || lastSeen === Number.NEGATIVE_INFINITY)) lastSeen = now;
      const mayReturn = now - lastSeen <= maxAwayMs || now >= deadline;
      if (!(wasEnded || code === status.UNAVAILABLE) || !mayReturn) {
        throw toDurableError(error, `the wait for the instance '${instanceId}'`);
      }
    }
    await clock.sleep(Math.min(pauseMs, Math.max(0, deadline - clock.now())), signal);
  }
}

function isThere({ runtimeStatus }: OrchestrationState, until: "started" | "ended"): boolean {
  return until === "started" ? runtimeStatus !== "Pending" : isTerminalStatus(runtimeStatus);
}
