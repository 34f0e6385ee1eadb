import { expect, it } from "vitest";
import { LazyRowWrites } from "../../../../../src/backends/azure-storage/tracking/lazy-row-writes.ts";
import { RowChanges } from "../../../../../src/backends/azure-storage/tracking/row-changes.ts";
import type { OrchestrationState } from "../../../../../src/core/orchestration-state.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

function setUp() {
  const clock = new SteppedClock();
  const rows = new LazyRowWrites(clock);
  const written: string[] = [];
  const add = (instanceId: string, what: string) => rows.add(instanceId, async () => void written.push(what));
  const advance = async (ms: number) => {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await turn();
      clock.advance(Math.max(1, Math.min(clock.nextWakeAt ?? end, end) - clock.now()));
    }
    await turn();
  };
  return { clock, rows, written, add, advance };
}

it("of many writes of a row the last is made, within seconds", async () => {
  const { written, add, advance, clock } = setUp();
  for (let step = 1; step <= 30; step++) {
    add("i", `step ${step}`);
    await advance(100);
  }
  expect(written).toEqual([]);

  await advance(4000);

  expect(written).toEqual(["step 30"]);
  expect(clock.sleepers).toBe(0);
});

it("a row that never rests is written all the same", async () => {
  const { written, add, advance } = setUp();
  for (let step = 1; step <= 200; step++) {
    add("i", `step ${step}`);
    await advance(100);
  }

  expect(written.length).toBeGreaterThanOrEqual(3);
});

it("a write that is overtaken is not made, and a stop makes those that wait", async () => {
  const { rows, written, add } = setUp();
  add("first", "first");
  add("second", "second");
  rows.cancel("first");

  await rows.flush();

  expect(written).toEqual(["second"]);
});

it("tells those who wait for a row, and nobody else", async () => {
  const clock = new SteppedClock();
  const changes = new RowChanges(clock);
  const stop = new AbortController();
  const waits = [
    changes.wait("i", 1000, undefined),
    changes.wait("i", 1000, stop.signal),
    changes.wait("other", 1000, undefined),
  ];
  stop.abort();
  await turn();

  const ended = { instanceId: "i", runtimeStatus: "Completed" } as OrchestrationState;

  changes.notify("i", () => ended);
  changes.notify("nobody waits for it", () => expect.unreachable());
  clock.advance(1000);

  expect(await Promise.all(waits)).toEqual([{ ended }, undefined, undefined]);
  expect(clock.sleepers).toBe(0);
});
