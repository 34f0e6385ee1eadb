import { describe, expect, it } from "vitest";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import type { OrchestrationContext } from "../../../../src/orchestration/orchestration-context.ts";
import { type GeneratorCode, inEveryStyle, styles } from "../../../../src/testing/behaviours/styles.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";
import { VirtualHub } from "../../../../src/testing/virtual-hub.ts";
import { InProcessExecutor } from "../../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../../src/worker/registry.ts";
import { traceReplay } from "../../../../src/worker/replay-check/traced-replay.ts";

type Code = (context: OrchestrationContext, input: unknown) => unknown;

function registryOf(orchestrator: Code): Registry {
  const registry = new Registry();
  registry.addActivity({ name: "echo", activity: (value: unknown) => value });
  registry.addOrchestration({ name: "code", orchestrator });
  return registry;
}

const executorOf = (orchestrator: Code) =>
  new InProcessExecutor({ registries: [registryOf(orchestrator)], clock: new SteppedClock() });

/** The history of a run, with events that are raised as soon as it has begun. */
async function historyOf(orchestrator: Code, events: readonly string[] = []): Promise<readonly HistoryEvent[]> {
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registryOf(orchestrator)] });
  const id = await hub.client.startInstance({ name: "code", input: "1" });
  for (const name of events) await hub.client.raiseEvent(id, name, '"data"');
  await hub.advance("2h");
  return (await hub.client.getHistory(id)) ?? [];
}

const waiting: GeneratorCode = function* (context) {
  yield context.callActivity("echo", 1);
  yield context.waitForExternalEvent("Approval");
  context.log("approved");
  context.setCustomStatus("approved");
  yield context.createTimer("1h");
  yield context.waitForExternalEvent("Shipped");
};

describe.each(styles)("a recorded history is replayed once (%s)", (style) => {
  const code = inEveryStyle(waiting)[style] as Code;

  it("and tells where the code stands", async () => {
    const history = await historyOf(code, ["Approval"]);
    const logged: unknown[] = [];
    let runs = 0;

    const traced = await traceReplay(executorOf(code), history, {
      onStart: (started) => {
        expect(started).toBe(code);
        runs++;
      },
      onLog: (...line) => logged.push(line),
    });

    expect(traced.outcome).toEqual({ kind: "fits" });
    expect(traced).toMatchObject({ reached: history.length, end: undefined, asks: [], customStatus: '"approved"' });
    expect(traced.waits.events?.awaited).toMatchObject([{ name: "Shipped", count: 1 }]);
    expect(logged).toEqual([["info", "code", ["approved"]]]);
    expect(runs).toBe(1);
  });
});

const lineOf = (place: string | undefined) => Number(/traced-replay\.test\.ts:(\d+):\d+/.exec(place ?? "")?.[1]);

it("places are those of the calls in the code", async () => {
  const history = await historyOf(waiting as Code, ["Approval"]);
  const raised = history.findIndex(({ type }) => type === "EventRaised");

  const { places } = await traceReplay(executorOf(waiting as Code), history);

  const first = lineOf(places.ofAction(0));
  expect(first).toBeGreaterThan(0);
  expect(lineOf(places.ofEvent(raised))).toBe(first + 1);
  expect(lineOf(places.ofAction(1))).toBe(first + 4);
  expect(lineOf(places.ofWait("shipped"))).toBe(first + 5);
  expect(places.ofAction(7)).toBeUndefined();
});

it.each<[string, GeneratorCode, string]>([
  [
    "calls something else",
    function* (context) {
      yield context.callActivity("other", 1);
    },
    "ScheduleTask('other')",
  ],
  [
    "asks for more in an episode",
    function* (context) {
      context.callActivity("echo", 1);
      yield context.createTimer("1h");
    },
    "CreateTimer",
  ],
  [
    "asks for more at the end",
    function* (context) {
      yield* waiting(context, 1);
      yield context.callActivity("other", 1);
    },
    "",
  ],
])("code that %s differs, and the place is told", async (_, changed, text) => {
  const history = await historyOf(waiting as Code, text === "" ? ["Approval", "Shipped"] : []);

  const traced = await traceReplay(executorOf(changed as Code), history);

  expect(traced.outcome).toMatchObject({ kind: "breaks", reason: expect.stringContaining(text) });
  expect(lineOf(traced.differsAt)).toBeGreaterThan(0);
  expect(traced.reached).toBeLessThanOrEqual(history.length);
});

it("an instance that the engine has failed shows how mended code would go on", async () => {
  let isMended = true;
  const code: GeneratorCode = function* (context) {
    yield context.callActivity("echo", isMended ? 1 : Math.random());
    yield context.callActivity("echo", 2);
  };
  await using hub = new VirtualHub();
  isMended = false;
  await hub.startWorker({ registries: [registryOf(code as Code)], replayCheck: true });
  const id = await hub.client.startInstance({ name: "code" });
  await hub.runUntilEnded(id);
  const history = (await hub.client.getHistory(id)) ?? [];
  isMended = true;

  const traced = await traceReplay(executorOf(code as Code), history);

  expect(traced).toMatchObject({
    outcome: { kind: "fits" },
    engineFailure: "NondeterministicOrchestration",
    asks: [{ text: "ScheduleTask('echo')" }],
  });
});

it("what has no start is not replayed, and neither is what nobody has code for", async () => {
  const history = await historyOf(waiting as Code);
  const nobody = new InProcessExecutor({ registries: [], clock: new SteppedClock() });

  expect((await traceReplay(nobody, [])).outcome).toMatchObject({ kind: "not replayed" });
  expect((await traceReplay(nobody, history)).outcome).toMatchObject({
    kind: "breaks",
    reason: expect.stringContaining("OrchestratorNotRegistered"),
  });
});
