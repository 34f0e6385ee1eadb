import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { installEmbeddedHost } from "../../src/functions/embedded-host.ts";
import { SteppedClock } from "../../src/testing/stepped-clock.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import type { Registry } from "../../src/worker/registry.ts";

it("works every hour for six weeks, and keeps no more in the end than after the first hour", async () => {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const ports = { clock, random: systemRandom, log: silentLog };
  const executor = new InProcessExecutor({ registries: await loadSample() });
  const limits = { maxConcurrentOrchestrations: 1, maxConcurrentActivities: 1 };
  const worker = new TaskHubWorker({ backend: hub, store: hub, executor, ...ports, ...limits });
  const client = new TaskHubClient({ store: hub, ...ports });
  const seeRound = async (round: number) => {
    for (;;) {
      const state = await hub.getInstance("eternal");
      if (state?.runtimeStatus === "Failed") throw new Error(state.output);
      if (state?.customStatus === `"round ${round} is done"`) return (await hub.getHistory("eternal"))!;
      await setImmediate();
    }
  };
  await worker.start();
  await client.startInstance({ instanceId: "eternal", name: "eternal" });
  await seeRound(0);
  const hourly: string[][] = [];
  for (let hour = 1; hour <= 1000; hour++) {
    clock.advance(3_600_000);
    const history = await seeRound(hour);
    hourly.push(history.map(({ type }) => type));
  }
  const { instances } = await hub.queryInstances({});
  await worker.stop();

  expect(hourly.at(-1)).toEqual(hourly[0]);
  expect(instances).toHaveLength(1);
});

/** The functions of the sample, as a host would collect them. */
async function loadSample(): Promise<readonly Registry[]> {
  const registries: Registry[] = [];
  const uninstall = installEmbeddedHost({
    attach: ({ registry }) => registries.push(registry),
    connect: () => Promise.reject(new Error("no client here")),
  });
  await import("./app.ts");
  uninstall();
  return registries;
}
