import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import type { LogSink } from "../../src/core/ports.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { SidecarServer, type SidecarServerOptions } from "../../src/grpc/sidecar/sidecar-server.ts";
import { createEntityCalls } from "../../src/hosting/entity-calls.ts";

export interface RunningSidecar extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  readonly hub: MemoryTaskHub;
  readonly client: TaskHubClient;
  readonly server: SidecarServer;
}

/** A sidecar on a hub in memory, on a free port of this machine unless one is given. */
export async function startSidecar(
  options: Partial<SidecarServerOptions> & { readonly log?: LogSink; readonly hub?: MemoryTaskHub } = {},
  port = 0,
): Promise<RunningSidecar> {
  const ports = { clock: systemClock, random: systemRandom };
  const hub = options.hub ?? new MemoryTaskHub(ports);
  const client = new TaskHubClient({ store: hub, ...ports });
  const entityCalls = createEntityCalls(client);
  const base = { backend: hub, store: hub, client, entityCalls, log: silentLog };
  const server = new SidecarServer({ ...base, ...ports, ...options });
  const address = `127.0.0.1:${await server.start(`127.0.0.1:${port}`)}`;
  return { address, hub, client, server, [Symbol.asyncDispose]: () => server.stop() };
}
