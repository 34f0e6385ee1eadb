import { expect, it } from "vitest";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { newHubName, openHub } from "./azure-storage-fixture.ts";

const count = 24;

it("events that a sender raises one after the other, through several hosts, keep their order", async () => {
  const taskHub = newHubName();
  // All that is raised is there when the worker comes, and received at once.
  const answers = { plain: "a receive shows the order in which the messages were put" };
  const hosts = [0, 1, 2].map(() => openHub(taskHub, { partitionCount: 1 }, answers));
  const clients = hosts.map(({ store }) => new TaskHubClient({ store, clock: systemClock, random: systemRandom }));
  const registry = new Registry();
  registry.addOrchestration({
    name: "listens",
    *orchestrator(ctx) {
      const heard: number[] = [];
      while (heard.length < count) heard.push(yield* ctx.waitForExternalEvent<number>("next"));
      return heard;
    },
  });
  const instances = await Promise.all([0, 1, 2].map(() => clients[0]!.startInstance({ name: "listens" })));
  // Counters of processes differ by what they have sent before.
  for (let n = 0; n < 10; n++) await clients[1]!.raiseEvent(instances[0]!, "ignored", "1");
  for (let n = 0; n < count; n++) {
    for (const id of instances) await clients[n % clients.length]!.raiseEvent(id, "next", String(n));
  }

  const { backend, store } = hosts[0]!;
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  await using worker = new TaskHubWorker({ clock: systemClock, log: silentLog, backend, store, executor });
  await worker.start();
  for (const id of instances) {
    const state = await clients[0]!.waitForInstance(id, "ended", { timeoutMs: 60_000 });
    expect(JSON.parse(state?.output ?? "null")).toEqual(Array.from({ length: count }, (_, n) => n));
  }
});
