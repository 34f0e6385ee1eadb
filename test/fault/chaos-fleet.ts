import { type ChildProcess, spawn } from "node:child_process";
import { endWithParent } from "../support/end-with-parent.ts";
import { processFile } from "../support/worker-process.ts";

export interface ChaosWorkerOptions {
  readonly connectionString: string;
  readonly taskHub: string;
  readonly workerId: string;
  readonly timing: ChaosTiming;
}

/** Absent members are those of every worker. */
export interface ChaosTiming {
  readonly visibilityTimeoutMs?: number;
  readonly leaseIntervalMs?: number;
  readonly leaseRenewIntervalMs?: number;
  readonly maxQueuePollingIntervalMs?: number;
}

/** One process that runs a worker. */
class Member {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  readonly started: Promise<void>;
  isFrozen = false;

  constructor(options: ChaosWorkerOptions, log: (text: string) => void) {
    const args = [...endWithParent, "--enable-source-maps", processFile("chaos-worker.js"), JSON.stringify(options)];
    this.child = spawn(process.execPath, args, { stdio: ["pipe", "inherit", "inherit", "ipc"] });
    this.exited = new Promise((resolve) => this.child.once("exit", () => resolve()));
    this.started = new Promise((resolve) => {
      this.child.on("message", (message: { readonly started?: true; readonly log?: string }) => {
        if (message.log !== undefined) log(message.log);
        if (message.started) resolve();
      });
    });
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}

export type ChaosDeed = "start" | "stop" | "kill" | "freeze" | "thaw";

/** The workers of a hub, each a process, by their place. */
export class ChaosFleet {
  /** What the workers have said is wrong. */
  readonly log: string[] = [];
  readonly deeds: Map<ChaosDeed, number> = new Map();
  readonly #options: Omit<ChaosWorkerOptions, "workerId">;
  readonly #members: (Member | undefined)[];
  #starts = 0;

  constructor(size: number, options: Omit<ChaosWorkerOptions, "workerId">) {
    this.#options = options;
    this.#members = Array.from({ length: size }, () => undefined);
  }

  get size(): number {
    return this.#members.length;
  }

  /** What can be done to the worker of that place now. */
  stateOf(place: number): "none" | "runs" | "frozen" {
    const member = this.#members[place];
    if (member === undefined || !member.isAlive) return "none";
    return member.isFrozen ? "frozen" : "runs";
  }

  /** Resolves once the worker takes work. */
  async start(place: number): Promise<void> {
    this.#count("start");
    // Nothing about it says that another is dead: leases and locks have to run out.
    const workerId = `chaos-${process.pid}-${++this.#starts}`;
    const member = new Member({ ...this.#options, workerId }, (text) => this.log.push(text));
    this.#members[place] = member;
    await Promise.race([member.started, member.exited]);
  }

  /** SIGTERM: resolves once the process has ended. */
  async stop(place: number): Promise<void> {
    await this.#end(place, "stop", "SIGTERM");
  }

  /** SIGKILL: resolves once the process has ended. */
  async kill(place: number): Promise<void> {
    await this.#end(place, "kill", "SIGKILL");
  }

  freeze(place: number): void {
    this.#count("freeze");
    this.#signal(place, "SIGSTOP", true);
  }

  thaw(place: number): void {
    this.#count("thaw");
    this.#signal(place, "SIGCONT", false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member?.isAlive && this.#kill(member)));
  }

  #signal(place: number, signal: "SIGSTOP" | "SIGCONT", isFrozen: boolean): void {
    const member = this.#members[place];
    if (member === undefined || !member.isAlive) return;
    member.child.kill(signal);
    member.isFrozen = isFrozen;
  }

  async #end(place: number, deed: ChaosDeed, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const member = this.#members[place];
    if (member === undefined || !member.isAlive) return;
    this.#count(deed);
    member.child.kill(signal);
    await member.exited;
  }

  async #kill(member: Member): Promise<void> {
    member.child.kill("SIGKILL");
    await member.exited;
  }

  #count(deed: ChaosDeed): void {
    this.deeds.set(deed, (this.deeds.get(deed) ?? 0) + 1);
  }
}
