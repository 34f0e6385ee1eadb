import { expect, expectTypeOf, it } from "vitest";
import type { Tolerance } from "../../../src/orchestration/context-arguments.ts";
import type { DurableTask } from "../../../src/orchestration/durable-task.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

/** Maps so many items of which those at `failing` fail. */
async function map(count: number, failing: readonly number[], tolerate: Tolerance, concurrency = 2) {
  let started = 0;
  let underWay = 0;
  let most = 0;
  const registry = new Registry();
  registry.addActivity({
    name: "load",
    async activity(item) {
      started++;
      most = Math.max(most, ++underWay);
      await Promise.resolve();
      underWay--;
      if (failing.includes(item as number)) throw new Error(`no ${item}`);
      return (item as number) * 10;
    },
  });
  registry.addOrchestration({
    name: "map",
    *orchestrator(context) {
      const items = Array.from({ length: count }, (_, index) => index);
      const load = (item: number) => context.callActivity<number>("load", item);
      const outcomes = yield* context.map(items, load, { concurrency, tolerate });
      return outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : String(outcome.reason)));
    },
  });
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registry] });
  const id = await hub.client.startInstance({ name: "map" });
  await hub.runUntilEnded(id);
  const state = await hub.client.getInstance(id, { fetchFailure: true });
  return { state: state!, started, most };
}

it.each<[string, Tolerance]>([
  ["a number", 2],
  ["a share", 0.2],
  ["a percentage", "20%"],
  ["any number", Number.POSITIVE_INFINITY],
])("gives outcomes in the order of the items while no more fail than %s tolerates", async (_, tolerate) => {
  const { state, started, most } = await map(10, [3, 7], tolerate);

  const output = JSON.parse(state.output!) as unknown[];
  expect(output).toEqual([
    0,
    10,
    20,
    expect.stringContaining("no 3"),
    40,
    50,
    60,
    expect.stringContaining("no 7"),
    80,
    90,
  ]);
  expect(started).toBe(10);
  expect(most).toBeLessThanOrEqual(2);
});

it("one failure too many fails it with all of them, and nothing more is started", async () => {
  const { state, started } = await map(100, [1, 3, 5], 2, 1);

  expect(state.runtimeStatus).toBe("Failed");
  expect(state.failureDetails?.errorMessage).toMatch(/^3 of 100 tasks failed: .*no 1.*; .*no 3.*; .*no 5/);
  expect(started).toBe(6);
});

it.each<[string, Tolerance, string]>([
  ["nothing", 0, "Failed"],
  ["less than one of ten", "9%", "Failed"],
  ["one of ten", "10%", "Completed"],
])("a tolerance of %s gives %s", async (_, tolerate, status) => {
  const { state } = await map(10, [0], tolerate);

  expect(state.runtimeStatus).toBe(status);
});

it("of no items there are no outcomes", async () => {
  const { state } = await map(0, [], "50%");

  expect(state.output).toBe("[]");
});

it.each([-1, 1.5, "10", "101%", "-1%", Number.NaN, {}, true])("%j is no tolerance", async (tolerate) => {
  const { state } = await map(1, [], tolerate as never);

  expect(state.failureDetails).toMatchObject({
    errorType: "InvalidOption",
    errorMessage: expect.stringContaining("'tolerate' of map()"),
  });
});

it("the type says outcomes where failures are tolerated, and results elsewhere", () => {
  const types = (context: OrchestrationContext) => {
    const load = (item: string) => context.callActivity<number>("load", item);
    const plain = context.map(["a"], load, { concurrency: 2 });
    const tolerant = context.map(["a"], load, { tolerate: "5%" });
    return { plain, tolerant };
  };

  expectTypeOf<ReturnType<typeof types>["plain"]>().toEqualTypeOf<DurableTask<number[]>>();
  expectTypeOf<ReturnType<typeof types>["tolerant"]>().toEqualTypeOf<DurableTask<PromiseSettledResult<number>[]>>();
});
