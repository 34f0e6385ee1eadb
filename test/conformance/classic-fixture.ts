import { createRequire } from "node:module";
import { createEventLog } from "../../src/core/event-log.ts";
import { silentLog } from "../../src/core/ports.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { EmbeddedApps } from "../../src/host/app/embedded-apps.ts";
import { FunctionApp } from "../../src/host/app/function-app.ts";
import { FunctionsCore } from "../../src/host/app/functions-core.ts";
import { injectModule } from "../../src/host/app/module-injection.ts";
import { DurableFunctionsHost } from "../../src/host/durable-functions-host.ts";
import { VirtualHub } from "../../src/testing/virtual-hub.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";

export type DurableFunctions = typeof import("durable-functions");

// The library asks for this module once: all tests of a file share it.
const core = new FunctionsCore({ version: "4.0.0", log: () => {} });
injectModule("@azure/functions-core", core.createModule());

/** `durable-functions` from npm, whose registrations {@link openClassicHub} runs. */
export const df = createRequire(import.meta.url)("durable-functions") as DurableFunctions;

export interface ClassicHub {
  readonly hub: VirtualHub;
  /** Starts an instance and lets time pass until it has ended. Output and custom status are parsed. */
  run(name: string, input?: unknown): Promise<EndedInstance>;
  start(name: string, input?: unknown): Promise<string>;
  ended(id: string): Promise<EndedInstance>;
  /** Stops the worker and starts another, which knows of nothing. */
  restart(): Promise<void>;
  /** Types of the events of its history, those that record actions with their numbers. */
  history(id: string): Promise<readonly string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface EndedInstance {
  readonly runtimeStatus: string;
  readonly output: unknown;
  readonly customStatus: unknown;
}

/** Everything that was registered by now, on a hub in memory whose time is virtual. */
export async function openClassicHub(): Promise<ClassicHub> {
  const apps = new EmbeddedApps();
  const log = () => {};
  const durable = new DurableFunctionsHost({ core, apps, log, events: createEventLog(silentLog) });
  const { clientInput } = durable;
  const app = new FunctionApp({
    core,
    routePrefix: "api",
    allowList: undefined,
    isDisabled: () => false,
    clientInput,
    log,
  });
  durable.adopt(app);
  const extendExecutor = await durable.createExtendExecutor(30_000);
  const hub = new VirtualHub();
  const createWorker = () => {
    const others = new InProcessExecutor({ registries: apps.registries, clock: hub.clock });
    const executor = extendExecutor(others);
    return new TaskHubWorker({ backend: hub.backend, store: hub.backend, executor, clock: hub.clock, log: silentLog });
  };
  let worker = createWorker();
  await worker.start();
  const start = async (name: string, input?: unknown) =>
    hub.client.startInstance({ name, ...(input !== undefined && { input: JSON.stringify(input) }) });
  const ended = async (id: string) => {
    const { runtimeStatus, output, customStatus } = await hub.runUntilEnded(id);
    return { runtimeStatus, output: parse(output), customStatus: parse(customStatus) };
  };
  return {
    hub,
    start,
    ended,
    run: async (name, input) => ended(await start(name, input)),
    async restart() {
      await hub.run(worker.stop());
      worker = createWorker();
      await worker.start();
    },
    async history(id) {
      const events = (await hub.client.getHistory(id)) ?? [];
      return events.flatMap((event) => (event.eventId < 0 ? [] : [`${event.type} ${event.eventId}`]));
    },
    async [Symbol.asyncDispose]() {
      await hub.run(worker.stop());
    },
  };
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
