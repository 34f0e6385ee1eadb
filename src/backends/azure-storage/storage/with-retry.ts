import type { Clock, Random } from "../../../core/ports.ts";
import type { StorageFailure, StorageTransport } from "./storage-request.ts";

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** After this long since the first attempt has failed no other is made. */
  readonly giveUpAfterMs: number;
}

const firstDelayMs = 100;
const maxDelayMs = 5000;

/** Milliseconds before attempt `attempt + 1`, when `attempt` (from 1) has failed. */
function retryDelayMs(attempt: number, failure: StorageFailure, random: number): number {
  const exponential = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1));
  return Math.max(failure.retryAfterMs ?? 0, exponential * (0.5 + random));
}

/**
 * Repeats what failed for reasons that pass.
 *
 * R1. A refusal (`conflict`, `notFound`) after an attempt whose answer was lost says so, because that attempt may be
 *     what it collides with. Whoever can tell its own write reads it as success.
 * R2. Gives up after a bounded time, with the last failure. Neither the time that the first attempt takes counts nor
 *     what it waits for its turn, so that an attempt which hung is repeated too.
 *     Of a failure that is given up, `answerLost` speaks for all attempts.
 * R3. Requests that share a budget are given up together: so long after the last of them was done.
 */
export function withRetry(transport: StorageTransport, options: RetryOptions): StorageTransport {
  const { clock, random, giveUpAfterMs } = options;
  return async (request, context) => {
    const { budget } = context;
    let failedAt: number | undefined;
    let answerLost = false;
    for (let attempt = 1; ; attempt++) {
      const reply = await transport(request, context);
      if (reply.outcome !== "failed" && budget !== undefined) budget.lastDoneAt = clock.now();
      if (reply.outcome === "done") return reply;
      if (reply.outcome !== "failed") return answerLost ? { ...reply, afterLostAnswer: true } : reply; // R1
      failedAt ??= clock.now();
      const giveUpAt = Math.max(failedAt, budget?.lastDoneAt ?? failedAt) + giveUpAfterMs; // R2, R3
      answerLost ||= reply.failure.answerLost;
      const delayMs = retryDelayMs(attempt, reply.failure, random.number());
      const givenUp = { ...reply, failure: { ...reply.failure, answerLost } };
      if (!reply.failure.transient || context.signal?.aborted || clock.now() + delayMs >= giveUpAt) return givenUp;
      await clock.sleep(delayMs, context.signal);
      if (context.signal?.aborted) return givenUp;
    }
  };
}
