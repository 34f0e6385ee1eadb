import type { TokenSource } from "../../core/durable-http.ts";
import { DurableError } from "../../core/errors.ts";
import { importIdentity, type LoadIdentity, loadIdentity } from "../../core/identity-package.ts";

/** Makes the bearer token of a call. The token goes into the one request it is for and is kept nowhere. */
export type TokenProvider = (source: TokenSource, signal: AbortSignal) => Promise<string>;

interface IdentityModule {
  readonly DefaultAzureCredential: new (options: {
    readonly authorityHost?: string;
    readonly tenantId?: string;
  }) => {
    getToken(scope: string, options: { readonly abortSignal: AbortSignal }): Promise<{ readonly token: string } | null>;
  };
}

/**
 * Tokens of the app's managed identity, or of whoever is signed in on a developer's machine.
 *
 * @throws DurableError `NotSupported` when `@azure/identity` is not installed
 */
export function createAzureTokenProvider(load: LoadIdentity = importIdentity): TokenProvider {
  return async ({ resource, options }, signal) => {
    const { DefaultAzureCredential } = (await loadIdentity("a token source", load)) as IdentityModule;
    const { authorityHost, tenantId } = options ?? {};
    const credential = new DefaultAzureCredential({
      ...(authorityHost !== undefined && { authorityHost }),
      ...(tenantId !== undefined && { tenantId }),
    });
    const token = await credential.getToken(scopeOf(resource), { abortSignal: signal });
    if (token === null) throw new DurableError("NotSupported", `the identity of this app has no token for ${resource}`);
    return token.token;
  };
}

function scopeOf(resource: string): string {
  return resource.endsWith("/.default") ? resource : `${resource.replace(/\/$/, "")}/.default`;
}
