import type { EventLog } from "../../core/event-log.ts";
import { isQueueOutput } from "../triggers/queue-outputs.ts";
import { clientInputs } from "./durable-functions.ts";
import type { FunctionApp, ServedFunction } from "./function-app.ts";
import { describeUnknownFunctions } from "./unknown-functions.ts";

/** A list of the functions to serve, and where it stands. */
export interface FunctionList {
  readonly names: readonly string[];
  readonly source: string;
}

/**
 * Tells what of a loaded app is not served as its author may think.
 *
 * @param list of the functions to serve; all when absent
 * @param known names of all functions that the app has
 * @param origin where the host answers: `http://localhost:7071`
 */
export function reportApp(
  app: FunctionApp,
  list: FunctionList | undefined,
  known: readonly string[],
  events: EventLog,
  origin: string,
): void {
  for (const { functionName, message } of app.problems) {
    events.write("FunctionInvalid", describeProblem(functionName, message), { functionName });
  }
  for (const served of app.functions) {
    const { name: functionName, trigger, isHttp, durable, local } = served;
    if (durable !== undefined) continue;
    for (const text of describeUnservedBindings(served)) events.write("BindingNotServed", text, { functionName });
    if (isHttp || local !== undefined) continue;
    const triggerType = trigger.binding.type;
    const byHand = `POST ${origin}/admin/functions/${functionName} with { "input": "..." }`;
    const text = `${functionName} (${triggerType}): not served locally; it runs in Azure. To call it by hand: ${byHand}`;
    events.write("TriggerNotServed", text, { functionName, triggerType });
  }
  for (const { served, hidden, methods } of app.clashes) {
    const shown = methods.length === 0 ? "" : `${methods.join(" and ")} `;
    const text = `the function '${hidden}' is not called for ${shown}requests that the route of '${served}' takes: both routes match, and the first by name serves`;
    events.write("RoutesClash", text, { functionName: hidden });
  }
  if (list === undefined) return;
  for (const { name, text } of describeUnknownFunctions(list.names, list.source, known)) {
    events.write("FunctionNotFound", text, { functionName: name });
  }
}

export function describeProblem(functionName: string, message: string): string {
  return `The '${functionName}' function is in error: ${message}`;
}

/** Inputs and outputs of a function that are the host's business in Azure, and nobody's here. */
function describeUnservedBindings({ name, fn, trigger, isHttp }: ServedFunction): readonly string[] {
  const clients = clientInputs(fn.metadata);
  const { retryOptions } = fn.metadata;
  const texts = Object.entries(fn.metadata.bindings).flatMap(([key, binding]) => {
    const isOutput = binding.direction?.toLowerCase() === "out";
    const isServed = isOutput ? isQueueOutput(binding) || (isHttp && binding.type === "http") : clients.has(key);
    if (key === trigger.name || isServed) return [];
    const what = isOutput ? "output" : "input";
    const effect = isOutput ? "what it is given is lost here" : "it is absent here";
    return [
      `the function '${name}' has an ${what} of the type '${binding.type}', which is not served locally: ${effect}`,
    ];
  });
  if (retryOptions === undefined || retryOptions === null) return texts;
  return [
    ...texts,
    `the function '${name}' has a retry policy, which is not served locally: a call that fails is not repeated`,
  ];
}
