import { DurableError } from "../core/errors.ts";

/**
 * Refuses to start what nobody runs, as the official extension does. Names are compared ignoring case, as registries do.
 *
 * @param known absent when other workers may run more
 * @throws DurableError `OrchestratorNotRegistered`
 */
export function assertKnownOrchestration(name: string, known: readonly string[] | undefined): void {
  if (known === undefined || known.some((other) => other.toLowerCase() === name.toLowerCase())) return;
  const names = known.length === 0 ? "none is registered" : `registered are '${known.join("', '")}'`;
  throw new DurableError("OrchestratorNotRegistered", `there is no orchestration named '${name}'; ${names}`);
}
