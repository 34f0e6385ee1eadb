import { createRequire } from "node:module";

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
