import { setMaxListeners } from "node:events";
import type { EntityCalls } from "../../core/entity-calls.ts";
import { createEventLog } from "../../core/event-log.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import type { Clock, LogSink, Random } from "../../core/ports.ts";
import type { RetentionPolicy } from "../../core/retention.ts";
import type { Backend, TaskHubStore } from "../../engine/backend.ts";
import { TaskHubWorker } from "../../engine/task-hub-worker.ts";
import { CallGuard } from "./call-guard.ts";
import { EntityCallRouter } from "./entity-call-router.ts";
import { entityRequests } from "./entity-requests.ts";
import { GatedBackend } from "./gated-backend.ts";
import { GrpcListener } from "./grpc-listener.ts";
import { readHistory } from "./history-stream.ts";
import { hubCalls } from "./hub-calls.ts";
import { instanceCalls } from "./instance-calls.ts";
import { RemoteExecutor } from "./remote-executor.ts";
import { createSidecarService, sidecarServiceDefinition } from "./sidecar-service.ts";
import { WorkDispatcher } from "./work-dispatcher.ts";
import { workItemCalls } from "./work-item-calls.ts";

export interface SidecarServerOptions {
  readonly backend: Backend;
  readonly store: TaskHubStore;
  /** On the same hub. */
  readonly client: OrchestrationClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LogSink;
  /** How clients of this package call entities, whatever the workers are. @defaultValue such calls are refused */
  readonly entityCalls?: EntityCalls | undefined;
  /** What callers must show as `authorization: Bearer <token>`. @defaultValue nothing */
  readonly token?: string | undefined;
  /** Certificate chain and key, in PEM. @defaultValue connections are not encrypted */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  /** Largest message that is received or sent, in bytes. @defaultValue 64 MiB */
  readonly maxMessageBytes?: number | undefined;
  /** How long work that was fetched waits while no worker is connected, in milliseconds. @defaultValue 10,000 */
  readonly noWorkerGraceMs?: number | undefined;
  /** An orchestration or entity without an answer for so long is sent again, in milliseconds. @defaultValue 5 minutes */
  readonly answerTimeoutMs?: number | undefined;
  /** Between two signs of life on the stream of a worker, in milliseconds. @defaultValue 15,000 */
  readonly pingIntervalMs?: number | undefined;
  /** How long `stop` lets workers finish what they have, in milliseconds. @defaultValue 3,000 */
  readonly stopGraceMs?: number | undefined;
  /** Orchestrations that are fetched at the same time, whatever workers take. @defaultValue 1,000 */
  readonly maxConcurrentOrchestrations?: number | undefined;
  /** Entities that are fetched at the same time, whatever workers take. @defaultValue 1,000 */
  readonly maxConcurrentEntities?: number | undefined;
  /** Activities that are fetched at the same time, whatever workers take. @defaultValue 1,000 */
  readonly maxConcurrentActivities?: number | undefined;
  /** @defaultValue finished instances are kept */
  readonly retention?: RetentionPolicy | undefined;
}

/**
 * Serves a task hub over gRPC: to clients, and to workers in any language, which run all of its orchestrations,
 * activities and entities.
 *
 *   created ──start──▶ running ──stop──▶ stopping ──▶ stopped
 *
 * Stopping means: fetch nothing more, let workers finish within the grace, hand back the rest, end all streams and calls,
 * close the port.
 *
 * @example
 * const server = new SidecarServer({ backend: hub, store: hub, client, clock, random, log });
 * const port = await server.start("127.0.0.1:4001");
 */
export class SidecarServer {
  readonly #options: SidecarServerOptions;
  readonly #listener: GrpcListener;
  readonly #dispatcher: WorkDispatcher;
  readonly #worker: TaskHubWorker;
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(options: SidecarServerOptions) {
    const { backend, store, client, clock, log, entityCalls } = options;
    // One for each call that waits and each worker that is connected.
    setMaxListeners(0, this.#stopping.signal);
    this.#options = options;
    const maxMessageBytes = options.maxMessageBytes ?? 64 * 1024 * 1024;
    const dispatcher = new WorkDispatcher({ ...options, maxMessageBytes });
    this.#dispatcher = dispatcher;
    const remote = new RemoteExecutor({ dispatcher, clock });
    this.#worker = new TaskHubWorker({
      backend: new GatedBackend(backend, dispatcher.queue),
      store,
      executor: entityCalls === undefined ? remote : new EntityCallRouter(remote, entityCalls.executor),
      clock,
      log,
      maxConcurrentOrchestrations: options.maxConcurrentOrchestrations ?? 1_000,
      maxConcurrentEntities: options.maxConcurrentEntities ?? 1_000,
      maxConcurrentActivities: options.maxConcurrentActivities ?? 1_000,
      stopGraceMs: stopGraceOf(options),
      // Workers say what they take, and others may connect at any time.
      unknownNameGraceMs: Number.POSITIVE_INFINITY,
      retention: options.retention && { policy: options.retention, random: options.random },
    });
    const service = createSidecarService({
      calls: {
        ...hubCalls(store, () => dispatcher.queue.interrupt()),
        ...instanceCalls(client, clock, entityCalls),
        ...entityRequests(client),
        ...workItemCalls(dispatcher),
      },
      readHistory: (request) => readHistory(request, { client, dispatcher }),
      dispatcher,
      guard: new CallGuard({ taskHub: client.taskHub, token: options.token }),
      events: createEventLog(log, { taskHub: client.taskHub }),
      stopping: this.#stopping.signal,
    });
    this.#listener = new GrpcListener({
      definition: sidecarServiceDefinition,
      service,
      maxMessageBytes,
      tls: options.tls,
      clock,
    });
  }

  /**
   * Resolves to the port once clients and workers can connect.
   *
   * @param address such as `127.0.0.1:4001`; port 0 takes any free one
   * @throws DurableError `HostStartFailed` when the address cannot be listened on; what the backend throws when the task
   * hub cannot be reached
   */
  async start(address: string): Promise<number> {
    try {
      const port = await this.#listener.listen(address);
      await this.#worker.start();
      return port;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Never rejects; repeated calls wait for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    const { clock } = this.#options;
    const drained = new AbortController();
    const workerStopped = this.#worker.stop().finally(() => drained.abort());
    // What has no answer by then is handed back while the engine still waits for it.
    await clock.sleep(stopGraceOf(this.#options), drained.signal);
    this.#dispatcher.close();
    await workerStopped;
    this.#stopping.abort();
    await this.#listener.close();
  }
}

function stopGraceOf({ stopGraceMs }: SidecarServerOptions): number {
  return stopGraceMs ?? 3_000;
}
