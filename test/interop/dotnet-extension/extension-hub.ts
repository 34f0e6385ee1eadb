import { createAzureStorageTaskHub } from "../../../src/backends/azure-storage/azure-storage-task-hub.ts";
import type { OrchestrationClient } from "../../../src/core/orchestration-client.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import type { TaskHubUnderTest } from "../../../src/testing/task-hub-suite.ts";
import { clientFunction, registerApp } from "../../support/functions-host-double/extension-hub.ts";
import { ExtensionApp } from "./extension-app.ts";

const early = "the Durable extension counts in whole seconds, and fires timers up to one early";
const silent = "the Durable extension drops a child whose id is in use, and its parent waits";
const otherRewind =
  "the engine of the Durable extension undoes every failure when it rewinds, those that were handled too, and does not wake an instance whose other tasks were still open when it failed";
const noPatches = "the Durable extension has no place for patches";

/** What the extension and its protocol cannot do. */
export const without = {
  "waits for a timer given as milliseconds, and never fires early": early,
  "waits for a timer given as parts, and never fires early": early,
  "waits for a timer given as an ISO 8601 text, and never fires early": early,
  "waits for a timer given as a short text, and never fires early": early,
  "waits until a date": early,
  "is told that the id of a child is in use: by another child": silent,
  "is told that the id of a child is in use: by itself": silent,
  "gives a child an id of its execution and task": "the Durable extension writes execution ids with dashes",
  "sends events to the child it has just started, in order":
    "events to an instance that has not begun are not delivered within the time of a test",
  "is suspended and resumed": "the Durable extension refuses to resume what its row does not show as suspended yet",
  "rewinds a failed instance that has a grandchild that needs a fix, and a child of its own": otherRewind,
  "rewinds a failed instance that ends at the first of several failures": otherRewind,
  "rewinds a failed instance that ends at the first failure of several children": otherRewind,
  "rewinds a failed instance that ends while it waits for a timer and for others": otherRewind,
  "rewinds a failed instance that gives up after a retry": otherRewind,
  "rewinds a failed instance that gives up after retries side by side": otherRewind,
  "rewinds a failed instance that has handled a failure before": otherRewind,
  "rewinds a failed instance that has handled the failure of a child before": otherRewind,
  "rewinds a failed instance that tells another instance of its failure": otherRewind,
  "rewinds an instance again that has failed again, and shows no old failure meanwhile": otherRewind,
  "takes the new way from its start on": noPatches,
  "takes an instance the way its code was when it came there, and a new one the new way": noPatches,
  "tells activities who calls": "the Durable extension does not tell activities the number of their task",
};

/** A hub whose engine is that of the extension. */
export function openExtensionHub(program: string, connectionString: string): TaskHubUnderTest {
  const taskHub = "ExtensionSuite";
  // Only looks at the hub, and deletes it.
  const { backend, store } = createAzureStorageTaskHub({
    connectionString,
    taskHub,
    workerId: "onlooker",
    clock: systemClock,
    random: systemRandom,
  });
  return {
    backend,
    store,
    close: () => store.deleteTaskHub(),
    async serve(_executor, { registries, log = () => {} }) {
      let found: Promise<OrchestrationClient> | undefined;
      const app = await ExtensionApp.start({
        program,
        connectionString,
        taskHub,
        register: () => {
          for (const registry of registries) registerApp(registry, (client) => (found = client));
        },
        log: (instanceId, name, line) => log("info", instanceId, name, [line]),
      });
      await app.request(clientFunction);
      return { client: await found!, stop: () => app.stop() };
    },
  };
}
