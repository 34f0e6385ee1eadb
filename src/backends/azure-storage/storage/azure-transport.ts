import { DurableError, isDurableError, messageOf } from "../../../core/errors.ts";
import { openBlobs } from "./azure-blobs.ts";
import { openQueues } from "./azure-queues.ts";
import { openTables } from "./azure-tables.ts";
import type { StorageConnection } from "./connection-string.ts";
import { describeForeignError, isForeignError } from "./storage-failure.ts";
import type { StorageTransport } from "./storage-request.ts";

/** Azure Storage, or its emulator, through the official SDKs. */
export function createAzureTransport(connection: StorageConnection): StorageTransport {
  const handlers = { ...openQueues(connection), ...openTables(connection), ...openBlobs(connection) };
  const hosts = {
    queue: new URL(connection.queueEndpoint).host,
    table: new URL(connection.tableEndpoint).host,
    blob: new URL(connection.blobEndpoint).host,
  };
  return async (request, { signal }) => {
    const handler = handlers[request.kind] as (request: unknown, signal: AbortSignal) => Promise<unknown>;
    try {
      return { outcome: "done", value: await handler(request, signal ?? new AbortController().signal) };
    } catch (error) {
      if (isDurableError(error)) throw error;
      if (!isForeignError(error)) throw toInternalError(error, request.kind);
      const service = request.kind.slice(0, request.kind.indexOf(".")) as keyof typeof hosts;
      return describeForeignError(error, hosts[service]);
    }
  };
}

function toInternalError(error: unknown, asked: string): DurableError {
  return new DurableError(
    "InternalError",
    `durable-functions-ts failed by itself while it asked storage (${asked}), please report it: ${messageOf(error)}`,
    { cause: error },
  );
}
