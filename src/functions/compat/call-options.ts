import type { ManagedIdentityTokenSource } from "../../orchestration/http/durable-http-request.ts";

/** A durable HTTP call, as `durable-functions` 3.x names its options; more are possible. */
export interface CallHttpOptions {
  method: string;
  url: string;
  body?: string | object;
  headers?: { [key: string]: string };
  tokenSource?: ManagedIdentityTokenSource;
  /** @defaultValue true */
  enablePolling?: boolean;
  /** Another name of {@link enablePolling}, which counts if both are given. */
  asynchronousPatternEnabled?: boolean;
}

/** Where an instance or an entity is: only in the hub of the client. */
export interface TaskHubOptions {
  taskHubName?: string;
  connectionName?: string;
}
