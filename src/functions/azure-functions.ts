import { createRequire } from "node:module";
import * as library from "@azure/functions";

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
