import { expect, it } from "vitest";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { episodeStarted, eventRaised, executionStarted } from "../../../src/testing/history-builder.ts";
import { completion, runEpisode } from "../../support/run-episode.ts";

const count = 20_000;
const items = Array.from({ length: count }, (_, index) => index);
const start = [episodeStarted(), executionStarted("test")];
const events = items.map((item) => eventRaised("e", item));

it.each<[string, number]>([
  ["one after the other", 1],
  ["three at a time", 3],
  ["all at once", Number.POSITIVE_INFINITY],
])("maps thousands of waits whose events are there already, %s", async (_, concurrency) => {
  const orchestrator: Orchestrator = function* (ctx) {
    yield ctx.waitForExternalEvent("begin");
    return yield* ctx.map(items, () => ctx.waitForExternalEvent("e"), { concurrency });
  };

  const result = await runEpisode(orchestrator, [], [...start, ...events, eventRaised("begin")]);

  expect(completion(result).result).toBe(JSON.stringify(items));
});

it("maps thousands of tasks that are completed already, and starts none after a failure", async () => {
  const started: number[] = [];
  const orchestrator: Orchestrator = function* (ctx) {
    const done = ctx.all([]);
    try {
      yield ctx.map(items, (item) => {
        started.push(item);
        if (item === count - 2) throw new Error("no more");
        return done;
      });
    } catch (error) {
      return (error as Error).message;
    }
    return "no failure";
  };

  const result = await runEpisode(orchestrator, [], start);

  expect(completion(result).result).toBe('"no more"');
  expect(started).toHaveLength(count - 1);
});
