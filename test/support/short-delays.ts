import type { StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";

/** Delays of messages that are given back, which double with each delivery, are a second; locks keep their times. */
export function withShortDelays(transport: StorageTransport): StorageTransport {
  const isDelay = (ms: number) => ms >= 2000 && Number.isInteger(Math.log2(ms / 1000));
  return (request, context) =>
    transport(
      request.kind === "queue.update" && isDelay(request.visibilityTimeoutMs)
        ? { ...request, visibilityTimeoutMs: 1000 }
        : request,
      context,
    );
}
