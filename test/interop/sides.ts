import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { MessageEncoding } from "../../src/backends/azure-storage/codec/message-data.ts";
import type { HistoryEvent, Tags } from "../../src/core/history-event.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import type { OrchestrationContext } from "../../src/orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../src/orchestration/orchestrator.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import type { DotnetPeer } from "./dotnet-peer.ts";

export interface Status {
  readonly name: string;
  readonly executionId: string;
  readonly runtimeStatus: string;
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly tags: Tags | undefined;
}

export interface EventHead {
  readonly eventId: number;
  readonly time: number;
}

/** One implementation of the task hub: a client, and at most one worker at a time. */
export interface Side {
  start(instanceId: string, name: string, input?: string, tags?: Tags): Promise<void>;
  status(instanceId: string): Promise<Status | undefined>;
  history(instanceId: string): Promise<readonly EventHead[]>;
  raise(instanceId: string, name: string, input: string): Promise<void>;
  terminate(instanceId: string, reason: string): Promise<void>;
  suspend(instanceId: string, reason: string): Promise<void>;
  resume(instanceId: string, reason: string): Promise<void>;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
}

export interface HubOptions {
  readonly connectionString: string;
  readonly taskHub: string;
  readonly encoding: MessageEncoding;
}

export class OurSide implements Side {
  readonly #options: HubOptions;
  readonly #client: TaskHubClient;
  #worker: TaskHubWorker | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#client = new TaskHubClient({ store: this.#open().store, clock: systemClock, random: systemRandom });
  }

  get taskHub(): string {
    return this.#options.taskHub;
  }

  #open() {
    const { encoding, ...options } = this.#options;
    return createAzureStorageTaskHub({
      ...options,
      messageEncoding: encoding,
      workerId: `ours-${systemRandom.guid()}`,
      clock: systemClock,
      random: systemRandom,
      maxQueuePollingIntervalMs: 200,
      leaseRenewIntervalMs: 300,
    });
  }

  async start(instanceId: string, name: string, input?: string, tags?: Tags): Promise<void> {
    await this.#client.startInstance({ instanceId, name, input, tags });
  }

  async status(instanceId: string): Promise<Status | undefined> {
    const state = await this.#client.getInstance(instanceId);
    return state && { ...state, executionId: state.executionId ?? "" };
  }

  async history(instanceId: string): Promise<readonly EventHead[]> {
    const events = (await this.#client.getHistory(instanceId)) ?? [];
    return events.map(({ eventId, timestamp }: HistoryEvent) => ({ eventId, time: timestamp.getTime() }));
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

  async startWorker(): Promise<void> {
    this.#worker = new TaskHubWorker({
      ...this.#open(),
      executor: new InProcessExecutor({ registries: [orchestrations()], clock: systemClock }),
      clock: systemClock,

      log: silentLog,
    });
    await this.#worker.start();
  }

  async stopWorker(): Promise<void> {
    await this.#worker?.stop();
    this.#worker = undefined;
  }
}

export class TheirSide implements Side {
  readonly #peer: DotnetPeer;
  readonly #hub: { readonly hub: string; readonly encoding: string };
  #worker: string | undefined;

  constructor(peer: DotnetPeer, { taskHub, encoding }: HubOptions) {
    this.#peer = peer;
    this.#hub = { hub: taskHub, encoding };
  }

  #ask<T>(op: string, args: object = {}): Promise<T> {
    return this.#peer.ask<T>(op, { ...this.#hub, ...args });
  }

  async start(instanceId: string, name: string, input?: string, tags?: Tags): Promise<void> {
    await this.#ask("create");
    await this.#ask("start", { instanceId, name, input, tags });
  }

  async status(instanceId: string): Promise<Status | undefined> {
    const status = await this.#ask<Record<string, unknown> | null>("status", { instanceId });
    if (status === null) return undefined;
    const present = Object.entries(status).map(([name, value]) => [name, value ?? undefined]);
    return Object.fromEntries(present) as Status;
  }

  async history(instanceId: string): Promise<readonly EventHead[]> {
    const events = await this.#ask<{ EventId: number; Timestamp: string }[]>("history", { instanceId });
    return events.map((event) => ({ eventId: event.EventId, time: new Date(event.Timestamp).getTime() }));
  }

  /** What a .NET writer of the same history would have stored otherwise. */
  async rowDifferences(instanceId: string): Promise<readonly string[]> {
    return await this.#ask("rowDifferences", { instanceId });
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

  async startWorker(): Promise<void> {
    await this.#ask("create");
    this.#worker = `theirs-${systemRandom.guid()}`;
    await this.#ask("startWorker", { worker: this.#worker });
  }

  /** @throws when the worker has met an error since it was started */
  async stopWorker(): Promise<void> {
    if (this.#worker === undefined) return;
    const errors = await this.#ask<string[]>("stopWorker", { worker: this.#worker });
    this.#worker = undefined;
    if (errors.length > 0) throw new Error(errors[0]);
  }

  async ownedPartitions(): Promise<readonly string[]> {
    return await this.#ask("owned", { worker: this.#worker });
  }
}

/** The same code as in `Replay.cs`, so that either side can go on with what the other began. */
function orchestrations(): Registry {
  const registry = new Registry();
  const hello = (ctx: OrchestrationContext, who: string) => ctx.callActivity<string>("SayHello", who);
  const add = (name: string, orchestrator: Orchestrator) => registry.addOrchestration({ name, orchestrator });

  add("HelloSequence", async (ctx) => [
    await hello(ctx, "Tokyo"),
    await hello(ctx, "Seattle"),
    await hello(ctx, "London"),
  ]);
  add("FanOut", (ctx, count: number) =>
    ctx.all(Array.from({ length: count }, (_, index) => hello(ctx, `city ${index}`))),
  );
  add("HelloTimer", async (ctx, seconds: number) => {
    const before = await hello(ctx, "before");
    await ctx.createTimer({ seconds });
    return [before, await hello(ctx, "after")];
  });
  add("HelloEvent", async (ctx) => {
    const before = await hello(ctx, "before");
    const who = await ctx.waitForExternalEvent<string>("Go");
    return [before, await hello(ctx, who)];
  });
  add("Parent", (ctx, input) => ctx.callSubOrchestrator("HelloSequence", input));
  add("ParentOfWaiting", (ctx) => ctx.callSubOrchestrator("HelloEvent", null, `${ctx.instanceId}-child`));
  add("Echo", (ctx, input) => ctx.callActivity("Echo", input));
  add("Loop", async (ctx, left: number) => {
    await hello(ctx, `round ${left}`);
    if (left === 0) return "done";
    ctx.continueAsNew(left - 1);
    return undefined;
  });
  add("Catching", async (ctx) => {
    try {
      return await ctx.callActivity("Fail", "no luck");
    } catch (error) {
      return (error as Error).message;
    }
  });
  add("Failing", (ctx) => ctx.callActivity("Fail", "no luck"));

  registry.addActivity({ name: "SayHello", activity: (who: string) => `Hello ${who}!` });
  registry.addActivity({ name: "Echo", activity: (value: unknown) => value });
  registry.addActivity({
    name: "Fail",
    activity: (message: string) => {
      throw new RangeError(message);
    },
  });
  return registry;
}
