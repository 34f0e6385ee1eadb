import { assertKind, assertOptionNames } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { type ClientOptions, clientOptionNames } from "./client-options.ts";
import { DurableTaskClient } from "./durable-task-client.ts";
import { DurableTaskWorker } from "./durable-task-worker.ts";
import {
  type GrpcLocation,
  type GrpcWorkerOptions,
  grpcOptionNames,
  resolveGrpcLocation,
  type TaskHubGrpcClientOptions,
  type TaskHubGrpcWorkerOptions,
} from "./grpc-options.ts";
import { placeOf } from "./grpc-worker-place.ts";
import { workerOptionNames } from "./worker-options.ts";

/** What may stand beside an address. */
type Beside<Options> = Omit<Options, "address">;

/**
 * A worker on a task hub that a gRPC server keeps: `durable sidecar`, or that of another language.
 *
 * @example
 * await using worker = new TaskHubGrpcWorker("localhost:4001");
 */
export class TaskHubGrpcWorker<
  Converter extends DataConverter | undefined = undefined,
> extends DurableTaskWorker<Converter> {
  /** @throws DurableError `InvalidOption` */
  constructor(address: string, options?: Beside<TaskHubGrpcWorkerOptions<Converter>>);
  constructor(options: TaskHubGrpcWorkerOptions<Converter>);
  constructor(
    first: string | TaskHubGrpcWorkerOptions<Converter>,
    second: Beside<TaskHubGrpcWorkerOptions<Converter>> = {},
  ) {
    const options = typeof first === "string" ? { ...second, address: first } : first;
    assertOptionNames(options, [...locationNames, "workItemFilters", ...workerOptionNames], "TaskHubGrpcWorker");
    const location = resolveGrpcLocation(connectionOf(options));
    assertKind(options.workItemFilters, "flag", "'workItemFilters'", true);
    super(placeOf(location, options), options);
  }
}

/**
 * A client of a task hub that a gRPC server keeps.
 *
 * @example
 * await using client = new TaskHubGrpcClient("localhost:4001");
 * const run = await client.start(processOrder, order);
 */
export class TaskHubGrpcClient<
  Converter extends DataConverter | undefined = undefined,
> extends DurableTaskClient<Converter> {
  /** @throws DurableError `InvalidOption` */
  constructor(address: string, options?: Beside<TaskHubGrpcClientOptions<Converter>>);
  constructor(options: TaskHubGrpcClientOptions<Converter>);
  constructor(
    first: string | TaskHubGrpcClientOptions<Converter>,
    second: Beside<TaskHubGrpcClientOptions<Converter>> = {},
  ) {
    const options = typeof first === "string" ? { ...second, address: first } : first;
    assertOptionNames(options, [...locationNames, ...clientOptionNames], "TaskHubGrpcClient");
    const location = resolveGrpcLocation(connectionOf(options));
    super(async () => (await import("./grpc-place.ts")).openGrpcClient(location), options);
  }
}

const locationNames = ["address", "taskHub", "secure", "credential", "resourceId", ...grpcOptionNames] as const;

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
