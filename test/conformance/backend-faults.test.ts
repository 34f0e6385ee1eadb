import { expect, it } from "vitest";
import type { OrchestrationState } from "../../src/core/orchestration-state.ts";
import { isTerminalStatus } from "../../src/core/orchestration-status.ts";
import { VirtualHub } from "../../src/testing/virtual-hub.ts";
import { type ScriptedFault, withBackendFaults } from "../../src/testing/with-backend-faults.ts";
import { Registry } from "../../src/worker/registry.ts";

/** Lets virtual time pass for an hour, then tells how the instance stands. */
async function runUnder(faults: readonly ScriptedFault[], registry: Registry): Promise<OrchestrationState> {
  await using hub = new VirtualHub();
  const backend = withBackendFaults(hub.backend, faults);
  await hub.startWorker({ registries: [registry], backend, maxConcurrentOrchestrations: 2 });
  const instanceId = await hub.client.startInstance({ name: "root" });
  await hub.advance("1h");
  return (await hub.client.getInstance(instanceId))!;
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
