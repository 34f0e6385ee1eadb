import type { Azurite } from "./azurite.ts";

/** Where a sidecar under test keeps its hub. */
export type SidecarStore = { readonly kind: "memory" } | { readonly kind: "azurite"; readonly azurite: Azurite };

/** Our sidecar, listening in this process. */
export interface RunningSidecar {
  /** Host and port, for a client without TLS. */
  readonly address: string;
  /** Stops listening and working; the hub stays. Repeatable. */
  stop(): Promise<void>;
  /** Listens again, on the same port, over the same hub. */
  start(): Promise<void>;
}

export async function openSidecar(_options: { store?: SidecarStore; port?: number } = {}): Promise<RunningSidecar> {
  throw new Error("There is no sidecar yet");
}
