import { DotnetPeer } from "../dotnet-peer.ts";

/** What the .NET client tells of an orchestration. */
export interface SdkState {
  readonly instanceId: string;
  readonly name: string;
  readonly status: string;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly customStatus?: unknown;
  readonly failure?: SdkFailure;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface SdkFailure {
  readonly type: string;
  readonly message: string;
  readonly inner?: SdkFailure;
  readonly hasStack: boolean;
}

export interface SdkEntity {
  readonly id: string;
  readonly state?: unknown;
  readonly lockedBy?: string;
  readonly backlogQueueSize: number;
}

export interface StartOptions {
  readonly instanceId?: string;
  readonly version?: string;
  readonly startAt?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Statuses of an existing instance that forbid a start. */
  readonly dedupe?: readonly string[];
}

export interface WorkerOptions {
  /** How entity traffic is written: as events, which is the SDK's own way, or as messages. */
  readonly entities?: "events" | "messages";
  /** Longer responses are sent in chunks; at least 1 MiB. */
  readonly chunkBytes?: number;
  /** Ask only for what is registered. */
  readonly filters?: boolean;
  readonly versioning?: {
    readonly version?: string;
    readonly defaultVersion?: string;
    readonly match: "None" | "Strict" | "CurrentOrOlder";
    readonly failure: "Reject" | "Fail";
  };
}

/** The official .NET SDK in a process of its own: the client of one sidecar, and a worker of it when started. */
export class DotnetSdk {
  readonly #peer: DotnetPeer;

  constructor(program: string, address: string) {
    this.#peer = new DotnetPeer(program, address);
  }

  /** Any operation of the program. @throws what the SDK throws: the name of the exception and its text */
  ask<T>(op: string, args: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return this.#peer.ask(op, args);
  }

  startWorker(options: WorkerOptions = {}): Promise<void> {
    return this.ask("startWorker", { ...options });
  }

  stopWorker(): Promise<void> {
    return this.ask("stopWorker");
  }

  /** @returns the instance id */
  start(name: string, input?: unknown, options: StartOptions = {}): Promise<string> {
    return this.ask("start", { name, ...(input === undefined ? {} : { input }), ...options });
  }

  /** Starts it, and waits until it runs. @returns the instance id */
  async startRunning(name: string, input?: unknown, options: StartOptions = {}): Promise<string> {
    const instanceId = await this.start(name, input, options);
    await this.ask("waitForStart", { instanceId });
    return instanceId;
  }

  get(instanceId: string): Promise<SdkState | undefined> {
    return this.ask("get", { instanceId });
  }

  end(instanceId: string): Promise<SdkState> {
    return this.ask("waitForEnd", { instanceId });
  }

  async run(name: string, input?: unknown, options: StartOptions = {}): Promise<SdkState> {
    return this.end(await this.start(name, input, options));
  }

  /** @returns the output of an orchestration that is expected to complete */
  async output(name: string, input?: unknown, options: StartOptions = {}): Promise<unknown> {
    const { status, output, failure } = await this.run(name, input, options);
    if (status !== "Completed") throw new Error(`${name} is ${status}: ${failure?.type} ${failure?.message}`);
    return output;
  }

  raise(instanceId: string, name: string, input?: unknown): Promise<void> {
    return this.ask("raise", { instanceId, name, ...(input === undefined ? {} : { input }) });
  }

  entity(entityId: string): Promise<SdkEntity | undefined> {
    return this.ask("getEntity", { entityId });
  }

  signal(entityId: string, name: string, input?: unknown, at?: string): Promise<void> {
    return this.ask("signalEntity", {
      entityId,
      name,
      ...(input === undefined ? {} : { input }),
      ...(at ? { at } : {}),
    });
  }

  kill(): Promise<void> {
    return this.#peer.kill();
  }
}
