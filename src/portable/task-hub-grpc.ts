import type { ClientOptions } from "./client-options.ts";
import { DurableTaskClient } from "./durable-task-client.ts";
import { DurableTaskWorker } from "./durable-task-worker.ts";
import {
  type GrpcLocation,
  type GrpcWorkerOptions,
  resolveGrpcLocation,
  type TaskHubGrpcClientOptions,
  type TaskHubGrpcWorkerOptions,
} from "./grpc-options.ts";
import { placeOf } from "./grpc-worker-place.ts";

/** What may stand beside an address. */
type Beside<Options> = Omit<Options, "address">;

/**
 * A worker on a task hub that a gRPC server keeps: `durable sidecar`, or that of another language.
 *
 * @example
 * await using worker = new TaskHubGrpcWorker("localhost:4001");
 */
export class TaskHubGrpcWorker extends DurableTaskWorker {
  /** @throws DurableError `InvalidOption` */
  constructor(address: string, options?: Beside<TaskHubGrpcWorkerOptions>);
  constructor(options: TaskHubGrpcWorkerOptions);
  constructor(first: string | TaskHubGrpcWorkerOptions, second: Beside<TaskHubGrpcWorkerOptions> = {}) {
    const options = typeof first === "string" ? { ...second, address: first } : first;
    const location = resolveGrpcLocation(connectionOf(options));
    super(placeOf(location, options), options);
  }
}

/** A client of a task hub that a gRPC server keeps. */
export class TaskHubGrpcClient extends DurableTaskClient {
  /** @throws DurableError `InvalidOption` */
  constructor(address: string, options?: Beside<TaskHubGrpcClientOptions>);
  constructor(options: TaskHubGrpcClientOptions);
  constructor(first: string | TaskHubGrpcClientOptions, second: Beside<TaskHubGrpcClientOptions> = {}) {
    const options = typeof first === "string" ? { ...second, address: first } : first;
    const location = resolveGrpcLocation(connectionOf(options));
    super(async () => (await import("./grpc-place.ts")).openGrpcClient(location), options);
  }
}

/** What of the options says how to connect. */
function connectionOf(options: GrpcLocation & (GrpcWorkerOptions | ClientOptions)): GrpcLocation {
  const { address, taskHub, secure, credential, resourceId } = options;
  const { rootCertificates, metadata, keepAlive, largePayloads } = options;
  return {
    address,
    taskHub,
    secure,
    credential,
    resourceId,
    rootCertificates,
    metadata,
    keepAlive,
    largePayloads,
  };
}
