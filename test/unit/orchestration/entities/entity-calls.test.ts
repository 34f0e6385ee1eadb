import { describe, expect, it } from "vitest";
import { EntityId } from "../../../../src/core/entity-id.ts";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import { formatAnswer, formatRequest, readRequest } from "../../../../src/entities/entity-message.ts";
import { noTime } from "../../../../src/entities/wire-time.ts";
import type { Orchestrator } from "../../../../src/orchestration/orchestrator.ts";
import { isTaskFailedError } from "../../../../src/orchestration/task-failed-error.ts";
import { inEveryStyle, styles } from "../../../../src/testing/behaviours/styles.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  timerFired,
} from "../../../../src/testing/history-builder.ts";
import { answerTo, EntityUser, endOf, failureTo, grantOf, requestsOf, sent } from "../../../support/entity-user.ts";
import { openSession } from "../../../support/run-episode.ts";

const counter = new EntityId("Counter", "a");
const dayMs = 86_400_000;

describe.each(styles)("calls (%s)", (style) => {
  it("a call is an event to the entity, and its answer the result", async () => {
    const user = new EntityUser(
      inEveryStyle(function* (ctx) {
        return yield ctx.callEntity(counter, "add", 5);
      })[style],
    );

    const first = await user.run();
    const [request] = requestsOf(first);
    const second = await user.run(answerTo(request!, { count: 12 }));

    expect(first).toMatchObject([{ kind: "SendEvent", id: 0, instanceId: "@counter@a", name: "op" }]);
    expect(request).toMatchObject({
      operation: "add",
      isSignal: false,
      input: "5",
      parentInstanceId: "instance",
      parentExecutionId: "execution",
      timestamp: "2026-01-01T00:00:00Z",
      predecessor: noTime,
      lockSet: undefined,
    });
    expect(request!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(endOf(second)).toEqual({ count: 12 });
  });

  it("a failure is a TaskFailedError that names entity and operation", async () => {
    const user = new EntityUser(
      inEveryStyle(function* (ctx) {
        try {
          return yield ctx.callEntity("@counter@a", "add");
        } catch (error) {
          return isTaskFailedError(error, "RangeError") && [error.message, error.taskName, error.taskId];
        }
      })[style],
    );

    const [request] = requestsOf(await user.run());

    expect(endOf(await user.run(failureTo(request!, "too much", "RangeError")))).toEqual([
      "entity '@counter@a' operation 'add' failed: too much",
      "add",
      0,
    ]);
  });

  it("calls are answered in any order, also within one episode", async () => {
    const user = new EntityUser(
      inEveryStyle(function* (ctx) {
        return yield ctx.all([ctx.callEntity(counter, "a"), ctx.callEntity({ name: "other", key: "" }, "b")]);
      })[style],
    );

    const [a, b] = requestsOf(await user.run());

    expect(endOf(await user.run(answerTo(b!, "b"), answerTo(a!)))).toEqual([null, "b"]);
  });

  it("signals cost no waiting, and are sent in order", async () => {
    const user = new EntityUser(
      inEveryStyle(function* (ctx) {
        ctx.signalEntity(counter, "add", 5);
        ctx.df.signalEntity(counter, "add", 6);
        return yield ctx.callEntity(counter, "get");
      })[style],
    );

    const requests = requestsOf(await user.run());

    expect(requests.map(({ operation, input, isSignal }) => [operation, input, isSignal])).toEqual([
      ["add", "5", true],
      ["add", "6", true],
      ["get", undefined, false],
    ]);
    expect(requests.map(({ timestamp, predecessor }) => [timestamp, predecessor])).toEqual([
      ["2026-01-01T00:00:00Z", noTime],
      ["2026-01-01T00:00:00.0000001Z", "2026-01-01T00:00:00Z"],
      ["2026-01-01T00:00:00.0000002Z", "2026-01-01T00:00:00.0000001Z"],
    ]);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(3);
    expect(endOf(await user.run(answerTo(requests[2]!, 11)))).toBe(11);
  });

  it("a replay on a new session goes on where the last one stopped", async () => {
    const code = inEveryStyle(function* (ctx) {
      const got = yield ctx.callEntity(counter, "add", 1);
      ctx.signalEntity(counter, "log", got);
      return yield ctx.callEntity(counter, "add", 2);
    })[style];
    const user = new EntityUser(code);
    const [first] = requestsOf(await user.run());
    const live = await user.run(answerTo(first!, 1));
    const past = user.history.slice(0, user.history.findIndex(({ type }) => type === "OrchestratorCompleted") + 1);

    const { actions } = await openSession(code).execute({
      pastEvents: past,
      newEvents: [episodeStarted(999), answerTo(first!, 1)],
    });

    expect(actions).toEqual(live);
  });
});

it("an episode that is repeated later sends the same messages", async () => {
  const code: Orchestrator = async (ctx) => {
    ctx.signalEntity(counter, "add", 1);
    await ctx.waitForExternalEvent("go");
    ctx.signalEntity(counter, "add", 2);
    await ctx.callEntity(counter, "get");
  };
  const user = new EntityUser(code);
  await user.run();
  const go = { ...eventRaised("go"), timestamp: at(3) } as HistoryEvent;
  const repeat = async (seconds: number) => {
    const newEvents = [episodeStarted(seconds), go];
    return requestsOf((await openSession(code).execute({ pastEvents: user.history, newEvents })).actions);
  };

  const first = await repeat(5);

  expect(await repeat(99)).toEqual(first);
  expect(first.map(({ timestamp, predecessor }) => [timestamp, predecessor])).toEqual([
    ["2026-01-01T00:00:03Z", "2026-01-01T00:00:00Z"],
    ["2026-01-01T00:00:03.0000001Z", "2026-01-01T00:00:03Z"],
  ]);
});

it("a stamp follows the time of a timer", async () => {
  const user = new EntityUser(async (ctx) => {
    await ctx.createTimer(5000);
    ctx.signalEntity(counter, "add", 2);
  });
  await user.run();

  expect(requestsOf(await user.run(timerFired(0, at(5))))).toMatchObject([{ timestamp: "2026-01-01T00:00:05Z" }]);
});

it("equal requests under other numbers, of other executions and of other content have ids of their own", async () => {
  const ids = async (code: Orchestrator) => requestsOf(await new EntityUser(code).run()).map(({ id }) => id);
  const all = [
    ...(await ids((ctx) => {
      for (const input of [1, 1, 2]) ctx.signalEntity(counter, "add", input);
    })),
    ...(await ids((ctx) => ctx.signalEntity(counter, "sub", 1))),
    ...(await ids((ctx) => ctx.signalEntity("@counter@b", "add", 1))),
    ...(await ids((ctx) => void ctx.callEntity(counter, "add", 1))),
  ];

  expect(new Set(all).size).toBe(6);
});

describe("delayed signals", () => {
  it("tell when they are due, and keep no order", async () => {
    const user = new EntityUser((ctx) => {
      ctx.signalEntity(counter, "add", 1, { scheduledTime: "PT1H" });
      ctx.signalEntity(counter, "add", 2, { scheduledTime: new Date(at(90)) });
      ctx.signalEntity(counter, "add", 3);
    });

    const actions = await user.run();

    expect(sent(actions).map(({ name, deliverAt }) => [name, deliverAt])).toEqual([
      ["op@2026-01-01T01:00:00.0000000Z", at(3600)],
      ["op@2026-01-01T00:01:30.0000000Z", at(90)],
      ["op", undefined],
    ]);
    expect(requestsOf(actions).map(({ dueAt, timestamp, predecessor }) => [dueAt, timestamp, predecessor])).toEqual([
      [at(3600), noTime, noTime],
      [at(90), noTime, noTime],
      [undefined, "2026-01-01T00:00:00Z", noTime],
    ]);
  });

  it("are delivered earlier when they are due beyond the longest delay of a queue", async () => {
    const user = new EntityUser((ctx) => ctx.signalEntity(counter, "add", 1, { scheduledTime: { days: 30 } }));

    const actions = await user.run();

    expect(sent(actions)[0]!.deliverAt).toEqual(new Date(at(0).getTime() + 6 * dayMs));
    expect(requestsOf(actions)[0]!.dueAt).toEqual(new Date(at(0).getTime() + 30 * dayMs));
  });

  it("are recognised in history by everything but the time in their name", async () => {
    const code: Orchestrator = function* (ctx) {
      ctx.signalEntity(counter, "add", 1, { scheduledTime: "PT1H" });
      return yield* ctx.waitForExternalEvent("go");
    };
    const user = new EntityUser(code);
    await user.run();
    const history = user.history.map((event) =>
      event.type === "EventSent"
        ? { ...event, name: "op@2026-01-01T01:00:00.1234567Z", instanceId: "@COUNTER@a" }
        : event,
    );

    const { actions } = await openSession(code).execute({
      pastEvents: history,
      newEvents: [episodeStarted(60), eventRaised("go", 1)],
    });

    expect(endOf(actions)).toBe(1);
  });

  it.each([new Date(Number.NaN), "tomorrow", -1])("refuse %s", async (scheduledTime) => {
    const user = new EntityUser((ctx) => ctx.signalEntity(counter, "add", 1, { scheduledTime: scheduledTime as Date }));

    expect(endOf(await user.run())).toContain("scheduledTime of signalEntity");
  });
});

describe("answers", () => {
  const code: Orchestrator = function* (ctx) {
    const event = yield* ctx.waitForExternalEvent("go");
    const got = yield* ctx.callEntity(counter, "add", 1);
    return [event, got];
  };
  const idOfCall = async () => {
    const user = new EntityUser(code);
    await user.run();
    return requestsOf(await user.run(eventRaised("go", 1)))[0]!;
  };

  it("one that comes before its question is kept for it", async () => {
    const call = await idOfCall();
    const user = new EntityUser(code);
    await user.run();

    const early = await user.run(answerTo(call, "early"));
    const late = await user.run(eventRaised("go", 1));

    expect(early).toEqual([]);
    expect(requestsOf(late)).toHaveLength(1);
    expect(endOf(late)).toEqual([1, "early"]);
  });

  it("one that nobody asked for, or a repeat, changes nothing and goes to no other execution", async () => {
    const call = await idOfCall();
    const user = new EntityUser(function* (ctx) {
      yield ctx.callEntity(counter, "other");
      yield ctx.waitForExternalEvent("go");
      ctx.continueAsNew(1);
    });

    const [other] = requestsOf(await user.run());
    await user.run(answerTo(call, "stray"), answerTo(other!, 1), answerTo(other!, 2));
    const last = await user.run(eventRaised("kept"), eventRaised("go"), answerTo(call, "late"));

    expect(last).toMatchObject([{ status: "ContinuedAsNew", carryoverEvents: [{ name: "kept" }] }]);
  });

  it("an event under the id of a request that is no answer does not settle it", async () => {
    const user = new EntityUser(function* (ctx) {
      return yield* ctx.callEntity(counter, "add");
    });

    const [call] = requestsOf(await user.run());

    expect(await user.run(eventRaised(call!.id, 5))).toEqual([]);
    expect(endOf(await user.run(answerTo(call!, 6)))).toBe(6);
  });

  it("one of the in-process extension fails with what it tells", async () => {
    const user = new EntityUser(function* (ctx) {
      return yield* ctx.callEntity(counter, "add");
    });

    const [call] = requestsOf(await user.run());
    const input = JSON.stringify({ result: '"broken"', exceptionType: "System.Exception" });

    expect(endOf(await user.run({ ...eventRaised(call!.id), input } as HistoryEvent))).toBe(
      "entity '@counter@a' operation 'add' failed: broken",
    );
  });

  it("one that is no JSON value fails the call", async () => {
    const user = new EntityUser(function* (ctx) {
      return yield* ctx.callEntity(counter, "add");
    });

    const [call] = requestsOf(await user.run());
    const input = formatAnswer({ kind: "completed", result: "{" });

    expect(endOf(await user.run({ ...eventRaised(call!.id), input } as HistoryEvent))).toContain(
      "the result of entity '@counter@a' operation 'add'",
    );
  });

  it("those of a suspended orchestration wait for the resume", async () => {
    const header = { eventId: -1, timestamp: at(0) };
    const user = new EntityUser(async (ctx) => {
      const got = await ctx.callEntity(counter, "add");
      return ctx.callEntity(counter, "next", got);
    });

    const [call] = requestsOf(await user.run());
    await user.run({ ...header, type: "ExecutionSuspended", reason: undefined } as HistoryEvent);

    expect(await user.run(answerTo(call!, 6))).toEqual([]);
    expect(
      requestsOf(await user.run({ ...header, type: "ExecutionResumed", reason: undefined } as HistoryEvent)),
    ).toMatchObject([{ operation: "next", input: "6" }]);
  });
});

describe("history that another SDK has written", () => {
  const code: Orchestrator = function* (ctx) {
    const first = yield* ctx.callEntity(counter, "add", 1);
    const second = yield* ctx.callEntity(counter, "add", 2);
    return [first, second];
  };
  const theirs = { id: "0c1a3b5e-0000-4000-8000-00000000000A", timestamp: "2025-12-31T23:59:59.1234567" };

  async function recorded(): Promise<HistoryEvent[]> {
    const user = new EntityUser(code);
    await user.run();
    return user.history.map((event) =>
      event.type === "EventSent"
        ? { ...event, input: formatRequest({ ...readRequest(event.input)!, ...theirs }) }
        : event,
    );
  }

  it("is answered under its ids, and its stamps come before ours, even when ours would be later", async () => {
    const { actions } = await openSession(code).execute({
      pastEvents: await recorded(),
      newEvents: [episodeStarted(60), answerTo({ id: theirs.id.toLowerCase() }, "theirs")],
    });

    expect(requestsOf(actions)).toMatchObject([{ input: "2", predecessor: theirs.timestamp }]);
  });

  it("an answer that came before the record is used, also while the instance is suspended", async () => {
    const [episode, start, ...rest] = await recorded();
    const header = { eventId: -1, timestamp: at(0) };
    const suspended = { ...header, type: "ExecutionSuspended", reason: undefined } as HistoryEvent;
    const resumed = { ...header, type: "ExecutionResumed", reason: undefined } as HistoryEvent;
    const early = answerTo(theirs, "early");
    const run = (newEvents: HistoryEvent[]) => openSession(code).execute({ pastEvents: [], newEvents });

    const after = await run([episode!, start!, early, ...rest]);
    const held = await run([episode!, start!, early, suspended, ...rest]);
    const released = await run([episode!, start!, early, suspended, ...rest, episodeStarted(60), resumed]);

    expect(requestsOf(after.actions)).toMatchObject([{ input: "2" }]);
    expect(held.actions).toEqual([]);
    expect(requestsOf(released.actions)).toMatchObject([{ input: "2" }]);
  });
});

describe("a change of the code is told as one", () => {
  const history = async () => {
    const user = new EntityUser((ctx) => ctx.callEntity(counter, "add", 1));
    await user.run();
    return user.history;
  };
  const replay = async (code: Orchestrator) => {
    const newEvents = [episodeStarted(60), eventRaised("go")];
    return endOf((await openSession(code).execute({ pastEvents: await history(), newEvents })).actions);
  };

  it.each<[string, Orchestrator, string]>([
    ["another entity", (ctx) => ctx.callEntity("@counter@b", "add", 1), "'op' to '@counter@b', call 'add'"],
    ["another operation", (ctx) => ctx.callEntity(counter, "sub", 1), "'op' to '@counter@a', call 'sub'"],
    ["a signal", (ctx) => ctx.signalEntity(counter, "add", 1), "'op' to '@counter@a', signal 'add'"],
    ["a lock", (ctx) => ctx.lock(counter, "@c@b"), "'op' to '@c@b', lock of '@c@b', '@counter@a'"],
  ])("%s", async (_, code, asked) => {
    expect(await replay(code)).toContain(
      `history has EventSent('op' to '@counter@a', call 'add') with id 0, but the orchestrator now asks for SendEvent(${asked}).`,
    );
  });

  it("another input is none", async () => {
    expect(
      await openSession((ctx) => ctx.callEntity(counter, "ADD", 2)).execute({
        pastEvents: await history(),
        newEvents: [episodeStarted(60), eventRaised("go")],
      }),
    ).toMatchObject({ actions: [] });
  });
});

it("an event under the name of a GUID goes to who waits for it, whatever it holds", async () => {
  const user = new EntityUser(async (ctx) => {
    void ctx.callEntity(counter, "add");
    return ctx.waitForExternalEvent("0C1A3B5E-0000-4000-8000-00000000000A");
  });
  await user.run();

  expect(endOf(await user.run(eventRaised("0c1a3b5e-0000-4000-8000-00000000000a", { result: "mine" })))).toEqual({
    result: "mine",
  });
});

it.each(styles)("every cut of a history into past and new asks for the same (%s)", async (style) => {
  const code = inEveryStyle(function* (ctx) {
    ctx.signalEntity(counter, "add", 1);
    const got = yield ctx.all([ctx.callEntity(counter, "add", 2), ctx.callEntity("@other@b", "get")]);
    ctx.signalEntity(counter, "add", got, { scheduledTime: "PT1H" });
    const lock = (yield ctx.lock(counter, "@other@b")) as { release(): void };
    yield ctx.callEntity(counter, "add", 3);
    yield ctx.callEntity("@other@b", "get");
    lock.release();
    ctx.signalEntity(counter, "add", 4);
    yield ctx.waitForExternalEvent("go");
  })[style];
  const user = new EntityUser(code);
  const asked = [await user.run()];
  const ends: number[] = [];
  const go = async (...messages: HistoryEvent[]) => {
    ends.push(user.history.length);
    asked.push(
      await user.run(...messages.map((message, index) => ({ ...message, timestamp: at(20 * asked.length + index) }))),
    );
  };
  const last = () => requestsOf(asked.at(-1)!);
  await go(answerTo(last()[2]!, "b"));
  await go(answerTo(requestsOf(asked[0]!)[1]!, "a"));
  await go(grantOf(last()[1]!));
  await go(answerTo(last()[0]!));
  await go(answerTo(last()[0]!), eventRaised("other"));
  ends.push(user.history.length);

  for (const [episode, start] of [0, ...ends].slice(0, -1).entries()) {
    const records = user.history.findIndex(({ type }, index) => index > start && isRecord(type));
    const input = user.history.slice(0, records === -1 ? user.history.length : records);
    for (let cut = 0; cut <= input.length; cut++) {
      const episodeOf = { pastEvents: input.slice(0, cut), newEvents: input.slice(cut) };
      expect((await openSession(code).execute(episodeOf)).actions).toEqual(asked[episode]);
    }
  }
});

function isRecord(type: string): boolean {
  return type === "EventSent" || type === "OrchestratorCompleted";
}

it("ten times as many signals take about ten times as long", async () => {
  const timeOf = async (count: number) => {
    const code: Orchestrator = function* (ctx) {
      for (let index = 0; index < count; index++) ctx.signalEntity({ name: "c", key: `${index % 100}` }, "add", index);
      return yield* ctx.waitForExternalEvent("go");
    };
    const user = new EntityUser(code);
    const began = performance.now();
    expect(await user.run()).toHaveLength(count);
    const newEvents = [episodeStarted(60), episodeCompleted()];
    await openSession(code).execute({ pastEvents: user.history, newEvents });
    return performance.now() - began;
  };
  await timeOf(1000);

  const few = await timeOf(1000);
  const many = await timeOf(10_000);

  // With a cost that grows by the square it would be a hundred.
  expect(many / few).toBeLessThan(50);
});

it.each<[string, Orchestrator, string]>([
  ["no operation", (ctx) => void ctx.callEntity(counter, ""), "the operation of callEntity must be a non-empty text"],
  ["no entity", (ctx) => void ctx.callEntity(undefined as never, "add"), "the name of an entity must be a text"],
  ["an id without a key", (ctx) => ctx.signalEntity("@counter", "add"), "has the form '@name@key'"],
  ["an event to an entity", (ctx) => ctx.sendEvent("@counter@a", "add"), "use signalEntity"],
  ["no input that is JSON", (ctx) => ctx.signalEntity(counter, "add", 1n), "the input of operation 'add' of entity"],
])("%s is refused", async (_, code, message) => {
  expect(endOf(await new EntityUser(code).run())).toContain(message);
});

it("what is asked for after continue-as-new belongs to nobody", async () => {
  const user = new EntityUser(async (ctx) => {
    ctx.continueAsNew(1);
    ctx.signalEntity(counter, "add", 1);
    void ctx.callEntity(counter, "add", 1);
    void ctx.lock(counter);
  });

  expect(await user.run()).toMatchObject([{ status: "ContinuedAsNew" }]);
});
