import type { AddressInfo } from "node:net";
import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  type status,
} from "@grpc/grpc-js";
import { type ChannelOptions, openChannel } from "../../src/grpc/channel/task-hub-channel.ts";
import { TaskHubSidecarService } from "../../src/grpc/proto/orchestrator_service_pb.ts";
import {
  type MethodName,
  type RequestOf,
  type ResponseInit,
  type StreamMethodName,
  serviceDefinition,
  type UnaryMethodName,
} from "../../src/grpc/service/service-definition.ts";

export interface SeenCall {
  readonly method: MethodName;
  readonly request: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What a handler is told of its call. */
export interface CallInfo {
  /** Aborts when the client calls it off. */
  readonly cancelled: AbortSignal;
}

type Answer<T> = T | Promise<T>;

export type Script = {
  readonly [N in UnaryMethodName]?: (request: RequestOf<N>, info: CallInfo) => Answer<ResponseInit<N>>;
} & {
  readonly [N in StreamMethodName]?: (request: RequestOf<N>, info: CallInfo) => AsyncIterable<ResponseInit<N>>;
};

/** Thrown by a script: how the call fails. */
export class Refusal extends Error {
  readonly code: status;
  readonly details: string;

  constructor(code: status, details = "the script refuses") {
    super(details);
    this.code = code;
    this.details = details;
  }
}

export interface ScriptedServer {
  readonly port: number;
  readonly address: string;
  readonly seen: readonly SeenCall[];
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ServerOptions {
  readonly port?: number;
  readonly credentials?: ServerCredentials;
}

/** A service that answers by a script and remembers what it was asked. */
export async function serve(script: Script, options: ServerOptions = {}): Promise<ScriptedServer> {
  const { credentials = ServerCredentials.createInsecure() } = options;
  const seen: SeenCall[] = [];
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(serviceDefinition, handlersOf(script, seen));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const stop = async () => server.forceShutdown();
  return { port, address: `127.0.0.1:${port}`, seen, stop, [Symbol.asyncDispose]: stop };
}

/** A channel to a server of a test, closed with the scope. */
export function connect(
  server: { readonly address: string },
  options: Partial<ChannelOptions> = {},
): ReturnType<typeof openChannel> & Disposable {
  const channel = openChannel({ address: server.address, taskHub: "hub", ...options });
  return Object.assign(channel, { [Symbol.dispose]: () => channel.close() });
}

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

type AnyCall = ServerUnaryCall<unknown, unknown> & ServerDuplexStream<unknown, unknown>;

function handlersOf(script: Script, seen: SeenCall[]) {
  const methods = Object.keys(TaskHubSidecarService.method) as MethodName[];
  return Object.fromEntries(
    methods.map((method) => {
      const handle = script[method] as ((request: unknown, info: CallInfo) => unknown) | undefined;
      const begin = (call: AnyCall): CallInfo => {
        const cancelled = new AbortController();
        call.on("cancelled", () => cancelled.abort());
        seen.push({ method, request: plain(call.request), headers: call.metadata.getMap() });
        return { cancelled: cancelled.signal };
      };
      const output = TaskHubSidecarService.method[method].output as DescMessage;
      const answer = async (call: AnyCall, done: sendUnaryData<unknown>) => {
        const info = begin(call);
        try {
          if (handle === undefined) throw new Refusal(12, `no ${method} in the script`);
          done(null, create(output, (await handle(call.request, info)) as MessageInitShape<DescMessage>));
        } catch (error) {
          done(error as Refusal);
        }
      };
      const stream = async (call: AnyCall) => {
        const info = begin(call);
        try {
          if (handle === undefined) throw new Refusal(12, `no ${method} in the script`);
          for await (const message of handle(call.request, info) as AsyncIterable<unknown>) {
            call.write(create(output, message as MessageInitShape<DescMessage>));
          }
          call.end();
        } catch (error) {
          const { code, details } = error as Refusal;
          call.emit("error", { code, details, metadata: new Metadata() });
        }
      };
      return [method, TaskHubSidecarService.method[method].methodKind === "unary" ? answer : stream];
    }),
  );
}

/** A request without what marks it as a message, and without fields that say nothing. */
function plain(value: unknown): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(value, (name, each: unknown) => {
    if (name.startsWith("$")) return undefined;
    if (typeof each === "bigint") return Number(each);
    const isNothing = each === "" || each === false || each === 0 || (Array.isArray(each) && each.length === 0);
    const isEmpty = typeof each === "object" && each !== null && !Array.isArray(each) && Object.keys(each).length === 0;
    return name !== "" && (isNothing || isEmpty) ? undefined : each;
  });
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
