import { DurableError, isDurableError, messageOf } from "../../../core/errors.ts";
import { systemClock, systemEnvironment } from "../../../core/system-ports.ts";
import { openLeanBlobs } from "./lean/lean-blobs.ts";
import { openLeanQueues } from "./lean/lean-queues.ts";
import { openLeanTables } from "./lean/lean-tables.ts";
import { chooseClient, type StorageClientKind } from "./storage-client-kind.ts";
import type { StorageConnection } from "./storage-connection.ts";
import { describeForeignError, isForeignError } from "./storage-failure.ts";
import type { AllStorageHandlers } from "./storage-handlers.ts";
import type { StorageTransport } from "./storage-request.ts";
import { StorageTokens } from "./storage-tokens.ts";

export interface AzureTransportOptions {
  /** The account of tables and blobs, where that is another than the one of queues. */
  readonly tracking?: StorageConnection | undefined;
  /** @defaultValue the variable `DURABLE_STORAGE_CLIENT` of this process, else `"lean"` */
  readonly client?: StorageClientKind | undefined;
  /** Most connections to one service. Known to the lean client only. @defaultValue 128 */
  readonly maxConnections?: number | undefined;
}

/** Azure Storage, or its emulator: through requests of our own, or through the official SDKs. */
export function createAzureTransport(
  connection: StorageConnection,
  { tracking = connection, client, maxConnections = 128 }: AzureTransportOptions = {},
): StorageTransport {
  const forQueues = withTokens(connection);
  const forRest = tracking === connection ? forQueues : withTokens(tracking);
  const hosts = {
    queue: new URL(connection.queueEndpoint).host,
    table: new URL(tracking.tableEndpoint).host,
    blob: new URL(tracking.blobEndpoint).host,
  };
  const tokens = { queue: forQueues.tokens, table: forRest.tokens, blob: forRest.tokens };
  let handlers: AllStorageHandlers | undefined;
  if (chooseClient(client, systemEnvironment) === "lean") {
    handlers = {
      ...openLeanQueues(forQueues.connection, maxConnections),
      ...openLeanTables(forRest.connection, maxConnections),
      ...openLeanBlobs(forRest.connection, maxConnections),
    };
  }
  return async (request, { signal }) => {
    // The SDKs cost time and memory to load.
    handlers ??= (await import("./sdk-handlers.ts")).openSdkHandlers(forQueues.connection, forRest.connection);
    const handler = handlers[request.kind] as (request: unknown, signal: AbortSignal) => Promise<unknown>;
    try {
      return { outcome: "done", value: await handler(request, signal ?? new AbortController().signal) };
    } catch (error) {
      if (isDurableError(error)) throw error;
      if (!isForeignError(error)) throw toInternalError(error, request.kind);
      const service = request.kind.slice(0, request.kind.indexOf(".")) as keyof typeof hosts;
      const reply = describeForeignError(error, hosts[service]);
      if (reply.outcome === "failed" && isUnauthorized(reply.failure.httpStatus)) tokens[service]?.forget(); // T3
      return reply;
    }
  };
}

/** One {@link StorageTokens} for the services of an account that is opened by an identity. */
function withTokens(connection: StorageConnection): {
  readonly connection: StorageConnection;
  readonly tokens: StorageTokens | undefined;
} {
  const { credential } = connection;
  if (credential.kind !== "token") return { connection, tokens: undefined };
  const tokens = new StorageTokens(credential.tokens, systemClock);
  return { connection: { ...connection, credential: { kind: "token", tokens } }, tokens };
}

/** Azure says 401 of a token that has ended, and the emulator 403. */
function isUnauthorized(httpStatus: number | undefined): boolean {
  return httpStatus === 401 || httpStatus === 403;
}

function toInternalError(error: unknown, asked: string): DurableError {
  return new DurableError(
    "InternalError",
    `durable-functions-ts failed by itself while it asked storage (${asked}), please report it: ${messageOf(error)}`,
    { cause: error },
  );
}
