import type { IdentityStorage } from "../backends/azure-storage/storage/identity-connection.ts";
import type { PayloadStore } from "../core/payloads/payload-store.ts";

/**
 * Blobs of a storage account for payloads that are too large for a message: one with a connection string, or one that is
 * opened by an identity.
 */
export interface LargePayloadOptions extends IdentityStorage {
  /** Of the account. One of this and what {@link IdentityStorage} has. */
  readonly connectionString?: string | undefined;
  /** @defaultValue `durabletask-payloads`, as with the SDKs of other languages */
  readonly container?: string | undefined;
  /** Texts from so many bytes on go there. @defaultValue 262 144 */
  readonly thresholdBytes?: number | undefined;
}

/** A store of one's own is taken as it is. @throws DurableError `InvalidOption` */
export async function openPayloadStore(option: LargePayloadOptions | PayloadStore): Promise<PayloadStore> {
  if ("upload" in option) return option;
  const { createBlobPayloadStore } = await import("../backends/azure-storage/payload-store.ts");
  return createBlobPayloadStore(option);
}
