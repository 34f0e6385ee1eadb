import { setMaxListeners } from "node:events";
import { createEventLog } from "../../core/event-log.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import type { Clock, LogSink } from "../../core/ports.ts";
import { CallGuard } from "./call-guard.ts";
import { entityRequests } from "./entity-requests.ts";
import { GrpcListener } from "./grpc-listener.ts";
import { readStoredHistory } from "./history-stream.ts";
import { instanceCalls } from "./instance-calls.ts";
import { createClientService, sidecarServiceDefinition } from "./sidecar-service.ts";

export interface ClientServerOptions {
  readonly client: OrchestrationClient;
  readonly clock: Clock;
  readonly log: LogSink;
}

const maxMessageBytes = 64 * 1024 * 1024;

/**
 * Serves a task hub over gRPC to clients only, as the Durable extension does for functions of its app: work is not given
 * out, and the hub itself neither created nor deleted. Such calls are answered with UNIMPLEMENTED.
 */
export class ClientServer {
  readonly #listener: GrpcListener;
  readonly #stopping = new AbortController();

  constructor({ client, clock, log }: ClientServerOptions) {
    // One for each call that waits.
    setMaxListeners(0, this.#stopping.signal);
    const service = createClientService({
      calls: { hello: async () => ({}), ...instanceCalls(client, clock), ...entityRequests(client) },
      readHistory: (request) => readStoredHistory(request, client),
      guard: new CallGuard({ taskHub: client.taskHub }),
      events: createEventLog(log, { taskHub: client.taskHub }),
      stopping: this.#stopping.signal,
    });
    this.#listener = new GrpcListener({ definition: sidecarServiceDefinition, service, maxMessageBytes, clock });
  }

  /**
   * Resolves to the port once clients can connect.
   *
   * @param address such as `127.0.0.1:4001`; port 0 takes any free one
   * @throws DurableError `HostStartFailed` when the address cannot be listened on
   */
  start(address: string): Promise<number> {
    return this.#listener.listen(address);
  }

  /** Ends waiting calls and closes the port. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listener.close();
  }
}
