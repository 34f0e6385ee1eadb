import type {
  StorageFailure,
  StorageRequest,
  StorageTransport,
} from "../backends/azure-storage/storage/storage-request.ts";

/** A scripted misfortune at the storage seam. */
export interface StorageFault {
  readonly matches: (request: StorageRequest) => boolean;
  /** Counted from 1 among the requests that match. */
  readonly nth: number;
  /** How many requests in a row from the nth on meet it. @defaultValue 1 */
  readonly times?: number;
  /** `before`: the request never reached the service. `after`: it was done, and the answer got lost. */
  readonly when: "before" | "after";
  /** `false` for a failure that no retry heals. @defaultValue true */
  readonly transient?: boolean;
  /** The service answers that it is too busy, so that it has surely done nothing. @defaultValue no answer comes */
  readonly isBusy?: boolean;
}

/** Makes chosen requests fail. Belongs under the retries, so that they are tested too. */
export function withFaults(transport: StorageTransport, faults: readonly StorageFault[]): StorageTransport {
  const seen = new Map<StorageFault, number>();
  return async (request, context) => {
    let hit: StorageFault | undefined;
    for (const fault of faults) {
      if (!fault.matches(request)) continue;
      const count = (seen.get(fault) ?? 0) + 1;
      seen.set(fault, count);
      if (count >= fault.nth && count < fault.nth + (fault.times ?? 1)) hit ??= fault;
    }
    if (hit === undefined) return transport(request, context);
    if (hit.when === "after") await transport(request, context);
    return { outcome: "failed", failure: scriptedFailure(hit) };
  };
}

function scriptedFailure(fault: StorageFault): StorageFailure {
  return {
    httpStatus: fault.isBusy === true ? 503 : undefined,
    errorCode: "ScriptedFault",
    message: `fault ${fault.when} the request`,
    host: "fault:0",
    transient: fault.transient ?? true,
    answerLost: fault.isBusy !== true,
    retryAfterMs: undefined,
    cause: undefined,
  };
}
