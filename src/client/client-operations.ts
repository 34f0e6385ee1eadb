import type { ClientAccess } from "./client-access.ts";
import { EntityOperations } from "./entity-operations.ts";
import { OrchestrationOperations } from "./orchestration-operations.ts";

/** What does the work of a client. Its verbs load it when the first of them is called: most apps only start a process. */
export interface ClientOperations {
  readonly orchestrations: OrchestrationOperations;
  readonly entities: EntityOperations;
}

export function createClientOperations(access: ClientAccess): ClientOperations {
  return { orchestrations: new OrchestrationOperations(access), entities: new EntityOperations(access) };
}
