import type { EventLog } from "../../core/event-log.ts";
import type { FunctionApp } from "./function-app.ts";
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
 */
export function reportApp(
  app: FunctionApp,
  list: FunctionList | undefined,
  known: readonly string[],
  events: EventLog,
): void {
  for (const { functionName, message } of app.problems) {
    events.write("FunctionInvalid", describeProblem(functionName, message), { functionName });
  }
  for (const { name, trigger, isHttp, durable } of app.functions) {
    if (isHttp || durable !== undefined) continue;
    const triggerType = trigger.binding.type;
    const text = `the function '${name}' does not run: trigger type not served locally (${triggerType})`;
    events.write("TriggerNotServed", text, { functionName: name, triggerType });
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
