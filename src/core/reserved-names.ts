import { DurableError } from "./errors.ts";

/** Name of the orchestration that makes one durable HTTP call, with its polls. */
export const httpPollOrchestratorName = "BuiltIn__HttpPollOrchestrator";
/** Name of the activity that sends one HTTP request. */
export const httpActivityName = "BuiltIn__HttpActivity";

/** Name of the orchestration that calls an entity for a client, which has nowhere to wait for an answer. */
export const callEntityOrchestratorName = "BuiltIn__CallEntity";

/** Event that wakes an execution which must be failed. No code can wait for it, and replay passes it by. */
export const wakeEventName = "BuiltIn__Wake";

/**
 * `true` for names of functions and events that belong to this package, whatever their case: they start with `BuiltIn__`
 * or `BuiltIn::`.
 */
export function isReservedName(name: string): boolean {
  return (name.startsWith("__", 7) || name.startsWith("::", 7)) && name.slice(0, 7).toLowerCase() === "builtin";
}

/**
 * Refuses what must not be started, called or raised from outside: whoever could start the HTTP poller by name would
 * send requests, with tokens, from inside the app's network.
 *
 * @throws DurableError `InvalidOption`
 */
export function assertNotReserved(name: string, what: string): void {
  if (!isReservedName(name)) return;
  throw new DurableError("InvalidOption", `${what} '${name}' is reserved: names that start with 'BuiltIn__' are ours`);
}
