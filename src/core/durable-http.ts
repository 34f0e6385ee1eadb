/** Where the bearer token of a durable HTTP call comes from, as it travels in history. Holds no secret. */
export interface TokenSource {
  /** Tells kinds of token sources apart. */
  readonly kind: "AzureManagedIdentity";
  /** The resource or scope the token is for: `https://management.core.windows.net/`. */
  readonly resource: string;
  /** Of another cloud or tenant. @defaultValue Azure's public cloud */
  readonly options?: TokenSourceOptions | undefined;
}

/** Where the tokens of a managed identity come from. */
export interface TokenSourceOptions {
  /** @defaultValue the public cloud */
  readonly authorityHost?: string | undefined;
  /** @defaultValue the tenant of the identity */
  readonly tenantId?: string | undefined;
}

/** One request as the HTTP activity gets it. */
export interface HttpRequestMessage {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly tokenSource?: TokenSource | undefined;
  readonly timeoutMs: number;
  /** Statuses that make the activity fail, so that it is tried again; empty means every 4xx and 5xx. */
  readonly failingStatuses?: readonly number[] | undefined;
  /** The origin that credentials are for. */
  readonly trustedOrigin: string;
}

/** One answer as the HTTP activity gives it. */
export interface HttpResponseMessage {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text, or in Base64 where it is none. */
  readonly content: string;
  readonly contentEncoding?: "base64" | undefined;
  /** Where the answer came from, after redirects. */
  readonly url: string;
  /** A redirect led away from the trusted origin: credentials are not to be sent again. */
  readonly hasLeftOrigin: boolean;
}

/** Retries of one request as numbers, so that they can travel in history. */
export interface HttpRetryMessage {
  readonly firstIntervalMs: number;
  readonly maxAttempts: number;
  readonly backoffCoefficient: number;
  readonly maxIntervalMs?: number | undefined;
  readonly retryTimeoutMs?: number | undefined;
  /** 0 to 1. */
  readonly jitter?: number | undefined;
}

/** Input of the poller. */
export interface HttpCallMessage {
  readonly request: HttpRequestMessage;
  readonly enablePolling: boolean;
  readonly retry?: HttpRetryMessage | undefined;
  /** Longest time that polling may take, from the first answer. */
  readonly pollingTimeoutMs: number;
  /** When polling began, in milliseconds since the epoch; present once the poller has started over. */
  readonly pollingSince?: number | undefined;
}
