import { expect, it } from "vitest";
import { DFApp } from "../../../src/functions/df-app.ts";
import { formatRecordedHistory, parseRecordedHistory } from "../../../src/management/recorded-history.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { createTestHub } from "../../../src/testing/test-hub/create-test-hub.ts";
import { replay } from "../../../src/testing/test-hub/replay.ts";

// biome-ignore lint/suspicious/noExplicitAny: what a plain `yield` gives back has no common type.
type Code = (context: OrchestrationContext) => Generator<unknown, unknown, any>;

/** An app whose orchestration `order` is that code. */
function appWith(order: Code): DFApp {
  const app = new DFApp();
  app.activity("reserve", () => "reserved");
  app.activity("charge", () => "charged");
  app.activity("ship", () => {
    throw new Error("no ship");
  });
  app.orchestration("order", order);
  return app;
}

const before: Code = function* (context) {
  yield context.callActivity("reserve");
  yield context.callActivity("charge");
  yield context.waitForExternalEvent("Approval");
  yield context.createTimer("1d");
  return "done";
};

/** What an instance of that code has recorded by the time it does nothing more, or has ended. */
async function record(code: Code, until: "waits" | "ended" = "waits") {
  await using hub = createTestHub(appWith(code));
  const run = await hub.start("order");
  if (until === "ended") {
    await run.raiseEvent("Approval", true);
    await run.ended();
  }
  const history = await run.history();
  const { runtimeStatus: status } = await run.status();
  return { instanceId: run.id, name: "order", status, history };
}

it.each(["waits", "ended"] as const)(
  "code that is as it was fits the history of an instance that %s",
  async (until) => {
    await expect(replay(appWith(before), (await record(before, until)).history)).resolves.toBeUndefined();
  },
);

it.each<[string, Code, "waits" | "ended", RegExp]>([
  [
    "a call was renamed",
    function* (context) {
      yield context.callActivity("charge");
      yield context.callActivity("charge");
      yield context.waitForExternalEvent("Approval");
    },
    "waits",
    /at event 2 history has TaskScheduled\('reserve'\) with id 0, but the orchestrator now asks for ScheduleTask\('charge'\)/,
  ],
  [
    "a call was added ahead of what it waits for",
    function* (context) {
      yield context.callActivity("reserve");
      yield context.callActivity("charge");
      yield context.callActivity("ship");
      yield context.waitForExternalEvent("Approval");
    },
    "waits",
    /after its \d+ events history has nothing more, but the orchestrator now asks for ScheduleTask\('ship'\)/,
  ],
  [
    "it ends where it waited",
    function* (context) {
      yield context.callActivity("reserve");
      yield context.callActivity("charge");
      return "early";
    },
    "waits",
    /history goes on, but the orchestrator now ends \(Completed\)/,
  ],
  [
    "a call was removed from the middle",
    function* (context) {
      yield context.callActivity("charge");
      yield context.waitForExternalEvent("Approval");
      yield context.createTimer("1d");
      return "done";
    },
    "ended",
    /at event 2 history has TaskScheduled\('reserve'\)/,
  ],
  [
    "a wait was added at the end of one that has ended",
    function* (context) {
      yield* before(context);
      yield context.waitForExternalEvent("More");
    },
    "ended",
    /has its end \(Completed\), but the orchestrator now waits for something more/,
  ],
  [
    "it fails where it completed",
    function* (context) {
      yield* before(context);
      throw new TypeError("new fault");
    },
    "ended",
    /has its end \(Completed\), but the orchestrator now ends \(Failed: TypeError: new fault\)/,
  ],
])("says where and why the two part when %s", async (_, now, until, reason) => {
  const { history } = await record(before, until);

  const error: unknown = await replay(appWith(now), history).then(
    () => "it fits",
    (thrown) => thrown,
  );

  expect(error).toMatchObject({ code: "NondeterministicOrchestration", message: expect.stringMatching(reason) });
});

it("lets pass what does not matter: what comes later, a change behind patched, another input of a call", async () => {
  const { history } = await record(before);
  const now: Code = function* (context) {
    if (context.patched("check-first")) yield context.callActivity("ship");
    yield context.callActivity("reserve", { more: true });
    yield context.callActivity("charge");
    yield context.waitForExternalEvent("Approval");
    yield context.callActivity("ship");
    return "done";
  };

  await expect(replay(appWith(now), history)).resolves.toBeUndefined();
});

it("an orchestration that is gone breaks its instances", async () => {
  const { history } = await record(before);

  await expect(replay(new DFApp(), history)).rejects.toThrow(/OrchestratorNotRegistered: .*'order'/);
});

it("instances that were terminated, or failed by the engine, break nothing", async () => {
  await using hub = createTestHub(appWith(before));
  const terminated = await hub.start("order");
  await hub.runUntilIdle();
  await terminated.terminate("enough");
  const history = await terminated.history();

  await expect(replay(appWith(before), history)).resolves.toBeUndefined();
  const failed = history.map((event) =>
    event.type === "ExecutionCompleted"
      ? {
          ...event,
          orchestrationStatus: "Failed" as const,
          failureDetails: { errorType: "NondeterministicOrchestration", errorMessage: "x", isNonRetriable: false },
        }
      : event,
  );
  await expect(replay(new DFApp(), failed)).resolves.toBeUndefined();
});

it("a history in a file loses nothing", async () => {
  const recorded = await record(before, "ended");
  const line = formatRecordedHistory(recorded);

  expect(line).not.toContain("\n");
  expect(parseRecordedHistory(line)).toEqual(recorded);
  await expect(replay(appWith(before), line)).resolves.toBeUndefined();
  await expect(replay(appWith(before), JSON.parse(line) as typeof recorded)).resolves.toBeUndefined();
  await expect(replay(appWith(before), line.slice(1))).rejects.toMatchObject({ code: "CorruptData" });
  await expect(replay(appWith(before), '{"history":[]}')).rejects.toThrow("no history that 'durable history --all'");
  await expect(replay(appWith(before), '{"instanceId":"i","name":"n","history":[5]}')).rejects.toThrow("element 0");
});
