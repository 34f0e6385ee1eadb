import { randomBytes } from "node:crypto";
import { DurableError } from "../../core/errors.ts";
import { formatThrown } from "../../core/failure-trace.ts";
import type { LogLevel } from "../../core/ports.ts";
import { redactSecrets } from "../../core/redact-secrets.ts";
import { type HostLog, readFunctionsLogLevel } from "../host-log.ts";
import type { FunctionCallback, InvocationRequest, RegisteredFunction } from "./function-metadata.ts";
import type { CoreInvocationContext, FunctionsCore, InvocationResponse } from "./functions-core.ts";
import type { TypedData } from "./typed-data.ts";

export interface InvocationResult {
  readonly response: InvocationResponse;
  /** What the handler (or a hook) returned, before it was converted. */
  readonly value: unknown;
}

/** A request for one call, with a trace of its own unless the caller sent one. */
export function createInvocationRequest(options: {
  readonly fn: RegisteredFunction;
  readonly invocationId: string;
  readonly inputs: Readonly<Record<string, TypedData>>;
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
}): InvocationRequest {
  const { fn, invocationId, inputs, triggerMetadata, traceParent, traceState } = options;
  return {
    invocationId,
    functionId: fn.metadata.functionId,
    inputData: Object.entries(inputs).map(([name, data]) => ({ name, data })),
    triggerMetadata: triggerMetadata ?? {},
    traceContext: {
      traceParent: traceParent ?? `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-00`,
      traceState: traceState ?? "",
      attributes: {},
    },
  };
}

/**
 * Runs one function through the library: hooks, arguments, handler, hooks, response. Hooks may replace the handler, its
 * inputs, the result and the error.
 *
 * @param onResult told what the handler (or a hook) returned, before it is converted or sent
 * @throws what the handler or a hook threw
 */
export async function invokeFunction(
  core: FunctionsCore,
  fn: RegisteredFunction,
  request: InvocationRequest,
  log: HostLog,
  onResult: (result: unknown) => void = () => {},
): Promise<InvocationResult> {
  const { model } = core;
  if (model === undefined) throw new DurableError("HostStartFailed", "the app has set no programming model");

  const fields = { functionName: fn.metadata.name, invocationId: request.invocationId };
  const hookData: Record<string, unknown> = {};
  const shared = { hookData, appHookData: core.appHookData };
  let invocationContext: unknown;
  const coreContext: CoreInvocationContext = {
    invocationId: request.invocationId,
    request,
    metadata: fn.metadata,
    log: (level, category, message) => {
      const line = { level, message, category };
      if (category === "user") {
        const editable = { ...shared, ...line, invocationContext };
        for (const hook of core.hooks("log")) hook(editable);
        line.level = editable.level;
        line.message = editable.message;
      }
      log({
        level: readFunctionsLogLevel(line.level),
        category: logCategory(fn, category),
        // What user code logs is its own affair.
        message: category === "user" ? line.message : redactSecrets(line.message),
        fields,
      });
    },
  };

  const invocation = await model.getInvocationModel(coreContext);
  const { context, inputs } = await invocation.getArguments();
  invocationContext = context;

  coreContext.state = "preInvocationHooks";
  const before = { ...shared, invocationContext, functionCallback: fn.callback, inputs };
  for (const hook of core.hooks("preInvocation")) await hook(before);

  coreContext.state = "invocation";
  const callback: FunctionCallback = before.functionCallback;
  const outcome: { result: unknown; error: unknown } = { result: undefined, error: undefined };
  let failed = false;
  try {
    outcome.result = await invocation.invokeFunction(context, before.inputs, callback);
  } catch (error) {
    failed = true;
    outcome.error = error;
  }

  coreContext.state = "postInvocationHooks";
  const after = { ...shared, invocationContext, inputs: before.inputs, ...outcome };
  for (const hook of core.hooks("postInvocation")) await hook(after);
  // A handler that threw nothing-in-particular (undefined, null) failed all the same, unless a hook gave it a result.
  const excused = after.error === undefined || after.error === null;
  if (!excused) throw after.error;
  if (failed && (outcome.error === undefined || outcome.error === null) && after.result === undefined) {
    throw new Error(`the handler threw ${String(outcome.error)}`);
  }

  onResult(after.result);
  return { response: await invocation.getResponse(context, after.result), value: after.result };
}

/** Runs an invocation and writes the two lines that frame it. Rethrows its error after having logged it. */
export async function withExecutionLog<T>(
  fn: RegisteredFunction,
  invocationId: string,
  reason: string,
  log: HostLog,
  run: () => Promise<T>,
): Promise<T> {
  const category = `Function.${fn.metadata.name}`;
  const name = `'Functions.${fn.metadata.name}'`;
  const fields = { functionName: fn.metadata.name, invocationId };
  const write = (level: LogLevel, text: string) => log({ level, category, message: redactSecrets(text), fields });
  const startedAt = performance.now();
  const duration = () => `Duration=${Math.round(performance.now() - startedAt)}ms`;
  write("info", `Executing ${name} (Reason='${reason}', Id=${invocationId})`);
  try {
    const result = await run();
    write("info", `Executed ${name} (Succeeded, Id=${invocationId}, ${duration()})`);
    return result;
  } catch (error) {
    write("error", `Executed ${name} (Failed, Id=${invocationId}, ${duration()})\n${formatThrown(error)}`);
    throw error;
  }
}

function logCategory(fn: RegisteredFunction, category: string): string {
  return category === "user" ? `Function.${fn.metadata.name}.User` : `Host.Functions.${fn.metadata.name}`;
}
