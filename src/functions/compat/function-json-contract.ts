import type { Orchestrator } from "../../orchestration/orchestrator.ts";
import type { ActivityFunction } from "../../worker/activity-context.ts";
import type { EntityFunction } from "../../worker/entities/entity-definition.ts";
import type { ClientConnection } from "../embedded-host.ts";

/** What the module of a function with a function.json says about its code. */
export type FunctionJsonCode =
  | { readonly kind: "orchestration"; readonly code: Orchestrator }
  | { readonly kind: "entity"; readonly code: EntityFunction }
  | { readonly kind: "activity"; readonly code: ActivityFunction };

// The host and the app may have loaded two copies of this package; the numbers change with the shapes.
const codeKey = Symbol.for("durable-functions-ts.function-json-code.1");
const connectionKey = Symbol.for("durable-functions-ts.function-json-connection.1");

/** Marks what a module exports, for a host that finds it by a function.json. */
export function markCode<T extends object>(exported: T, code: FunctionJsonCode): T {
  return Object.defineProperty(exported, codeKey, { value: code });
}

/** `undefined` for a plain function. */
export function findCode(exported: object): FunctionJsonCode | undefined {
  return (exported as { readonly [codeKey]?: FunctionJsonCode })[codeKey];
}

/** Gives the context of a call what its client comes from. */
export function giveConnection(context: object, connection: ClientConnection): void {
  Object.defineProperty(context, connectionKey, { value: connection });
}

export function findConnection(context: object): ClientConnection | undefined {
  return (context as { readonly [connectionKey]?: ClientConnection })[connectionKey];
}

/** Whether a binding gives a function a client; the second type is that of version 1 of the extension. */
export function isClientBinding({ type }: { readonly type: string }): boolean {
  return /^(?:durableClient|orchestrationClient)$/i.test(type);
}
