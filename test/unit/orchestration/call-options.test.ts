import { expect, it } from "vitest";
import { defineEvent } from "../../../src/orchestration/external-event.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { episodeStarted, executionStarted } from "../../../src/testing/history-builder.ts";
import { completion, runEpisode } from "../../support/run-episode.ts";

const start = [episodeStarted(), executionStarted("Test")];
const long = "x".repeat(1001);

it.each<[string, (ctx: OrchestrationContext) => unknown, string, RegExp]>([
  ["a child id with a slash", (ctx) => ctx.callSubOrchestrator("c", 0, "a/b"), "InvalidInstanceId", /'\/'/],
  ["a child id of an entity", (ctx) => ctx.callSubOrchestrator("c", 0, "@e@k"), "InvalidInstanceId", /entities/],
  ["a broken child id", (ctx) => ctx.callSubOrchestrator("c", 0, "a\ud800"), "InvalidInstanceId", /surrogate/],
  ["a broken receiver", (ctx) => ctx.sendEvent("a\ud800", "go"), "InvalidInstanceId", /surrogate/],
  ["a number as version", (ctx) => ctx.callActivity("a", 0, { version: 2 as never }), "InvalidOption", /version/],
  ["a long version", (ctx) => ctx.callSubOrchestrator("c", 0, { version: long }), "InvalidOption", /at most 1000/],
  ["a number as tag", (ctx) => ctx.callActivity("a", 0, { tags: { a: 1 as never } }), "InvalidOption", /tags/],
  ["a list as tags", (ctx) => ctx.callActivity("a", 0, { tags: ["x"] as never }), "InvalidOption", /tags/],
  ["a long patch id", (ctx) => ctx.patched(long), "InvalidOption", /patch/],
  ["a wait for an event of ours", (ctx) => ctx.waitForExternalEvent("BuiltIn__Wake"), "InvalidOption", /reserved/],
  ["a stream of such events", (ctx) => [...ctx.events("BUILTIN__wake")], "InvalidOption", /reserved/],
  ["a send of such an event", (ctx) => ctx.sendEvent("other", "builtin::wake"), "InvalidOption", /reserved/],
  ["the definition of such an event", () => defineEvent("builtIn__Anything"), "InvalidOption", /reserved/],
  [
    "a text that is no time span as options of a wait",
    (ctx) => ctx.waitForExternalEvent("go", "2 days" as never),
    "InvalidOption",
    /'timeout' of waitForExternalEvent must be a length of time.*2 days/,
  ],
  [
    "a misspelt option of a wait",
    (ctx) => ctx.waitForExternalEvent("go", { timeOut: 1 } as never),
    "InvalidOption",
    /'timeout'/,
  ],
  [
    "a misspelt option of a call",
    (ctx) => ctx.callActivity("a", 0, { retries: 3 } as never),
    "InvalidOption",
    /'retries'/,
  ],
  [
    "a policy as options of a call",
    (ctx) => ctx.callActivity("a", 0, { firstInterval: "1s", maxAttempts: 2 } as never),
    "InvalidOption",
    /'firstInterval'/,
  ],
  [
    "a misspelt option of a child",
    (ctx) => ctx.callSubOrchestrator("c", 0, { instanceID: "x" } as never),
    "InvalidOption",
    /'instanceId'/,
  ],
  [
    "a misspelt option of a start",
    (ctx) => ctx.startNewOrchestration("c", 0, { id: "x" } as never),
    "InvalidOption",
    /'id'/,
  ],
  [
    "a misspelt option of a signal",
    (ctx) => ctx.signalEntity("@e@k", "op", 0, { scheduleTime: 1 } as never),
    "InvalidOption",
    /'scheduledTime'/,
  ],
  ["a misspelt option of all()", (ctx) => ctx.all([], { failfast: false } as never), "InvalidOption", /'failFast'/],
  [
    "a number as options of map()",
    (ctx) => ctx.map([], () => ctx.callActivity("a"), 3 as never),
    "InvalidOption",
    /\{ concurrency, tolerate \}/,
  ],
  [
    "a text as options of continueAsNew",
    (ctx) => ctx.continueAsNew(0, "true" as never),
    "InvalidOption",
    /preserveUnprocessedEvents/,
  ],
  ["a promise as input", (ctx) => ctx.callActivity("a", Promise.resolve(1)), "InvalidPayload", /await it first/],
])("%s is refused where it is given", async (_, call, errorType, message) => {
  const result = await runEpisode((ctx) => void call(ctx), start);

  expect(completion(result).failureDetails).toMatchObject({
    errorType,
    errorMessage: expect.stringMatching(message) as string,
  });
  expect(result.actions).toHaveLength(1);
});

it.each<[string, (task: unknown) => unknown]>([
  ["text", (task) => `Hello ${task}`],
  ["number", (task) => Number(task) + 1],
  ["comparison", (task) => (task as number) > 5],
])("a task that is used as a %s fails the orchestration", async (_, use) => {
  const result = await runEpisode((ctx) => use(ctx.callActivity("a")), start);

  expect(completion(result).failureDetails).toMatchObject({
    errorType: "OrchestrationMisuse",
    errorMessage: expect.stringContaining("wait for its result first") as string,
  });
});

it("a promise as output is refused", async () => {
  const result = await runEpisode(function* () {
    return Promise.resolve(1);
  }, start);

  expect(completion(result).failureDetails).toMatchObject({ errorType: "InvalidPayload" });
});
