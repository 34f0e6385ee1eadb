import { fileURLToPath } from "node:url";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { functionRpc, type StreamingMessage } from "./rpc-schema.mjs";
import { type EventStream, type IndexedFunction, RpcWorker } from "./rpc-worker.ts";

export interface RpcHostOptions {
  readonly appFolder: string;
  /** App settings, for each worker. */
  readonly env: Readonly<Record<string, string>>;
  /** Node arguments and the file of the worker. @defaultValue the worker beside this file */
  readonly command?: readonly string[];
}

const ownWorker = fileURLToPath(new URL("rpc-worker.mjs", import.meta.url));
const maxMessageBytes = 64 * 1024 * 1024;

/**
 * The side of a Functions host that drives worker processes: each connects to it, is told to load the app, and is sent
 * what there is to call. As in the genuine host the first worker says which functions there are, and all later ones,
 * whether beside it or in its place, are only told to load them.
 */
export class RpcHost implements AsyncDisposable {
  readonly #options: RpcHostOptions;
  readonly #server: Server;
  readonly #workers = new Set<RpcWorker>();
  #address = "";
  #functions: readonly IndexedFunction[] | undefined;

  private constructor(options: RpcHostOptions) {
    this.#options = options;
    this.#server = new Server({
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": maxMessageBytes,
    });
    const service: UntypedServiceImplementation = { EventStream: (stream: EventStream) => this.#welcome(stream) };
    this.#server.addService(functionRpc, service);
  }

  static async start(options: RpcHostOptions): Promise<RpcHost> {
    const host = new RpcHost(options);
    const port = await new Promise<number>((resolve, reject) => {
      host.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    host.#address = `127.0.0.1:${port}`;
    return host;
  }

  /** What the first worker has told. */
  get functions(): readonly IndexedFunction[] {
    return this.#functions ?? [];
  }

  find(name: string): IndexedFunction {
    const found = this.functions.find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`no function '${name}' was indexed`);
    return found;
  }

  /**
   * Starts a worker process. Resolves when it can be called.
   *
   * @param env more app settings
   * @throws WorkerExit, or what the worker says of the app
   */
  async startWorker(env: Readonly<Record<string, string>> = {}): Promise<RpcWorker> {
    const worker = await this.#start(env, false);
    await this.#load(worker);
    return worker;
  }

  /** Starts a process that waits for an app, as the platform does ahead of need. */
  startPlaceholder(): Promise<RpcWorker> {
    return this.#start({}, true);
  }

  /** Gives a placeholder the app. Resolves when it can be called. @throws what the worker says of the app */
  async specialize(worker: RpcWorker): Promise<void> {
    await worker.specialize();
    await this.#load(worker);
  }

  /** As when the process of a host dies: every stream breaks. */
  breakStreams(): void {
    this.#server.forceShutdown();
  }

  /** Kills what still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.hasExited || worker.kill()));
    this.#server.forceShutdown();
  }

  async #start(env: Readonly<Record<string, string>>, isPlaceholder: boolean): Promise<RpcWorker> {
    const { appFolder, command = [ownWorker] } = this.#options;
    const address = this.#address;
    const worker = new RpcWorker({ appFolder, command, env: { ...this.#options.env, ...env }, isPlaceholder, address });
    this.#workers.add(worker);
    await worker.connected();
    await worker.initialize();
    return worker;
  }

  async #load(worker: RpcWorker): Promise<void> {
    this.#functions ??= await worker.listFunctions();
    await worker.load(this.#functions);
  }

  #welcome(stream: EventStream): void {
    stream.once("data", ({ startStream }: StreamingMessage) => {
      const worker = [...this.#workers].find(({ id }) => id === startStream?.workerId);
      if (worker === undefined) stream.end();
      else worker.accept(stream);
    });
    stream.on("error", () => {});
  }
}
