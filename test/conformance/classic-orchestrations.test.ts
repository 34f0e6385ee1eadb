import { describe, expect, it } from "vitest";
import { df, openClassicHub } from "./classic-fixture.ts";

const second = 1000;
const day = 86_400_000;

df.app.activity("echo", { handler: (value: unknown) => value });
df.app.activity("typeOf", { handler: (value: unknown) => [typeof value, value] });
df.app.activity("boom", {
  handler: (message: string) => {
    throw new Error(message);
  },
});
const calls = new Map<string, number>();
df.app.activity("count", { handler: (key: string) => calls.set(key, (calls.get(key) ?? 0) + 1).get(key) });

function later(context: { df: { currentUtcDateTime: Date } }, ms: number): Date {
  return new Date(context.df.currentUtcDateTime.getTime() + ms);
}

df.app.orchestration("values", function* (context) {
  const values: unknown[] = [];
  for (const value of ["text", "12", 12, 1.5, true, null, [1, "ü"], { a: { b: null } }, undefined]) {
    values.push(yield context.df.callActivity("typeOf", value));
  }
  return values;
});
df.app.orchestration("longTimer", function* (context) {
  const at = context.df.currentUtcDateTime.getTime();
  yield context.df.createTimer(later(context, 10 * day));
  const next: string = yield context.df.callActivity("echo", "after");
  return [(context.df.currentUtcDateTime.getTime() - at) / day >= 10, next];
});
df.app.orchestration("pastTimer", function* (context) {
  yield context.df.createTimer(new Date(0));
  return "at once";
});
df.app.orchestration("waitsForTheLoser", function* (context) {
  const slow = context.df.createTimer(later(context, 20 * second));
  const fast = context.df.createTimer(later(context, 10 * second));
  const winner: unknown = yield context.df.Task.any([slow, fast]);
  // A task that is under way is asked for a second time, alone and with others.
  yield slow;
  const again: unknown = yield context.df.Task.any([
    context.df.callActivity("echo", 1),
    context.df.createTimer(later(context, day)),
  ]);
  return [winner === fast, (again as { result: unknown }).result, yield context.df.callActivity("echo", 2)];
});
df.app.orchestration("raceThatKeepsOpenTasks", function* (context) {
  const event = context.df.waitForExternalEvent("never");
  const work = context.df.callActivityWithRetry("boom", new df.RetryOptions(5 * second, 3), "again");
  const results: unknown[] = [];
  for (let round = 0; round < 4; round++) {
    const timer = context.df.createTimer(later(context, 3 * second));
    const winner: unknown = yield context.df.Task.any([event, work, timer]);
    results.push(winner === timer ? "timer" : winner === work ? "work" : "event");
    if (winner === work) break;
  }
  results.push(yield context.df.callActivity("echo", "end"));
  return results;
});
const attempts = new Map<string, number>();
df.app.activity("thirdTime", {
  handler: (key: string) => {
    attempts.set(key, (attempts.get(key) ?? 0) + 1);
    if (attempts.get(key)! < 3) throw new Error("not yet");
    return "work is done";
  },
});
df.app.orchestration("remindsAndWaitsOn", function* (context) {
  const work = context.df.callActivityWithRetry(
    "thirdTime",
    new df.RetryOptions(20 * second, 5),
    context.df.instanceId,
  );
  const reminder = context.df.createTimer(later(context, 30 * second));
  const winner: unknown = yield context.df.Task.any([work, reminder]);
  const results: unknown[] = [winner === reminder];
  results.push(yield context.df.callActivity("echo", "reminded"));
  results.push(yield work);
  results.push(yield context.df.callActivity("echo", "after"));
  return results;
});
df.app.orchestration("identicalCalls", function* (context) {
  const first: { result: unknown } = yield context.df.Task.any([
    context.df.callActivity("echo", "same"),
    context.df.createTimer(later(context, day)),
  ]);
  const both: unknown[] = yield context.df.Task.all([
    context.df.callActivity("echo", "same"),
    context.df.callActivity("echo", "same"),
  ]);
  return [first.result, ...both];
});
df.app.orchestration("emptyAll", function* (context) {
  yield context.df.Task.all([]);
});
df.app.orchestration("yieldsValue", function* () {
  yield 7 as never;
});
df.app.orchestration("throwsText", function* () {
  throw "just a text";
});
df.app.orchestration("notAGenerator", (() => "plain") as never);
df.app.orchestration("failsFast", function* (context) {
  try {
    yield context.df.Task.all([context.df.callActivity("boom", "first"), context.df.createTimer(later(context, day))]);
  } catch (error) {
    return [(error as Error).message.split("\n")[0], yield context.df.callActivity("echo", "went on")];
  }
  return "no";
});
df.app.orchestration("eventsInStock", function* (context) {
  yield context.df.waitForExternalEvent("begin");
  const first: unknown = yield context.df.waitForExternalEvent("data");
  const others: unknown[] = yield context.df.Task.all([
    context.df.waitForExternalEvent("data"),
    context.df.waitForExternalEvent("data"),
  ]);
  return [first, others.sort()];
});
df.app.orchestration("again", function* (context) {
  const text = context.df.getInput<string>();
  if (text.length > 4) return text;
  context.df.continueAsNew(text);
  return undefined;
});
df.app.orchestration("statuses", function* (context) {
  context.df.setCustomStatus({ step: 1 });
  yield context.df.callActivity("echo", 1);
  context.df.setCustomStatus("two");
  yield context.df.waitForExternalEvent("go");
  context.df.setCustomStatus(null);
  return context.df.customStatus;
});
df.app.orchestration("guids", function* (context) {
  const before = [context.df.newGuid(context.df.instanceId), context.df.newGuid(context.df.instanceId)];
  yield context.df.createTimer(later(context, second));
  return [...before, context.df.newGuid(context.df.instanceId)];
});
df.app.orchestration("unknownChild", function* (context) {
  yield context.df.callSubOrchestrator("nobody", 1);
});
df.app.orchestration("childIds", function* (context) {
  for (let n = 0; n < 10; n++) yield context.df.callActivity("echo", n);
  const child: string = yield context.df.callSubOrchestrator("ownId", null);
  return child;
});
df.app.orchestration("ownId", function* (context) {
  return context.df.instanceId;
});
df.app.orchestration("steps", function* (context) {
  const key = context.df.instanceId;
  for (let step = 0; step < 5; step++) {
    yield context.df.callActivity("count", key);
    yield context.df.createTimer(later(context, 10 * second));
  }
  return yield context.df.callActivity("count", key);
});
df.app.entity("Pile", (context) => {
  const items = (context.df.getState(() => []) ?? []) as number[];
  if (context.df.operationName === "put") context.df.setState([...items, context.df.getInput<number>() ?? 0]);
  context.df.return(items.length);
});
df.app.orchestration("critical", function* (context) {
  const [a, b] = [new df.EntityId("Pile", "a"), new df.EntityId("Pile", "b")];
  context.df.signalEntity(a, "put", 0);
  const lock: { release(): void } = yield context.df.lock([b, a, b]);
  yield context.df.callEntity(a, "put", 1);
  const counts: number[] = yield context.df.Task.all([
    context.df.callEntity(a, "get"),
    context.df.callEntity(b, "get"),
  ]);
  lock.release();
  const after: string = yield context.df.callActivity("echo", "free");
  return [counts, after, yield context.df.callEntity(b, "get")];
});

class CardError extends Error {
  override readonly name = "CardError";
}
df.app.setExceptionPropertiesProvider({
  getExceptionProperties: (error) => (error instanceof CardError ? { limit: 100 } : undefined),
});
df.app.activity("pay", {
  handler: () => {
    throw new CardError("declined");
  },
});
df.app.orchestration("richFailure", function* (context) {
  try {
    yield context.df.callActivity("pay");
  } catch (error) {
    const { message, failureDetails, taskName } = error as {
      message: string;
      taskName: string;
      failureDetails: { errorType: string; properties: object };
    };
    return { message, type: failureDetails.errorType, properties: failureDetails.properties, taskName };
  }
  return "no";
});
let hasChanged = false;
df.app.orchestration("changes", function* (context) {
  if (!hasChanged) yield context.df.callActivity("echo", 1);
  yield context.df.createTimer(later(context, 60 * second));
});
df.app.orchestration("replays", function* (context) {
  const seen = [context.df.isReplaying];
  yield context.df.callActivity("echo", 1);
  seen.push(context.df.isReplaying);
  yield context.df.callActivity("echo", 2);
  seen.push(context.df.isReplaying);
  return seen;
});
df.app.orchestration("manyAtOnce", function* (context) {
  const numbers = Array.from({ length: context.df.getInput<number>() }, (_, n) => n);
  const results: number[] = yield context.df.Task.all(numbers.map((n) => context.df.callActivity("echo", n)));
  return results.reduce((sum, n) => sum + n, 0);
});

describe("an orchestrator of durable-functions 3.5.0", () => {
  it("gives activities their inputs as the extension does", async () => {
    await using classic = await openClassicHub();

    expect(await classic.run("values")).toMatchObject({
      runtimeStatus: "Completed",
      output: [
        ["string", "text"],
        ["string", "12"],
        ["number", 12],
        ["number", 1.5],
        ["string", "True"],
        ["object", null],
        ["object", [1, "ü"]],
        ["object", { a: { b: null } }],
        ["object", null],
      ],
    });
  });

  it("waits longer than one timer can, through a chain that it does not see", async () => {
    await using classic = await openClassicHub();
    const id = await classic.start("longTimer");

    expect(await classic.ended(id)).toMatchObject({ output: [true, "after"] });
    expect(await classic.history(id)).toEqual([
      "TimerCreated 0",
      "TimerCreated 1",
      "TimerCreated 2",
      "TimerCreated 3",
      "TaskScheduled 4",
      "ExecutionCompleted 5",
    ]);
    expect(await classic.run("pastTimer")).toMatchObject({ output: "at once" });
  });

  it("waits for one task several times, which is one task", async () => {
    await using classic = await openClassicHub();

    expect(await classic.run("waitsForTheLoser")).toMatchObject({ runtimeStatus: "Completed", output: [true, 1, 2] });
    expect(await classic.run("raceThatKeepsOpenTasks")).toMatchObject({
      runtimeStatus: "Completed",
      output: ["timer", "timer", "timer", "work", "end"],
    });
  });

  it("waits for one task by itself after a race, while that takes further numbers", async () => {
    await using classic = await openClassicHub();
    const id = await classic.start("remindsAndWaitsOn");
    await classic.hub.advance("35s");
    await classic.restart();

    expect(await classic.ended(id)).toMatchObject({
      runtimeStatus: "Completed",
      output: [true, "reminded", "work is done", "after"],
    });
  });

  it("is told of failures with the properties that the app provides", async () => {
    await using classic = await openClassicHub();

    expect(await classic.run("richFailure")).toMatchObject({
      output: { message: "CardError: declined", type: "CardError", properties: { limit: 100 }, taskName: "pay" },
    });
  });

  it("knows what it does again", async () => {
    await using classic = await openClassicHub();

    expect(await classic.run("replays")).toMatchObject({ output: [true, true, false] });
  });

  it("waits for hundreds of activities", async () => {
    await using classic = await openClassicHub();

    expect(await classic.run("manyAtOnce", 500)).toMatchObject({ output: 124_750 });
  });

  it("fails when its code is another one than it was", async () => {
    await using classic = await openClassicHub();
    const id = await classic.start("changes");
    await classic.hub.advance("1s");
    hasChanged = true;
    await classic.restart();

    const { runtimeStatus, output } = await classic.ended(id);

    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/^NondeterministicOrchestration: at event \d history has TaskScheduled\('echo'\) with id 0/);
  });

  it("makes two calls that look the same", async () => {
    await using classic = await openClassicHub();

    expect(await classic.run("identicalCalls")).toMatchObject({ output: ["same", "same", "same"] });
  });

  it("goes on at the first failure of all, and ends without what is still open", async () => {
    await using classic = await openClassicHub();

    expect(await classic.run("failsFast")).toMatchObject({
      runtimeStatus: "Completed",
      output: ["Activity function 'boom' failed: first ", "went on"],
    });
  });

  it.each([
    ["emptyAll", /^Orchestrator function 'emptyAll' failed: When constructing a CompoundTask/],
    ["yieldsValue", /Orchestration yielded data of type number\. Only Task types can be yielded/],
    ["throwsText", /^Orchestrator function 'throwsText' failed: $/],
    ["notAGenerator", /this\.generator\.next is not a function/],
    [
      "unknownChild",
      /The function 'nobody' doesn't exist, is disabled, or is not an orchestrator function\. Additional/,
    ],
  ])("fails with the library's words, and never hangs: %s", async (name, message) => {
    await using classic = await openClassicHub();

    const { runtimeStatus, output } = await classic.run(name);

    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(message);
  });

  it("takes events that came before it asked for them", async () => {
    await using classic = await openClassicHub();
    const id = await classic.start("eventsInStock");
    for (const data of [1, 2, 3]) await classic.hub.client.raiseEvent(id, "data", JSON.stringify(data));
    await classic.hub.settle();
    await classic.hub.client.raiseEvent(id, "begin", undefined);

    expect(await classic.ended(id)).toMatchObject({ runtimeStatus: "Completed", output: [1, [2, 3]] });
  });

  it("keeps the quotes of a text that it continues with, as it does there", async () => {
    await using classic = await openClassicHub();

    expect(await classic.run("again", "abc")).toMatchObject({ output: '"abc"' });
  });

  it("keeps the custom status that it has set last, for nothing clears it", async () => {
    await using classic = await openClassicHub();
    const id = await classic.start("statuses");
    await classic.hub.runUntil(async () => (await classic.hub.client.getInstance(id))?.customStatus === '"two"');
    await classic.hub.client.raiseEvent(id, "go", undefined);

    expect(await classic.ended(id)).toMatchObject({ output: null, customStatus: "two" });
  });

  it("has the same GUIDs in every replay, and ids of children as the extension makes them", async () => {
    await using classic = await openClassicHub();

    const { output } = await classic.run("guids");
    const id = await classic.start("childIds");
    const child = (await classic.ended(id)).output as string;

    expect(new Set(output as string[]).size).toBe(3);
    expect(child).toBe(`${(await classic.hub.client.getInstance(id))?.executionId}:a`);
  });

  it("goes on with another worker where it was", async () => {
    await using classic = await openClassicHub();
    const id = await classic.start("steps");
    await classic.hub.advance("15s");
    await classic.restart();
    await classic.hub.advance("15s");
    await classic.restart();

    expect(await classic.ended(id)).toMatchObject({ runtimeStatus: "Completed", output: 6 });
  });

  it("locks entities under the numbers that the library counts", async () => {
    await using classic = await openClassicHub();
    const id = await classic.start("critical");

    expect(await classic.ended(id)).toMatchObject({ runtimeStatus: "Completed", output: [[2, 0], "free", 0] });
    expect(await classic.history(id)).toEqual([
      "EventSent 0",
      "EventSent 1",
      "EventSent 2",
      "EventSent 3",
      "EventSent 4",
      "EventSent 5",
      "EventSent 6",
      "TaskScheduled 7",
      "EventSent 8",
      "ExecutionCompleted 9",
    ]);
  });

  it("does nothing while it is suspended, and is terminated while it waits", async () => {
    await using classic = await openClassicHub();
    const { client } = classic.hub;
    const id = await classic.start("eventsInStock");
    await classic.hub.settle();
    await client.suspend(id, "a break");
    await client.raiseEvent(id, "begin", undefined);
    await classic.hub.advance("1m");
    expect(await client.getInstance(id)).toMatchObject({ runtimeStatus: "Suspended" });
    await client.resume(id, "on");
    await classic.hub.advance("1m");
    expect(await client.getInstance(id)).toMatchObject({ runtimeStatus: "Running" });
    await client.terminate(id, "enough");

    expect(await classic.ended(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
  });
});
