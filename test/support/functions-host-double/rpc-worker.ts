import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { tmpdir } from "node:os";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { FunctionRegistration } from "../../../src/host/app/function-metadata.ts";
import { type HttpAnswer, toHttpAnswer, toHttpData } from "../../../src/host/app/http-conversion.ts";
import type { TypedData } from "../../../src/host/app/typed-data.ts";
import { endWithParent } from "../end-with-parent.ts";
import type { Call } from "./functions-worker.ts";
import type { InvocationResponse, RpcFunctionMetadata, StatusResult, StreamingMessage } from "./rpc-schema.mjs";

export type EventStream = ServerDuplexStream<StreamingMessage, StreamingMessage>;

/** The process of a worker ended while the host waited for it. */
export class WorkerExit extends Error {
  override readonly name = "WorkerExit";
}

/** A function that a worker has told of. */
export interface IndexedFunction {
  readonly metadata: FunctionRegistration & { readonly functionId: string };
  readonly told: RpcFunctionMetadata;
}

export interface RpcWorkerOptions {
  /** Node arguments and the file of the worker. */
  readonly command: readonly string[];
  readonly appFolder: string;
  readonly env: Readonly<Record<string, string>>;
  /** It knows nothing of the app until it is specialized. */
  readonly isPlaceholder: boolean;
  /** Of the host: `127.0.0.1:4001`. */
  readonly address: string;
}

/** How long a worker is given to end, in seconds. */
const gracePeriodSeconds = 5;
const maxMessageBytes = 64 * 1024 * 1024;

interface Waiting {
  resolve(message: StreamingMessage): void;
  reject(error: Error): void;
}

/**
 * One worker process, as its host sees it.
 *
 *   process started ──StartStream──▶ connected ──initialize──▶ initialized ──load──▶ loaded ──terminate──▶ ended
 *                 └───────────────── exit, at any time: whoever waits is told by `WorkerExit` ─────────────────┘
 */
export class RpcWorker {
  readonly id: string = randomUUID();
  /** What it wrote to the log of the host, and on its outputs. */
  readonly lines: string[] = [];
  /** Resolves to its code, or to the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #appFolder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #isPlaceholder: boolean;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, Waiting>();
  readonly #logs = new Map<string, (line: string) => void>();
  #stream: EventStream | undefined;
  #hasExited = false;

  constructor({ command, appFolder, env: settings, isPlaceholder, address }: RpcWorkerOptions) {
    this.#appFolder = appFolder;
    this.#isPlaceholder = isPlaceholder;
    const bare = { ...(process.env as Record<string, string>), FUNCTIONS_WORKER_RUNTIME: "node" };
    this.#env = { ...bare, AzureWebJobsScriptRoot: appFolder, ...settings };
    const args = [
      ...["--functions-uri", `http://${address}`, "--functions-worker-id", this.id],
      ...["--functions-request-id", this.id, "--functions-grpc-max-message-length", String(maxMessageBytes)],
    ];
    this.#child = spawn(process.execPath, [...endWithParent, ...command, ...args], {
      cwd: isPlaceholder ? tmpdir() : appFolder,
      env: isPlaceholder ? bare : this.#env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.on("data", (chunk: Buffer) => this.lines.push(...chunk.toString().trimEnd().split(/\r?\n/)));
    }
    this.exited = once(this.#child, "exit").then(([code, signal]) => {
      this.#hasExited = true;
      this.#stream?.end();
      const error = new WorkerExit(`node exited with ${code ?? signal}: ${this.lines.slice(-5).join("\n")}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
      return code ?? signal;
    });
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves when its process has connected. */
  async connected(): Promise<void> {
    if (this.#stream === undefined) await this.#wait(this.id);
  }

  /** The stream that said it is of this worker. */
  accept(stream: EventStream): void {
    this.#stream = stream;
    stream.on("data", (message: StreamingMessage) => this.#receive(message));
    stream.on("error", () => {});
    this.#settle(this.id, {});
  }

  /** The app loads, and runs its hooks, unless the worker is a placeholder. @throws what the worker says of a hook */
  async initialize(): Promise<void> {
    const workerInitRequest = {
      hostVersion: "4.1037.0",
      capabilities: { MultiStream: "false" },
      workerDirectory: this.#appFolder,
      functionAppDirectory: this.#isPlaceholder ? "" : this.#appFolder,
    };
    const { workerInitResponse } = await this.#ask({ workerInitRequest });
    assertSuccess(workerInitResponse?.result);
  }

  /** A placeholder gets the settings of the app and its folder, and loads it. @throws what the worker says of a hook */
  async specialize(): Promise<void> {
    const functionEnvironmentReloadRequest = {
      environmentVariables: this.#env,
      functionAppDirectory: this.#appFolder,
    };
    const { functionEnvironmentReloadResponse } = await this.#ask({ functionEnvironmentReloadRequest });
    assertSuccess(functionEnvironmentReloadResponse?.result);
  }

  /** @throws what the worker says of an entry file that failed, or when the app has registered nothing */
  async listFunctions(): Promise<readonly IndexedFunction[]> {
    const { functionMetadataResponse } = await this.#ask({
      functionsMetadataRequest: { functionAppDirectory: this.#appFolder },
    });
    assertSuccess(functionMetadataResponse?.result);
    const { useDefaultMetadataIndexing, functionMetadataResults } = functionMetadataResponse!;
    if (useDefaultMetadataIndexing) throw new Error("No job functions found: the worker has told of none");
    return functionMetadataResults.map((told) => {
      const bindings = told.rawBindings.map((text) => JSON.parse(text) as { name: string; type: string });
      const { name, functionId } = told;
      return {
        metadata: { name, functionId, bindings: Object.fromEntries(bindings.map((each) => [each.name, each])) },
        told,
      };
    });
  }

  async load(functions: readonly IndexedFunction[]): Promise<void> {
    const answers = functions.map(async ({ told }) => {
      const functionLoadRequest = { functionId: told.functionId, metadata: told };
      const { functionLoadResponse } = await this.#ask({ functionLoadRequest });
      assertSuccess(functionLoadResponse?.result);
    });
    await Promise.all(answers);
  }

  /**
   * @param clientBinding for the inputs of type `durableClient`
   * @throws WorkerExit, or what the function threw
   */
  async call(
    { metadata: fn }: Pick<IndexedFunction, "metadata">,
    { value, metadata = {}, log }: Call,
    clientBinding?: unknown,
  ): Promise<TypedData | undefined> {
    const invocationId = randomUUID();
    const inputData = Object.entries(fn.bindings).flatMap(([name, { type }]) => {
      if (/trigger$/i.test(type)) return [{ name, data: value }];
      return type === "durableClient" ? [{ name, data: { string: JSON.stringify(clientBinding) } }] : [];
    });
    const traceParent = `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-00`;
    const traceContext = { traceParent, traceState: "", attributes: {} };
    const { functionId } = fn;
    if (log !== undefined) this.#logs.set(invocationId, log);
    const invocationRequest = { invocationId, functionId, inputData, triggerMetadata: metadata, traceContext };
    try {
      const { invocationResponse } = await this.#ask({ invocationRequest }, invocationId);
      assertSuccess(invocationResponse?.result);
      return (invocationResponse as InvocationResponse).returnValue ?? undefined;
    } finally {
      this.#logs.delete(invocationId);
    }
  }

  /** Calls a function as for an HTTP request. */
  async request(
    fn: Pick<IndexedFunction, "metadata">,
    { method = "GET", url, body }: { readonly method?: string; readonly url: string; readonly body?: unknown },
    clientBinding?: unknown,
  ): Promise<HttpAnswer> {
    const bytes = Buffer.from(body === undefined ? "" : JSON.stringify(body));
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const http = toHttpData({ method, url, headers, params: {}, body: bytes });
    const returned = await this.call(fn, { value: { http } }, clientBinding);
    return toHttpAnswer(returned?.http);
  }

  /** Resolves to how the process ended, and after how many milliseconds. It is killed after the grace. */
  async terminate(): Promise<{ readonly code: number | NodeJS.Signals; readonly elapsedMs: number }> {
    const begin = performance.now();
    this.#stream?.write({ workerTerminate: { gracePeriod: { seconds: gracePeriodSeconds } } });
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), gracePeriodSeconds * 1000);
    const code = await this.exited;
    clearTimeout(timer);
    return { code, elapsedMs: performance.now() - begin };
  }

  /** SIGKILL. Resolves once the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }

  async #ask(message: StreamingMessage, key: string = randomUUID()): Promise<StreamingMessage> {
    const answer = this.#wait(key);
    this.#stream!.write({ requestId: key, ...message });
    return answer;
  }

  #wait(key: string): Promise<StreamingMessage> {
    if (this.#hasExited) return Promise.reject(new WorkerExit("the worker has ended before"));
    return new Promise((resolve, reject) => this.#waiting.set(key, { resolve, reject }));
  }

  #settle(key: string, message: StreamingMessage): void {
    this.#waiting.get(key)?.resolve(message);
    this.#waiting.delete(key);
  }

  #receive(message: StreamingMessage): void {
    if (message.content !== "rpcLog") {
      this.#settle(message.invocationResponse?.invocationId || message.requestId || "", message);
      return;
    }
    const { invocationId, logCategory, message: line } = message.rpcLog!;
    this.lines.push(line);
    if (logCategory === "User") this.#logs.get(invocationId)?.(line);
  }
}

function assertSuccess(result: StatusResult | undefined): void {
  if (result?.status === "Success") return;
  const error = new Error(result?.exception?.message ?? "the worker has given no result");
  error.stack = result?.exception?.stackTrace ?? error.message;
  throw error;
}
