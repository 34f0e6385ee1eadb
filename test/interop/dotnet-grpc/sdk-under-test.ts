import { expect, vi } from "vitest";

/** What a client tells of an orchestration. */
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

export interface StartOptions {
  readonly instanceId?: string;
  readonly version?: string;
  readonly startAt?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Statuses of an existing instance that forbid a start. */
  readonly dedupe?: readonly string[];
}

/** Names that failures have in a language. */
export interface FailureNames {
  /** Thrown by `Break` and `FailItself`. */
  readonly thrown: string;
  /** What that was caused by. */
  readonly cause: string;
  /** Thrown by `Flaky`. */
  readonly flaky: string;
  /** What an orchestration fails with when its task has failed. */
  readonly task: string;
  readonly unknownOrchestration: string;
  readonly unknownActivity: string;
}

/** A client of one sidecar, and a worker that runs the orchestrations of the cases. */
export abstract class SdkUnderTest {
  abstract readonly failures: FailureNames;

  /** An operation by its name. @throws what the SDK throws */
  abstract ask<T>(op: string, args?: Readonly<Record<string, unknown>>): Promise<T>;

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
}

/** Reads until that is what is expected. It is `expect.poll` for tests that run at the same time. */
export async function eventually(read: () => Promise<unknown>, expected: unknown): Promise<void> {
  await vi.waitFor(async () => expect(await read()).toEqual(expected), { timeout: 10_000, interval: 20 });
}
