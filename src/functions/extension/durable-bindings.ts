import type { FunctionInput, FunctionTrigger, InvocationContext } from "@azure/functions";
import { az } from "../azure-functions.ts";

export type DurableTriggerType = "orchestrationTrigger" | "activityTrigger" | "entityTrigger";

/** Asks the extension for the protocol of this package. One binding without it, and the whole app gets the classic one. */
const protobuf = { durableRequiresGrpc: true } as const;

/** Members of a trigger that name what it runs, where the function has another name. */
const nameMembers: Readonly<Record<DurableTriggerType, string>> = {
  orchestrationTrigger: "orchestration",
  activityTrigger: "activity",
  entityTrigger: "entityName",
};

/** @param name of what the trigger runs. @defaultValue that of the function */
export function durableTrigger(type: DurableTriggerType, name?: string): FunctionTrigger {
  return az.trigger.generic({ type, ...protobuf, ...(name !== undefined && { [nameMembers[type]]: name }) });
}

/** The input through which the extension hands over a client. Without the extension it makes a function unusable. */
export function durableClientInput(): FunctionInput {
  return az.input.generic({ type: "durableClient", ...protobuf });
}

/** What a function was handed for its `durableClient` input; `undefined` when it has none. */
export function clientBindingOf(context: InvocationContext): unknown {
  const input = context.options.extraInputs.find(({ type }) => type.toLowerCase() === "durableclient");
  return input && context.extraInputs.get(input);
}
