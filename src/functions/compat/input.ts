import az, { type FunctionInput } from "@azure/functions";
import { defaultApp } from "./default-app.ts";
import { rememberClientsOfFunctions } from "./get-client.ts";

export interface DurableClientInput extends FunctionInput {
  type: "durableClient";
}

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
export function durableClient(): DurableClientInput {
  // Attaches the app to the host that loads this module: later it could not.
  defaultApp();
  rememberClientsOfFunctions();
  return az.input.generic({ type: "durableClient" }) as DurableClientInput;
}
