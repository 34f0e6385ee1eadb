import type { InvocationContext } from "@azure/functions";
import { DurableError } from "../../core/errors.ts";
import { az } from "../azure-functions.ts";
import { DFApp } from "../df-app.ts";
import { DurableClient } from "../durable-client.ts";
import type { FunctionJsonContext } from "./function-json.ts";
import { FunctionJsonClient } from "./function-json-client.ts";
import { findConnection, isClientBinding } from "./function-json-contract.ts";

let app: DFApp | undefined;

/** The app behind `df.app`, made by its first use: it attaches to the host that loads the module, as any other. */
export function defaultApp(): DFApp {
  app ??= new DFApp();
  return app;
}

/**
 * A client of the default app, once the engine runs.
 *
 * @param context of the function that asks
 * @throws DurableError `NotSupported` where nothing runs it
 */
export function connectClient(context?: InvocationContext): Promise<DurableClient> {
  return defaultApp().connect(context);
}

/** The clients of running functions, or why one has none. */
const clients = new WeakMap<object, { readonly client: DurableClient } | { readonly failure: unknown }>();
let areFunctionsWatched = false;

export function rememberClient(context: InvocationContext, client: DurableClient): void {
  clients.set(context, { client });
}

/** From now on, functions with a client among their inputs have one before they run: `getClient` cannot wait for it. */
export function rememberClientsOfFunctions(): void {
  if (areFunctionsWatched) return;
  areFunctionsWatched = true;
  az.app.hook.preInvocation(async ({ invocationContext }) => {
    // Contexts of functions with a function.json have no options.
    if (invocationContext.options?.extraInputs.some(isClientBinding) !== true) return;
    try {
      rememberClient(invocationContext, await connectClient(invocationContext));
    } catch (failure) {
      // The function may be one of `durable-functions` itself, which asks elsewhere.
      clients.set(invocationContext, { failure });
    }
  });
}

/**
 * The client of a function that has one among its inputs: `extraInputs: [df.input.durableClient()]`, or a binding
 * `durableClient` in its function.json.
 *
 * @example
 * app.http("start", {
 *   extraInputs: [df.input.durableClient()],
 *   handler: async (request, context) => {
 *     const client = df.getClient(context);
 *     return client.createCheckStatusResponse(request, await client.startNew("hello"));
 *   },
 * });
 *
 * @throws DurableError `InvalidOption` when the function has no such input, `NotSupported` where nothing in this process
 * runs orchestrations
 */
export function getClient(context: InvocationContext): DurableClient;
export function getClient(context: FunctionJsonContext): FunctionJsonClient;
export function getClient(context: InvocationContext | FunctionJsonContext): DurableClient | FunctionJsonClient {
  if (typeof context !== "object" || context === null) {
    throw new DurableError("InvalidOption", "getClient takes the context of the function that asks");
  }
  const connection = findConnection(context);
  if (connection !== undefined) return new FunctionJsonClient(new DurableClient(connection));
  const known = clients.get(context);
  if (known === undefined) {
    throw new DurableError(
      "InvalidOption",
      "Could not find a registered durable client input binding. Check your extraInputs definition when registering your function.",
    );
  }
  if ("failure" in known) throw known.failure;
  return known.client;
}
