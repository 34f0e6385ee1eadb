import { randomUUID } from "node:crypto";
import type { FunctionCallback } from "../app/function-metadata.ts";
import type { FunctionsCore } from "../app/functions-core.ts";
import type { InvocationResult } from "../app/invocation.ts";
import { createInvocationRequest, invokeFunction } from "../app/invocation.ts";
import type { TypedData } from "../app/typed-data.ts";
import type { HostLog } from "../host-log.ts";
import { type ClassicFunction, clientInputNames } from "./classic-functions.ts";

/**
 * Calls a durable function of the app with the value of its trigger.
 *
 * @param onContext is shown the context that the function gets
 * @throws what it has thrown
 */
export type InvokeClassic = (
  classic: ClassicFunction,
  value: TypedData,
  metadata?: Readonly<Record<string, TypedData>>,
  onContext?: (context: unknown) => void,
) => Promise<InvocationResult>;

/** @param clientInput what a function with a durable client gets for it, once there is one */
export function createClassicInvoker(
  core: FunctionsCore,
  log: HostLog,
  clientInput: () => TypedData | undefined,
): InvokeClassic {
  return (classic, value, metadata = {}, onContext) => {
    const { fn, trigger } = classic;
    const client = clientInput();
    const clients = client === undefined ? [] : clientInputNames(fn.metadata).map((name) => [name, client] as const);
    const request = createInvocationRequest({
      fn,
      invocationId: randomUUID(),
      inputs: { [trigger.name]: value, ...Object.fromEntries(clients) },
      triggerMetadata: { ...metadata, [trigger.name]: value },
    });
    const callback: FunctionCallback = (input, context) => {
      onContext?.(context);
      return fn.callback(input, context);
    };
    return invokeFunction(core, { ...fn, callback }, request, log);
  };
}
