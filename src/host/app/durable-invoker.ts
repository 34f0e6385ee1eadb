import { randomUUID } from "node:crypto";
import type { HostLog } from "../host-log.ts";
import { type ClientInput, type DurableFunction, resolveClientInputs } from "./durable-functions.ts";
import type { FunctionCallback } from "./function-metadata.ts";
import type { FunctionsCore } from "./functions-core.ts";
import type { InvocationResult } from "./invocation.ts";
import { createInvocationRequest, invokeFunction } from "./invocation.ts";
import type { TypedData } from "./typed-data.ts";

/**
 * Calls a durable function of the app with the value of its trigger.
 *
 * @param onContext is shown the context that the function gets
 * @throws what it has thrown
 */
export type InvokeDurable = (
  durable: DurableFunction,
  value: TypedData,
  metadata?: Readonly<Record<string, TypedData>>,
  onContext?: (context: unknown) => void,
) => Promise<InvocationResult>;

export function createDurableInvoker(core: FunctionsCore, log: HostLog, clientInput: ClientInput): InvokeDurable {
  return (durable, value, metadata = {}, onContext) => {
    const { fn, trigger } = durable;
    const request = createInvocationRequest({
      fn,
      invocationId: randomUUID(),
      inputs: { [trigger.name]: value, ...resolveClientInputs(fn.metadata, clientInput) },
      triggerMetadata: { ...metadata, [trigger.name]: value },
    });
    const callback: FunctionCallback = (input, context) => {
      onContext?.(context);
      return fn.callback(input, context);
    };
    return invokeFunction(core, { ...fn, callback }, request, log);
  };
}
