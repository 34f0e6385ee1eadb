import { type LogEvent, type Logger, type Task, whenAll, whenAny } from "@microsoft/durabletask-js";
import { describe, expect, it } from "vitest";
import { completed, newId, useHub } from "./official-hub.ts";

const hub = useHub();
const echo = hub.activity((_ctx, input) => input);
const increment = hub.activity(async (_ctx, input: number) => input + 1);
const fail = hub.activity((_ctx, message: string) => {
  throw new RangeError(message);
});

describe("basics", () => {
  const plain = hub.plainOrchestrator((ctx, input) => `${ctx.instanceId}: ${input}`);
  it("runs an orchestrator without tasks", async () => {
    const instanceId = newId();
    expect(await hub.run(plain, "hi", { instanceId })).toEqual(completed(`${instanceId}: hi`));
  });

  it("makes an id when none is given", async () => {
    const id = await hub.client.scheduleNewOrchestration(plain, "x");
    expect(id).not.toBe("");
    expect(await hub.ended(id)).toEqual(completed(`${id}: x`));
  });

  const sequence = hub.orchestrator(async function* (ctx, start) {
    const numbers = [start];
    for (let i = 0; i < 10; i++) numbers.push(yield ctx.callActivity(increment, numbers.at(-1)));
    return numbers;
  });
  it("runs activities in sequence", async () => {
    expect(await hub.run(sequence, 1)).toEqual(completed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
  });

  const fanOut = hub.orchestrator(async function* (ctx, count: number) {
    const tasks = Array.from({ length: count }, (_, i) => ctx.callActivity(increment, i));
    const results: number[] = yield whenAll(tasks);
    return results.reduce((sum, result) => sum + result, 0);
  });
  it("fans out and in", async () => {
    expect(await hub.run(fanOut, 100)).toEqual(completed(5050));
  });

  const whereAmI = hub.activity((ctx) => ({ orchestrationId: ctx.orchestrationId, taskId: ctx.taskId }));
  const activityContext = hub.orchestrator(async function* (ctx) {
    return [yield ctx.callActivity(whereAmI), yield ctx.callActivity(whereAmI)];
  });
  it("tells an activity of its orchestration and its task", async () => {
    const instanceId = newId();
    const { output } = await hub.run(activityContext, undefined, { instanceId });
    expect(output).toEqual([
      { orchestrationId: instanceId, taskId: 1 },
      { orchestrationId: instanceId, taskId: 2 },
    ]);
  });

  it("fails for an orchestrator that is not registered", async () => {
    const outcome = await hub.run("NoSuchOrchestrator");
    expect(outcome.status).toBe("FAILED");
    expect(outcome.failure?.errorType).toBe("OrchestratorNotRegisteredError");
  });

  const unknownActivity = hub.orchestrator(async function* (ctx) {
    return yield ctx.callActivity("NoSuchActivity");
  });
  it("fails for an activity that is not registered", async () => {
    const outcome = await hub.run(unknownActivity);
    expect(outcome.status).toBe("FAILED");
    expect(outcome.failure?.message).toContain("NoSuchActivity");
  });

  const unknownChild = hub.orchestrator(async function* (ctx) {
    return yield ctx.callSubOrchestrator("NoSuchChild");
  });
  it("fails for a child that is not registered", async () => {
    const outcome = await hub.run(unknownChild);
    expect(outcome.status).toBe("FAILED");
    expect(outcome.failure?.message).toContain("NoSuchChild");
  });

  const guids = hub.orchestrator(async function* (ctx) {
    const before = [ctx.newGuid(), ctx.newGuid()];
    yield ctx.callActivity(echo);
    const kept: string[] = yield ctx.callActivity(echo, before);
    return { same: kept.every((id, i) => id === before[i]), distinct: new Set([...before, ctx.newGuid()]).size };
  });
  it("makes the same ids on each replay", async () => {
    expect(await hub.run(guids)).toEqual(completed({ same: true, distinct: 3 }));
  });

  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const logger: Logger & { logEvent?: (event: LogEvent) => void } = {
    info: write,
    warn: write,
    error: write,
    debug: write,
  };
  const logging = hub.orchestrator(async function* (ctx) {
    const log = ctx.createReplaySafeLogger(logger);
    log.info(`${ctx.instanceId} one`);
    yield ctx.callActivity(echo);
    log.info(`${ctx.instanceId} two`);
    yield ctx.callActivity(echo);
    log.info(`${ctx.instanceId} three`);
  });
  it("logs each line once through a logger that knows of replay", async () => {
    const instanceId = newId();
    await hub.run(logging, undefined, { instanceId });
    const mine = lines.filter((line) => line.startsWith(instanceId));
    expect(mine.map((line) => line.split(" ")[1])).toEqual(["one", "two", "three"]);
  });

  const clock = hub.orchestrator(async function* (ctx) {
    const first = ctx.currentUtcDateTime.toISOString();
    const kept = yield ctx.callActivity(echo, first);
    return { same: kept === first, forward: ctx.currentUtcDateTime >= new Date(first) };
  });
  it("keeps the time of each episode", async () => {
    expect(await hub.run(clock)).toEqual(completed({ same: true, forward: true }));
  });
});

describe("values", () => {
  const values = [
    0,
    -1,
    1.5,
    "",
    "text",
    false,
    true,
    null,
    [],
    {},
    [null],
    { a: null, b: [0, ""] },
    "\u0000\u2028é😀",
  ];

  const through = hub.orchestrator(async function* (ctx, input) {
    return yield ctx.callActivity(echo, input);
  });
  it.each(values)("carries %j through input, activity and result", async (value) => {
    expect(await hub.run(through, value)).toEqual(completed(value));
  });

  const throughChild = hub.orchestrator(async function* (ctx, input) {
    return yield ctx.callSubOrchestrator(through, input);
  });
  it.each(values)("carries %j through a child", async (value) => {
    expect(await hub.run(throughChild, value)).toEqual(completed(value));
  });

  const nothing = hub.orchestrator(async function* (ctx, input) {
    const answer = yield ctx.callActivity(echo, undefined);
    return [input === undefined, answer === undefined];
  });
  it("keeps nothing apart from null", async () => {
    expect(await hub.run(nothing)).toEqual(completed([true, true]));
    expect(await hub.run(nothing, null)).toEqual(completed([false, true]));
  });

  const noResult = hub.orchestrator(async function* (ctx) {
    yield ctx.callActivity(echo, 1);
  });
  it("has no output for no result", async () => {
    const state = await hub.client.waitForOrchestrationCompletion(await hub.start(noResult), true, 60);
    expect(state?.serializedOutput).toBeUndefined();
  });

  const unserializable = hub.orchestrator(async function* (ctx) {
    yield ctx.callActivity(echo);
    return 1n;
  });
  it("fails for a result that JSON cannot say", async () => {
    const outcome = await hub.run(unserializable);
    expect(outcome).toMatchObject({ status: "FAILED", failure: { errorType: "TypeError" } });
  });

  const bigint = hub.activity(() => 1n);
  const callBigint = hub.orchestrator(async function* (ctx) {
    return yield ctx.callActivity(bigint);
  });
  it("fails for an activity whose result JSON cannot say", async () => {
    expect((await hub.run(callBigint)).status).toBe("FAILED");
  });

  it("returns input and output only when asked", async () => {
    const id = await hub.start(through, "value");
    await hub.ended(id);
    expect(await hub.client.getOrchestrationState(id, true)).toMatchObject({
      serializedInput: '"value"',
      serializedOutput: '"value"',
    });
    const bare = await hub.client.getOrchestrationState(id, false);
    expect(bare?.serializedInput).toBeUndefined();
    expect(bare?.serializedOutput).toBeUndefined();
    expect(bare).toMatchObject({ instanceId: id, name: through });
  });
});

describe("failures", () => {
  const throwing = hub.orchestrator(async function* (ctx) {
    yield ctx.callActivity(echo);
    throw new TypeError("no way");
  });
  it("ends as failed with type and message", async () => {
    expect(await hub.run(throwing)).toMatchObject({
      status: "FAILED",
      failure: { errorType: "TypeError", message: "no way" },
    });
  });

  const uncaught = hub.orchestrator(async function* (ctx) {
    yield ctx.callActivity(fail, "broken");
  });
  it("ends as failed when an activity fails", async () => {
    const outcome = await hub.run(uncaught);
    expect(outcome).toMatchObject({ status: "FAILED", failure: { errorType: "TaskFailedError" } });
    expect(outcome.failure?.message).toContain("broken");
  });

  const caught = hub.orchestrator(async function* (ctx) {
    try {
      yield ctx.callActivity(fail, "broken");
    } catch (error) {
      const { details } = error as { details: { message: string; errorType: string; stackTrace?: string } };
      return [details.errorType, details.message, details.stackTrace?.includes("broken")];
    }
    return "no error";
  });
  it("gives the orchestrator the details of a failed activity", async () => {
    expect(await hub.run(caught)).toEqual(completed(["RangeError", "broken", true]));
  });

  const childFails = hub.orchestrator(async function* (ctx) {
    try {
      yield ctx.callSubOrchestrator(throwing);
    } catch (error) {
      const { details } = error as { details: { message: string; errorType: string } };
      return [details.errorType, details.message];
    }
    return "no error";
  });
  it("gives the orchestrator the details of a failed child", async () => {
    expect(await hub.run(childFails)).toEqual(completed(["TypeError", "no way"]));
  });

  const notATask = hub.orchestrator(async function* (ctx) {
    yield ctx.callActivity(echo);
    yield 42 as unknown as Task<number>;
  });
  it("fails for what is no task", async () => {
    expect((await hub.run(notATask)).status).toBe("FAILED");
  });
});

describe("composition", () => {
  const slow = hub.activity(async (_ctx, input: number) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return input;
  });

  const settled = hub.orchestrator(async function* (ctx) {
    const tasks = [ctx.callActivity(fail, "a"), ctx.callActivity(slow, 1), ctx.callActivity(fail, "b")];
    try {
      yield whenAll(tasks);
    } catch (error) {
      const after = yield ctx.callActivity(echo, "after");
      return [after, tasks.map((task) => task.isComplete), (error as Error).message];
    }
    return "no error";
  });
  it("waits for all tasks before a failure of some is told", async () => {
    const { output } = await hub.run(settled);
    expect(output).toEqual(["after", [true, true, true], expect.stringMatching(/a.*b/)]);
  });

  const lastChildFails = hub.orchestrator(async function* (ctx) {
    yield whenAll([ctx.callSubOrchestrator(through), ctx.callSubOrchestrator(failing)]);
  });
  const through = hub.orchestrator(async function* (ctx) {
    return yield ctx.callActivity(echo, 1);
  });
  const failing = hub.orchestrator(async function* (ctx) {
    yield ctx.callActivity(slow, 1);
    throw new Error("the last one");
  });
  it("fails when the last child fails", async () => {
    const outcome = await hub.run(lastChildFails);
    expect(outcome.status).toBe("FAILED");
    expect(outcome.failure?.message).toContain("the last one");
  });

  const mixed = hub.orchestrator(async function* (ctx) {
    const late = ctx.callActivity(slow, 1);
    const early = yield ctx.callActivity(echo, 2);
    const child = ctx.callSubOrchestrator(through);
    const [a, b] = yield whenAll([late, child]);
    return [a, b, early];
  });
  it("joins tasks of unequal speed that began at unequal times", async () => {
    expect(await hub.run(mixed)).toEqual(completed([1, 1, 2]));
  });

  const nested = hub.orchestrator(async function* (ctx) {
    const pair = (n: number) => whenAll([ctx.callActivity(echo, n), ctx.callActivity(echo, n + 1)]);
    const winner = yield whenAny([whenAll([pair(1), pair(3)]), ctx.createTimer(60)]);
    return winner.getResult();
  });
  it("nests", async () => {
    expect(await hub.run(nested)).toEqual(
      completed([
        [1, 2],
        [3, 4],
      ]),
    );
  });

  const joinsFailed = hub.orchestrator(async function* (ctx) {
    const bad = ctx.callActivity(fail, "bad");
    try {
      yield bad;
    } catch {
      // It is joined again below.
    }
    try {
      yield whenAll([bad, ctx.callActivity(echo, 1)]);
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  });
  it("joins a task that has failed already", async () => {
    expect((await hub.run(joinsFailed)).output).toContain("bad");
  });

  const empty = hub.orchestrator(async function* () {
    return yield whenAll([]);
  });
  it("joins nothing", async () => {
    expect(await hub.run(empty)).toEqual(completed([]));
  });

  const race = hub.orchestrator(async function* (ctx) {
    const tasks = [ctx.createTimer(60), ctx.callActivity(echo, "fast")];
    const winner = yield whenAny(tasks);
    return [tasks.indexOf(winner), winner.getResult()];
  });
  it("ends when the first of some is done", async () => {
    expect(await hub.run(race)).toEqual(completed([1, "fast"]));
  });
});

describe("custom status", () => {
  const statuses = hub.orchestrator(async function* (ctx, values: unknown[]) {
    for (const value of values) {
      ctx.setCustomStatus(value);
      yield ctx.callActivity(echo);
    }
    yield ctx.waitForExternalEvent("end");
    return "done";
  });
  it.each([[["one", "two"]], [[{ at: 1 }]], [["text", ""]], [[0]], [[false]]])(
    "%j: shows the last while it runs, and keeps it",
    async (values) => {
      const id = await hub.start(statuses, values);
      await expect
        .poll(async () => (await hub.client.getOrchestrationState(id))?.serializedCustomStatus)
        .toBe(JSON.stringify(values.at(-1)));
      await hub.client.raiseOrchestrationEvent(id, "end");
      expect(await hub.ended(id)).toEqual(completed("done", values.at(-1)));
    },
  );
});
