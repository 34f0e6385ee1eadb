import { expect, it } from "vitest";
import { QueuePoller } from "../../../../../src/backends/azure-storage/messaging/queue-poller.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { describeForeignError } from "../../../../../src/backends/azure-storage/storage/storage-failure.ts";
import { systemRandom } from "../../../../../src/core/system-ports.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

function openPoller(onReceived: (receive: number) => Promise<void>) {
  const clock = new SteppedClock();
  const logged: string[] = [];
  const state = { receives: 0, isAway: false, capacity: 8 };
  const storage = new StorageClient(async () => {
    state.receives++;
    return state.isAway ? describeForeignError({ code: "ECONNRESET" }, "h") : { outcome: "done", value: [] };
  });
  const poller = new QueuePoller({
    queue: "hub-control-00",
    storage,
    clock,
    random: systemRandom,
    log: { log: (_, event) => void logged.push(event) },
    taskHub: "Hub",
    visibilityTimeoutMs: 25_000,
    maxPollingIntervalMs: 1000,
    capacity: () => state.capacity,
    onReceived: () => onReceived(state.receives),
    cutOff: new AbortController().signal,
  });
  const stopping = new AbortController();
  const running = poller.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await running;
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      await settled();
      clock.advance(100);
    }
    await settled();
  };
  return { poller, clock, logged, state, pass, stop };
}

it("goes on after whatever its receiver throws, with growing pauses", async () => {
  const { logged, state, pass, stop } = openPoller(async () => {
    throw new TypeError("cannot read properties of undefined");
  });
  await pass(500);
  expect(state.receives).toBe(1);
  await pass(60_000);
  expect(state.receives).toBeGreaterThanOrEqual(5);
  expect(state.receives).toBeLessThanOrEqual(8);
  expect(new Set(logged)).toEqual(new Set(["QueuePollingFailed"]));
  await stop();
});

it("polls as ever once its receiver has come to itself", async () => {
  const { state, pass, stop } = openPoller(async (receive) => {
    if (receive === 1) throw new Error("once");
  });
  await pass(1500);
  const before = state.receives;
  await pass(10_000);
  expect(state.receives - before).toBeGreaterThanOrEqual(8);
  await stop();
});

it("tells when storage answered last, and why it does not ask", async () => {
  const { poller, clock, state, pass, stop } = openPoller(async () => {});
  expect(poller.lastPolledAt).toBeUndefined();
  await pass(3000);
  expect(clock.now() - poller.lastPolledAt!).toBeLessThanOrEqual(1200);
  expect(poller.isFull).toBe(false);
  state.isAway = true;
  await pass(10_000);
  expect(clock.now() - poller.lastPolledAt!).toBeGreaterThan(8000);
  state.isAway = false;
  state.capacity = 0;
  await pass(3000);
  expect(poller.isFull).toBe(true);
  await stop();
});
