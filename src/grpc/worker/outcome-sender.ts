import { status } from "@grpc/grpc-js";
import type { Clock, Random } from "../../core/ports.ts";
import { CallFailure, type TaskHubChannel } from "../channel/task-hub-channel.ts";
import type { RequestInit } from "../service/service-definition.ts";
import { maxSendAttempts, retryDelay } from "./back-off.ts";
import type { Work } from "./work.ts";

type OutcomeMethod =
  | "completeOrchestratorTask"
  | "completeActivityTask"
  | "completeEntityTask"
  | "abandonTaskOrchestratorWorkItem"
  | "abandonTaskActivityWorkItem"
  | "abandonTaskEntityWorkItem";

/** What a server is told of a work item. */
export type Outcome = {
  [Method in OutcomeMethod]: { readonly method: Method; readonly request: RequestInit<Method> };
}[OutcomeMethod];

export interface OutcomeSenderOptions {
  /** The connection of now: it changes while an outcome waits for its next attempt. */
  readonly channel: () => TaskHubChannel | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Gives up what is under way and tries nothing again. */
  readonly signal: AbortSignal;
}

const attemptTimeoutMs = 60_000;

/** What may be over by the next attempt. The server may have heard this one: it takes an outcome once. */
const passing: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.INTERNAL,
]);

/** Tells the server, over whatever connection there is. */
export class OutcomeSender {
  readonly #options: OutcomeSenderOptions;

  constructor(options: OutcomeSenderOptions) {
    this.#options = options;
  }

  /**
   * Ten attempts, about a minute. They go on over the next connection when theirs is lost.
   *
   * @throws CallFailure of the last attempt; `NOT_FOUND` when the server has given the work to somebody else
   */
  async send({ method, request }: Outcome): Promise<void> {
    const { clock, random, signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const channel = this.#options.channel();
      try {
        if (channel === undefined) throw new Error("there is no connection");
        await channel.unary<OutcomeMethod>(method, request, { signal, timeoutMs: attemptTimeoutMs });
        return;
      } catch (error) {
        const isReplaced = channel !== this.#options.channel();
        if (signal.aborted || attempt >= maxSendAttempts || !(isReplaced || isPassing(error))) throw error;
      }
      await clock.sleep(retryDelay(attempt, random), signal);
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof CallFailure && passing.has(error.code);
}

/** Gives work back, so that it runs again, elsewhere or later. */
export function abandonmentOf({ kind, completionToken }: Work): Outcome {
  const request = { completionToken };
  switch (kind) {
    case "orchestration":
      return { method: "abandonTaskOrchestratorWorkItem", request };
    case "activity":
      return { method: "abandonTaskActivityWorkItem", request };
    case "entity":
      return { method: "abandonTaskEntityWorkItem", request };
  }
}
