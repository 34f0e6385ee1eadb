import { expect, it } from "vitest";
import type { OrchestrationWorkItem } from "../../../src/engine/backend.ts";
import { HistorySummary } from "../../../src/engine/history-summary.ts";
import { KnownExecutions, type KnownExecutionsOptions } from "../../../src/engine/known-executions.ts";
import { episodeStarted, executionStarted } from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

function setUp(limits: Partial<KnownExecutionsOptions>) {
  const clock = new SteppedClock();
  const backend = { loadHistory: async () => ({ events: [], executionId: undefined, historyVersion: undefined }) };
  const options = { backend, clock, maxSessions: 100, maxBytes: 1e9, maxIdleMs: 60_000, ...limits };
  const executions = new KnownExecutions(options);
  const closed: string[] = [];
  const put = (instanceId: string, input = "") =>
    executions.put(instanceId, {
      history: HistorySummary.of([episodeStarted(), executionStarted("Test", { instanceId, input })]),
      executionId: "e",
      historyVersion: "1",
      session: {
        execute: async () => ({ actions: [], customStatus: undefined }),
        close: () => void closed.push(instanceId),
      },
      unseen: [],
      acceptedIds: [],
      isCached: false,
    });
  const take = (instanceId: string) => executions.take({ instanceId } as OrchestrationWorkItem);
  return { clock, executions, closed, put, take };
}

it("keeps so many sessions, and lets the longest idle go", async () => {
  const { executions, closed, put, take } = setUp({ maxSessions: 2 });
  put("a");
  put("b");
  put("a", "once more");
  put("c");

  expect(closed).toEqual(["b"]);
  expect(executions.size).toBe(2);
  expect((await take("a")).isCached).toBe(true);
  expect((await take("b")).isCached).toBe(false);
});

it("lets sessions go whose histories are too much together", () => {
  const { closed, put } = setUp({ maxBytes: 100_000 });
  put("small");
  put("large", "x".repeat(30_000));
  put("larger", "x".repeat(40_000));

  expect(closed).toEqual(["small", "large"]);
});

it("lets a session go that has had no episode for long", () => {
  const { clock, closed, put } = setUp({ maxIdleMs: 1000 });
  put("idle");
  clock.advance(1500);
  put("busy");

  expect(closed).toEqual(["idle"]);
});

it("closes all that it keeps when it is cleared", () => {
  const { executions, closed, put } = setUp({});
  put("a");
  put("b");
  executions.clear();

  expect(closed).toEqual(["a", "b"]);
  expect(executions.size).toBe(0);
});
