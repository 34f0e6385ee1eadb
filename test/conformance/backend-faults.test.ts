import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import type { OrchestrationState } from "../../src/core/orchestration-state.ts";
import { isTerminalStatus } from "../../src/core/orchestration-status.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { SteppedClock } from "../../src/testing/stepped-clock.ts";
import { type ScriptedFault, withBackendFaults } from "../../src/testing/with-backend-faults.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";

/** Lets virtual time pass for an hour, then tells how the instance stands. */
async function runUnder(faults: readonly ScriptedFault[], registry: Registry): Promise<OrchestrationState> {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const ports = { clock, random: systemRandom };
  const executor = new InProcessExecutor({ registries: [registry] });
  const backend = withBackendFaults(hub, faults);
  const worker = new TaskHubWorker({
    backend,
    store: hub,
    executor,
    ...ports,
    log: silentLog,
    maxConcurrentOrchestrations: 2,
  });
  const client = new TaskHubClient({ store: hub, ...ports });
  await worker.start();
  const instanceId = await client.startInstance({ name: "root" });
  for (let minute = 0; minute < 60 * 12; minute++) {
    await new Promise((turn) => setImmediate(turn));
    clock.advance(5000);
  }
  void worker.stop();
  return (await client.getInstance(instanceId))!;
}

const error = new Error("connection reset");

it("a child that has ended answers again when its parent has to start it again", async () => {
  const registry = new Registry();
  registry.addOrchestration({ name: "leaf", orchestrator: () => "answered" });
  for (const [name, child] of [
    ["middle", "leaf"],
    ["root", "middle"],
  ] as const) {
    registry.addOrchestration({
      name,
      *orchestrator(ctx) {
        return yield* ctx.callSubOrchestrator(child);
      },
    });
  }

  const state = await runUnder(
    [{ operation: "completeOrchestrationWorkItem", call: 2, when: "messagesSent", error }],
    registry,
  );

  expect(state).toMatchObject({ runtimeStatus: "Completed", output: '"answered"' });
});

it("a start that is delivered again after continue-as-new does not run the instance again", async () => {
  const starts: number[] = [];
  const registry = new Registry();
  registry.addActivity({ name: "note", activity: (round: number) => starts.push(round) });
  registry.addOrchestration({
    name: "root",
    *orchestrator(ctx, round = 0) {
      yield ctx.callActivity("note", round);
      if (round < 1) ctx.continueAsNew(round + 1);
      return round;
    },
  });

  const state = await runUnder(
    [{ operation: "completeOrchestrationWorkItem", call: 1, when: "historyWritten", error }],
    registry,
  );

  expect(isTerminalStatus(state.runtimeStatus)).toBe(true);
  expect(starts).toEqual([0, 1]);
});

it("what continue-as-new starts is started once, even if its checkpoint has to be repeated", async () => {
  const ran = new Set<string>();
  const registry = new Registry();
  registry.addActivity({ name: "note", activity: (id: string) => ran.add(id).size });
  registry.addOrchestration({
    name: "child",
    *orchestrator(ctx) {
      return yield* ctx.callActivity("note", ctx.instanceId);
    },
  });
  registry.addOrchestration({
    name: "root",
    *orchestrator(ctx, round = 0) {
      if (round === 0) return ctx.continueAsNew(1);
      return yield* ctx.callSubOrchestrator("child");
    },
  });

  const state = await runUnder(
    [{ operation: "completeOrchestrationWorkItem", call: 1, when: "messagesSent", error }],
    registry,
  );

  expect(state).toMatchObject({ runtimeStatus: "Completed", output: "1" });
  expect(ran.size).toBe(1);
});
