import { DurableError } from "./errors.ts";

/** An optional peer of this package: found in the app that uses it, and only when it does. */
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
