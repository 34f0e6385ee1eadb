import { DurableError } from "./errors.ts";
import type { FailureDetails } from "./failure-details.ts";

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

/** A property of a failure, by which its orchestration hands the details on to the next attempt. */
const property = "durable.lastHeartbeat";

/** The failure of an activity whose last heartbeat had these details, JSON text. */
export function withLastHeartbeat(failure: FailureDetails, details: string | undefined): FailureDetails {
  return details === undefined ? failure : { ...failure, properties: { ...failure.properties, [property]: details } };
}

/** Undoes {@link withLastHeartbeat}; `undefined` for any other failure. */
export function lastHeartbeatOf({ properties }: FailureDetails): string | undefined {
  if (properties === undefined || !Object.hasOwn(properties, property)) return undefined;
  const details = properties[property];
  return typeof details === "string" ? details : undefined;
}
