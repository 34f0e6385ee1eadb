import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { TaskHubSidecarService } from "../proto/orchestrator_service_pb.ts";

/** The methods of the service by their names in code: `startInstance`, `getWorkItems`. */
export type ServiceMethods = (typeof TaskHubSidecarService)["method"];
export type MethodName = keyof ServiceMethods;
/** Methods that answer once. */
export type UnaryMethodName = {
  [Name in MethodName]: ServiceMethods[Name]["methodKind"] extends "unary" ? Name : never;
}[MethodName];
/** Methods that answer with a stream. */
export type StreamMethodName = Exclude<MethodName, UnaryMethodName>;
/** What a caller writes: a message, or its fields. */
export type RequestInit<Name extends MethodName> = MessageInitShape<ServiceMethods[Name]["input"]>;
export type RequestOf<Name extends MethodName> = MessageShape<ServiceMethods[Name]["input"]>;
export type ResponseOf<Name extends MethodName> = MessageShape<ServiceMethods[Name]["output"]>;
/** What a handler answers: a message, or its fields. */
export type ResponseInit<Name extends MethodName> = MessageInitShape<ServiceMethods[Name]["output"]>;

/** The service as `@grpc/grpc-js` wants it, for servers and for clients. */
export const serviceDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(TaskHubSidecarService.method).map(([name, { input, output, methodKind, name: wireName }]) => {
    const definition: MethodDefinition<unknown, unknown> = {
      path: `/${TaskHubSidecarService.typeName}/${wireName}`,
      requestStream: false,
      responseStream: methodKind === "server_streaming",
      requestSerialize: serializerOf(input),
      requestDeserialize: (bytes) => fromBinary(input, bytes),
      responseSerialize: serializerOf(output),
      responseDeserialize: (bytes) => fromBinary(output, bytes),
    };
    return [name, definition];
  }),
);

/** Also takes the fields of a message that was not created yet. */
function serializerOf(schema: DescMessage): (message: unknown) => Buffer {
  return (message) => {
    const bytes = toBinary(schema, create(schema, message as MessageInitShape<DescMessage>));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
