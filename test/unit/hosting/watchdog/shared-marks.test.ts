import { expect, it } from "vitest";
import type { CodeMarks, RunningCode } from "../../../../src/core/code-marks.ts";
import { parseMark, SharedMarks, sharedPlaces } from "../../../../src/hosting/watchdog/shared-marks.ts";
import type { OrchestrationContext } from "../../../../src/orchestration/orchestration-context.ts";
import { VirtualHub } from "../../../../src/testing/virtual-hub.ts";
import type { EntityContext } from "../../../../src/worker/entities/entity-context.ts";
import { Registry } from "../../../../src/worker/registry.ts";

const orchestration: RunningCode = { kind: "orchestration", name: "order", instanceId: "order-17", taskId: undefined };
const activity: RunningCode = { kind: "activity", name: "größe", instanceId: "order-18", taskId: 4 };

/** What the thread reads. */
function textIn({ buffer }: SharedMarks): string {
  const numbers = new Int32Array(buffer, 0, sharedPlaces.text / 4);
  return Buffer.from(buffer, sharedPlaces.text, numbers[sharedPlaces.markLength]).toString("utf8");
}

it("the mark of the code that has the event loop is there for other threads until it leaves", () => {
  const marks = new SharedMarks();
  expect([marks.current, textIn(marks)]).toEqual([undefined, ""]);
  const mark = marks.enter(activity);
  expect([marks.current, parseMark(textIn(marks))]).toEqual([activity, activity]);
  marks.leave(mark);
  expect([marks.current, textIn(marks)]).toEqual([undefined, ""]);
});

it("with code inside of code nobody is named for certain, and the last one otherwise", () => {
  const marks = new SharedMarks();
  const outer = marks.enter(orchestration);
  const inner = marks.enter(activity);
  expect([marks.current, parseMark(textIn(marks))]).toEqual([undefined, activity]);
  marks.leave(outer);
  expect(marks.current).toEqual(activity);
  marks.leave(inner);
  expect(marks.current).toBeUndefined();
});

it("a name of any length fits", () => {
  const marks = new SharedMarks();
  marks.enter({ ...orchestration, name: "ö".repeat(10_000) });
  expect(parseMark(textIn(marks))?.name.length ?? 0).toBeLessThan(10_000);
  expect(marks.victim).toBeUndefined();
});

it("orchestrators, operations and activities are marked while they have the event loop, and activities listed while they wait", async () => {
  const marks = new SharedMarks();
  const seen: (RunningCode | undefined)[] = [];
  const look = (): void => void seen.push(marks.current);
  const registry = new Registry();
  let goOn = (): void => {};
  registry.addOrchestration({
    name: "order",
    *orchestrator(context: OrchestrationContext) {
      look();
      yield context.callActivity("work");
      yield context.callEntity({ name: "counter", key: "k" }, "add");
      look();
    },
  });
  registry.addOrchestration({
    name: "async order",
    async orchestrator(context: OrchestrationContext) {
      await context.createTimer({ seconds: 1 });
      look();
    },
  });
  registry.addActivity({
    name: "work",
    activity: async () => {
      look();
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      look();
    },
  });
  registry.addEntity({
    name: "counter",
    entity: (context: EntityContext<number>) => {
      look();
      context.setState(1);
    },
  });
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registry], marks: marks satisfies CodeMarks });
  await hub.client.startInstance({ name: "order", instanceId: "i" });
  await hub.settle();
  expect(marks.running).toEqual([{ kind: "activity", name: "work", instanceId: "i", taskId: 0 }]);
  goOn();
  await hub.runUntilEnded("i");
  await hub.client.startInstance({ name: "async order", instanceId: "a" });
  await hub.runUntilEnded("a");

  const order = { kind: "orchestration", name: "order", instanceId: "i" };
  expect(seen).toEqual([
    order,
    { kind: "activity", name: "work", instanceId: "i", taskId: 0 },
    undefined,
    { kind: "entity", name: "counter.add", instanceId: "@counter@k" },
    order,
    { kind: "orchestration", name: "async order", instanceId: "a" },
  ]);
  expect([marks.current, marks.running]).toEqual([undefined, []]);
});
