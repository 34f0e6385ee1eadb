/** What gives access tokens: a `TokenCredential` of `@azure/core-auth` is one. */
export interface AccessCredential {
  /** Resolves to `null` when there is no token; most reject then. */
  getToken(
    scopes: string | string[],
    options?: { readonly abortSignal?: AbortSignal; readonly tenantId?: string },
  ): Promise<AccessToken | null>;
}

/** A bearer token. */
export interface AccessToken {
  readonly token: string;
  /** In milliseconds since the epoch. */
  readonly expiresOnTimestamp: number;
}
