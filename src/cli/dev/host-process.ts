import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type FromDevHost, readDevMessage, type ToDevHost } from "./dev-channel.ts";

export type ReadyHost = Extract<FromDevHost, { durable: "ready" }>;

/** How the process of a host ended. */
export interface HostEnd {
  /** Exit code or signal. */
  readonly how: string;
  /** It had given back what it held, or had never begun. */
  readonly isClean: boolean;
}

export interface HostProcessOptions {
  /** Options of Node. */
  readonly nodeArgs: readonly string[];
  readonly appFolder: string;
  readonly onWantsStore: (host: HostProcess) => void;
}

/** What a host may take to stop before it is killed: endless loops do not hear that they should. */
const stopTimeoutMs = 5_000;

/** A process that runs the host of `durable dev`: it loads the libraries at once, and the app when it is told. */
export class HostProcess {
  readonly nodeArgs: readonly string[];
  readonly ended: Promise<HostEnd>;
  /** Resolves when the app is served; never for one that ends before. */
  readonly ready: Promise<ReadyHost>;
  readonly #child: ChildProcess;
  #hasStarted = false;
  #hasBeenReady = false;

  constructor({ nodeArgs, appFolder, onWantsStore }: HostProcessOptions) {
    this.nodeArgs = nodeArgs;
    // The entry lies beside this file, compiled or not.
    const entry = import.meta.url.endsWith(".ts") ? "dev-host.ts" : "dev-host.js";
    const { WATCH_REPORT_DEPENDENCIES: _watch, ...env } = process.env;
    const child = spawn(process.execPath, [...nodeArgs, fileURLToPath(new URL(entry, import.meta.url))], {
      cwd: appFolder,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env,
    });
    this.#child = child;
    let hasStopped = false;
    let reportReady: (host: ReadyHost) => void;
    this.ready = new Promise((resolve) => {
      reportReady = resolve;
    });
    child.on("message", (received) => {
      const message = readDevMessage<FromDevHost>(received);
      if (message?.durable === "wantsStore") onWantsStore(this);
      else if (message?.durable === "ready") {
        this.#hasBeenReady = true;
        reportReady(message);
      } else if (message?.durable === "stopped") hasStopped = true;
    });
    this.ended = new Promise((resolve) => {
      const end = (how: string) => resolve({ how, isClean: hasStopped || !this.#hasStarted });
      child.once("error", (error) => end(error.message));
      child.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  get hasBeenReady(): boolean {
    return this.#hasBeenReady;
  }

  start(message: Omit<Extract<ToDevHost, { durable: "start" }>, "durable">): void {
    this.#hasStarted = true;
    this.tell({ durable: "start", ...message });
  }

  tell(message: ToDevHost): void {
    // One that has just ended hears nothing.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Has it give back what it holds; kills it when that takes too long. */
  async stop(): Promise<HostEnd> {
    if (this.#hasStarted) this.tell({ durable: "stop" });
    else this.kill();
    const timer = setTimeout(() => this.kill(), stopTimeoutMs);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  /** At once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
