import { assertOptionNames } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import { type RetentionOptions, type RetentionPolicy, resolveRetention } from "../core/retention.ts";
import {
  type HubLocation,
  hubOptionNames,
  limitDefaultsOn,
  type ResolvedHub,
  resolveHub,
} from "../hosting/hub-location.ts";
import { type ClientOptions, clientOptionNames } from "./client-options.ts";
import { DurableTaskClient, type OpenClient } from "./durable-task-client.ts";
import { DurableTaskWorker, type PlacedWorker, type WorkerRequest } from "./durable-task-worker.ts";
import { type WorkerOptions, workerOptionNames } from "./worker-options.ts";

export interface EmbeddedWorkerOptions<Converter extends DataConverter | undefined = DataConverter | undefined>
  extends HubLocation,
    WorkerOptions<Converter> {
  /** How long finished instances are kept. @defaultValue for ever */
  readonly retention?: RetentionOptions | undefined;
}
export interface EmbeddedClientOptions<Converter extends DataConverter | undefined = DataConverter | undefined>
  extends HubLocation,
    ClientOptions<Converter> {}

/**
 * A worker with an engine of its own, on a task hub in Azure Storage, on Azurite, or in memory: no other process is
 * needed. Workers and clients of one process that name the same hub in memory share it.
 *
 * @example
 * await using worker = new EmbeddedTaskHubWorker({ storage: process.env.STORAGE!, taskHub: "Orders" });
 */
export class EmbeddedTaskHubWorker<
  Converter extends DataConverter | undefined = undefined,
> extends DurableTaskWorker<Converter> {
  /** @throws DurableError `InvalidOption` */
  constructor(options: EmbeddedWorkerOptions<Converter>) {
    assertOptionNames(options, [...hubOptionNames, ...workerOptionNames, "retention"], "EmbeddedTaskHubWorker");
    const hub = resolveHub(options);
    const retention = options.retention === undefined ? undefined : resolveRetention(options.retention, "'retention'");
    const limitDefaults = limitDefaultsOn(hub.storage);
    super({ taskHub: hub.taskHub, limitDefaults, open: (request) => openWorker(hub, retention, request) }, options);
  }
}

/**
 * A client of a task hub in Azure Storage, on Azurite, or in the memory of this process.
 *
 * @example
 * await using client = new EmbeddedTaskHubClient({ storage: process.env.STORAGE!, taskHub: "Orders" });
 * const run = await client.start(processOrder, order);
 */
export class EmbeddedTaskHubClient<
  Converter extends DataConverter | undefined = undefined,
> extends DurableTaskClient<Converter> {
  /** @throws DurableError `InvalidOption` */
  constructor(options: EmbeddedClientOptions<Converter>) {
    assertOptionNames(options, [...hubOptionNames, ...clientOptionNames], "EmbeddedTaskHubClient");
    const hub = resolveHub(options);
    super(() => openClient(hub), options);
  }
}

async function openWorker(
  location: ResolvedHub,
  retention: RetentionPolicy | undefined,
  request: WorkerRequest,
): Promise<PlacedWorker> {
  const [{ openHub }, { createHubEngine }] = await Promise.all([
    import("../hosting/open-hub.ts"),
    import("../hosting/hub-engine.ts"),
  ]);
  const { executor, log, concurrency, stopGraceMs, limits } = request;
  const hub = await openHub({ ...location, env: process.env, log });
  return createHubEngine(hub, { ...concurrency, executor, log, stopGraceMs, limits, retention });
}

async function openClient(location: ResolvedHub): Promise<OpenClient> {
  const [{ openHub }, { silentLog }] = await Promise.all([
    import("../hosting/open-hub.ts"),
    import("../core/ports.ts"),
  ]);
  return openHub({ ...location, env: process.env, log: silentLog });
}
