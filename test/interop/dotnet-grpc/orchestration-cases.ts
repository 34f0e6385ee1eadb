import { expect, type it } from "vitest";
import { eventually, type SdkState, type SdkUnderTest } from "./sdk-under-test.ts";

const values = [0, -1.5, "", "ü € 🌍 \u0000\n", false, true, [], {}, [null, { a: [1, "2"] }], { $type: "x" }];
const minute = 60_000;

/**
 * What every SDK expects of every sidecar, be they ours or theirs.
 * @param sdk its worker has been started
 * @param test one case at a time for a sidecar that is slow when busy
 */
export function orchestrationCases(sdk: () => SdkUnderTest, test: typeof it.concurrent): void {
  test("activities run one after the other, at the same time, and not at all", async () => {
    expect(await sdk().output("Sequence")).toEqual(["Hello, Tokyo!", "Hello, Seattle!", "Hello, London!"]);
    expect(await sdk().output("FanOut", 8)).toBe(36);
    expect((await sdk().run("Empty")).status).toBe("Completed");
  });

  test("values stay what they are through inputs, activities, children and outputs", async () => {
    for (const value of values) {
      const state = await sdk().run("CallEcho", value);
      expect(state.input).toEqual(value);
      expect(state.output).toEqual(value);
      expect(await sdk().output("CallChild", { name: "CallEcho", input: value })).toEqual(value);
    }
    expect((await sdk().run("CallEcho")).output).toBeUndefined();
  });

  test("children know their parents, and have the id that they are given", async () => {
    const id = await sdk().start("Tree", 2);
    const { output } = await sdk().end(id);
    type Node = { id: string; parent: { name: string; id: string } | null; child: Node | null };
    const top = output as Node;
    expect(top).toMatchObject({ id, parent: null });
    expect(top.child?.parent).toEqual({ name: "Tree", id });
    expect(top.child?.child?.parent).toEqual({ name: "Tree", id: top.child?.id });
    expect(top.child?.child?.child).toBeNull();
    await sdk().output("CallChild", { name: "CallEcho", input: 1, instanceId: `${id}-child` });
    expect(await sdk().get(`${id}-child`)).toMatchObject({ name: "CallEcho", output: 1 });
  });

  test("ids that an orchestration makes up are the same in every replay", async () => {
    const [first, second] = (await sdk().output("Guids")) as string[];
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-/);
    expect(second).not.toBe(first);
  });

  test("the state tells of input, output, custom status and times", async () => {
    const before = Date.now();
    const instanceId = await sdk().startRunning("Status", "some text");
    await eventually(() => customStatus(sdk(), instanceId), { text: "some text", step: 1 });
    await sdk().raise(instanceId, "Go");
    const state = await sdk().end(instanceId);
    expect(state).toMatchObject({
      instanceId,
      name: "Status",
      status: "Completed",
      input: "some text",
      customStatus: "",
    });
    expect(Math.abs(Date.parse(state.createdAt) - before)).toBeLessThan(minute);
    expect(Date.parse(state.lastUpdatedAt)).toBeGreaterThanOrEqual(Date.parse(state.createdAt));
    expect(await sdk().get("no such instance")).toBeUndefined();
    const bare = await sdk().ask<SdkState>("get", { instanceId, bare: true });
    expect(bare).toMatchObject({ name: "Status", status: "Completed" });
    expect(bare.input).toBeUndefined();
  });

  test("events come in their order, whether awaited, early, or named in other letters", async () => {
    const instanceId = await sdk().start("WaitForMany", 5);
    for (let i = 0; i < 5; i++) await sdk().raise(instanceId, i % 2 === 0 ? "Item" : "iTEM", i);
    expect((await sdk().end(instanceId)).output).toEqual([0, 1, 2, 3, 4]);
  });

  test("the wait for an event ends with the event or with the timer", async () => {
    expect(await sdk().output("WaitForGo", 100)).toBe("timed out");
    const instanceId = await sdk().startRunning("WaitForGo", minute);
    await sdk().raise(instanceId, "Go", { now: true });
    expect((await sdk().end(instanceId)).output).toEqual({ now: true });
  });

  test("an orchestration sends an event to another one", async () => {
    const target = await sdk().startRunning("WaitForGo", minute);
    const sender = await sdk().start("SendGo", target);
    expect((await sdk().end(target)).output).toEqual({ by: sender });
    expect((await sdk().end(sender)).output).toBe("sent");
  });

  test("timers fire when they are due, and not before", async () => {
    const begin = Date.now();
    expect(await Promise.all([300, 500, 1].map((ms) => sdk().output("Timer", ms)))).toEqual([true, true, true]);
    expect(Date.now() - begin).toBeGreaterThanOrEqual(500);
  });

  test("an activity is called again until it succeeds or its attempts are used up", async () => {
    expect(await sdk().output("Retry", { failures: 2, attempts: 3 })).toBe(3);
    const state = await sdk().run("Retry", { failures: 5, attempts: 2 });
    expect(state).toMatchObject({ status: "Failed", failure: { inner: { type: sdk().failures.flaky } } });
    const child = await sdk().run("RetryChild", "never");
    expect(child).toMatchObject({ status: "Failed", failure: { type: sdk().failures.task } });
  });

  test("failures keep their type, text, stack and inner failure", async () => {
    const itself = await sdk().run("FailItself", "on purpose");
    expect(itself).toMatchObject({
      status: "Failed",
      failure: {
        type: sdk().failures.thrown,
        message: "on purpose",
        hasStack: true,
        inner: { type: sdk().failures.cause, message: "the inner reason" },
      },
    });
    const activity = await sdk().run("Fail", "on purpose");
    expect(activity.status).toBe("Failed");
    expect(activity.failure?.inner).toMatchObject({
      type: sdk().failures.thrown,
      message: "on purpose",
      inner: { type: sdk().failures.cause, message: "the inner reason" },
    });
    const child = await sdk().run("CallChild", { name: "FailItself", input: "on purpose" });
    expect(child.failure?.inner).toMatchObject({ type: sdk().failures.thrown, message: "on purpose" });
    expect(await sdk().output("Catch", "on purpose")).toEqual({
      type: sdk().failures.thrown,
      message: "on purpose",
      inner: "the inner reason",
    });
  });

  test("what nobody has registered fails", async () => {
    expect(await sdk().run("NoSuchThing")).toMatchObject({
      status: "Failed",
      failure: { type: sdk().failures.unknownOrchestration },
    });
    const missing = await sdk().run("Missing");
    expect(missing).toMatchObject({ status: "Failed", failure: { inner: { type: sdk().failures.unknownActivity } } });
  });

  test("an orchestration continues as new, and keeps events that nobody has taken", async () => {
    const state = await sdk().run("CountDown", 5);
    expect(state).toMatchObject({ status: "Completed", input: 0, output: 0, customStatus: 0 });
    const instanceId = await sdk().start("Collect", []);
    for (let i = 1; i <= 4; i++) await sdk().raise(instanceId, "Item", i);
    expect((await sdk().end(instanceId)).output).toEqual([1, 2, 3, 4]);
  });

  test("a suspended orchestration waits until it is resumed", async () => {
    const instanceId = await sdk().startRunning("WaitForGo", minute);
    await sdk().ask("suspend", { instanceId, reason: "for a while" });
    await eventually(() => status(sdk(), instanceId), "Suspended");
    await sdk().raise(instanceId, "Go", 1);
    await sdk().ask("resume", { instanceId, reason: "go on" });
    expect(await sdk().end(instanceId)).toMatchObject({ status: "Completed", output: 1 });
  });

  test("a terminated orchestration ends with the output that it is given", async () => {
    const instanceId = await sdk().startRunning("WaitForGo", minute);
    await sdk().ask("terminate", { instanceId, output: { enough: true } });
    expect(await sdk().end(instanceId)).toMatchObject({ status: "Terminated", output: { enough: true } });
  });

  test("a version is handed to the orchestration", async () => {
    expect(await sdk().output("Version", undefined, { version: "1.2.3" })).toBe("1.2.3");
    expect(await sdk().output("Version")).toBe("");
  });

  test("histories and answers of several megabytes go through in pieces", async () => {
    // More than 1 MiB of history, and more than the 4 MiB that a gRPC server takes in one message if nobody tells it to.
    expect(await sdk().output("Large", { size: 400_000, rounds: 4, wide: 12 })).toBe(1_600_000);
  });

  test("purged orchestrations are gone", async () => {
    const instanceId = await sdk().start("Empty");
    await sdk().end(instanceId);
    expect(await sdk().ask("purge", { instanceId })).toBe(1);
    expect(await sdk().get(instanceId)).toBeUndefined();
    expect(await sdk().ask("purge", { instanceId })).toBe(0);
  });
}

export async function status(sdk: SdkUnderTest, instanceId: string): Promise<string | undefined> {
  return (await sdk.get(instanceId))?.status;
}

async function customStatus(sdk: SdkUnderTest, instanceId: string): Promise<unknown> {
  return (await sdk.get(instanceId))?.customStatus;
}
