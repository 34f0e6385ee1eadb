import { expect, it } from "vitest";
import { QueuePoller } from "../../../../../src/backends/azure-storage/messaging/queue-poller.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import { silentLog } from "../../../../../src/core/ports.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A poller of a queue that is always empty, and the times at which it looks. */
function setUp() {
  const clock = new SteppedClock();
  const began = clock.now();
  const polls: number[] = [];
  const storage = new StorageClient(async () => {
    polls.push(clock.now() - began);
    return { outcome: "done", value: [] };
  });
  const poller = new QueuePoller({
    queue: "q",
    storage,
    clock,
    random: { guid: () => "", number: () => 0.5 },
    log: silentLog,
    taskHub: "Hub",
    visibilityTimeoutMs: 25_000,
    maxPollingIntervalMs: 30_000,
    capacity: () => 32,
    onReceived: async () => {},
    cutOff: new AbortController().signal,
  });
  const stop = new AbortController();
  void poller.run(stop.signal);
  const advance = async (ms: number) => {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await turn();
      clock.advance(Math.max(1, Math.min(clock.nextWakeAt ?? end, end) - clock.now()));
    }
    await turn();
  };
  return { poller, polls, advance, stop };
}

const longestGap = (times: readonly number[]) => Math.max(...times.slice(1).map((time, index) => time - times[index]!));

it("looks seldom into a queue that stays empty", async () => {
  const { polls, advance, stop } = setUp();

  await advance(300_000);
  stop.abort();

  expect(longestGap(polls)).toBe(30_000);
  expect(polls.length).toBeLessThan(25);
});

it("looks at once and often while what a dead worker had received may come back, and seldom afterwards", async () => {
  const { poller, polls, advance, stop } = setUp();
  await advance(100_000);
  polls.length = 0;

  poller.expectReturns();
  await advance(25_000);
  const meanwhile = polls.slice();
  await advance(200_000);
  stop.abort();

  expect(meanwhile[0]).toBe(100_000);
  expect(meanwhile.at(-1)).toBeGreaterThanOrEqual(124_500);
  expect(longestGap(meanwhile)).toBeLessThanOrEqual(500);
  expect(polls.length - meanwhile.length).toBeLessThan(15);
});
