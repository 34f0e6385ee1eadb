import type { FunctionInput } from "@azure/functions";
import { az } from "../azure-functions.ts";
import { defaultApp, rememberClientsOfFunctions } from "./default-app.ts";
import type { ActivityTrigger, EntityTrigger, OrchestrationTrigger } from "./handlers.ts";

/** A binding that gives a function a durable client. */
export interface DurableClientInput extends FunctionInput {
  type: "durableClient";
}

/** Inputs of functions, beside those of `@azure/functions`. */
export const input: {
  /**
   * An input for the `extraInputs` of any function, which `df.getClient(context)` makes a client of.
   *
   * @example
   * az.app.http("start", {
   *   extraInputs: [df.input.durableClient()],
   *   handler: async (request, context) => {
   *     const client = df.getClient(context);
   *     return client.createCheckStatusResponse(request, await client.startNew("helloSequence"));
   *   },
   * });
   */
  durableClient(): DurableClientInput;
} = {
  durableClient() {
    // Attaches the app to the host that loads this module: later it could not.
    defaultApp();
    rememberClientsOfFunctions();
    // The protocol of this package, where the Durable extension hands over the client.
    return az.input.generic({
      type: "durableClient",
      durableRequiresGrpc: true,
    }) as FunctionInput as DurableClientInput;
  },
};

/** Triggers of durable functions, as the Functions host names them. */
export const trigger: {
  /** The trigger of an activity. */
  activity(): ActivityTrigger;
  /** The trigger of an orchestration. */
  orchestration(): OrchestrationTrigger;
  /** The trigger of an entity. */
  entity(): EntityTrigger;
} = {
  activity: () => az.trigger.generic({ type: "activityTrigger" }) as ActivityTrigger,
  orchestration: () => az.trigger.generic({ type: "orchestrationTrigger" }) as OrchestrationTrigger,
  entity: () => az.trigger.generic({ type: "entityTrigger" }) as EntityTrigger,
};
