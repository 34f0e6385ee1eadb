import { DurableError } from "./errors.ts";

/**
 * What the details of a heartbeat may take, in bytes of their JSON written as a JSON string. They travel in the message
 * that asks for the activity, beside as much as that may hold.
 */
export const maxHeartbeatBytes = 2800;

/** @throws DurableError `InvalidPayload` for details that are too large to be kept */
export function assertHeartbeatSize(details: string | undefined): void {
  const bytes = details === undefined ? 0 : Buffer.byteLength(JSON.stringify(details));
  if (bytes <= maxHeartbeatBytes) return;
  throw new DurableError(
    "InvalidPayload",
    `the details of a heartbeat may take ${maxHeartbeatBytes} bytes as JSON, but these take ${bytes}; keep large progress in a store of your own, and its key here`,
  );
}
