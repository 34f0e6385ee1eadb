import { randomUUID } from "node:crypto";
import * as sdk from "@microsoft/durabletask-js";
import { afterAll, beforeAll } from "vitest";
import { startAzurite } from "../../support/azurite.ts";
import { RestartableSidecar, type SidecarStore } from "../../support/restartable-sidecar.ts";

// What the official suites of the protocol assert, by area, and where it is held here:
//
//   basics, values, failures, composition, custom status   orchestrations
//   children, tags, versions                                children
//   events, timers                                          events-and-timers
//   retries by policy and by handler                        retries
//   continue as new, suspend, terminate, purge, delays      lifecycle
//   ids that are taken, what a start keeps                  starting
//   query, ids of those that ended, restart                 management
//   rewind                                                  rewind
//   history                                                 history
//   entities; locks                                         entities; locks
//   versions and filters of workers, streams, payloads      workers
//   traces                                                  traces
//   a part of each on both kinds of hubs                    core
//   the client and worker of Dapr                           dapr

/** An orchestrator as users of the package write it: what is yielded comes back as anything. */
// biome-ignore lint/suspicious/noExplicitAny: the package types inputs and results of tasks so
export type Program = (ctx: sdk.OrchestrationContext, input: any) => AsyncGenerator<sdk.Task<any>, unknown, any>;
/** One without tasks. */
// biome-ignore lint/suspicious/noExplicitAny: the package types inputs so
export type Plain = (ctx: sdk.OrchestrationContext, input: any) => unknown;
// biome-ignore lint/suspicious/noExplicitAny: the package types inputs so
export type Activity = (ctx: sdk.ActivityContext, input: any) => unknown;

/** How an instance ended, or stands, in the terms of a test. */
export interface Outcome {
  readonly status: string;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly failure: { readonly errorType: string; readonly message: string } | undefined;
}

export type Registrar = Pick<sdk.TaskHubGrpcWorker, "addNamedOrchestrator" | "addNamedActivity" | "addNamedEntity">;

export const quiet: sdk.Logger = new sdk.NoOpLogger();

/**
 * The hub of a test file: our sidecar, a client and a worker of the package. Orchestrators, activities and entities are
 * defined while tests are collected, each beside the test it is for; the worker starts after that.
 */
export class OfficialHub {
  readonly #definitions: ((worker: Registrar) => void)[] = [];
  #count = 0;
  sidecar!: RestartableSidecar;
  client!: sdk.TaskHubGrpcClient;
  #worker: sdk.TaskHubGrpcWorker | undefined;

  /** @returns the name it is known by */
  orchestrator(program: Program, name: string = this.newName("Orchestrator")): string {
    this.#definitions.push((worker) => worker.addNamedOrchestrator(name, program));
    return name;
  }

  /** One that is no generator. @returns the name it is known by */
  plainOrchestrator(program: Plain): string {
    const name = this.newName("Orchestrator");
    this.#definitions.push((worker) => worker.addNamedOrchestrator(name, program));
    return name;
  }

  activity(run: Activity, name: string = this.newName("Activity")): string {
    this.#definitions.push((worker) => worker.addNamedActivity(name, run));
    return name;
  }

  entity(create: () => sdk.ITaskEntity, name: string = this.newName("entity")): string {
    this.#definitions.push((worker) => worker.addNamedEntity(name, create));
    return name;
  }

  newName(kind: string): string {
    return `${kind}${++this.#count}`;
  }

  async open(
    store: SidecarStore,
    { worker = true, maxMessageBytes }: { readonly worker?: boolean; readonly maxMessageBytes?: number } = {},
  ): Promise<void> {
    this.sidecar = new RestartableSidecar(store, { maxMessageBytes });
    await this.sidecar.start();
    this.client = this.newClient();
    if (!worker) return;
    this.#worker = new sdk.TaskHubGrpcWorker({ hostAddress: this.sidecar.address, logger: quiet });
    for (const define of this.#definitions) define(this.#worker);
    await this.#worker.start();
  }

  async close(): Promise<void> {
    // Both wait a second before they are done, whatever there is to do.
    await Promise.all([this.#worker?.stop(), this.client.stop()]);
    await this.sidecar.stop();
  }

  newClient(options: sdk.TaskHubGrpcClientOptions = {}): sdk.TaskHubGrpcClient {
    return new sdk.TaskHubGrpcClient({ hostAddress: this.sidecar.address, logger: quiet, ...options });
  }

  start(name: string, input?: unknown, options: sdk.StartOrchestrationOptions = {}): Promise<string> {
    return this.client.scheduleNewOrchestration(name, input, { instanceId: newId(), ...options });
  }

  /** Starts an instance and waits for its end. */
  async run(name: string, input?: unknown, options: sdk.StartOrchestrationOptions = {}): Promise<Outcome> {
    return await this.ended(await this.start(name, input, options));
  }

  async ended(instanceId: string): Promise<Outcome> {
    return outcomeOf(await this.client.waitForOrchestrationCompletion(instanceId, true, 60));
  }

  async running(instanceId: string): Promise<void> {
    await this.client.waitForOrchestrationStart(instanceId, false, 60);
  }

  async status(instanceId: string): Promise<string> {
    return outcomeOf(await this.client.getOrchestrationState(instanceId)).status;
  }
}

/** The hub of this file, or of this describe: opened before its tests and closed after them. */
export function useHub(store: "memory" | "azurite" = "memory"): OfficialHub {
  const hub = new OfficialHub();
  let azurite: Awaited<ReturnType<typeof startAzurite>> | undefined;
  beforeAll(async () => {
    if (store === "azurite") azurite = await startAzurite();
    await hub.open(azurite === undefined ? { kind: "memory" } : { kind: "azurite", azurite });
  });
  afterAll(async () => {
    await hub.close();
    await azurite?.stop();
  });
  return hub;
}

/** An id that no other test has. */
export function newId(prefix = "i"): string {
  return `${prefix}-${randomUUID()}`;
}

function outcomeOf(state: sdk.OrchestrationState | undefined): Outcome {
  if (state === undefined) return { status: "MISSING", output: undefined, customStatus: undefined, failure: undefined };
  const { failureDetails: failure } = state;
  return {
    status: sdk.OrchestrationStatus[state.runtimeStatus]!,
    output: parse(state.serializedOutput),
    customStatus: parse(state.serializedCustomStatus),
    failure: failure === undefined ? undefined : { errorType: failure.errorType, message: failure.message },
  };
}

export function completed(output: unknown, customStatus?: unknown): Outcome {
  return { status: "COMPLETED", output, customStatus, failure: undefined };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function parse(text: string | undefined): unknown {
  // The package sends an empty text where there is no value.
  return text === undefined || text === "" ? undefined : JSON.parse(text);
}
