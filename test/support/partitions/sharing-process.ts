import { type ChildProcess, spawn } from "node:child_process";
import { endWithParent, signalChild } from "../end-with-parent.ts";
import { processFile } from "../worker-process.ts";

export interface SharingWorkerOptions {
  readonly storage: string;
  readonly taskHub: string;
  readonly partitionCount: number;
  readonly appName?: string;
}

export interface SharingReport {
  /** The control queues that are served, each with the time at which it was last received from. */
  readonly polled: readonly (readonly [queue: string, at: number | undefined])[];
  readonly warnings: readonly string[];
}

/** A process that works on a hub in library mode, beside others. */
export class SharingProcess {
  readonly warnings: string[] = [];
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  #polled: ReadonlyMap<string, number | undefined> = new Map();

  constructor(options: SharingWorkerOptions, env: Readonly<Record<string, string>> = {}) {
    const main = processFile("sharing-worker.js");
    const args = [...endWithParent, "--enable-source-maps", main, JSON.stringify(options)];
    this.#child = spawn(process.execPath, args, {
      stdio: ["pipe", "inherit", "inherit", "ipc"],
      env: { ...process.env, ...env },
    });
    this.exited = new Promise((resolve) => {
      this.#child.once("exit", () => {
        this.#polled = new Map();
        resolve();
      });
    });
    this.#child.on("message", ({ polled, warnings }: SharingReport) => {
      this.#polled = new Map(polled);
      this.warnings.push(...warnings);
    });
  }

  /** The queues that it has, and has received from at or after a time. */
  served(since = 0): readonly string[] {
    return [...this.#polled].flatMap(([queue, at]) => (at !== undefined && at >= since ? queue : []));
  }

  /** SIGTERM: as an orchestrator of containers stops a process. */
  terminate(): void {
    signalChild(this.#child, "SIGTERM");
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }
}
