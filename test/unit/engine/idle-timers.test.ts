import { expect, it } from "vitest";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

it("the time limits of calls that were answered in time make no episodes when they are over", async () => {
  const registry = new Registry();
  registry.addActivity({ name: "work", activity: () => "done" });
  registry.addOrchestration({
    name: "timed",
    *orchestrator(ctx) {
      for (let call = 0; call < 5; call++) yield ctx.callActivity("work", undefined, { timeout: "1h" });
      return yield* ctx.waitForExternalEvent("go");
    },
  });
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registry] });
  const id = await hub.client.startInstance({ name: "timed" });
  await hub.advance("1m");
  const before = await hub.client.getHistory(id);

  await hub.advance("2h");
  const after = await hub.client.getHistory(id);
  await hub.client.raiseEvent(id, "go", '"went"');

  expect(before?.filter(({ type }) => type === "TimerCreated")).toHaveLength(5);
  expect(after).toEqual(before);
  expect(await hub.runUntilEnded(id)).toMatchObject({ runtimeStatus: "Completed", output: '"went"' });
});
