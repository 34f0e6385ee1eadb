import type { DurableTask } from "../../orchestration/durable-task.ts";
import type { Registry } from "../../worker/registry.ts";
import { oddNames } from "./activities.ts";
import { type Behaviour, behaviour, completed, onceRecorded } from "./behaviour.ts";

const helpers: readonly Behaviour[] = [
  behaviour({ name: "answers who it is", expected: {} }, function* (ctx, input: unknown) {
    yield ctx.callActivity("nothing");
    return { instanceId: ctx.instanceId, parent: ctx.parentInstanceId, version: ctx.version, tags: ctx.tags, input };
  }),
  behaviour({ name: "fails deep down", expected: {} }, function* (ctx, depth: number) {
    if (depth === 0) throw new RangeError("at the bottom");
    return yield* ctx.callSubOrchestrator("fails deep down (generator)", depth - 1);
  }),
  behaviour({ name: "waits for long", expected: {} }, function* (ctx) {
    yield ctx.waitForExternalEvent("never");
  }),
  behaviour({ name: "collects items", expected: {} }, function* (ctx, count: number) {
    const items: unknown[] = [];
    while (items.length < count) items.push(yield* ctx.waitForExternalEvent("item"));
    return items;
  }),
  behaviour({ name: "tells another", expected: {} }, function* (ctx, other: string) {
    yield ctx.callActivity("nothing");
    ctx.sendEvent(other, "told", ctx.instanceId.length > 0);
  }),
  behaviour({ name: "tells another of its child", expected: {} }, function* (ctx, other: string) {
    const child = yield* ctx.callSubOrchestrator<Answer>(whoIs, 5);
    ctx.sendEvent(other, "told", [child.input, child.tags]);
  }),
];

/** Registers the orchestrations that behaviours call, whatever their own style. */
export function registerHelpers(registry: Registry): void {
  for (const { name, generator } of helpers)
    registry.addOrchestration({ name: `${name} (generator)`, orchestrator: generator });
  for (const name of oddNames) registry.addOrchestration({ name, orchestrator: () => "called" });
}

const whoIs = "answers who it is (generator)";

interface Answer {
  readonly instanceId: string;
  readonly parent: string;
  readonly version: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly input: unknown;
}

function* failureOf(task: DurableTask<unknown>): Generator<unknown, string, unknown> {
  try {
    yield task;
  } catch (error) {
    return (error as Error).message;
  }
  return "no failure";
}

/** Sub-orchestrations and their names. */
export const children: readonly Behaviour[] = [
  behaviour(
    { name: "gives a child an id of its execution and task", expected: completed([true, true, 5]) },
    function* (ctx) {
      const first = yield* ctx.callSubOrchestrator<Answer>(whoIs, 5);
      return [/^[0-9a-f]{32}:0$/.test(first.instanceId), first.parent === ctx.instanceId, first.input];
    },
  ),
  behaviour({ name: "gives a child the id that it is told", expected: completed([true, true]) }, function* (ctx) {
    const id = `${ctx.instanceId}-child`;
    const byText = yield* ctx.callSubOrchestrator<Answer>(whoIs, 1, `${id}-1`);
    const byOption = yield* ctx.callSubOrchestrator<Answer>(whoIs, 1, { instanceId: `${id}-2` });
    return [byText.instanceId === `${id}-1`, byOption.instanceId === `${id}-2`];
  }),
  behaviour({ name: "gives a child a version and tags", expected: completed(["2.1", "blue"]) }, function* (ctx) {
    const child = yield* ctx.callSubOrchestrator<Answer>(whoIs, 1, { version: "2.1", tags: { colour: "blue" } });
    return [child.version, child.tags["colour"]];
  }),
  behaviour(
    {
      name: "hears of a failure through three levels",
      expected: completed(
        "sub-orchestration 'fails deep down (generator)' failed: sub-orchestration 'fails deep down (generator)' failed: sub-orchestration 'fails deep down (generator)' failed: at the bottom",
      ),
    },
    function* (ctx) {
      try {
        yield ctx.callSubOrchestrator("fails deep down (generator)", 2);
      } catch (error) {
        return (error as Error).message;
      }
      return "no failure";
    },
  ),
  behaviour(
    { name: "tries a child again, each time under another id", expected: { runtimeStatus: "Failed" } },
    function* (ctx) {
      yield ctx.callSubOrchestratorWithRetry("fails deep down (generator)", { firstInterval: 10, maxAttempts: 2 }, 0);
    },
  ),
  behaviour(
    { name: "starts another orchestration without waiting for it", expected: completed([true, true]) },
    function* (ctx) {
      const id = ctx.startNewOrchestration("tells another (generator)", ctx.instanceId);
      return [id.length > 0, yield* ctx.waitForExternalEvent("told")];
    },
  ),
  behaviour(
    { name: "is told that the id of a child is in use: by another child", expected: completed([true, true]) },
    function* (ctx) {
      const id = `${ctx.instanceId}-child`;
      const first = ctx.callSubOrchestrator<number[]>("collects items (generator)", 1, id);
      const second = ctx.callSubOrchestrator("collects items (generator)", 1, id);
      const message = yield* failureOf(second);
      ctx.sendEvent(id, "item", 7);
      const items = yield* first;
      return [message.includes(`'${id}' is in use`), items[0] === 7];
    },
  ),
  behaviour(
    { name: "is told that the id of a child is in use: by itself", expected: completed(true) },
    function* (ctx) {
      const message = yield* failureOf(ctx.callSubOrchestrator(whoIs, 1, ctx.instanceId));
      return message.includes("is in use");
    },
  ),
  behaviour(
    {
      name: "starts another orchestration that calls a child itself",
      tags: { colour: "blue" },
      expected: completed([5, { colour: "blue" }]),
    },
    function* (ctx) {
      ctx.startNewOrchestration("tells another of its child (generator)", ctx.instanceId);
      return yield* ctx.waitForExternalEvent("told");
    },
  ),
  behaviour(
    { name: "hears from its child whatever its tags are called", tags: { FireAndForget: "x" }, expected: completed(5) },
    function* (ctx) {
      return (yield* ctx.callSubOrchestrator<Answer>(whoIs, 5)).input;
    },
  ),
  behaviour(
    { name: "sends events to the child it has just started, in order", expected: completed([0, 1, 2, 3, 4, 5, 6, 7]) },
    function* (ctx) {
      const id = `${ctx.instanceId}-child`;
      const child = ctx.callSubOrchestrator("collects items (generator)", 8, id);
      for (let item = 0; item < 8; item++) ctx.sendEvent(id, "item", item);
      return yield* child;
    },
  ),
  behaviour(
    {
      name: "is terminated while it waits for a child",
      drive: onceRecorded("SubOrchestrationInstanceCreated", (client, instanceId) =>
        client.terminate(instanceId, "enough"),
      ),
      expected: { runtimeStatus: "Terminated", output: "enough" },
    },
    function* (ctx) {
      yield ctx.callSubOrchestrator("waits for long (generator)");
    },
  ),
  behaviour({ name: "calls activities by odd names", expected: completed(oddNames.length) }, function* (ctx) {
    const results = yield* ctx.all(oddNames.map((name) => ctx.callActivity(name, "x")));
    return results.filter((result) => result === "x").length;
  }),
  behaviour({ name: "calls orchestrations by odd names", expected: completed(oddNames.length) }, function* (ctx) {
    const results = yield* ctx.all(oddNames.map((name) => ctx.callSubOrchestrator(name)));
    return results.filter((result) => result === "called").length;
  }),
  behaviour({ name: "fails when a trap is not registered", expected: { runtimeStatus: "Failed" } }, function* (ctx) {
    yield ctx.callSubOrchestrator("valueOf");
  }),
];
