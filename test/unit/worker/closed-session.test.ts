import { afterEach, beforeEach, expect, it } from "vitest";
import { jsonDataConverter } from "../../../src/core/payloads/data-converter.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { episodeStarted, executionStarted } from "../../../src/testing/history-builder.ts";
import { InProcessSession } from "../../../src/worker/in-process-session.ts";

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
beforeEach(() => process.on("unhandledRejection", onRejection));
afterEach(() => process.off("unhandledRejection", onRejection));

/** All that user code can call, as a closed session meets it. */
const calls: readonly (readonly [string, (ctx: OrchestrationContext) => unknown])[] = [
  ["callActivity", (ctx) => ctx.callActivity("a")],
  ["callActivity with a timeout and retries", (ctx) => ctx.callActivity("a", 0, { timeout: 5, retry: retry })],
  ["callSubOrchestrator", (ctx) => ctx.callSubOrchestrator("a")],
  ["startNewOrchestration", (ctx) => ctx.startNewOrchestration("a")],
  ["callHttp", (ctx) => ctx.callHttp({ url: "http://localhost/" })],
  ["createTimer", (ctx) => ctx.createTimer(5).cancel()],
  ["waitForExternalEvent", (ctx) => ctx.waitForExternalEvent("a", { timeout: 5 })],
  ["events", (ctx) => ctx.events("a")[Symbol.asyncIterator]().next()],
  ["sendEvent", (ctx) => ctx.sendEvent("other", "a")],
  ["a combination", (ctx) => ctx.all([ctx.race([ctx.createTimer(5)]), ctx.any([ctx.waitForExternalEvent("a")])])],
  ["map", (ctx) => ctx.map([1], () => ctx.callActivity("a"))],
  ["continueAsNew", (ctx) => ctx.continueAsNew()],
  ["setCustomStatus", (ctx) => ctx.setCustomStatus("late")],
  ["patched", (ctx) => ctx.patched("a")],
  ["newGuid", (ctx) => ctx.newGuid()],
  ["log", (ctx) => ctx.log("late")],
  ["nothing, but ends", () => undefined],
];
const retry = { firstInterval: 1, maxAttempts: 3 };

it.each(calls)("code of a closed session that is resumed from outside and calls %s is not heard", async (_, call) => {
  let resume: (value?: unknown) => void = () => {};
  const foreign = new Promise((resolve) => {
    resume = resolve;
  });
  const heard: unknown[] = [];
  const reached: string[] = [];
  const session = new InProcessSession({
    instanceId: "instance",
    executionId: "execution",
    findOrchestration: () => ({
      dataConverter: jsonDataConverter,
      orchestrator: async (ctx) => {
        // Nobody awaits this one.
        void foreign.then(async () => {
          await call(ctx);
          reached.push("end of callback");
        });
        await Promise.race([foreign, ctx.waitForExternalEvent("never")]);
        call(ctx);
        reached.push("end of code");
      },
    }),
    log: (...args) => heard.push(args),
    onMisuse: () => heard.push("misuse"),
  });
  await session.execute({ pastEvents: [], newEvents: [episodeStarted(), executionStarted("test")] });

  session.close();
  resume();
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));

  expect(heard).toEqual([]);
  expect(rejections.splice(0)).toEqual([]);
  expect(reached).toContain("end of code");
});

it("code of an open session that is resumed from outside is heard", async () => {
  const heard: unknown[] = [];
  const session = new InProcessSession({
    instanceId: "instance",
    executionId: "execution",
    findOrchestration: () => ({
      dataConverter: jsonDataConverter,
      orchestrator: async (ctx) => {
        await Promise.race([new Promise(setImmediate), ctx.waitForExternalEvent("never")]);
        await ctx.callActivity("a");
      },
    }),
    log: () => {},
    onMisuse: () => heard.push("misuse"),
  });

  await session.execute({ pastEvents: [], newEvents: [episodeStarted(), executionStarted("test")] });
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));

  expect(heard).toEqual(["misuse"]);
});
