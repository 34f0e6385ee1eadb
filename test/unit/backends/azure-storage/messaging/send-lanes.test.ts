import { expect, it } from "vitest";
import { SendLanes } from "../../../../../src/backends/azure-storage/messaging/send-lanes.ts";
import type { Clock } from "../../../../../src/core/ports.ts";

/** A storage that does so many requests a millisecond, one after the other, and takes as long as that for each. */
class Storage implements Clock {
  readonly #perMs: number;
  readonly #latencyMs: number;
  readonly #ends: { readonly at: number; readonly done: () => void }[] = [];
  #free = 0;
  time = 0;

  constructor(perMs: number, latencyMs: number) {
    this.#perMs = perMs;
    this.#latencyMs = latencyMs;
  }

  now(): number {
    return this.time;
  }

  async sleep(): Promise<void> {}

  async ask(): Promise<void> {
    this.#free = Math.max(this.#free, this.time) + 1 / this.#perMs;
    const at = this.#free + this.#latencyMs;
    await new Promise<void>((done) => this.#ends.push({ at, done }));
  }

  /** Lets time pass until nothing is asked any more. */
  async run(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#ends.shift();
      if (next === undefined) return;
      this.time = Math.max(this.time, next.at);
      next.done();
    }
  }
}

async function send(storage: Storage, count: number): Promise<{ lanes: SendLanes; most: number; last: number }> {
  const lanes = new SendLanes(storage);
  let [most, last, underWay] = [0, 0, 0];
  const sends = Array.from({ length: count }, () =>
    lanes.use(async () => {
      most = Math.max(most, ++underWay);
      last = underWay;
      await storage.ask();
      underWay--;
    }),
  );
  await Promise.all([storage.run(), ...sends]);
  expect(underWay).toBe(0);
  return { lanes, most, last };
}

it("a storage that keeps up gets as many as the limit at a time", async () => {
  const { lanes, most } = await send(new Storage(10, 10), 3000);
  expect({ most, limit: lanes.limit }).toEqual({ most: 64, limit: 64 }); // N1
});

it("a storage that does not keep up gets few, and loses nothing by it", async () => {
  const storage = new Storage(0.05, 5);
  const { lanes } = await send(storage, 2000);
  expect(lanes.limit).toBeLessThan(20); // N2
  // The storage was never idle.
  expect(storage.time).toBeLessThan(2000 / 0.05 + 1000);
});

it("lanes come back when storage is quick again, and when it has become slow for good", async () => {
  const lanes = new SendLanes({ now: () => 0, sleep: async () => undefined });
  let time = 0;
  const learning = new SendLanes({ now: () => time, sleep: async () => undefined });
  const take = (ms: number) =>
    learning.use(async () => {
      time += ms;
    });
  for (let count = 0; count < 10; count++) await take(10);
  for (let count = 0; count < 200; count++) await take(500);
  expect(learning.limit).toBeLessThan(18);
  for (let count = 0; count < 4000; count++) await take(10);
  expect(learning.limit).toBe(64);
  for (let count = 0; count < 30_000; count++) await take(500);
  expect(learning.limit).toBe(64);
  expect(lanes.limit).toBe(64);
});

it("a send that fails leaves its lane", async () => {
  const lanes = new SendLanes({ now: () => 0, sleep: async () => undefined });
  const sends = Array.from({ length: 200 }, (_, index) =>
    lanes.use(async () => {
      if (index % 2 === 0) throw new Error("no");
    }),
  );
  const results = await Promise.allSettled(sends);
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(100);
});
