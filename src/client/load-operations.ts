import type { Quarantine } from "../core/quarantine.ts";
import type { ClientAccess } from "./client-access.ts";
import type { ClientOperations } from "./client-operations.ts";

let loading: Promise<typeof import("./client-operations.ts")> | undefined;

/** Loads what does the work of clients, once in a process: where time stands still, before anybody waits. */
export function preloadOperations(): Promise<typeof import("./client-operations.ts")> {
  loading ??= import("./client-operations.ts");
  return loading;
}

/** The operations of one client, made by the first call. */
export function loadOperations(access: ClientAccess): () => Promise<ClientOperations> {
  let made: ClientOperations | undefined;
  return async () => {
    made ??= (await preloadOperations()).createClientOperations(access);
    return made;
  };
}

/** The quarantine of a hub, which is opened when it is asked for the first time. */
export function loadQuarantine(access: ClientAccess): Quarantine {
  const load = async () => {
    const [{ requireQuarantine }, client] = await Promise.all([import("../core/quarantine.ts"), access.connect()]);
    return requireQuarantine(client);
  };
  return {
    list: async (query) => (await load()).list(query),
    get: async (id) => (await load()).get(id),
    requeue: async (id) => (await load()).requeue(id),
    drop: async (id) => (await load()).drop(id),
  };
}
