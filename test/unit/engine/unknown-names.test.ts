import { expect, it } from "vitest";
import type { LogSink } from "../../../src/core/ports.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

function without(): Registry {
  const registry = new Registry();
  registry.addOrchestration({
    name: "calls",
    *orchestrator(context: OrchestrationContext): Generator<unknown, unknown> {
      return yield context.callActivity("new activity");
    },
  });
  registry.addActivity({ name: "old activity", activity: () => 1 });
  return registry;
}

function withAll(): Registry {
  const registry = without();
  registry.addOrchestration({ name: "new orchestration", orchestrator: () => "new" });
  registry.addActivity({ name: "new activity", activity: () => 2 });
  return registry;
}

function events(): { readonly log: LogSink; readonly seen: (readonly [string, string])[] } {
  const seen: [string, string][] = [];
  return { seen, log: { log: (level, event) => void (level !== "info" && seen.push([level, event])) } };
}

it("an unknown name is failed at once if nobody else is to be waited for, and the text lists what there is", async () => {
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [without()] });
  const started = hub.clock.now();
  const orchestration = await hub.client.startInstance({ name: "new orchestration" });
  const activity = await hub.client.startInstance({ name: "calls" });

  expect((await hub.runUntilEnded(orchestration)).output).toBe(
    "OrchestratorNotRegistered: no orchestration named 'new orchestration' is registered in this app; register it, or correct the name (it has calls)",
  );
  expect((await hub.runUntilEnded(activity)).output).toContain(
    "no activity named 'new activity' is registered in this app; register it, or correct the name (it has old activity)",
  );
  expect(hub.clock.now()).toBe(started);
});

it("an unknown name is left to others with growing pauses and one warning, and failed when its time is over", async () => {
  const { log, seen } = events();
  await using hub = new VirtualHub({ log });
  await hub.startWorker({ registries: [without()], unknownNameGraceMs: 60_000 });
  const ids = [];
  for (let count = 0; count < 3; count++) ids.push(await hub.client.startInstance({ name: "new orchestration" }));
  ids.push(await hub.client.startInstance({ name: "calls" }));
  const started = hub.clock.now();

  await hub.advance("59s");
  for (const id of ids) expect((await hub.client.getInstance(id))?.runtimeStatus).toMatch(/^(Pending|Running)$/);
  for (const id of ids) expect((await hub.runUntilEnded(id)).runtimeStatus).toBe("Failed");

  expect(hub.clock.now() - started).toBeLessThan(130_000);
  expect(seen.filter(([, event]) => event === "FunctionNotRegistered")).toHaveLength(2);
  expect(seen.filter(([level]) => level === "error").map(([, event]) => event)).toEqual(
    Array.from({ length: 4 }, () => "OrchestrationFailed"),
  );
});

it("a worker that has the name takes the work over meanwhile", async () => {
  await using hub = new VirtualHub();
  const old = await hub.startWorker({ registries: [without()], unknownNameGraceMs: 60_000 });
  const orchestration = await hub.client.startInstance({ name: "new orchestration" });
  const activity = await hub.client.startInstance({ name: "calls" });
  await hub.advance("20s");
  await hub.startWorker({ registries: [withAll()], unknownNameGraceMs: 60_000 });
  await hub.run(old.stop());

  expect((await hub.runUntilEnded(orchestration)).output).toBe('"new"');
  expect((await hub.runUntilEnded(activity)).output).toBe("2");
});

it("an instance that runs already waits too, when a worker comes that does not know it any more", async () => {
  await using hub = new VirtualHub();
  const registry = withAll();
  registry.addOrchestration({
    name: "waits",
    *orchestrator(context: OrchestrationContext): Generator<unknown, unknown> {
      return yield context.waitForExternalEvent("go");
    },
  });
  const first = await hub.startWorker({ registries: [registry] });
  const id = await hub.client.startInstance({ name: "waits" });
  await hub.advance("1s");
  await hub.run(first.stop());
  const second = await hub.startWorker({ registries: [without()], unknownNameGraceMs: 60_000 });
  await hub.client.raiseEvent(id, "go", "1");
  await hub.advance("30s");
  await hub.run(second.stop());
  await hub.startWorker({ registries: [registry] });

  expect(await hub.runUntilEnded(id)).toMatchObject({ runtimeStatus: "Completed", output: "1" });
});
