import type { AccessCredential } from "./access-credential.ts";
import { DurableError } from "./errors.ts";

/**
 * Found in the app that uses it, and only when it does. No peer of this package: npm keeps what is an optional peer of a
 * dependency in an install for production, although only a tool asks for it, as Azurite does.
 */
const identityPackage: string = "@azure/identity";

/** How `@azure/identity` comes into the process; tests give another. */
export type LoadIdentity = () => Promise<unknown>;

export const importIdentity: LoadIdentity = () => import(identityPackage);

/**
 * The package `@azure/identity` of the app.
 *
 * @param what needs it, for the error: `a token source`
 * @throws DurableError `NotSupported` when it is not installed
 */
export async function loadIdentity(what: string, load: LoadIdentity): Promise<object> {
  try {
    return (await load()) as object;
  } catch (cause) {
    const message = `${what} needs the package '@azure/identity': npm install @azure/identity`;
    throw new DurableError("NotSupported", message, { cause });
  }
}

/** Makes an object of a class of `@azure/identity`. @throws DurableError `NotSupported` when it has no such class */
export type CreateCredential = (className: string, ...args: readonly unknown[]) => AccessCredential;

type CredentialClass = new (...args: readonly unknown[]) => AccessCredential;

/**
 * A credential of `@azure/identity`, which is loaded when the first token is asked for.
 *
 * @param what needs it, for errors: `Authentication=DefaultAzure`
 * @param make the credential, once. Its `getToken` rejects with DurableError `NotSupported` when the package is missing or
 * has no such class; that is looked at again by the next call, after an `npm install` too
 */
export function createIdentityCredential(
  what: string,
  make: (create: CreateCredential) => AccessCredential,
  load: LoadIdentity,
): AccessCredential {
  const open = async () => {
    const identity = (await loadIdentity(what, load)) as Readonly<Record<string, CredentialClass | undefined>>;
    return make((className, ...args) => {
      const Credential = identity[className];
      if (Credential !== undefined) return new Credential(...args);
      const message = `${what} needs '${className}', which this version of '@azure/identity' has not`;
      throw new DurableError("NotSupported", message);
    });
  };
  let credential: Promise<AccessCredential> | undefined;
  return {
    async getToken(scopes, options) {
      credential ??= open().catch((error: unknown) => {
        credential = undefined;
        throw error;
      });
      return (await credential).getToken(scopes, options);
    },
  };
}

/** The options that are set. */
export function definedOptions(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
