import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import type { LogSink } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

it("what fails is told to the operator, with its causes and no payload", async () => {
  const lines: string[] = [];
  const log: LogSink = { log: (level, event, message) => lines.push(`${level} ${event}: ${message}`) };
  const registry = new Registry();
  registry.addActivity({
    name: "fetchPage",
    activity: () => {
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    },
  });
  registry.addOrchestration({
    name: "describePage",
    *orchestrator(ctx) {
      yield ctx.callActivity("fetchPage", "secret");
    },
  });
  const hub = new MemoryTaskHub({ clock: systemClock });
  const executor = new InProcessExecutor({ registries: [registry] });
  await using worker = new TaskHubWorker({ backend: hub, store: hub, executor, clock: systemClock, log });
  await worker.start();
  const client = new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom });

  await client.startInstance({ name: "describePage" });
  await expect.poll(() => lines.length).toBe(2);

  expect(lines).toEqual([
    "warn ActivityFailed: 'fetchPage' failed: TypeError: fetch failed (caused by Error: connect ECONNREFUSED)",
    "error OrchestrationFailed: 'describePage' failed: TaskFailedError: activity 'fetchPage' failed: fetch failed (caused by TypeError: fetch failed (caused by Error: connect ECONNREFUSED))",
  ]);
});
