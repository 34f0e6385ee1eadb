import { describe, expect, it } from "vitest";
import { EntityId } from "../../../../src/core/entity-id.ts";
import { readRelease } from "../../../../src/entities/entity-message.ts";
import type { OrchestrationContext } from "../../../../src/orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../../../src/orchestration/orchestrator.ts";
import { inEveryStyle, styles } from "../../../../src/testing/behaviours/styles.ts";
import { episodeStarted, eventRaised } from "../../../../src/testing/history-builder.ts";
import { answerTo, EntityUser, endOf, failureTo, grantOf, requestsOf, sent } from "../../../support/entity-user.ts";
import { openSession } from "../../../support/run-episode.ts";

const a = new EntityId("Account", "a");
const b = new EntityId("Account", "b");
const other = new EntityId("Account", "c");

describe.each(styles)("a critical section (%s)", (style) => {
  it("locks in order, calls, and releases in order", async () => {
    const user = new EntityUser(
      inEveryStyle(function* (ctx) {
        const lock = (yield ctx.lock(b, a, b, "@ACCOUNT@b")) as Awaited<ReturnType<OrchestrationContext["lock"]>>;
        const owned = lock.ownedLocks.map(String);
        const inside = ctx.isLocked();
        const got = yield ctx.callEntity(a, "add", 1);
        lock.release();
        lock.release();
        yield ctx.callEntity(other, "add", 1);
        return [owned, inside.isLocked, got, lock.isReleased, lock.ownedLocks, ctx.isLocked().isLocked];
      })[style],
    );

    const asked = await user.run();
    const [request] = requestsOf(asked);
    const [call] = requestsOf(await user.run(grantOf(request!)));
    const released = await user.run(answerTo(call!, "got"));
    const last = await user.run(answerTo(requestsOf(released)[0]!));

    expect(asked).toHaveLength(1);
    expect(request).toMatchObject({
      to: "@account@a",
      operation: undefined,
      lockSet: [
        { name: "account", key: "a" },
        { name: "account", key: "b" },
      ],
      lockPosition: 0,
    });
    expect(sent(released).map(({ id, instanceId, name }) => [id, instanceId, name])).toEqual([
      [2, "@account@a", "release"],
      [3, "@account@b", "release"],
      [4, "@account@c", "op"],
    ]);
    const release = { parentInstanceId: "instance", id: request!.id };
    expect(
      sent(released)
        .slice(0, 2)
        .map(({ input }) => readRelease(input)),
    ).toEqual([release, release]);
    expect(endOf(last)).toEqual([["@account@a", "@account@b"], true, "got", true, [], false]);
  });

  it("is entered again after its release", async () => {
    const user = new EntityUser(
      inEveryStyle(function* (ctx) {
        for (let round = 0; round < 2; round++) {
          const lock = (yield ctx.lock([a])) as { release(): void };
          yield ctx.callEntity(a, "add", 1);
          yield ctx.callEntity(a, "add", 2);
          lock.release();
        }
        return "done";
      })[style],
    );

    let actions = await user.run();
    for (let round = 0; round < 2; round++) {
      actions = await user.run(grantOf(requestsOf(actions)[0]!));
      actions = await user.run(answerTo(requestsOf(actions)[0]!));
      actions = await user.run(answerTo(requestsOf(actions)[0]!));
    }

    expect(endOf(actions)).toBe("done");
  });
});

it("await using releases, in the episode that ends the orchestration", async () => {
  const user = new EntityUser(async (ctx) => {
    await using lock = await ctx.lock(a, b);
    return lock.isReleased;
  });

  const [request] = requestsOf(await user.run());
  const last = await user.run(grantOf(request!));

  expect(last.map((action) => action.kind)).toEqual(["SendEvent", "SendEvent", "CompleteOrchestration"]);
  expect(endOf(last)).toBe(false);
});

it("await using releases when the code throws", async () => {
  const user = new EntityUser(async (ctx) => {
    await using _lock = await ctx.lock(a);
    throw new Error("over");
  });

  const [request] = requestsOf(await user.run());
  const last = await user.run(grantOf(request!));

  expect(last).toMatchObject([{ name: "release" }, { status: "Failed" }]);
  expect(endOf(last)).toBe("over");
});

it("using releases in a generator", async () => {
  const user = new EntityUser(function* (ctx) {
    {
      using _lock = yield* ctx.lock(a);
    }
    return ctx.isLocked().isLocked;
  });

  const [request] = requestsOf(await user.run());

  expect(await user.run(grantOf(request!))).toMatchObject([{ name: "release" }, { result: "false" }]);
});

it("a lock that is held when the execution continues as new is left to the engine", async () => {
  const user = new EntityUser(async (ctx) => {
    const lock = await ctx.lock(a);
    ctx.continueAsNew(1);
    lock.release();
  });

  const [request] = requestsOf(await user.run());

  expect(await user.run(grantOf(request!))).toMatchObject([{ status: "ContinuedAsNew" }]);
});

it("a lock that fails fails the wait, and leaves the section", async () => {
  const user = new EntityUser(async (ctx) => {
    try {
      await ctx.lock(b, a);
      return "locked";
    } catch (error) {
      void ctx.callEntity(other, "add");
      return (error as Error).message;
    }
  });

  const [request] = requestsOf(await user.run());
  const last = await user.run(failureTo(request!, "no"));

  expect(sent(last).map(({ name, instanceId }) => [name, instanceId])).toEqual([
    ["release", "@account@a"],
    ["release", "@account@b"],
    ["op", "@account@c"],
  ]);
  expect(endOf(last)).toBe("lock of '@account@a, @account@b' failed: no");
});

it("a repeated episode asks for the same lock, and releases it under the same id", async () => {
  const code: Orchestrator = async (ctx) => {
    (await ctx.lock(a)).release();
    await ctx.waitForExternalEvent("go");
  };
  const run = async (seconds: number) => {
    const user = new EntityUser(code);
    const first = await user.run();
    const session = openSession(code);
    return [
      first,
      await session.execute({
        pastEvents: user.history,
        newEvents: [episodeStarted(seconds), grantOf(requestsOf(first)[0]!)],
      }),
    ];
  };

  expect(await run(100)).toEqual(await run(200));
});

it("is locked only once the lock is granted", async () => {
  const user = new EntityUser(async (ctx) => {
    const states = [ctx.isLocked()];
    const waiting = ctx.lock(a);
    states.push(ctx.isLocked());
    await waiting;
    states.push(ctx.isLocked());
    return states;
  });

  const [request] = requestsOf(await user.run());

  expect(endOf(await user.run(grantOf(request!)))).toEqual([
    { isLocked: false, ownedLocks: [] },
    { isLocked: false, ownedLocks: [] },
    { isLocked: true, ownedLocks: [{ name: "Account", key: "a" }] },
  ]);
});

describe("rules", () => {
  const inside =
    (act: (ctx: OrchestrationContext) => unknown): Orchestrator =>
    async (ctx) => {
      await ctx.lock(a, b);
      await act(ctx);
      await ctx.waitForExternalEvent("never");
    };

  it.each<[string, (ctx: OrchestrationContext) => unknown, string]>([
    ["no lock in a lock", (ctx) => ctx.lock(other), "holds the locks of '@account@a', '@account@b'; name all entities"],
    ["no child", (ctx) => ctx.callSubOrchestrator("child"), "callSubOrchestrator was called inside a critical section"],
    ["no start", (ctx) => ctx.startNewOrchestration("child"), "startNewOrchestration was called inside"],
    ["no call of another entity", (ctx) => ctx.callEntity(other, "add"), "has locked '@account@a', '@account@b' only"],
    ["no two calls at once", (ctx) => ctx.all([ctx.callEntity(a, "x"), ctx.callEntity(a, "y")]), "under way; wait for"],
    ["no signal to what is locked", (ctx) => ctx.signalEntity(a, "add"), "call it instead"],
  ])("%s", async (_, act, message) => {
    const user = new EntityUser(inside(act));
    const [request] = requestsOf(await user.run());

    const last = await user.run(grantOf(request!));

    expect(last.at(-1)).toMatchObject({ status: "Failed", failureDetails: { errorType: "OrchestrationMisuse" } });
    expect(endOf(last)).toContain(message);
  });

  it.each<[string, (ctx: OrchestrationContext) => unknown, string]>([
    ["no call", (ctx) => ctx.callEntity(a, "add"), "before the lock of '@account@a', '@account@b' was granted"],
    ["no call of another", (ctx) => ctx.callEntity(other, "add"), "before the lock of"],
    ["no other lock", (ctx) => ctx.lock(other), "waits for the locks of"],
    ["no child", (ctx) => ctx.callSubOrchestrator("child"), "callSubOrchestrator was called inside"],
    ["no signal to what it asks for", (ctx) => ctx.signalEntity(b, "add"), "was signalled inside"],
  ])("while a lock is asked for: %s", async (_, act, message) => {
    const user = new EntityUser(async (ctx) => {
      void ctx.lock(a, b);
      await act(ctx);
    });

    expect(endOf(await user.run())).toContain(message);
  });

  it("a lock of nothing is refused", async () => {
    expect(endOf(await new EntityUser((ctx) => ctx.lock([])).run())).toBe("lock() needs at least one entity");
    expect(endOf(await new EntityUser((ctx) => ctx.lock()).run())).toBe("lock() needs at least one entity");
  });

  it("what is allowed inside", async () => {
    const user = new EntityUser(
      inside((ctx) => {
        ctx.signalEntity(other, "add", 1);
        void ctx.callActivity("work");
        void ctx.callHttp({ method: "GET", url: "http://localhost" });
        return ctx.all([ctx.callEntity(a, "x"), ctx.callEntity(b, "y")]);
      }),
    );
    const [request] = requestsOf(await user.run());

    const actions = await user.run(grantOf(request!));

    expect(actions.map(({ kind }) => kind)).toEqual([
      "SendEvent",
      "ScheduleTask",
      "CreateSubOrchestration",
      "SendEvent",
      "SendEvent",
    ]);
  });

  it("a broken rule that the code catches asks for nothing", async () => {
    const user = new EntityUser(async (ctx) => {
      await ctx.lock(a);
      try {
        ctx.signalEntity(a, "add");
      } catch {}
      return await ctx.callEntity(a, "get");
    });
    const [request] = requestsOf(await user.run());

    const actions = await user.run(grantOf(request!), eventRaised("unrelated"));

    expect(requestsOf(actions)).toMatchObject([{ operation: "get" }]);
  });
});
