import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { WorkerLimits } from "../../src/core/worker-limits.ts";
import { endWithParent } from "./end-with-parent.ts";

/** Below `node_modules`, where the compiled files find their packages. */
const outFolder = resolve(`node_modules/.cache/deadly-worker/${process.pid}`);

/** Compiles the process from the sources as they are now. */
export async function buildDeadlyProcess(): Promise<void> {
  process.on("exit", () => rmSync(outFolder, { recursive: true, force: true }));
  mkdirSync(outFolder, { recursive: true });
  writeFileSync(join(outFolder, "package.json"), '{ "type": "module" }');
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  const args = [tsc, "-p", "test/support/deadly-worker.tsconfig.json", "--outDir", outFolder];
  await promisify(execFile)(process.execPath, args);
}

export interface DeadlyOptions {
  readonly connectionString: string;
  readonly taskHub: string;
  readonly limits: WorkerLimits;
}

/** A process of `deadly-worker.ts`. */
export class DeadlyProcess {
  readonly exited: Promise<void>;
  /** What it has written to standard error. */
  stderr = "";
  readonly #child: ChildProcess;
  #isDead = false;

  constructor({ connectionString, taskHub, limits }: DeadlyOptions) {
    const main = join(outFolder, "test/support/deadly-worker.js");
    const memory = "--max-old-space-size=80";
    const args = [...endWithParent, memory, main, connectionString, taskHub, JSON.stringify(limits)];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "pipe"] });
    child.stderr.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.exited = new Promise((done) => {
      child.once("exit", () => {
        this.#isDead = true;
        done();
      });
    });
    this.#child = child;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#child.kill(signal);
    await this.exited;
  }
}
