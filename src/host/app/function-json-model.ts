import { format } from "node:util";
import { createUserLogger, type LogLevel } from "../../core/ports.ts";
import { giveConnection, isClientBinding } from "../../functions/compat/function-json-contract.ts";
import type { ClientConnection } from "../../functions/embedded-host.ts";
import type { FunctionsLogLevel } from "../host-log.ts";
import { RunningCall } from "./function-json-call.ts";
import { toFunctionJsonRequest, toHttpData } from "./function-json-http.ts";
import type { FunctionRegistration, InvocationRequest } from "./function-metadata.ts";
import type { ProgrammingModel } from "./functions-core.ts";
import { type TypedData, toTypedData } from "./typed-data.ts";

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
          const inputs = Object.fromEntries(
            request.inputData.map(({ name, data }) => {
              const isTimer = bindings[name]?.type.toLowerCase() === "timertrigger";
              return [name, isTimer ? withSmallLetters(readInput(data)) : readInput(data)];
            }),
          );
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
          const outputs = Object.entries(bindings).filter(([, { direction }]) => direction === "out");
          const http = outputs.find(([, { type }]) => type === "http");
          const answer = http === undefined ? undefined : toHttpData(call.outputOf(http[0], result));
          const others = outputs.flatMap(([name, { type }]) => {
            const data = type === "http" ? undefined : toTypedData(call.outputOf(name, result));
            return data === undefined ? [] : [{ name, data }];
          });
          const returned =
            answer === undefined ? others.find(({ name }) => name === "$return")?.data : { http: answer };
          return {
            invocationId,
            outputData: others.filter(({ name }) => name !== "$return"),
            ...(returned !== undefined && { returnValue: returned }),
          };
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
  const metadata = Object.entries(triggerMetadata).map(
    ([name, data]) => [withSmallLetter(name), readInput(data)] as const,
  );
  const request = Object.values(inputs).find(
    (input) => typeof input === "object" && input !== null && "originalUrl" in input,
  ) as { readonly query: object; readonly headers: object; readonly params: object } | undefined;
  return {
    ...request?.params,
    ...Object.fromEntries(metadata),
    ...(request !== undefined && { query: request.query, headers: request.headers, req: request }),
  };
}

/** Names of members as code of JavaScript has them: the host's are those of .NET. */
function withSmallLetters(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [withSmallLetter(name), withSmallLetters(member)]),
  );
}

function withSmallLetter(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** What the binding of a client holds; the client itself comes from `df.getClient(context)`. */
function describeConnection({ client, connectionName, managementBaseUrl }: ClientConnection): object {
  return { taskHubName: client.taskHub, connectionName, baseUrl: managementBaseUrl };
}
