import { afterEach, expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { type CorruptHistory, corruptHistories, ownerlessHistories } from "../support/corrupt-histories.ts";

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
process.on("unhandledRejection", onRejection);

let worker: TaskHubWorker | undefined;

afterEach(async () => {
  await worker?.stop();
});

/** Puts the history where a checkpoint would have left it. */
async function plant(hub: MemoryTaskHub, client: TaskHubClient, index: number): Promise<CorruptHistory> {
  const instanceId = await client.startInstance({ name: "corrupt", instanceId: `corrupt-${index}` });
  const workItem = (await hub.fetchOrchestrationWorkItem(AbortSignal.timeout(5000)))!;
  const { executionId } = workItem.messages[0]!.message.target;
  const all = [...corruptHistories(instanceId, executionId!), ...ownerlessHistories(executionId!)];
  await hub.completeOrchestrationWorkItem({
    workItem,
    history: {
      executionId: executionId!,
      expectedHistoryVersion: undefined,
      firstIndex: 0,
      events: all[index]!.events,
      episode: 1,
    },
    outgoing: [],
    instance: {
      executionId: executionId!,
      lastUpdatedTime: new Date(),
      customStatus: undefined,
      runtimeStatus: "Running",
    },
    settled: workItem.messages,
    deferred: [],
  });
  return all[index]!;
}

it("instances with corrupt histories fail one by one, and a healthy one beside them is not held up", async () => {
  const hub = new MemoryTaskHub({ clock: systemClock });
  const client = new TaskHubClient({ store: hub, clock: systemClock, random: systemRandom });
  const count = corruptHistories("", "").length + ownerlessHistories("").length;
  const planted: CorruptHistory[] = [];
  for (let index = 0; index < count; index++) planted.push(await plant(hub, client, index));
  for (let index = 0; index < count; index++) await client.raiseEvent(`corrupt-${index}`, "wake", undefined);
  const registry = new Registry();
  registry.addActivity({ name: "hello", activity: () => "hi" });
  registry.addOrchestration({
    name: "healthy",
    *orchestrator(ctx) {
      return yield* ctx.callActivity("hello");
    },
  });
  registry.addOrchestration({
    name: "corrupt",
    *orchestrator(ctx) {
      yield ctx.callActivity("hello");
      yield ctx.createTimer({ seconds: 1 });
      yield ctx.waitForExternalEvent("go");
    },
  });
  worker = new TaskHubWorker({
    backend: hub,
    store: hub,
    executor: new InProcessExecutor({ registries: [registry], clock: systemClock }),
    clock: systemClock,

    log: silentLog,
  });
  const healthyId = await client.startInstance({ name: "healthy" });

  await worker.start();
  const healthy = await waitUntilEnded(client, healthyId);
  const ended = await Promise.all(planted.map((_, index) => waitUntilEnded(client, `corrupt-${index}`)));

  expect(healthy).toMatchObject({ runtimeStatus: "Completed", output: '"hi"' });
  for (const [index, state] of ended.entries()) {
    expect(state, planted[index]!.damage).toMatchObject({ runtimeStatus: "Failed" });
    expect(state.output, planted[index]!.damage).toContain(planted[index]!.reason);
  }
  expect(rejections).toEqual([]);
  process.off("unhandledRejection", onRejection);
});
