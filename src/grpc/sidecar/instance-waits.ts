import { DurableError } from "../../core/errors.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";

interface OpenWait {
  readonly ended: Promise<unknown>;
  readonly stop: AbortController;
  waiters: number;
}

/**
 * Lets any number of calls wait for the same instance by looking at it once: clients of some languages wait without a
 * limit, many at a time.
 */
export class InstanceWaits {
  readonly #client: Pick<OrchestrationClient, "waitForInstance">;
  readonly #open = new Map<string, OpenWait>();

  constructor(client: Pick<OrchestrationClient, "waitForInstance">) {
    this.#client = client;
  }

  /** Resolves once the instance is there, or is unknown. @throws DurableError `Aborted` when `signal` does */
  async until(instanceId: string, until: "started" | "ended", signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw aborted(instanceId);
    const key = `${until}\n${instanceId}`;
    const wait = this.#open.get(key) ?? this.#begin(key, instanceId, until);
    wait.waiters++;
    try {
      await untilAborted(wait.ended, instanceId, signal);
    } finally {
      if (--wait.waiters === 0) {
        wait.stop.abort();
        if (this.#open.get(key) === wait) this.#open.delete(key);
      }
    }
  }

  #begin(key: string, instanceId: string, until: "started" | "ended"): OpenWait {
    const stop = new AbortController();
    const ended = this.#client.waitForInstance(instanceId, until, { signal: stop.signal, fetchInput: false });
    const wait = { ended, stop, waiters: 0 };
    this.#open.set(key, wait);
    // Who comes when it has ended looks anew: the id may be that of another instance by then.
    const remove = () => {
      if (this.#open.get(key) === wait) this.#open.delete(key);
    };
    ended.then(remove, remove);
    return wait;
  }
}

function untilAborted(work: Promise<unknown>, instanceId: string, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(instanceId));
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function aborted(instanceId: string): DurableError {
  return new DurableError("Aborted", `the wait for '${instanceId}' was ended`);
}
