import type { AccessCredential } from "../core/access-credential.ts";
import { DurableError } from "../core/errors.ts";
import { assertKind, assertOptionNames } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { parseSchedulerConnectionString } from "../grpc/channel/scheduler-connection.ts";
import { createSchedulerCredential } from "../grpc/channel/scheduler-credential.ts";
import { type ClientOptions, clientOptionNames } from "./client-options.ts";
import { DurableTaskClient } from "./durable-task-client.ts";
import { DurableTaskWorker } from "./durable-task-worker.ts";
import {
  type GrpcLocation,
  type GrpcOptions,
  type GrpcWorkerOptions,
  grpcOptionNames,
  resolveGrpcLocation,
} from "./grpc-options.ts";
import { placeOf } from "./grpc-worker-place.ts";
import { workerOptionNames } from "./worker-options.ts";

/** Where a Durable Task Scheduler is: a connection string, or its parts. */
export type SchedulerLocation =
  | { readonly connectionString: string }
  | {
      /** `https://my-scheduler.westus2.durabletask.io`. */
      readonly endpoint: string;
      readonly taskHub: string;
      /** A `TokenCredential`, for example one of `@azure/identity`. @defaultValue none, for the emulator */
      readonly credential?: AccessCredential | undefined;
    };

/** How a worker of a Durable Task Scheduler is made. */
export type SchedulerWorkerOptions<Converter extends DataConverter | undefined = DataConverter | undefined> =
  GrpcOptions & GrpcWorkerOptions<Converter>;
/** How a client of a Durable Task Scheduler is made. */
export type SchedulerClientOptions<Converter extends DataConverter | undefined = DataConverter | undefined> =
  GrpcOptions & ClientOptions<Converter>;

/**
 * A worker of a Durable Task Scheduler, or of its emulator.
 *
 * @example
 * await using worker = new DurableTaskSchedulerWorker(
 *   "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None",
 * );
 * worker.addOrchestration(processOrder);
 * await worker.start();
 */
export class DurableTaskSchedulerWorker<
  Converter extends DataConverter | undefined = undefined,
> extends DurableTaskWorker<Converter> {
  /**
   * @param connectionString `Endpoint=...;TaskHub=...;Authentication=...`; every kind but `None` needs `@azure/identity`
   * @throws DurableError `InvalidOption`, `NotSupported` for a kind of authentication that Node has not
   */
  constructor(connectionString: string, options?: SchedulerWorkerOptions<Converter>);
  constructor(options: SchedulerLocation & SchedulerWorkerOptions<Converter>);
  constructor(
    first: string | (SchedulerLocation & SchedulerWorkerOptions<Converter>),
    second: SchedulerWorkerOptions<Converter> = {},
  ) {
    const options = typeof first === "string" ? { ...second, connectionString: first } : first;
    assertOptionNames(
      options,
      [...locationNames, "workItemFilters", ...workerOptionNames],
      "DurableTaskSchedulerWorker",
    );
    const location = resolveScheduler(options);
    assertKind(options.workItemFilters, "flag", "'workItemFilters'", true);
    super(placeOf(location, options), options);
  }
}

/**
 * A client of a Durable Task Scheduler, or of its emulator.
 *
 * @example
 * await using client = new DurableTaskSchedulerClient(
 *   "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None",
 * );
 * const run = await client.start(processOrder, order);
 */
export class DurableTaskSchedulerClient<
  Converter extends DataConverter | undefined = undefined,
> extends DurableTaskClient<Converter> {
  /**
   * @param connectionString `Endpoint=...;TaskHub=...;Authentication=...`; every kind but `None` needs `@azure/identity`
   * @throws DurableError `InvalidOption`, `NotSupported` for a kind of authentication that Node has not
   */
  constructor(connectionString: string, options?: SchedulerClientOptions<Converter>);
  constructor(options: SchedulerLocation & SchedulerClientOptions<Converter>);
  constructor(
    first: string | (SchedulerLocation & SchedulerClientOptions<Converter>),
    second: SchedulerClientOptions<Converter> = {},
  ) {
    const options = typeof first === "string" ? { ...second, connectionString: first } : first;
    assertOptionNames(options, [...locationNames, ...clientOptionNames], "DurableTaskSchedulerClient");
    const location = resolveScheduler(options);
    super(async () => (await import("./grpc-place.ts")).openGrpcClient(location), options);
  }
}

const locationNames = ["connectionString", "endpoint", "taskHub", "credential", ...grpcOptionNames] as const;

/** @throws DurableError `InvalidOption` */
function resolveScheduler(options: SchedulerLocation & GrpcOptions): GrpcLocation {
  const { rootCertificates, metadata, keepAlive, largePayloads } = options;
  const more = { rootCertificates, metadata, keepAlive, largePayloads };
  if ("endpoint" in options) {
    const { endpoint, taskHub, credential } = options;
    if (typeof taskHub !== "string" || taskHub === "") {
      throw new DurableError("InvalidOption", "'taskHub' must be the name of a task hub of the scheduler");
    }
    return resolveGrpcLocation({ ...more, address: endpoint, taskHub, credential });
  }
  const connection = parseSchedulerConnectionString(options.connectionString);
  const { endpoint, taskHub } = connection;
  return { ...more, address: endpoint, taskHub, credential: createSchedulerCredential(connection) };
}
