import { DurableError } from "./errors.ts";

/**
 * What the Functions host tells a function of its call, beside what it logs. Orchestrations and entities are not called
 * by that host here, and have no bindings.
 */
export interface FunctionInvocation {
  readonly invocationId: string;
  readonly functionName: string;
  readonly extraInputs: { get(inputOrName: unknown): unknown; set(inputOrName: unknown, value: unknown): void };
  readonly extraOutputs: { get(outputOrName: unknown): unknown; set(outputOrName: unknown, value: unknown): void };
  readonly options: {
    readonly trigger: { readonly type: string; readonly name: string };
    readonly extraInputs: never[];
    readonly extraOutputs: never[];
  };
}

/** Bindings of a function that has none. Whoever sets an output is told, because it would be lost. */
export const noBindings: Pick<FunctionInvocation, "extraInputs" | "extraOutputs"> = Object.freeze({
  extraInputs: Object.freeze({ get: () => undefined, set() {} }),
  extraOutputs: Object.freeze({
    get: () => undefined,
    set() {
      throw new DurableError(
        "NotSupported",
        "durable functions have no output bindings here: send the value from the code of an activity",
      );
    },
  }),
});

/** Options of a durable function, as the Functions host shows them. */
export function durableFunctionOptions(triggerType: string): FunctionInvocation["options"] {
  return { trigger: { type: triggerType, name: triggerType }, extraInputs: [], extraOutputs: [] };
}
