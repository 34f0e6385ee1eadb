import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { systemClock } from "../../../src/core/system-ports.ts";
import { findTrigger } from "../../../src/host/app/function-metadata.ts";
import type { HttpAnswer } from "../../../src/host/app/http-conversion.ts";
import { type DurableExtension, startDurableExtension } from "./durable-extension.ts";
import { RpcHost, type RpcHostOptions } from "./rpc-host.ts";
import type { IndexedFunction, RpcWorker } from "./rpc-worker.ts";

/** How long after the end of a worker's process the next one is started, in milliseconds. */
const restartDelayMs = 300;

/**
 * A Functions host with the Durable extension: it takes the durable triggers from what the worker says, and calls them in
 * a worker process. One that ends is replaced; what it was doing is done again.
 */
export class RpcExtensionHost implements AsyncDisposable {
  readonly host: RpcHost;
  readonly extension: DurableExtension;
  #worker: Promise<RpcWorker>;
  #isStopping = false;

  private constructor(host: RpcHost, first: RpcWorker, extension: DurableExtension) {
    this.host = host;
    this.extension = extension;
    this.#worker = Promise.resolve(first);
    this.#replaceAfter(first);
  }

  static async start(options: RpcHostOptions): Promise<RpcExtensionHost> {
    const hub = new MemoryTaskHub({ clock: systemClock });
    const host = await RpcHost.start(options);
    const first = await host.startWorker();
    let self: RpcExtensionHost | undefined;
    const extension = await startDurableExtension({
      hub,
      worker: {
        find: (triggerType, name) => host.functions.find((fn) => isTriggered(fn, triggerType, name)),
        call: async (fn, call) => (await self!.worker).call(fn as IndexedFunction, call, extension.clientBinding),
      },
    });
    self = new RpcExtensionHost(host, first, extension);
    return self;
  }

  /** The one of now; while there is none, the next. */
  get worker(): Promise<RpcWorker> {
    return this.#worker;
  }

  /** Calls an HTTP function. */
  async request(name: string, query = "", body?: unknown): Promise<HttpAnswer> {
    const url = `http://localhost:7071/api/${name}${query}`;
    const method = body === undefined ? "GET" : "POST";
    const worker = await this.#worker;
    return worker.request(this.host.find(name), { method, url, body }, this.extension.clientBinding);
  }

  /** As a host that is told to end does. Resolves to how the worker ended. */
  async stop(): Promise<Awaited<ReturnType<RpcWorker["terminate"]>>> {
    this.#isStopping = true;
    await this.extension.stopEngine();
    const ended = await (await this.#worker).terminate();
    await this.extension.stopServer();
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.extension.stopEngine();
    await this.host[Symbol.asyncDispose]();
    await this.extension.stopServer();
  }

  #replaceAfter(worker: RpcWorker): void {
    void worker.exited.then(() => {
      if (this.#isStopping) return;
      this.#worker = new Promise((resolve) => setTimeout(resolve, restartDelayMs)).then(async () => {
        const next = await this.host.startWorker();
        this.#replaceAfter(next);
        return next;
      });
    });
  }
}

/** Names compare ignoring case, as in the extension. */
function isTriggered({ metadata }: IndexedFunction, triggerType: string, name: string): boolean {
  const { type, ...options } = findTrigger(metadata)?.binding ?? { type: "" };
  const own = options["orchestration"] ?? options["activity"] ?? options["entityName"] ?? metadata.name;
  return type === triggerType && String(own).toLowerCase() === name.toLowerCase();
}
