import { createRequire } from "node:module";
import * as library from "@azure/functions";
import { DurableError } from "../core/errors.ts";

/**
 * `@azure/functions`, a CommonJS module. Node gives all that it exports as its default, and only some of it by name; what
 * compiles imports to `require` (tsx, ts-node, Jest, bundlers) gives no default.
 */
export const az: typeof library = (library as unknown as { readonly default?: typeof library }).default ?? library;

/** What the worker of a Functions host gives to the code of an app, as far as it is used here. */
export interface FunctionsCore {
  /** Newer workers only. */
  readonly log?: ((level: string, category: string, message: string) => void) | undefined;
}

/** The module by which `@azure/functions` speaks to its worker: it exists in a worker only, whoever hosts it. */
export function findFunctionsCore(): FunctionsCore | undefined {
  try {
    return createRequire(import.meta.url)("@azure/functions-core") as FunctionsCore;
  } catch {
    return undefined;
  }
}

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
