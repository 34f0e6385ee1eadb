import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

const hourMs = 3_600_000;

async function settle() {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it("the time limits of calls that were answered in time make no episodes when they are over", async () => {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const registry = new Registry();
  registry.addActivity({ name: "work", activity: () => "done" });
  registry.addOrchestration({
    name: "timed",
    *orchestrator(ctx) {
      for (let call = 0; call < 5; call++) yield ctx.callActivity("work", undefined, { timeout: "1h" });
      return yield* ctx.waitForExternalEvent("go");
    },
  });
  const executor = new InProcessExecutor({ registries: [registry] });
  await using worker = new TaskHubWorker({ backend: hub, store: hub, executor, clock, log: silentLog });
  await worker.start();
  const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
  const id = await client.startInstance({ name: "timed" });
  await settle();
  const before = await client.getHistory(id);

  clock.advance(hourMs);
  await settle();
  const after = await client.getHistory(id);
  await client.raiseEvent(id, "go", '"went"');
  await settle();

  expect(before?.filter(({ type }) => type === "TimerCreated")).toHaveLength(5);
  expect(after).toEqual(before);
  expect(await client.getInstance(id)).toMatchObject({ runtimeStatus: "Completed", output: '"went"' });
});
