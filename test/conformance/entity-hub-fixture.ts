import { expect } from "vitest";
import type { EntityClient } from "../../src/core/entity-client.ts";
import type { OrchestrationClient } from "../../src/core/orchestration-client.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { DFApp } from "../../src/functions/df-app.ts";
import type { DurableClient } from "../../src/functions/durable-client.ts";
import type { DurableOrchestrationStatus } from "../../src/functions/durable-orchestration-status.ts";
import { type EmbeddedApp, installEmbeddedHost } from "../../src/functions/embedded-host.ts";
import type { EntityStatus, EntityStatusPage } from "../../src/functions/entity-status-reader.ts";
import { createManagementApi } from "../../src/http/management-api.ts";
import { createStartChecks } from "../../src/management/start-checks.ts";
import { VirtualHub } from "../../src/testing/virtual-hub.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import type { Registry } from "../../src/worker/registry.ts";
import { newHubName, openHub } from "./azure-storage-fixture.ts";

export type Define = (app: DFApp) => void;

/** An app on a hub, as its users see it: the client, the management API, and a worker that comes and goes. */
export interface EntityHub {
  readonly client: DurableClient;
  /** What the client stands on. */
  readonly entities: EntityClient;
  now(): number;
  /** Asks the management API for what is below `/entities`. */
  http(method: string, path?: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Starts a worker with this code, once the one before has stopped. @param define @defaultValue the code as it was */
  start(define?: Define): Promise<void>;
  stop(): Promise<void>;
  /** Lets so many milliseconds pass. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until the promise is settled. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Lets time pass until what is read is as expected. */
  eventually(read: () => Promise<unknown>, expected: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const backends = ["in memory", "on Azure Storage"] as const;

export async function openEntityHub(backend: (typeof backends)[number], define: Define): Promise<EntityHub> {
  const hub = backend === "in memory" ? openMemory() : openAzureStorage();
  let latest = define;
  let stop: (() => Promise<void>) | undefined;
  const app = loadApp(hub.client, hub.clock, define);
  const opened: EntityHub = {
    client: await app.durable.connect(),
    entities: hub.client.entities,
    now: () => hub.clock.now(),
    http: (method, path = "", body, headers = {}) => {
      const json = body === undefined ? {} : { "content-type": "application/json" };
      const init = {
        method,
        headers: { ...json, ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      };
      return app.api(new Request(`${baseUrl}/entities${path}`, init));
    },
    start: async (next = latest) => {
      await opened.stop();
      latest = next;
      stop = await hub.startWorker(loadApp(hub.client, hub.clock, next).registries);
    },
    stop: async () => {
      const stopping = stop?.();
      stop = undefined;
      if (stopping !== undefined) await hub.run(stopping);
    },
    pass: (ms) => hub.pass(ms),
    run: (work) => hub.run(work),
    eventually: (read, expected) => hub.eventually(read, expected),
    [Symbol.asyncDispose]: () => opened.stop(),
  };
  return opened;
}

/** What a finished orchestration has given back, or why it failed. */
export async function outputOf(hub: EntityHub, name: string, input?: unknown): Promise<unknown> {
  const id = await hub.client.startNew(name, { input });
  const status: DurableOrchestrationStatus = await hub.run(hub.client.waitForCompletion(id));
  return status.output;
}

/** The state over HTTP; `undefined` for 404. */
export async function stateOf(hub: EntityHub, path: string): Promise<unknown> {
  const response = await hub.http("GET", path);
  return response.status === 404 ? undefined : response.json();
}

/** The whole list, page by page: a page may be empty and have one after it. @param path `""`, or `/` and a name */
export async function listOf(hub: EntityHub, path = "", query = ""): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let token: string | null = null;
  do {
    const headers: Record<string, string> = token === null ? {} : { "x-ms-continuation-token": token };
    const page: Response = await hub.http("GET", path + query, undefined, headers);
    found.push(...((await page.json()) as unknown[]));
    token = page.headers.get("x-ms-continuation-token");
  } while (token !== null);
  return found;
}

/** All that the client lists, those without a state too. */
export async function everyEntity(hub: EntityHub): Promise<readonly EntityStatus[]> {
  const found: EntityStatus[] = [];
  let continuationToken: string | undefined;
  do {
    const page: EntityStatusPage = await hub.client.listEntities({ includeTransient: true, continuationToken });
    found.push(...page.entities);
    ({ continuationToken } = page);
  } while (continuationToken !== undefined);
  return found;
}

const basePath = "/runtime/webhooks/durabletask";
const baseUrl = `http://localhost:7071${basePath}`;

function loadApp(client: OrchestrationClient, clock: VirtualHub["clock"] | typeof systemClock, define: Define) {
  const registries: Registry[] = [];
  const startChecks = createStartChecks(() => registries);
  const uninstall = installEmbeddedHost({
    attach: (app: EmbeddedApp) => void registries.push(app.registry),
    connect: async () => ({ client, managementBaseUrl: baseUrl, connectionName: "Storage", startChecks, clock }),
  });
  try {
    const durable = new DFApp();
    define(durable);
    const { taskHub } = client;
    const api = createManagementApi({ client, basePath, taskHub, connectionName: "Storage", startChecks, clock });
    return { durable, registries, api };
  } finally {
    uninstall();
  }
}

/** Time passes only when nothing happens without it. */
function openMemory() {
  const hub = new VirtualHub();
  return {
    client: hub.client,
    clock: hub.clock,
    startWorker: async (registries: readonly Registry[]) => {
      const worker = await hub.startWorker({ registries });
      return () => worker.stop();
    },
    pass: (ms: number) => hub.advance(ms),
    run: <T>(work: Promise<T>) => hub.run(work),
    eventually: async (read: () => Promise<unknown>, expected: unknown) => {
      const holds = async () => {
        try {
          expect(await read()).toEqual(expected);
          return true;
        } catch {
          return false;
        }
      };
      await hub.runUntil(holds).catch(() => {});
      expect(await read()).toEqual(expected);
    },
  };
}

function openAzureStorage() {
  const taskHub = newHubName();
  const { store } = openHub(taskHub);
  return {
    client: new TaskHubClient({ store, clock: systemClock, random: systemRandom }),
    clock: systemClock,
    startWorker: async (registries: readonly Registry[]) => {
      const executor = new InProcessExecutor({ registries, clock: systemClock });
      const worker = new TaskHubWorker({ ...openHub(taskHub), executor, clock: systemClock, log: silentLog });
      await worker.start();
      return () => worker.stop();
    },
    pass: (ms: number) => systemClock.sleep(ms),
    run: <T>(work: Promise<T>) => work,
    eventually: async (read: () => Promise<unknown>, expected: unknown) => {
      await expect.poll(read, { interval: 50 }).toEqual(expected);
    },
  };
}
