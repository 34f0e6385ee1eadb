import { nameBasedGuid } from "../../core/name-based-guid.ts";

/**
 * UUID version 5 of `{instanceId}_{executionId}_{time, ISO 8601}_{counter}`: the same in every replay. The other SDKs
 * leave the execution out, so that two executions of one instance in one millisecond get the same GUIDs.
 */
export function deterministicGuid(instanceId: string, executionId: string, time: Date, counter: number): string {
  return nameBasedGuid(`${instanceId}_${executionId}_${time.toISOString()}_${counter}`);
}
