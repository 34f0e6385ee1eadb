/** In the order of their numbers. */
const actionTypes = [
  "CallActivity",
  "CallActivityWithRetry",
  "CallSubOrchestrator",
  "CallSubOrchestratorWithRetry",
  "ContinueAsNew",
  "CreateTimer",
  "WaitForExternalEvent",
  "CallEntity",
  "CallHttp",
  "SignalEntity",
  "ScheduledSignalEntity",
  "WhenAny",
  "WhenAll",
  "LockEntities",
  "ReleaseEntities",
] as const;

export type ActionType = (typeof actionTypes)[number];

/** @param value a number, or a name in any case; `undefined` comes back for others */
export function readActionType(value: unknown): ActionType | undefined {
  if (typeof value === "number") return actionTypes[value];
  const name = String(value).toLowerCase();
  return actionTypes.find((type) => type.toLowerCase() === name);
}
