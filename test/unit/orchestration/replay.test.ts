import { describe, expect, it } from "vitest";
import type { OrchestratorAction } from "../../../src/core/orchestrator-action.ts";
import type { Orchestrator } from "../../../src/orchestration/orchestrator.ts";
import { TaskFailedError } from "../../../src/orchestration/task-failed-error.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionStarted,
  executionSuspended,
  executionTerminated,
  subOrchestrationCompleted,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../../../src/testing/history-builder.ts";
import { completion, openSession, runEpisode } from "../../support/run-episode.ts";

const start = [episodeStarted(), executionStarted("test", { input: "in" })];

const kinds = (actions: readonly OrchestratorAction[]) => actions.map(({ kind }) => kind);

describe("a sequence of activities", () => {
  const orchestrator: Orchestrator = function* (ctx, input: string) {
    const first = yield* ctx.callActivity<string>("hello", input);
    return `${first}, ${yield* ctx.callActivity<string>("hello", "again")}`;
  };

  it("asks for the first activity at the start", async () => {
    const { actions } = await runEpisode(orchestrator, [], start);

    expect(actions).toMatchObject([{ kind: "ScheduleTask", id: 0, name: "hello", input: '"in"' }]);
  });

  it("goes on with the answer and ends with the output", async () => {
    const past = [...start, taskScheduled(0, "hello"), taskCompleted(0, "A"), taskScheduled(1, "hello")];

    const result = await runEpisode(orchestrator, past, [episodeStarted(1), taskCompleted(1, "B")]);

    expect(completion(result)).toMatchObject({ id: 2, status: "Completed", result: '"A, B"' });
  });

  it("ignores an answer that is repeated", async () => {
    const past = [...start, taskScheduled(0, "hello"), taskCompleted(0, "A"), taskScheduled(1, "hello")];

    const { actions } = await runEpisode(orchestrator, past, [episodeStarted(1), taskCompleted(0, "X")]);

    expect(actions).toEqual([]);
  });
});

it("an answer of another kind than the question is not taken", async () => {
  const past = [...start, taskScheduled(0, "hello"), episodeCompleted()];
  const waits: Orchestrator = function* (ctx) {
    return yield* ctx.callActivity("hello");
  };

  const result = await runEpisode(waits, past, [
    episodeStarted(1),
    subOrchestrationCompleted(0, "of a child"),
    timerFired(0, at(1)),
  ]);

  expect(result.actions).toEqual([]);
});

describe("failures", () => {
  it("reach the orchestrator as TaskFailedError with the details of the activity", async () => {
    const orchestrator: Orchestrator = function* (ctx) {
      try {
        yield ctx.callActivity("risky");
        return "no error";
      } catch (error) {
        if (!(error instanceof TaskFailedError)) throw error;
        const { taskName, taskId, failureDetails, cause } = error;
        return [taskName, taskId, failureDetails.errorType, (cause as Error).name, error.message];
      }
    };
    const failed = taskFailed(0, { errorType: "RangeError", errorMessage: "too far" });

    const result = await runEpisode(orchestrator, [...start, taskScheduled(0, "risky")], [failed]);

    expect(JSON.parse(completion(result).result!)).toEqual([
      "risky",
      0,
      "RangeError",
      "RangeError",
      "activity 'risky' failed: too far",
    ]);
  });

  it.each([
    ["an error", () => new RangeError("bad"), { errorType: "RangeError", errorMessage: "bad" }],
    ["a text", () => "bad", { errorType: "string", errorMessage: "bad" }],
    ["null", () => null, { errorType: "null", errorMessage: "null" }],
    ["a frozen object", () => Object.freeze({ a: 1 }), { errorType: "Object", errorMessage: '{"a":1}' }],
  ])("end the orchestration when %s is thrown", async (_, create, failureDetails) => {
    const result = await runEpisode(() => {
      throw create();
    }, start);

    expect(completion(result)).toMatchObject({ status: "Failed", failureDetails });
  });

  it("of an output without JSON form fail the instance", async () => {
    const result = await runEpisode(() => 10n, start);

    expect(completion(result)).toMatchObject({ status: "Failed", failureDetails: { errorType: "InvalidPayload" } });
  });

  it("keep their causes and the properties of the error", async () => {
    const result = await runEpisode(() => {
      throw Object.assign(new Error("outer", { cause: new TypeError("inner") }), { orderId: 7 });
    }, start);

    expect(completion(result).failureDetails).toMatchObject({
      errorMessage: "outer",
      innerFailure: { errorType: "TypeError", errorMessage: "inner" },
      properties: { orderId: 7 },
    });
  });
});

describe("timers", () => {
  const race: Orchestrator = async (ctx) => {
    const timer = ctx.createTimer({ minutes: 1 });
    const approval = ctx.waitForExternalEvent("approve");
    const winner = await ctx.any([timer, approval]);
    if (winner === timer) return "timeout";
    timer.cancel();
    return approval.result;
  };
  const past = [...start, timerCreated(0, at(60)), episodeCompleted()];

  it("give the event its turn and are cancelled", async () => {
    const result = await runEpisode(race, past, [episodeStarted(5), eventRaised("Approve", "yes")]);

    expect(completion(result)).toMatchObject({ status: "Completed", result: '"yes"' });
  });

  it("win when they fire first", async () => {
    const result = await runEpisode(race, past, [episodeStarted(60), timerFired(0, at(60))]);

    expect(completion(result).result).toBe('"timeout"');
  });

  it("do not fire with the message of an earlier attempt at the same episode", async () => {
    const result = await runEpisode(race, past, [episodeStarted(60), timerFired(0, at(59))]);

    expect(result.actions).toEqual([]);
  });

  it("cancelled before they were recorded are not asked for", async () => {
    const { actions } = await runEpisode(function* (ctx) {
      ctx.createTimer({ hours: 1 }).cancel();
      yield ctx.callActivity("next");
    }, start);

    expect(actions).toMatchObject([{ kind: "ScheduleTask", id: 1 }]);
  });

  it("beyond six days are a chain of three-day timers", async () => {
    const day = 86_400;
    const orchestrator: Orchestrator = function* (ctx) {
      yield ctx.createTimer({ days: 7 });
      return "done";
    };
    const session = openSession(orchestrator);

    const fireTimes: unknown[] = [];
    let events = [episodeStarted(), executionStarted("test")];
    for (let id = 0; id < 3; id++) {
      const { actions } = await session.execute({ pastEvents: [], newEvents: events });
      const fireAt = (actions.at(-1) as { fireAt: Date }).fireAt;
      fireTimes.push(fireAt);
      await session.execute({ pastEvents: [timerCreated(id, fireAt), episodeCompleted()], newEvents: [] });
      events = [episodeStarted((fireAt.getTime() - at(0).getTime()) / 1000), timerFired(id, fireAt)];
    }
    const result = await session.execute({ pastEvents: [], newEvents: events });

    expect(fireTimes).toEqual([at(3 * day), at(6 * day), at(7 * day)]);
    expect(completion(result).result).toBe('"done"');
  });
});

describe("external events", () => {
  it("of one name go to waits in order, whether they came before or after, ignoring case", async () => {
    const orchestrator: Orchestrator = function* (ctx) {
      const first = yield* ctx.waitForExternalEvent("a");
      return [first, yield* ctx.waitForExternalEvent("A"), yield* ctx.waitForExternalEvent("a")];
    };

    const result = await runEpisode(
      orchestrator,
      [...start, eventRaised("a", 1), eventRaised("A", 2)],
      [eventRaised("a", 3)],
    );

    expect(completion(result).result).toBe("[1,2,3]");
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("may be called %s", async (name) => {
    const orchestrator: Orchestrator = function* (ctx) {
      return yield* ctx.waitForExternalEvent(name);
    };

    const result = await runEpisode(orchestrator, start, [eventRaised(name, "ok")]);

    expect(completion(result).result).toBe('"ok"');
  });
});

describe("continue-as-new", () => {
  it("carries events over that nobody waited for, and those that came later in the episode", async () => {
    const orchestrator: Orchestrator = function* (ctx) {
      yield ctx.waitForExternalEvent("go");
      ctx.continueAsNew({ round: 2 });
    };

    const result = await runEpisode(
      orchestrator,
      [...start, eventRaised("kept", 1)],
      [eventRaised("go"), eventRaised("late", 2)],
    );

    expect(completion(result)).toMatchObject({
      status: "ContinuedAsNew",
      result: '{"round":2}',
      carryoverEvents: [{ name: "kept" }, { name: "late" }],
    });
  });

  it.each<[string, Orchestrator]>([
    [
      "generator",
      function* (ctx): Generator<unknown, unknown, never> {
        yield ctx.continueAsNew(2);
        return "not reached";
      },
    ],
    [
      "async function",
      async (ctx) => {
        await ctx.continueAsNew(2);
      },
    ],
    [
      "async generator",
      async function* (ctx) {
        yield ctx.continueAsNew(2);
      },
    ],
  ])("may be waited for in a %s", async (_, orchestrator) => {
    expect(completion(await runEpisode(orchestrator, start))).toMatchObject({ status: "ContinuedAsNew", result: "2" });
  });

  it("gives way to a termination of the same episode", async () => {
    const orchestrator: Orchestrator = function* (ctx) {
      yield ctx.waitForExternalEvent("go");
      ctx.continueAsNew();
    };

    const result = await runEpisode(orchestrator, start, [eventRaised("go"), executionTerminated("enough")]);

    expect(completion(result)).toMatchObject({ status: "Terminated", result: "enough", carryoverEvents: [] });
  });

  it("hands a suspension of the same episode on, also when events are dropped", async () => {
    const orchestrator: Orchestrator = function* (ctx) {
      yield ctx.waitForExternalEvent("go");
      ctx.continueAsNew(1, { preserveUnprocessedEvents: false });
    };

    const result = await runEpisode(orchestrator, start, [
      eventRaised("go"),
      eventRaised("lost"),
      executionSuspended("pause"),
    ]);

    expect(completion(result)).toMatchObject({
      status: "ContinuedAsNew",
      carryoverEvents: [{ type: "ExecutionSuspended", reason: "pause" }],
    });
  });

  it("drops them when told so, and stops the code at its next wait", async () => {
    let ranOn = false;
    const orchestrator: Orchestrator = function* (ctx) {
      ctx.continueAsNew(1, { preserveUnprocessedEvents: false });
      yield ctx.callActivity("never");
      ranOn = true;
    };

    const result = await runEpisode(orchestrator, start, [eventRaised("lost")]);

    expect(kinds(result.actions)).toEqual(["CompleteOrchestration"]);
    expect(completion(result).carryoverEvents).toEqual([]);
    expect(ranOn).toBe(false);
  });
});

describe("an async orchestrator", () => {
  const pause = () => new Promise((resolve) => setImmediate(resolve));

  it("fails at once when it awaits something that is not durable", async () => {
    const result = await runEpisode(async () => {
      await pause();
      return "never";
    }, start);

    expect(completion(result).failureDetails?.errorMessage).toContain("awaits something that is not a durable task");
  });

  it("fails when something foreign resumed it and it calls its context", async () => {
    let foreignCall: unknown;
    const session = openSession(async (ctx) => {
      const foreign = pause().then(() => ctx.callActivity("late"));
      foreign.then(undefined, (error: unknown) => {
        foreignCall = error;
      });
      await ctx.callActivity("first");
      return "done";
    });
    await session.execute({ pastEvents: [], newEvents: start });
    await pause();

    const result = await session.execute({ pastEvents: [taskScheduled(0, "first")], newEvents: [taskCompleted(0)] });

    expect(foreignCall).toMatchObject({ code: "OrchestrationMisuse" });
    expect(completion(result)).toMatchObject({
      status: "Failed",
      failureDetails: { errorMessage: expect.stringContaining("callActivity was called while") as string },
    });
  });

  it("may await what settles by itself between microtasks", async () => {
    const result = await runEpisode(async () => {
      await undefined;
      for (let turn = 0; turn < 100; turn++) await Promise.resolve(turn);
      return "done";
    }, start);

    expect(completion(result).result).toBe('"done"');
  });

  it("leaves no rejection behind when nobody awaits a failed task", async () => {
    const rejections: unknown[] = [];
    const listener = (reason: unknown) => rejections.push(reason);
    process.on("unhandledRejection", listener);
    const result = await runEpisode(
      async (ctx) => {
        void ctx.callActivity("fails");
        return ctx.waitForExternalEvent("end");
      },
      [...start, taskScheduled(0, "fails")],
      [taskFailed(0), eventRaised("end", 1)],
    );
    await pause();
    process.off("unhandledRejection", listener);

    expect(completion(result).result).toBe("1");
    expect(rejections).toEqual([]);
  });

  it("gets the winner itself from any, not its result", async () => {
    const result = await runEpisode(
      async (ctx) => {
        const timer = ctx.createTimer({ seconds: 1 });
        const [winner] = await Promise.all([ctx.any([timer, ctx.waitForExternalEvent("x")])]);
        return winner === timer;
      },
      [...start, timerCreated(0, at(1))],
      [timerFired(0, at(1))],
    );

    expect(completion(result).result).toBe("true");
  });
});

it("an event of the engine reaches no code and no later execution", async () => {
  const wake = (name: string) => eventRaised(name, "wake");
  const result = await runEpisode(
    function* (ctx) {
      yield ctx.waitForExternalEvent("go");
      ctx.continueAsNew();
    },
    [],
    [
      ...start,
      wake("BuiltIn__Wake"),
      wake("builtin__wake"),
      eventRaised("go"),
      wake("BuiltIn__Wake"),
      eventRaised("x"),
    ],
  );

  expect(completion(result).carryoverEvents).toMatchObject([{ name: "x" }]);
});
