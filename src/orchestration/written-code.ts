import type { Orchestrator } from "./orchestrator.ts";

/** The host and the app may have loaded two copies of this package, so they meet under a global symbol. */
const writtenCode = Symbol.for("durable-functions-ts.written-code");

/** Says which code of the user stands behind an orchestrator that was made of it. */
export function showWrittenCode(orchestrator: Orchestrator, written: object): Orchestrator {
  return Object.defineProperty(orchestrator, writtenCode, { value: written });
}

/** The code of an orchestrator as the user has written it. */
export function findWrittenCode(orchestrator: Orchestrator): object {
  return (orchestrator as { readonly [writtenCode]?: object })[writtenCode] ?? orchestrator;
}
