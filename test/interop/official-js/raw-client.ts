import { Client, type ClientReadableStream, credentials, type MethodDefinition } from "@grpc/grpc-js";
import {
  type RequestInit,
  type ResponseOf,
  type StreamMethodName,
  serviceDefinition,
  type UnaryMethodName,
} from "../../../src/grpc/service/service-definition.ts";

/** For what the protocol has and this version of the package cannot ask for. */
export class RawClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  call<N extends UnaryMethodName>(name: N, request: RequestInit<N>): Promise<ResponseOf<N>> {
    const { path, requestSerialize, responseDeserialize } = definitionOf<N>(name);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
        if (error !== null) reject(error);
        else resolve(response!);
      });
    });
  }

  stream<N extends StreamMethodName>(name: N, request: RequestInit<N>): ClientReadableStream<ResponseOf<N>> {
    const { path, requestSerialize, responseDeserialize } = definitionOf<N>(name);
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  }

  close(): void {
    this.#client.close();
  }
}

function definitionOf<N extends UnaryMethodName | StreamMethodName>(
  name: N,
): MethodDefinition<RequestInit<N>, ResponseOf<N>> {
  return serviceDefinition[name] as MethodDefinition<RequestInit<N>, ResponseOf<N>>;
}
