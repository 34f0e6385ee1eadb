import { describe, expect, it } from "vitest";
import type { CompleteOrchestration } from "../../../src/core/orchestrator-action.ts";
import type { EpisodeResult } from "../../../src/core/task-executor.ts";
import type { DurableTask } from "../../../src/orchestration/durable-task.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { episodeStarted, eventRaised, executionStarted, taskCompleted } from "../../../src/testing/history-builder.ts";
import { openSession, runEpisode } from "../../support/run-episode.ts";

const start = [episodeStarted(), executionStarted("test")];
const pause = () => new Promise((resolve) => setImmediate(resolve));
let taskOfAnother: DurableTask<unknown> | undefined;

function failureOf({ actions }: EpisodeResult): string | undefined {
  const last = actions.at(-1) as CompleteOrchestration | undefined;
  return last?.status === "Failed" ? last.failureDetails?.errorMessage : undefined;
}

describe("a wait that no event can end fails at once:", () => {
  it.each<[string, Orchestrator, string]>([
    ["a mapped async function that awaits I/O", async (ctx) => ctx.map([1], pause), "not a durable task"],
    [
      "all of a cancelled timer",
      async (ctx) => {
        const t = ctx.createTimer(9);
        t.cancel();
        await ctx.all([t]);
      },
      "not a durable task",
    ],
    [
      "any of a timer cancelled later",
      async (ctx) => {
        const t = ctx.createTimer(9);
        const any = ctx.any([t]);
        t.cancel();
        await any;
      },
      "not a durable task",
    ],
    [
      "yielded all of a cancelled timer",
      function* (ctx) {
        const t = ctx.createTimer(9);
        t.cancel();
        yield ctx.all([t]);
      },
      "no event can complete",
    ],
    [
      "a yielded map of an async function",
      function* (ctx) {
        yield ctx.map([1], async (n) => ctx.callActivity("a", n));
      },
      "no event can complete",
    ],
    [
      "a yielded task of another orchestration",
      function* () {
        yield taskOfAnother;
      },
      "of another orchestration",
    ],
    ["all of a task of another orchestration", async (ctx) => ctx.all([taskOfAnother!]), "of another orchestration"],
    [
      "a task as output",
      function* (ctx) {
        return ctx.callActivity("a");
      },
      "a durable task was used as a value",
    ],
  ])("%s", async (_, orchestrator, message) => {
    await runEpisode((ctx) => {
      taskOfAnother = ctx.waitForExternalEvent("x");
    }, start);

    expect(failureOf(await runEpisode(orchestrator, start))).toContain(message);
  });
});

it("a mapped async function may await durable tasks", async () => {
  const session = openSession(async (ctx) =>
    ctx.map([1, 2], async (n) => (await ctx.callActivity<number>("a", n)) + n),
  );

  const first = await session.execute({ pastEvents: [], newEvents: start });
  const last = await session.execute({ pastEvents: [], newEvents: [taskCompleted(0, 10), taskCompleted(1, 20)] });

  expect(first.actions).toMatchObject([{ kind: "ScheduleTask" }, { kind: "ScheduleTask" }]);
  expect((last.actions.at(-1) as CompleteOrchestration).result).toBe("[11,22]");
});

it("an orchestrator that ends between two events fails with the next", async () => {
  const session = openSession(async (ctx) => Promise.race([pause(), ctx.waitForExternalEvent("x")]));
  await session.execute({ pastEvents: [], newEvents: start });
  await pause();

  const result = await session.execute({ pastEvents: [], newEvents: [eventRaised("x", "event")] });

  expect(failureOf(result)).toContain("ended between two events");
});

it("what cannot even be looked at is a failure like any other", async () => {
  const hostile = new Proxy(
    {},
    {
      getPrototypeOf() {
        throw new Error("no");
      },
    },
  );

  const result = await runEpisode(async () => {
    throw hostile;
  }, start);

  expect(failureOf(result)).toContain("cannot be looked at");
});
