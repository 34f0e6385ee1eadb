import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import type { OrchestrationClient } from "../../src/core/orchestration-client.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { TaskExecutor } from "../../src/core/task-executor.ts";
import type { Backend, TaskHubStore } from "../../src/engine/backend.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { openChannel } from "../../src/grpc/channel/task-hub-channel.ts";
import { formatUserAgent } from "../../src/grpc/channel/user-agent.ts";
import { GrpcOrchestrationClient } from "../../src/grpc/client/grpc-orchestration-client.ts";
import { SidecarServer } from "../../src/grpc/sidecar/sidecar-server.ts";
import { GrpcWorker } from "../../src/grpc/worker/grpc-worker.ts";
import { createEntityCalls } from "../../src/hosting/entity-calls.ts";

/** Everything of user code and of clients goes through our sidecar, which has a hub of its own in this process. */
export async function serveThroughSidecar(
  hub: { readonly backend: Backend; readonly store: TaskHubStore },
  executor: TaskExecutor,
): Promise<{ readonly client: OrchestrationClient; stop(): Promise<void> }> {
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const inside = new TaskHubClient({ ...ports, store: hub.store });
  const server = new SidecarServer({ ...ports, ...hub, client: inside, entityCalls: createEntityCalls(inside) });
  const address = `127.0.0.1:${await server.start("127.0.0.1:0")}`;
  const open = (role: "Worker" | "Client") => openChannel({ address, userAgent: formatUserAgent(role) });
  const worker = new GrpcWorker({ ...ports, openChannel: () => open("Worker"), executor });
  await worker.start();
  const channel = open("Client");
  return {
    client: new GrpcOrchestrationClient({ ...ports, channel }),
    async stop() {
      await worker.stop();
      channel.close();
      await server.stop();
    },
  };
}

/** A hub in memory behind our sidecar. */
export async function openServedHub() {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return {
    backend: hub,
    store: hub,
    close: () => hub.deleteTaskHub(),
    serve: (executor: TaskExecutor) => serveThroughSidecar({ backend: hub, store: hub }, executor),
  };
}
