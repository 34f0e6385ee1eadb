import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { endWithParent } from "./end-with-parent.ts";

/** How soon a worker takes over, and how long it keeps. */
export interface WorkerTiming {
  readonly partitionCount?: number;
  readonly visibilityTimeoutMs?: number;
  readonly storageTimeoutMs?: number;
  readonly leaseRenewIntervalMs?: number;
  readonly maxQueuePollingIntervalMs?: number;
  /** Every other worker of the hub is dead. */
  readonly isOnlyWorker: boolean;
}

export interface WorkerOptions {
  readonly workload: string;
  readonly connectionString: string;
  readonly taskHub: string;
  readonly workerId: string;
  readonly timing: WorkerTiming;
  /** Activities append a line for each run. */
  readonly ledgerFile: string;
  /** Exists once what was broken is repaired. */
  readonly repairedFile: string;
}

export type WorkerCommand = { readonly do: "open"; readonly options: WorkerOptions } | { readonly do: "close" };

export type WorkerReply =
  | { readonly did: "start" | "open" | "close" }
  | { readonly failed: "open" | "close"; readonly reason: string }
  | { readonly log: string };

/** Below `node_modules`, where the compiled files find their packages. Test runs beside each other do not share it. */
const outFolder = resolve(`node_modules/.cache/crash-worker/${process.pid}`);

/** Where {@link buildWorkerProcess} has put a file of this folder. @param name without its extension */
export function builtFile(name: string): string {
  return join(outFolder, "test/support", `${name}.js`);
}

/** Compiles the worker's process from the sources as they are now. */
export async function buildWorkerProcess(): Promise<void> {
  process.on("exit", () => rmSync(outFolder, { recursive: true, force: true }));
  mkdirSync(outFolder, { recursive: true });
  writeFileSync(join(outFolder, "package.json"), '{ "type": "module" }');
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  const args = [tsc, "-p", "test/support/crash-worker.tsconfig.json", "--outDir", outFolder];
  await promisify(execFile)(process.execPath, args);
}

/** A process that runs a worker until it is told to stop, or killed. */
export class WorkerProcess {
  readonly log: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #started: Promise<void>;
  #isDead = false;

  constructor() {
    const args = [...endWithParent, "--enable-source-maps", builtFile("crash-worker")];
    this.#child = spawn(process.execPath, args, { stdio: ["pipe", "inherit", "inherit", "ipc"] });
    this.#exited = new Promise((done) => {
      this.#child.once("exit", () => {
        this.#isDead = true;
        done();
      });
    });
    this.#child.on("message", (reply: WorkerReply) => {
      if ("log" in reply) this.log.push(reply.log);
    });
    this.#started = this.#replyTo("start");
    // Whoever uses it is told; one that is never used may die untold.
    this.#started.catch(() => undefined);
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  async open(options: WorkerOptions): Promise<void> {
    await this.#started;
    this.log.length = 0;
    await this.#ask({ do: "open", options });
  }

  async close(): Promise<void> {
    if (!this.#isDead) await this.#ask({ do: "close" });
  }

  /** SIGKILL. Resolves once the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async #ask(command: WorkerCommand): Promise<void> {
    const replied = this.#replyTo(command.do);
    this.#child.send(command, () => undefined);
    await replied;
  }

  #replyTo(request: "start" | WorkerCommand["do"]): Promise<void> {
    return new Promise((done, failed) => {
      const read = (reply: WorkerReply) => {
        if ("did" in reply && reply.did === request) end(done);
        if ("failed" in reply && reply.failed === request) end(() => failed(new Error(reply.reason)));
      };
      const die = () => end(() => failed(new Error(`the worker's process ended while it was to ${request}`)));
      const end = (settle: () => void) => {
        this.#child.off("message", read);
        this.#child.off("exit", die);
        settle();
      };
      this.#child.on("message", read);
      this.#child.once("exit", die);
    });
  }
}
