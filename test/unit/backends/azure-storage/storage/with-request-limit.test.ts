import { getEventListeners, setMaxListeners } from "node:events";
import { expect, it } from "vitest";
import type {
  StorageReply,
  StorageRequest,
  StorageTransport,
} from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import { withAttemptTimeout } from "../../../../../src/backends/azure-storage/storage/with-attempt-timeout.ts";
import {
  limiterOf,
  type RequestLane,
  RequestLimiter,
  withRequestLimit,
} from "../../../../../src/backends/azure-storage/storage/with-request-limit.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

/** The name of the table is the lane, what follows it tells requests apart. */
const ask = (lane: RequestLane, index = 0): StorageRequest => ({ kind: "table.create", table: `${lane}:${index}` });
const laneOf = (request: StorageRequest) => (request as { table: string }).table.split(":")[0] as RequestLane;

/** Requests stay under way until they are answered by hand. */
function openLimited(maxConcurrency: number, limiter = new RequestLimiter()) {
  const underWay = new Map<string, () => void>();
  const begun: string[] = [];
  const transport: StorageTransport = (request) => {
    const { table } = request as { table: string };
    begun.push(table);
    return new Promise<StorageReply>((resolve) => {
      underWay.set(table, () => {
        underWay.delete(table);
        resolve({ outcome: "done", value: undefined });
      });
    });
  };
  const limited = withRequestLimit(transport, { limiter, maxConcurrency, laneOf });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const answerAll = async () => {
    while (underWay.size > 0) {
      for (const answer of [...underWay.values()]) answer();
      await settle();
    }
  };
  return { limiter, underWay, begun, limited, settle, answerAll };
}

it("never more than the limit are under way, and all get their turn in order", async () => {
  const { limited, begun, underWay, settle, answerAll, limiter } = openLimited(128);
  const asked = Array.from({ length: 500 }, (_, index) => limited(ask("work", index), {}));
  await settle();
  expect(underWay.size).toBe(96);
  await answerAll();
  await Promise.all(asked);
  expect(begun).toEqual(asked.map((_, index) => `work:${index}`));
  expect(limiter).toMatchObject({ underWay: 0, waiting: 0 });
});

it("a lease and a held message find a place beside any amount of work, and a lease beside any amount of messages", async () => {
  const { limited, underWay, settle, answerAll } = openLimited(128);
  const asked = (lane: RequestLane) => Array.from({ length: 300 }, (_, index) => limited(ask(lane, index), {}));
  const of = (lane: RequestLane) => [...underWay.keys()].filter((table) => table.startsWith(lane)).length;
  const all = [...asked("work"), ...asked("message"), ...asked("lease")];
  await settle();
  expect([of("work"), of("message"), of("lease"), underWay.size]).toEqual([96, 28, 4, 128]);
  await answerAll();
  await Promise.all(all);
});

it("a place that becomes free goes to the most urgent who waits", async () => {
  const { limited, begun, settle, answerAll } = openLimited(8);
  const all = Array.from({ length: 20 }, (_, index) => limited(ask("message", index), {}));
  all.push(limited(ask("lease", 0), {}));
  await settle();
  expect(begun).toHaveLength(8);
  all.push(limited(ask("work", 1), {}), limited(ask("lease", 1), {}), limited(ask("message", 20), {}));
  await answerAll();
  await Promise.all(all);
  expect(begun.slice(8, 10)).toEqual(["lease:1", "message:7"]);
  expect(begun.at(-1)).toBe("work:1");
});

it("waiting ends when the caller gives up, and leaves nothing on the signal", async () => {
  const { limited, begun, settle, answerAll, limiter } = openLimited(8);
  const caller = new AbortController();
  setMaxListeners(0, caller.signal);
  const all = Array.from({ length: 30 }, (_, index) => limited(ask("work", index), { signal: caller.signal }));
  await settle();
  expect(begun).toHaveLength(6);
  caller.abort();
  const late = await limited(ask("lease"), { signal: caller.signal });
  await answerAll();
  const replies = await Promise.all(all);
  expect(begun).toHaveLength(6);
  expect(replies.map(({ outcome }) => outcome)).toEqual([...Array(6).fill("done"), ...Array(24).fill("failed")]);
  expect(late).toMatchObject({ outcome: "failed", failure: { answerLost: false } });
  expect(getEventListeners(caller.signal, "abort")).toEqual([]);
  expect(limiter).toMatchObject({ underWay: 0, waiting: 0 });
});

it("signals that live long gain no listener from those who have had their turn", async () => {
  const { limited, answerAll, settle } = openLimited(8);
  const { signal } = new AbortController();
  const all = Array.from({ length: 5 }, (_, index) => limited(ask("work", index), { signal }));
  await settle();
  await answerAll();
  await Promise.all(all);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

it("waiting for a turn does not count as waiting for an answer", async () => {
  const clock = new SteppedClock();
  const aborted: boolean[] = [];
  const limiter = new RequestLimiter();
  const transport: StorageTransport = async (_, { signal }) => {
    await clock.sleep(1000, signal);
    aborted.push(signal!.aborted);
    return { outcome: "done", value: undefined };
  };
  const timed = withAttemptTimeout(transport, { clock, timeoutMs: 1500 });
  const limited = withRequestLimit(timed, { limiter, maxConcurrency: 8, laneOf });
  const all = Promise.all(Array.from({ length: 60 }, (_, index) => limited(ask("work", index), {})));
  while (aborted.length < 60) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
  }
  await all;
  expect(aborted).not.toContain(true);
});

it("a request that fails or rejects gives its place back", async () => {
  const limiter = new RequestLimiter();
  const transport: StorageTransport = async () => {
    throw new Error("unreadable");
  };
  const limited = withRequestLimit(transport, { limiter, maxConcurrency: 8, laneOf });
  for (let index = 0; index < 20; index++) await expect(limited(ask("work", index), {})).rejects.toThrow("unreadable");
  expect(limiter.underWay).toBe(0);
});

it("hubs of one account share their limit, those of others do not", async () => {
  expect(limiterOf("a")).toBe(limiterOf("a"));
  expect(limiterOf("a")).not.toBe(limiterOf("b"));
  const limiter = new RequestLimiter();
  const [one, other] = [openLimited(8, limiter), openLimited(8, limiter)];
  const all = [one, other].flatMap(({ limited }) =>
    Array.from({ length: 8 }, (_, index) => limited(ask("work", index), {})),
  );
  await one.settle();
  expect(one.underWay.size + other.underWay.size).toBe(6);
  while (one.underWay.size + other.underWay.size > 0) {
    await one.answerAll();
    await other.answerAll();
  }
  await Promise.all(all);
});
