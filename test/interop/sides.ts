import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { MessageEncoding } from "../../src/backends/azure-storage/codec/message-data.ts";
import type { Tags } from "../../src/core/history-event.ts";
import type { OrchestrationState } from "../../src/core/orchestration-state.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { compileProcess } from "../support/compiled-process.ts";
import { endWithParent } from "../support/end-with-parent.ts";
import { DotnetProgram } from "./dotnet-program.ts";
import { createScenarioRegistry, flagsIn } from "./scenario-app.ts";

/** What either client says of an instance. */
export interface Status {
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  readonly version: string;
  readonly runtimeStatus: string;
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly customStatus: string | undefined;
  /** In milliseconds. */
  readonly createdTime: number;
  readonly generation: number;
  readonly tags: Tags | undefined;
  readonly parentInstanceId: string | undefined;
}

export interface EventHead {
  readonly eventId: number;
  readonly time: number;
}

export interface StartOptions {
  readonly tags?: Tags;
  readonly version?: string;
  /** From now, in milliseconds. */
  readonly startMs?: number;
}

/** One implementation of the task hub: a client, and at most one worker at a time. */
export interface Side {
  readonly worker: string;
  start(instanceId: string, name: string, input?: string, options?: StartOptions): Promise<void>;
  status(instanceId: string): Promise<Status | undefined>;
  /** All instances whose id begins so. */
  list(prefix: string): Promise<readonly Status[]>;
  history(instanceId: string): Promise<readonly EventHead[]>;
  raise(instanceId: string, name: string, input: string): Promise<void>;
  terminate(instanceId: string, reason: string): Promise<void>;
  suspend(instanceId: string, reason: string): Promise<void>;
  resume(instanceId: string, reason: string): Promise<void>;
  rewind(instanceId: string, reason: string): Promise<void>;
  /** @returns how many instances are gone */
  purge(instanceId: string): Promise<number>;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
  /** A worker in a process of its own, and what ends that as a crash would. */
  startMortalWorker(): Promise<{ kill(): Promise<void> }>;
}

export interface OurSideOptions {
  readonly connectionString: string;
  readonly taskHub: string;
  readonly encoding: MessageEncoding;
  /** A folder that both sides see. */
  readonly flags: string;
}

let compiled: Promise<string> | undefined;

export class OurSide implements Side {
  readonly worker: string = `ours-${systemRandom.guid()}`;
  readonly #options: OurSideOptions;
  readonly #client: TaskHubClient;
  #worker: TaskHubWorker | undefined;

  constructor(options: OurSideOptions) {
    this.#options = options;
    this.#client = new TaskHubClient({ store: this.#open().store, clock: systemClock, random: systemRandom });
  }

  #open() {
    const { encoding, connectionString, taskHub } = this.#options;
    return createAzureStorageTaskHub({
      connectionString,
      taskHub,
      messageEncoding: encoding,
      workerId: this.worker,
      clock: systemClock,
      random: systemRandom,
      maxQueuePollingIntervalMs: 200,
      leaseRenewIntervalMs: 500,
      // Who is killed is succeeded soon.
      leaseIntervalMs: 10_000,
      visibilityTimeoutMs: 15_000,
      // The emulator of a busy machine is slow, not away.
      storageTimeoutMs: 90_000,
    });
  }

  async start(instanceId: string, name: string, input?: string, options: StartOptions = {}): Promise<void> {
    const { tags, version, startMs } = options;
    const scheduledStartTime = startMs === undefined ? undefined : new Date(systemClock.now() + startMs);
    await this.#client.startInstance({ instanceId, name, input, tags, version, scheduledStartTime });
  }

  async status(instanceId: string): Promise<Status | undefined> {
    const state = await this.#client.getInstance(instanceId);
    return state && toStatus(state);
  }

  async list(instanceIdPrefix: string): Promise<readonly Status[]> {
    const found: Status[] = [];
    let continuationToken: string | undefined;
    do {
      const page = await this.#client.queryInstances({ instanceIdPrefix, continuationToken });
      found.push(...page.instances.map(toStatus));
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    return found;
  }

  async history(instanceId: string): Promise<readonly EventHead[]> {
    const events = (await this.#client.getHistory(instanceId)) ?? [];
    return events.map(({ eventId, timestamp }) => ({ eventId, time: timestamp.getTime() }));
  }

  async raise(instanceId: string, name: string, input: string): Promise<void> {
    await this.#client.raiseEvent(instanceId, name, input);
  }

  async terminate(instanceId: string, reason: string): Promise<void> {
    await this.#client.terminate(instanceId, reason);
  }

  async suspend(instanceId: string, reason: string): Promise<void> {
    await this.#client.suspend(instanceId, reason);
  }

  async resume(instanceId: string, reason: string): Promise<void> {
    await this.#client.resume(instanceId, reason);
  }

  async rewind(instanceId: string, reason: string): Promise<void> {
    await this.#client.rewind(instanceId, reason);
  }

  async purge(instanceId: string): Promise<number> {
    return await this.#client.purge(instanceId);
  }

  async startWorker(): Promise<void> {
    const registries = [createScenarioRegistry(flagsIn(this.#options.flags))];
    this.#worker = new TaskHubWorker({
      ...this.#open(),
      executor: new InProcessExecutor({ registries, clock: systemClock }),
      clock: systemClock,
      log: silentLog,
      maxConcurrentActivities: 40,
    });
    await this.#worker.start();
  }

  async stopWorker(): Promise<void> {
    await this.#worker?.stop();
    this.#worker = undefined;
  }

  async startMortalWorker(): Promise<{ kill(): Promise<void> }> {
    compiled ??= compileProcess("interop-worker", "test/support/interop-worker.tsconfig.json");
    const main = join(await compiled, "test/support/interop-worker.js");
    const args = [...endWithParent, main, JSON.stringify(this.#options)];
    const child: ChildProcess = spawn(process.execPath, args, { stdio: ["pipe", "inherit", "inherit", "ipc"] });
    const gone = once(child, "exit");
    const [said] = (await once(child, "message")) as [string];
    if (said !== "started") throw new Error(said);
    const kill = async () => {
      child.kill("SIGKILL");
      await gone;
    };
    return { kill };
  }
}

function toStatus(state: OrchestrationState): Status {
  const { executionId = "", version = "", createdTime, parentInstanceId } = state;
  return { ...state, executionId, version, createdTime: createdTime.getTime(), parentInstanceId };
}

/** Settings of the library; those that are left out are its own. */
export interface TheirOptions {
  readonly encoding?: MessageEncoding;
  readonly extendedSessions?: boolean;
  readonly serializeExceptions?: boolean;
  readonly instanceEtag?: boolean;
  readonly dataContract?: boolean;
  /** Longest pause between two polls of a queue. */
  readonly pollMs?: number;
  /** How long a partition stays with a worker that is not heard of. */
  readonly leaseMs?: number;
}

export interface TheirSideOptions extends TheirOptions {
  readonly connectionString: string;
  readonly taskHub: string;
  readonly flags: string;
  /** Path of the program. */
  readonly program: string;
}

export class TheirSide implements Side {
  readonly worker: string = `theirs-${systemRandom.guid()}`;
  readonly #dotnet: DotnetProgram;
  readonly #options: TheirSideOptions;

  /** @param dotnet runs the program of the options, and may serve many hubs */
  constructor(dotnet: DotnetProgram, options: TheirSideOptions) {
    this.#dotnet = dotnet;
    this.#options = options;
  }

  /** What each request says of its hub. */
  get #hub() {
    const { connectionString: _, taskHub, flags: __, program: ___, ...settings } = this.#options;
    return { hub: taskHub, ...settings };
  }

  #ask<T>(op: string, args: object = {}): Promise<T> {
    return this.#dotnet.ask<T>(op, { ...this.#hub, ...args });
  }

  async start(instanceId: string, name: string, input?: string, options: StartOptions = {}): Promise<void> {
    await this.#ask("start", { instanceId, name, input, ...options });
  }

  async status(instanceId: string): Promise<Status | undefined> {
    const state = await this.#ask<TheirState | null>("state", { instanceId });
    return state === null ? undefined : fromTheirs(state);
  }

  async list(prefix: string): Promise<readonly Status[]> {
    return (await this.#ask<TheirState[]>("list", { prefix })).map(fromTheirs);
  }

  async history(instanceId: string): Promise<readonly EventHead[]> {
    const events = await this.#ask<{ EventId: number; Timestamp: string }[]>("history", { instanceId });
    return events.map((event) => ({ eventId: event.EventId, time: new Date(event.Timestamp).getTime() }));
  }

  async raise(instanceId: string, name: string, input: string): Promise<void> {
    await this.#ask("raise", { instanceId, name, input });
  }

  async terminate(instanceId: string, reason: string): Promise<void> {
    await this.#ask("terminate", { instanceId, reason });
  }

  async suspend(instanceId: string, reason: string): Promise<void> {
    await this.#ask("suspend", { instanceId, reason });
  }

  async resume(instanceId: string, reason: string): Promise<void> {
    await this.#ask("resume", { instanceId, reason });
  }

  async rewind(instanceId: string, reason: string): Promise<void> {
    await this.#ask("rewind", { instanceId, reason });
  }

  async purge(instanceId: string): Promise<number> {
    return await this.#ask("purge", { instanceId });
  }

  async startWorker(): Promise<void> {
    await this.#ask("startWorker", { worker: this.worker });
  }

  async stopWorker(): Promise<void> {
    await this.#ask("stopWorker");
  }

  async startMortalWorker(): Promise<{ kill(): Promise<void> }> {
    const { program, connectionString, flags } = this.#options;
    const mortal = new DotnetProgram(program, connectionString, { INTEROP_FLAGS: flags });
    await mortal.ask("startWorker", { ...this.#hub, worker: this.worker });
    return mortal;
  }
}

type TheirState = Readonly<Record<string, string | number | Tags | null>>;

function fromTheirs(state: TheirState): Status {
  const present = Object.entries(state).map(([name, value]) => [name, value ?? undefined]);
  const status = Object.fromEntries(present) as Omit<Status, "createdTime"> & { readonly createdTime: string };
  const customStatus = status.customStatus === "null" ? undefined : status.customStatus;
  return { ...status, customStatus, createdTime: new Date(status.createdTime).getTime() };
}
