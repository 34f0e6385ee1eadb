import type { ManagedIdentityTokenSource } from "../../orchestration/http/durable-http-request.ts";

/** A durable HTTP call, as `durable-functions` 3.x names its options; more are possible. */
export interface CallHttpOptions {
  /** GET, POST and so on. */
  method: string;
  /** Absolute, `http:` or `https:`. */
  url: string;
  /** A text as it is; anything else as JSON. */
  body?: string | object;
  /** Headers of the request. */
  headers?: { [key: string]: string };
  /** Where the token for the `Authorization` header comes from. */
  tokenSource?: ManagedIdentityTokenSource;
  /** @defaultValue true */
  enablePolling?: boolean;
  /** Another name of {@link enablePolling}, which counts if both are given. */
  asynchronousPatternEnabled?: boolean;
}

/** Where an instance or an entity is: only in the hub of the client. */
export interface TaskHubOptions {
  /** Name of the hub, which must be that of the client. */
  taskHubName?: string;
  /** App setting of the account, which must be that of the client. */
  connectionName?: string;
}
