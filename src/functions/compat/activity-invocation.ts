import type { InvocationContext, LogLevel } from "@azure/functions";
import { noBindings } from "../../core/function-invocation.ts";
import type { ActivityContext } from "../../worker/activity-context.ts";
import { az } from "../azure-functions.ts";
import { connectClient, rememberClient } from "./default-app.ts";
import { addExceptionProperties, type ExceptionPropertiesProvider } from "./exception-properties.ts";
import { isClientBinding } from "./function-json-contract.ts";
import type { ActivityOptions } from "./handlers.ts";

/** Runs an activity as code written for `durable-functions` 3.x has it: with an `InvocationContext`. */
export async function runActivity(
  options: ActivityOptions,
  provider: ExceptionPropertiesProvider | undefined,
  input: unknown,
  context: ActivityContext,
): Promise<unknown> {
  const invocation = createInvocation(context, options);
  if (options.extraInputs?.some(isClientBinding)) rememberClient(invocation, await connectClient());
  try {
    return (await options.handler(input, invocation)) as unknown;
  } catch (error) {
    throw addExceptionProperties(error, provider);
  }
}

function createInvocation(
  context: ActivityContext,
  { extraInputs = [], extraOutputs = [] }: Pick<ActivityOptions, "extraInputs" | "extraOutputs">,
): InvocationContext {
  const trigger = { type: "activityTrigger", name: "activityTrigger" };
  const invocation = new az.InvocationContext({
    functionName: context.name,
    // The same for every delivery and attempt of the call.
    invocationId: `${context.instanceId}:${context.taskId}`,
    logHandler: (level, ...args) => writeLog(context, level, args),
    triggerMetadata: { instanceId: context.instanceId },
    options: { trigger, extraInputs, extraOutputs },
  });
  return Object.assign(invocation, { extraOutputs: noBindings.extraOutputs });
}

function writeLog(context: ActivityContext, level: LogLevel, args: readonly unknown[]): void {
  switch (level) {
    case "trace":
    case "debug":
      return context[level](...args);
    case "warning":
      return context.warn(...args);
    case "error":
    case "critical":
      return context.error(...args);
    default:
      return context.info(...args);
  }
}
