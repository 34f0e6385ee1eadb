import type { WorkerPlace } from "./durable-task-worker.ts";
import type { GrpcLocation, GrpcOnlyWorkerOptions } from "./grpc-options.ts";

/** Where a worker over gRPC works. */
export function placeOf(location: GrpcLocation, options: GrpcOnlyWorkerOptions): WorkerPlace {
  return {
    taskHub: location.taskHub,
    description: location.address,
    // Loaded with a start only: it reads the gRPC libraries.
    open: async (request) => (await import("./grpc-place.ts")).openGrpcWorker(location, options, request),
  };
}
