import az from "@azure/functions";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import type { OrchestrationClient } from "../../../src/core/orchestration-client.ts";
import { systemClock } from "../../../src/core/system-ports.ts";
import type { EmbeddedHost } from "../../../src/functions/embedded-host.ts";
import { joinFunctionApp } from "../../../src/functions/hosting/join-function-app.ts";
import type { EntityEncoding } from "../../../src/grpc/codec/history-writer.ts";
import type { TaskHubUnderTest } from "../../../src/testing/task-hub-suite.ts";
import type { Registry } from "../../../src/worker/registry.ts";
import { startExtensionHost } from "./extension-host-double.ts";

/** A hub in memory whose orchestrations run in a Functions app, behind the Durable extension. */
export async function openExtensionHub(entityEncoding: EntityEncoding): Promise<TaskHubUnderTest> {
  const hub = new MemoryTaskHub({ clock: systemClock });
  return {
    backend: hub,
    store: hub,
    close: () => hub.deleteTaskHub(),
    async serve(_executor, { registries, log = () => {} }) {
      let found: Promise<OrchestrationClient> | undefined;
      const { worker, stop } = await startExtensionHost({
        hub,
        entityEncoding,
        register: () => {
          for (const registry of registries) registerApp(registry, (client) => (found = client));
        },
        log: (instanceId, name, line) => log("info", instanceId, name, [line]),
      });
      await worker.call(worker.core.functions.find(({ metadata }) => metadata.name === clientFunction)!, {
        value: { http: { method: "GET", url: "http://localhost:7071/api/client", nullableHeaders: {} } },
      });
      return { client: await found!, stop };
    },
  };
}

/** The HTTP function of {@link registerApp}. */
export const clientFunction = "client of the suite";

/** As a `DFApp` with one HTTP function does. */
export function registerApp(registry: Registry, onClient: (client: Promise<OrchestrationClient>) => void): void {
  let host!: EmbeddedHost;
  joinFunctionApp({
    registry,
    hosting: undefined,
    clientFunctions: [{ name: clientFunction, triggerType: "httpTrigger" }],
    attachTo(given) {
      host = given;
      return () => {};
    },
    registerClientFunctions: (extraInputs) =>
      az.app.http(clientFunction, {
        extraInputs: [...extraInputs],
        handler: (_request, context) => {
          onClient(host.connect(context).then(({ client }) => client));
          return {};
        },
      }),
  });
}
