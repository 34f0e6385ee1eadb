import { DurableError, isDurableError } from "../core/errors.ts";
import type { StartInstanceOptions } from "../core/orchestration-client.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";
import { defaultReusableStatuses } from "../core/reusable-statuses.ts";
import { waitForInstance } from "../core/wait-for-instance.ts";

/** How long a start waits for the instance to end that it replaces, in milliseconds. */
const endTimeoutMs = 60_000;

/**
 * Finds the instance that a new one of its id replaces. One that has not ended is terminated, and waited for.
 *
 * @returns `undefined` when there is none
 * @throws DurableError `InstanceAlreadyExists` for one that must not be replaced; `TaskTimeout` when it does not end;
 * `Aborted`
 */
export async function findReplaceable(
  instanceId: string,
  { reusableStatuses = defaultReusableStatuses, signal }: StartInstanceOptions,
  {
    read,
    terminate,
    clock,
  }: {
    readonly read: () => Promise<OrchestrationState | undefined>;
    readonly terminate: (reason: string) => Promise<void>;
    readonly clock: Clock;
  },
): Promise<OrchestrationState | undefined> {
  let existing = await read();
  const isReusable = () => existing === undefined || reusableStatuses.includes(existing.runtimeStatus);
  if (existing !== undefined && isReusable() && !isTerminalStatus(existing.runtimeStatus)) {
    await terminate("replaced by a new instance");
    existing = await waitForEnd(instanceId, signal, { read, clock });
  }
  if (isReusable()) return existing;
  throw new DurableError(
    "InstanceAlreadyExists",
    `an instance '${instanceId}' exists already and is ${existing!.runtimeStatus}; choose another id, or wait until it has ended`,
  );
}

async function waitForEnd(
  instanceId: string,
  signal: AbortSignal | undefined,
  look: Parameters<typeof waitForInstance>[3],
): Promise<OrchestrationState | undefined> {
  try {
    return await waitForInstance(instanceId, "ended", { timeoutMs: endTimeoutMs, signal }, look);
  } catch (error) {
    if (!isDurableError(error, "TaskTimeout")) throw error;
    const message = `the instance '${instanceId}', which is to be replaced, was terminated and has not ended after ${endTimeoutMs / 1000} s: it ends once a worker runs`;
    throw new DurableError("TaskTimeout", message, { cause: error });
  }
}
