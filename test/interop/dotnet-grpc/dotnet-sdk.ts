import { DotnetProgram } from "../dotnet-program.ts";
import { type FailureNames, SdkUnderTest } from "./sdk-under-test.ts";

export interface SdkEntity {
  readonly id: string;
  readonly state?: unknown;
  readonly lockedBy?: string;
  readonly backlogQueueSize: number;
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

/** What .NET workers call them. */
const dotnetFailures: FailureNames = {
  thrown: "System.InvalidOperationException",
  cause: "System.ArgumentException",
  flaky: "System.TimeoutException",
  task: "Microsoft.DurableTask.TaskFailedException",
  unknownOrchestration: "OrchestratorTaskNotFound",
  unknownActivity: "ActivityTaskNotFound",
};

/** The official .NET SDK in a process of its own: the client of one sidecar, and a worker of it when started. */
export class DotnetSdk extends SdkUnderTest {
  readonly failures: FailureNames;
  readonly #peer: DotnetProgram;

  /** @param failures what the worker calls them. @defaultValue as its own does */
  constructor(program: string, address: string, failures = dotnetFailures) {
    super();
    this.failures = failures;
    this.#peer = new DotnetProgram(program, address);
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
