import type { RecordPatch } from "../../core/orchestrator-action.ts";
import type { OrchestratorActionInit, WireAction } from "./wire-types.ts";

/** Property of a request with which a server says that it keeps the marks of `patched`: an extension of ours. */
export const patchesProperty = "durable.patches";

/**
 * Name of the event by which a worker of this package asks a server of this package to record a patch: a name that no
 * user can send. It goes to no instance.
 */
const recordPatchEventName = "BuiltIn__RecordPatch";

export function toWirePatch({ id, patchId }: RecordPatch): OrchestratorActionInit {
  return { id, orchestratorActionType: { case: "sendEvent", value: { name: recordPatchEventName, data: patchId } } };
}

/** `undefined` for what records no patch. */
export function fromWirePatch({ id, orchestratorActionType }: WireAction): RecordPatch | undefined {
  if (id !== -1 || orchestratorActionType.case !== "sendEvent") return undefined;
  const { instance, name, data } = orchestratorActionType.value;
  if (instance !== undefined || name !== recordPatchEventName || data === undefined) return undefined;
  return { kind: "RecordPatch", id: -1, patchId: data };
}
