import { format } from "node:util";
import { createUserLogger, type LogLevel } from "../../core/ports.ts";
import { giveConnection, isClientBinding } from "../../functions/compat/function-json-contract.ts";
import type { ClientConnection } from "../../functions/embedded-host.ts";
import type { FunctionsLogLevel } from "../host-log.ts";
import { RunningCall } from "./function-json-call.ts";
import { toFunctionJsonRequest, toHttpData } from "./function-json-http.ts";
import type { FunctionRegistration, InvocationRequest } from "./function-metadata.ts";
import type { ProgrammingModel } from "./functions-core.ts";
import type { TypedData } from "./typed-data.ts";

const hostLevels: Readonly<Record<LogLevel, FunctionsLogLevel>> = {
  trace: "trace",
  debug: "debug",
  info: "information",
  warn: "warning",
  error: "error",
};

/**
 * How functions with a function.json are called: `(context, ...inputs)`, with bindings by name.
 *
 * @param options.folderOf where a function is
 * @param options.connect what clients come from, once the engine runs
 */
export function createFunctionJsonModel(options: {
  readonly version: string;
  readonly folderOf: (functionName: string) => string;
  readonly connect: () => Promise<ClientConnection>;
}): ProgrammingModel {
  return {
    name: "function.json",
    version: options.version,
    getInvocationModel(core) {
      const request = core.request as InvocationRequest;
      const { name: functionName, bindings } = core.metadata as FunctionRegistration;
      const { invocationId } = request;
      let call: RunningCall;
      return {
        async getArguments() {
          const inputs = Object.fromEntries(request.inputData.map(({ name, data }) => [name, readInput(data)]));
          const connection = Object.values(bindings).some(isClientBinding) ? await options.connect() : undefined;
          for (const [name, binding] of Object.entries(bindings)) {
            if (connection !== undefined && isClientBinding(binding)) inputs[name] = describeConnection(connection);
          }
          call = new RunningCall({
            invocationId,
            functionName,
            functionDirectory: options.folderOf(functionName),
            bindings,
            inputs,
            bindingData: readBindingData(request, inputs),
            logger: createUserLogger((level, args) => core.log(hostLevels[level], "user", format(...args))),
          });
          if (connection !== undefined) giveConnection(call.context, connection);
          return { context: call.context, inputs: [...call.inputs] };
        },
        invokeFunction: (_context, _inputs, callback) => call.run(callback),
        async getResponse(_context, result) {
          const output = Object.entries(bindings).find(
            ([, { type, direction }]) => type === "http" && direction === "out",
          );
          const http = output === undefined ? undefined : toHttpData(call.outputOf(output[0], result));
          return { invocationId, outputData: [], ...(http !== undefined && { returnValue: { http } }) };
        },
      };
    },
  };
}

/** Texts that are JSON are read, as the Functions host does. */
function readInput(data: TypedData): unknown {
  if (data.http !== undefined) return toFunctionJsonRequest(data.http);
  const text = data.json ?? data.string;
  if (text === undefined) return data.bytes ?? data.int ?? data.double;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function readBindingData(
  { triggerMetadata }: InvocationRequest,
  inputs: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const metadata = Object.entries(triggerMetadata).map(([name, data]) => [name, readInput(data)] as const);
  const request = Object.values(inputs).find(
    (input) => typeof input === "object" && input !== null && "originalUrl" in input,
  ) as { readonly query: object; readonly headers: object; readonly params: object } | undefined;
  return {
    ...request?.params,
    ...Object.fromEntries(metadata),
    ...(request !== undefined && { query: request.query, headers: request.headers, req: request }),
  };
}

/** What the binding of a client holds; the client itself comes from `df.getClient(context)`. */
function describeConnection({ client, connectionName, managementBaseUrl }: ClientConnection): object {
  return { taskHubName: client.taskHub, connectionName, baseUrl: managementBaseUrl };
}
