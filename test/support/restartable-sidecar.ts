import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { SidecarServer, type SidecarServerOptions } from "../../src/grpc/sidecar/sidecar-server.ts";
import type { Azurite } from "./azurite.ts";

/** Where a sidecar under test keeps its hub. */
export type SidecarStore = { readonly kind: "memory" } | { readonly kind: "azurite"; readonly azurite: Azurite };

const ports = { clock: systemClock, random: systemRandom };
let hubs = 0;

/** Our sidecar in this process, which may be stopped and started again on its port and its hub. */
export class RestartableSidecar {
  readonly #openHub: () => Pick<SidecarServerOptions, "backend" | "store">;
  readonly #options: Partial<SidecarServerOptions>;
  #server: SidecarServer | undefined;
  #port = 0;

  constructor(store: SidecarStore, options: Partial<SidecarServerOptions> = {}) {
    this.#openHub = openerOf(store);
    this.#options = options;
  }

  /** Host and port, for a client without TLS. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Takes a free port at first, and the same one ever after. */
  async start(): Promise<void> {
    const hub = this.#openHub();
    const client = new TaskHubClient({ store: hub.store, ...ports });
    this.#server = new SidecarServer({ ...hub, client, log: silentLog, stopGraceMs: 200, ...ports, ...this.#options });
    this.#port = await this.#server.start(this.address);
  }

  /** Repeatable. The hub stays. */
  async stop(): Promise<void> {
    await this.#server?.stop();
  }
}

function openerOf(store: SidecarStore): () => Pick<SidecarServerOptions, "backend" | "store"> {
  if (store.kind === "memory") {
    const hub = new MemoryTaskHub(ports);
    return () => ({ backend: hub, store: hub });
  }
  const taskHub = `Sidecar${++hubs}x${process.pid}`;
  const { connectionString } = store.azurite;
  // A backend that was stopped is not started again.
  return () => {
    const { backend, store } = createAzureStorageTaskHub({
      workerId: `sidecar${hubs}`,
      ...ports,
      log: silentLog,
      connectionString,
      taskHub,
      partitionCount: 2,
      maxQueuePollingIntervalMs: 100,
    });
    return { backend, store };
  };
}
