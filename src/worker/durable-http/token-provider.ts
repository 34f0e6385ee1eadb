import type { TokenSource } from "../../core/durable-http.ts";
import { DurableError } from "../../core/errors.ts";

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

/** An optional peer of this package: found in the app that uses it, and only when it does. */
const identityPackage: string = "@azure/identity";

/**
 * Tokens of the app's managed identity, or of whoever is signed in on a developer's machine.
 *
 * @throws DurableError `NotSupported` when `@azure/identity` is not installed
 */
export function createAzureTokenProvider(load: () => Promise<unknown> = () => import(identityPackage)): TokenProvider {
  return async ({ resource, options }, signal) => {
    const { DefaultAzureCredential } = await loadIdentity(load);
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

async function loadIdentity(load: () => Promise<unknown>): Promise<IdentityModule> {
  try {
    return (await load()) as IdentityModule;
  } catch (cause) {
    const message = "a token source needs the package '@azure/identity': npm install @azure/identity";
    throw new DurableError("NotSupported", message, { cause });
  }
}

function scopeOf(resource: string): string {
  return resource.endsWith("/.default") ? resource : `${resource.replace(/\/$/, "")}/.default`;
}
