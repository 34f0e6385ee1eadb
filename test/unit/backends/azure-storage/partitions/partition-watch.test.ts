import { expect, it } from "vitest";
import {
  PartitionWatch,
  type WatchedQueue,
} from "../../../../../src/backends/azure-storage/partitions/partition-watch.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));

function openWatch() {
  const clock = new SteppedClock();
  const listening = new Map<string, { lastPolledAt: number | undefined }>();
  const warnings: string[] = [];
  const restarted: string[] = [];
  const state = { isFull: false };
  const watch = new PartitionWatch({
    taskHub: "Hub",
    workerId: "w",
    clock,
    log: { log: (_level, event, text) => void warnings.push(`${event}: ${text}`) },
    maxUnpolledMs: 45_000,
    listening: listening as ReadonlyMap<string, WatchedQueue>,
    isFull: () => state.isFull,
    restart: (queue) => {
      restarted.push(queue);
      listening.set(queue, { lastPolledAt: undefined });
    },
  });
  watch.start();
  const poll = (queue: string) =>
    listening.set(queue, Object.assign(listening.get(queue) ?? {}, { lastPolledAt: clock.now() }));
  const pass = async (seconds: number, each: () => void = () => {}) => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      each();
      await settle();
    }
  };
  return { watch, clock, listening, warnings, restarted, state, poll, pass };
}

it("a queue that is polled is left alone", async () => {
  const { warnings, poll, pass } = openWatch();
  poll("q0");
  await pass(300, () => poll("q0"));
  expect(warnings).toEqual([]);
});

it("a queue that is not polled any more is told of and received from anew", async () => {
  const { warnings, restarted, poll, pass } = openWatch();
  await pass(100, () => [poll("q0"), poll("q1")]);
  await pass(60, () => poll("q1"));
  expect(restarted).toEqual(["q0"]);
  expect(warnings).toEqual([
    expect.stringMatching(/^PartitionNotPolled: q0 is ours .* \(last: 20.*Z\): its poller stands/),
  ]);
});

it("a queue that was never polled is found out too, and again when the repair was none", async () => {
  const { listening, restarted, pass } = openWatch();
  listening.set("q0", { lastPolledAt: undefined });
  await pass(60);
  expect(restarted).toEqual(["q0"]);
  await pass(60);
  expect(restarted).toEqual(["q0", "q0"]);
});

it("one that waits for room in memory is told of, and not started anew", async () => {
  const { warnings, restarted, state, poll, pass } = openWatch();
  poll("q0");
  state.isFull = true;
  await pass(60);
  expect(restarted).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining("as many messages as are allowed are in work")]);
});

it("a partition that was given up is not missed", async () => {
  const { watch, listening, warnings, poll, pass } = openWatch();
  poll("q0");
  await pass(20);
  listening.delete("q0");
  await pass(100);
  expect(warnings).toEqual([]);
  await watch.stop();
});
