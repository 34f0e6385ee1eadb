/** What gives access tokens: a `TokenCredential` of `@azure/core-auth` is one. */
export interface AccessCredential {
  /** Resolves to `null` when there is no token; most reject then. */
  getToken(scopes: string | string[], options?: AccessTokenOptions): Promise<AccessToken | null>;
}

/** What a caller, or the service in its name, wishes of a token. */
export interface AccessTokenOptions {
  /** Ends the request when it aborts. */
  readonly abortSignal?: AbortSignal;
  /** In which the token counts, where an identity is known to several. */
  readonly tenantId?: string;
  /** That the token must have, as a service has asked. */
  readonly claims?: string;
  /** The caller can deal with tokens that are taken back before they expire. */
  readonly enableCae?: boolean;
}

/** A bearer token. */
export interface AccessToken {
  /** The token itself, a secret. */
  readonly token: string;
  /** In milliseconds since the epoch. */
  readonly expiresOnTimestamp: number;
}
