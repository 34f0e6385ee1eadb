import { expect, it } from "vitest";
import { DurableError } from "../../../src/core/errors.ts";
import { LockKeeper } from "../../../src/engine/lock-keeper.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

function setUp() {
  const clock = new SteppedClock();
  const keeper = new LockKeeper(clock);
  const told: string[] = [];
  const keep = (name: string, intervalMs: number, renew: () => Promise<void> = async () => {}) =>
    keeper.keep({
      renew: async () => {
        told.push(`${name} renewed`);
        await renew();
      },
      intervalMs,
      onLost: () => told.push(`${name} lost`),
      onError: () => told.push(`${name} failed`),
    });
  const advance = async (ms: number) => {
    clock.advance(ms);
    await turn();
  };
  return { clock, keeper, told, keep, advance };
}

it("renews each lock at its interval until it is released", async () => {
  const { told, keep, advance } = setUp();
  const slow = keep("slow", 1000);
  const quick = keep("quick", 300);

  for (let step = 0; step < 10; step++) await advance(100);
  quick.release();
  for (let step = 0; step < 10; step++) await advance(100);
  slow.release();
  await advance(5000);

  expect(told.filter((text) => text === "quick renewed")).toHaveLength(3);
  expect(told.filter((text) => text === "slow renewed")).toHaveLength(2);
});

it("reports a lost lock once, aborts its signal and renews it no more", async () => {
  const { told, keep, advance } = setUp();
  const lock = keep("it", 100, async () => {
    throw new DurableError("WorkItemLockLost", "gone");
  });
  const { signal } = lock;

  for (let step = 0; step < 5; step++) await advance(100);

  expect(told).toEqual(["it renewed", "it lost"]);
  expect([lock.isLost, signal.aborted]).toEqual([true, true]);
});

it("tries a failed renewal again after another interval", async () => {
  const { told, keep, advance } = setUp();
  keep("it", 100, async () => {
    throw new Error("no network");
  });

  for (let step = 0; step < 2; step++) await advance(100);

  expect(told).toEqual(["it renewed", "it failed", "it renewed", "it failed"]);
});

it("has one timer, whatever is kept, and none after it was closed", async () => {
  const { clock, keeper, told, keep, advance } = setUp();
  const locks = Array.from({ length: 50 }, (_, index) => keep(String(index), 1000));
  expect(clock.sleepers).toBe(1);

  keeper.close();
  await advance(5000);

  expect(clock.sleepers).toBe(0);
  expect(told).toEqual([]);
  expect(locks.every(({ signal }) => signal.aborted)).toBe(true);
});

it("has one renewal of a lock under way at a time, however slow it is", async () => {
  const { told, keep, advance } = setUp();
  const lock = keep("it", 100, () => new Promise(() => {}));

  for (let step = 0; step < 5; step++) await advance(100);
  lock.release();

  expect(told).toEqual(["it renewed"]);
});
