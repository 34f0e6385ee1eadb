import { fromBinary } from "@bufbuild/protobuf";
import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type WorkItem, WorkItemSchema } from "../../src/grpc/proto/orchestrator_service_pb.ts";
import {
  type RequestInit,
  type ResponseOf,
  serviceDefinition,
  type UnaryMethodName,
} from "../../src/grpc/service/service-definition.ts";

export interface PeerOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: ChannelCredentials;
}

/** Speaks to a sidecar as any client or worker may, also wrongly. */
export class SidecarPeer {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(address: string, options: PeerOptions = {}) {
    this.#client = new Client(address, options.credentials ?? credentials.createInsecure());
    for (const [name, value] of Object.entries(options.headers ?? {})) this.#metadata.set(name, value);
  }

  /** @throws ServiceError */
  call<Name extends UnaryMethodName>(
    name: Name,
    request: RequestInit<Name>,
    deadlineMs = 20_000,
  ): Promise<ResponseOf<Name>> {
    return this.callWith(name, serviceDefinition[name]!.requestSerialize(request), deadlineMs) as Promise<
      ResponseOf<Name>
    >;
  }

  /** Sends a request that is written already. @throws ServiceError */
  callWith(name: UnaryMethodName, request: Buffer, deadlineMs = 20_000): Promise<unknown> {
    const { path, responseDeserialize } = serviceDefinition[name]!;
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + deadlineMs };
      const write = (bytes: Buffer) => bytes;
      this.#client.makeUnaryRequest(
        path,
        write,
        responseDeserialize,
        request,
        this.#metadata,
        options,
        (error, value) => (error === null ? resolve(value) : reject(error)),
      );
    });
  }

  /** The code of the status with which a call ends; 0 for success. */
  async codeOf(call: Promise<unknown>): Promise<number> {
    return await call.then(
      () => 0,
      (error: ServiceError) => error.code,
    );
  }

  /** Takes work, without ever answering by itself. */
  work(request: RequestInit<"getWorkItems"> = {}): PeerStream {
    const { path, requestSerialize } = serviceDefinition["getWorkItems"]!;
    const read = (bytes: Buffer) => fromBinary(WorkItemSchema, bytes);
    const stream = this.#client.makeServerStreamRequest(path, requestSerialize, read, request, this.#metadata);
    const items: WorkItem[] = [];
    let ended: number | undefined;
    stream.on("data", (item: WorkItem) => {
      if (item.request.case !== "healthPing") items.push(item);
    });
    stream.on("error", (error: ServiceError) => {
      ended = error.code;
    });
    stream.on("end", () => {
      ended ??= 0;
    });
    return {
      items,
      get ended() {
        return ended;
      },
      cancel: () => stream.cancel(),
    };
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export interface PeerStream {
  /** Work that has come, without the pings. */
  readonly items: readonly WorkItem[];
  /** Code of the status with which the stream has ended. */
  readonly ended: number | undefined;
  cancel(): void;
}
