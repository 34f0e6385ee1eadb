import type { OrchestrationContext } from "../../orchestration/orchestration-context.ts";
import { type Behaviour, behaviour, completed } from "./behaviour.ts";

/** Places that code has come to when it was not replaying. */
const newGround = new Set<string>();

/** Whether it has ever come there so, which a replay does not change: nothing may be decided by `isReplaying` itself. */
function wasNewGround({ instanceId, isReplaying }: OrchestrationContext, place: string): boolean {
  if (!isReplaying) newGround.add(`${instanceId} ${place}`);
  return newGround.has(`${instanceId} ${place}`);
}

/** What the context tells, and what clients do. */
export const contexts: readonly Behaviour[] = [
  behaviour(
    {
      name: "knows its version, tags and name",
      version: "1.5",
      tags: { team: "red" },
      expected: completed(["1.5", "red", true, null]),
    },
    function* (ctx) {
      yield ctx.callActivity("nothing");
      const { version, tags, name, parentInstanceId } = ctx;
      return [version, tags["team"], name.startsWith("knows its version"), parentInstanceId ?? null];
    },
  ),
  behaviour({ name: "makes GUIDs that stay the same", expected: completed([true, true]) }, function* (ctx) {
    const guids = [ctx.newGuid(), ctx.newGuid()];
    yield ctx.callActivity("nothing");
    const echoed = yield* ctx.callActivity<string[]>("echo", guids);
    return [guids[0] !== guids[1], echoed[0] === guids[0] && echoed[1] === guids[1]];
  }),
  behaviour(
    { name: "makes other GUIDs in each generation", input: [], expected: completed(6) },
    function* (ctx, guids: string[]) {
      const made = [...guids, ctx.newGuid()];
      if (made.length === 3) yield ctx.callActivity("nothing");
      if (made.length < 6) ctx.continueAsNew(made);
      return new Set(made).size;
    },
  ),
  behaviour({ name: "is not replaying on new ground", expected: completed([true, true]) }, function* (ctx) {
    const before = wasNewGround(ctx, "before");
    yield ctx.callActivity("nothing");
    return [before, wasNewGround(ctx, "after")];
  }),
  behaviour({ name: "tells activities who calls", expected: completed(["whoAmI", 1, 1]) }, function* (ctx) {
    yield ctx.callActivity("nothing");
    return yield* ctx.callActivity("whoAmI");
  }),
  behaviour(
    { name: "reads its custom status back", expected: { ...completed({ step: 1 }), customStatus: '{"step":1}' } },
    function* (ctx) {
      ctx.setCustomStatus({ step: 1 });
      yield ctx.callActivity("nothing");
      return ctx.customStatus;
    },
  ),
  behaviour(
    { name: "reads its input twice", input: { a: [1] }, expected: completed([{ a: [1] }, { a: [1] }]) },
    function* (ctx, input: unknown) {
      yield ctx.callActivity("nothing");
      return [input, ctx.getInput()];
    },
  ),
  behaviour({ name: "takes the new way from its start on", expected: completed([true, true]) }, function* (ctx) {
    const before = ctx.patched("faster");
    yield ctx.callActivity("nothing");
    return [before, ctx.patched("faster")];
  }),
  behaviour({ name: "takes the names of 3.x", expected: completed([2, [4]]) }, function* (ctx) {
    const first = yield* ctx.df.callActivity("double", 1);
    return [first, yield* ctx.df.Task.all([ctx.df.callActivity("double", 2)])];
  }),
  behaviour(
    {
      name: "is suspended and resumed",
      drive: async (client, instanceId) => {
        await client.suspend(instanceId, "pause");
        await client.raiseEvent(instanceId, "go", '"later"');
        await client.resume(instanceId, "go on");
      },
      expected: completed("later"),
    },
    function* (ctx) {
      return yield* ctx.waitForExternalEvent("go");
    },
  ),
  behaviour(
    {
      name: "is terminated while it is suspended",
      drive: async (client, instanceId) => {
        await client.suspend(instanceId, "pause");
        await client.terminate(instanceId, "never mind");
      },
      expected: { runtimeStatus: "Terminated", output: "never mind" },
    },
    function* (ctx) {
      yield ctx.waitForExternalEvent("go");
    },
  ),
];
