import { createRequire } from "node:module";
import { DurableError } from "../core/errors.ts";

/** Oldest versions that the package runs with, as its package.json says. */
const oldestNode = "20.19.0";
const oldestFunctionsLibrary = "4.5.0";
let isChecked = false;

/**
 * Refuses what an app would fail on later, without a word of why. Looks once for a process.
 *
 * @throws DurableError `NotSupported`
 */
export function assertSupportedVersions(): void {
  if (isChecked) return;
  const problem = describeVersionProblem(process.versions.node, findFunctionsLibraryVersion());
  if (problem !== undefined) throw new DurableError("NotSupported", problem);
  isChecked = true;
}

/** Why the versions of a process are too old, and what to do; `undefined` when they are not, or not known. */
export function describeVersionProblem(node: string, functionsLibrary: string | undefined): string | undefined {
  if (isOlder(node, oldestNode)) {
    return `durable-functions-ts needs Node.js ${oldestNode} or later, but this process runs ${node}; install a later one, and in Azure set it in the stack settings of the app`;
  }
  if (functionsLibrary !== undefined && isOlder(functionsLibrary, oldestFunctionsLibrary)) {
    return `durable-functions-ts needs @azure/functions ${oldestFunctionsLibrary} or later, but the app has ${functionsLibrary}; run: npm install @azure/functions@4`;
  }
  return undefined;
}

/** Not known in a bundle, which has chosen its version when it was made. */
function findFunctionsLibraryVersion(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url)("@azure/functions/package.json") as { readonly version?: unknown };
    return typeof manifest.version === "string" ? manifest.version : undefined;
  } catch {
    return undefined;
  }
}

function isOlder(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = numbersOf(version);
  const [oldestMajor = 0, oldestMinor = 0] = numbersOf(oldest);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

function numbersOf(version: string): readonly number[] {
  return version.split(".").map((part) => Number.parseInt(part, 10) || 0);
}
