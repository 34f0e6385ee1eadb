import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

const policy = { firstInterval: "1m", maxAttempts: 4, backoffCoefficient: 2, jitter: 0.5 } as const;

function createRegistry(attempts: Map<string, number>, neededAttempts: number) {
  const registry = new Registry();
  registry.addActivity({
    name: "flaky",
    activity(_, { instanceId }) {
      const attempt = (attempts.get(instanceId) ?? 0) + 1;
      attempts.set(instanceId, attempt);
      if (attempt < neededAttempts) throw new Error("not yet");
      return attempt;
    },
  });
  registry.addOrchestration({
    name: "flaky",
    *orchestrator(context) {
      const attempt = yield* context.callActivity("flaky", undefined, { retry: policy });
      // What follows is met again in replay too.
      yield context.createTimer("1h");
      return attempt;
    },
  });
  return registry;
}

/** How long each timer of an instance runs, in milliseconds. */
function waitsOf(history: readonly HistoryEvent[] | undefined): readonly number[] {
  return (history ?? []).flatMap((event) =>
    event.type === "TimerCreated" ? [event.fireAt.getTime() - event.timestamp.getTime()] : [],
  );
}

it("instances that fail at once come back at different times, each as its history says on every worker", async () => {
  await using hub = new VirtualHub();
  const registry = createRegistry(new Map(), 3);
  const first = await hub.startWorker({ registries: [registry] });
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, index) => hub.client.startInstance({ name: "flaky", instanceId: `i${index}` })),
  );

  await hub.advance("70s");
  // Nothing that lives goes over: the next worker has the histories alone.
  await hub.run(first.stop());
  await hub.startWorker({ registries: [registry] });
  const states = [];
  for (const id of ids) states.push(await hub.runUntilEnded(id));
  const waits = await Promise.all(ids.map(async (id) => waitsOf(await hub.client.getHistory(id))));

  expect(states.map(({ output }) => output)).toEqual(ids.map(() => "3"));
  for (const [firstWait, secondWait] of waits) {
    expect(firstWait).toBeGreaterThanOrEqual(30_000);
    expect(firstWait).toBeLessThanOrEqual(60_000);
    expect(secondWait).toBeGreaterThanOrEqual(60_000);
    expect(secondWait).toBeLessThanOrEqual(120_000);
  }
  expect(new Set(waits.map(([firstWait]) => firstWait)).size).toBeGreaterThan(15);
});
