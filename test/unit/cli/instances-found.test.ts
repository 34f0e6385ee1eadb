import { expect, it } from "vitest";
import { describeInstances, findInstances } from "../../../src/cli/instances-found.ts";
import type { InstanceQuery } from "../../../src/core/orchestration-state.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

it("counts what is under way and what has failed, and leaves finished ones and entities out", async () => {
  const registry = new Registry();
  registry.addOrchestration({
    name: "waits",
    orchestrator: async (ctx) => void (await ctx.waitForExternalEvent("go")),
  });
  registry.addOrchestration({ name: "ends", orchestrator: async () => 1 });
  registry.addOrchestration({
    name: "fails",
    orchestrator: async () => {
      throw new Error("no");
    },
  });
  registry.addEntity({ name: "counter", entity: () => {} });
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registry] });
  for (const name of ["waits", "waits", "ends", "fails"]) await hub.client.startInstance({ name });
  await hub.settle();

  const found = await findInstances(hub.client, new SteppedClock());

  expect(found).toEqual({ underWay: 2, failed: 1, isPartial: false });
  expect(describeInstances(found)).toBe("2 instances running, 1 failed; `durable ls` shows them");
});

it.each([
  [{ underWay: 0, failed: 0, isPartial: false }, undefined],
  [{ underWay: 0, failed: 0, isPartial: true }, undefined],
  [{ underWay: 1, failed: 0, isPartial: false }, "1 instance running; `durable ls` shows it"],
  [{ underWay: 0, failed: 1, isPartial: false }, "1 instance failed; `durable ls` shows it"],
  [{ underWay: 0, failed: 2, isPartial: false }, "2 instances failed; `durable ls` shows them"],
  [
    { underWay: 900, failed: 100, isPartial: true },
    "At least 900 instances running, 100 failed; `durable ls` shows them",
  ],
])("says of %o: %s", (found, text) => {
  expect(describeInstances(found)).toBe(text);
});

it("spends no more than some seconds on it, however long storage takes, and reads no payloads", async () => {
  const clock = new SteppedClock();
  const queries: InstanceQuery[] = [];
  const client = {
    queryInstances: async (query: InstanceQuery) => {
      queries.push(query);
      clock.advance(1_000);
      return { instances: [], continuationToken: "more" };
    },
  };

  expect(await findInstances(client, clock)).toEqual({ underWay: 0, failed: 0, isPartial: true });
  expect(queries.length).toBeLessThan(5);
  expect(queries.every(({ fetchInput, fetchOutput }) => fetchInput === false && fetchOutput === false)).toBe(true);
});
