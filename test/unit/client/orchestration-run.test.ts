import { afterAll, beforeAll, expect, it } from "vitest";
import { isDurableError } from "../../../src/core/errors.ts";
import { DFApp } from "../../../src/functions/df-app.ts";
import type { DurableClient } from "../../../src/functions/durable-client.ts";
import { defineEvent } from "../../../src/orchestration/external-event.ts";
import { isTaskFailedError } from "../../../src/orchestration/task-failed-error.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";

// What a run does with its instance, and what a start does with an id that is taken.

const hub = new VirtualHub();
const approval = defineEvent<{ readonly approved: boolean }>("Approval");
const { exports: handles, registries } = await hub.loadApp(() => {
  const app = new DFApp();
  return {
    app,
    echo: app.orchestration("echo", async (context, input: string) => `${context.getInput()}!${input.length}`),
    approve: app.orchestration("approve", function* (context) {
      context.setCustomStatus("waiting");
      return yield* context.waitForExternalEvent(approval);
    }),
    fail: app.orchestration("fail", (): Promise<number> => Promise.reject(new RangeError("boom"))),
    countdown: app.orchestration("countdown", function* (context, left: number) {
      yield* context.createTimer("1h");
      if (left > 0) context.continueAsNew(left - 1);
      return left;
    }),
  };
});
const { app, echo, approve, fail, countdown } = handles;

let client: DurableClient;
beforeAll(async () => {
  await hub.startWorker({ registries });
  client = await app.connect();
});
afterAll(() => hub[Symbol.asyncDispose]());

/** How it ends; nothing waits for it meanwhile. */
const outcomeOf = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: unknown) => (isDurableError(error) ? error.code : String(error)),
  );
const codeOf = (work: Promise<unknown>) => hub.run(outcomeOf(work));

it("starts, waits, and gives the result", async () => {
  const run = await client.start(echo, "a", { tags: { team: "x" } });

  expect(run.id).toMatch(/^[0-9a-f]{32}$/);
  expect(run.isNew).toBe(true);
  expect(await hub.run(run.result())).toBe("a!1");
  const state = await run.status();
  expect(state).toMatchObject({ runtimeStatus: "Completed", input: "a", result: "a!1", tags: { team: "x" } });
  expect(state.createdTime).toEqual(state.createdAt);
  expect(state.lastUpdatedTime).toEqual(state.lastUpdatedAt);
  expect((await run.history()).map(({ type }) => type)).toEqual([
    "OrchestratorStarted",
    "ExecutionStarted",
    "ExecutionCompleted",
    "OrchestratorCompleted",
  ]);
  expect(await hub.run(client.run<typeof echo>(run.id).result())).toBe("a!1");
});

it("the first call of a client may be one that waits", async () => {
  const { id } = await client.start(echo, "b");
  const another = await app.connect();

  expect(await hub.run(another.run<string>(id).result({ pollInterval: "1s" }))).toBe("b!1");
});

it("raises events, and rests and goes on", async () => {
  const run = await client.start(approve);
  await hub.run(run.waitForStart());
  await run.suspend("a break");
  await hub.settle();
  expect((await run.status()).runtimeStatus).toBe("Suspended");
  await run.raiseEvent(approval, { approved: true });
  await run.resume();

  expect(await hub.run(run.result())).toEqual({ approved: true });
  await run.raiseEvent(approval, { approved: false });
});

it("an event for nobody is refused, unless the caller says otherwise", async () => {
  const run = client.run("nobody");

  expect(await codeOf(run.raiseEvent("Approval", 1))).toBe("InstanceNotFound");
  await run.raiseEvent("Approval", 1, { ifMissing: "ignore" });
  await client.raiseEvent("nobody", approval, { approved: true }, { ifMissing: "ignore" });
  await client.raiseOrchestrationEvent("nobody", "Approval", 1, { ifMissing: "ignore" });
  expect(await codeOf(client.raiseEvent("nobody", approval, { approved: true }))).toBe("InstanceNotFound");
  expect(await codeOf(run.raiseEvent("", 1, { ifMissing: "ignore" }))).toBe("InvalidOption");
});

it("a failure is thrown as the task has thrown it, and runs on after a rewind", async () => {
  const run = await client.start(fail);
  const error = await hub.run(run.result().catch((thrown: unknown) => thrown));

  expect(isTaskFailedError(error, RangeError)).toBe(true);
  expect((error as Error).message).toBe("orchestration 'fail' failed: boom");
  await run.rewind("again");
  expect(isTaskFailedError(await hub.run(run.result().catch((thrown: unknown) => thrown)))).toBe(true);
});

it("an end that is no result says how it came", async () => {
  const run = await client.start(approve);
  await run.terminate("not wanted");

  const error = (await hub.run(run.result().catch((thrown: unknown) => thrown))) as Error;
  expect(isDurableError(error, "InstanceTerminated")).toBe(true);
  expect(error.message).toBe(`the instance '${run.id}' was terminated: not wanted`);
  expect(await run.purge()).toBe(1);
  expect(await run.purge()).toBe(0);
  const { result, status, history, waitForStart, terminate, restart } = run;
  for (const verb of [result, status, history, waitForStart, terminate, restart]) {
    expect(await codeOf((verb as () => Promise<unknown>).call(run))).toBe("InstanceNotFound");
  }
});

it("a purge ends a wait", async () => {
  const run = await client.start(approve);
  const outcome = outcomeOf(run.result({ pollInterval: "1m" }));
  await hub.settle();
  await run.purge({ force: true });

  expect(await hub.run(outcome)).toBe("InstanceNotFound");
});

it("a wait ends when its time is up or when it is told to, and the instance goes on", async () => {
  const run = await client.start(approve);
  const stop = new AbortController();
  const stopped = outcomeOf(run.result({ signal: stop.signal }));
  await hub.settle();
  stop.abort();

  expect(await hub.run(stopped)).toBe("Aborted");
  expect(await codeOf(run.result({ timeout: "1d" }))).toBe("TaskTimeout");
  expect(await codeOf(run.result({ timeout: "1d", pollInterval: "7h" }))).toBe("TaskTimeout");
  expect((await run.status({ fetchPayloads: false })).customStatus).toBeUndefined();
  expect((await run.status()).customStatus).toBe("waiting");
});

it.each([undefined, 90_000, "45m", { hours: 5 }] as const)(
  "an eternal one is waited for to its last execution, looked at every %s",
  async (pollInterval) => {
    const run = await client.start(countdown, 3);

    expect(await hub.run(run.result({ pollInterval }))).toBe(0);
  },
);

it("restarts beside itself, or in its place", async () => {
  const run = await client.start(echo, "again");
  await hub.run(run.result());

  const beside = await run.restart();
  expect(beside.id).not.toBe(run.id);
  expect(await hub.run(beside.result())).toBe("again!5");
  const inPlace = await run.restart({ restartWithNewInstanceId: false });
  expect(inPlace.id).toBe(run.id);
  expect(await hub.run(inPlace.result())).toBe("again!5");
});

it("starts at a time, by both names of it", async () => {
  const at = new Date(hub.clock.now() + 3_600_000);
  const runs = [
    await client.start(echo, "a", { startAt: at }),
    await client.start(echo, "a", { scheduledStartTime: at }),
  ];
  await hub.settle();

  for (const run of runs) expect((await run.status()).runtimeStatus).toBe("Pending");
  for (const run of runs) await hub.run(run.result());
  expect(hub.clock.now()).toBeGreaterThanOrEqual(at.getTime());
});

it("startOrGet gives what is there, whatever has become of it, and says which", async () => {
  const first = await client.startOrGet(echo, "first", { instanceId: "single" });
  const second = await client.startOrGet(echo, "second", { instanceId: "single" });
  expect([first.isNew, second.isNew, second.id]).toEqual([true, false, "single"]);
  expect(await hub.run(second.result())).toBe("first!5");

  const third = await client.startOrGet(echo, "third", { instanceId: "single" });
  expect([third.isNew, await hub.run(third.result())]).toEqual([false, "first!5"]);
  const replaced = await client.startOrGet(echo, "other", { instanceId: "single", reusableStatuses: ["Completed"] });
  expect([replaced.isNew, await hub.run(replaced.result())]).toEqual([true, "other!5"]);
  expect(await codeOf(client.startOrGet(approve, undefined, { instanceId: "single" }))).toBe("InstanceAlreadyExists");
});

it("of many that ask at a time one starts it", async () => {
  const runs = await Promise.all(
    Array.from({ length: 20 }, (_, index) => client.startOrGet(echo, `${index}`, { instanceId: "crowd" })),
  );
  const results = new Set<string>();
  for (const run of runs) results.add(await hub.run(run.result()));

  expect(runs.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(results.size).toBe(1);
});

it("a start leaves an instance alone that has not ended, and replaces one that has", async () => {
  await client.start(approve, undefined, { instanceId: "reused" });
  const start = () => client.start(approve, undefined, { instanceId: "reused" });

  expect(await codeOf(start())).toBe("InstanceAlreadyExists");
  await client.terminate("reused", "enough");
  await hub.settle();
  expect((await start()).isNew).toBe(true);
});

/** Brings an instance into a status. */
async function bring(instanceId: string, status: string): Promise<void> {
  if (status === "Completed") await client.start(echo, "old", { instanceId });
  else if (status === "Failed") await client.start(fail, undefined, { instanceId });
  else if (status === "Pending")
    await client.start(approve, undefined, { instanceId, startAt: new Date(hub.clock.now() + 1e8) });
  else await client.start(approve, undefined, { instanceId });
  await hub.settle();
  if (status === "Terminated") await client.terminate(instanceId, "enough");
  if (status === "Suspended") await client.suspend(instanceId);
  await hub.settle();
  expect((await client.getStatus(instanceId)).runtimeStatus).toBe(status);
}

const ended = ["Completed", "Failed", "Terminated"] as const;
const notEnded = ["Running", "Pending", "Suspended"] as const;

it.each([...ended, ...notEnded])("each policy does with a %s instance what it says", async (status) => {
  const others = [...ended, ...notEnded].filter((each) => each !== status && each !== "Terminated");
  const outcome = async (policy: Parameters<typeof client.start>[2]) => {
    const instanceId = `policy-${status}-${hub.clock.now()}-${count++}`;
    await bring(instanceId, status);
    const code = await codeOf(client.start(echo, "new", { instanceId, ...policy }));
    if (code !== "no error") return code;
    await hub.settle();
    const { name, input } = await client.getStatus(instanceId);
    return name === "echo" && input === "new" ? "replaced" : "left";
  };
  let count = 0;
  const isEnded = (ended as readonly string[]).includes(status);
  const replaceable = {
    replaceableStatuses: [...others.filter((each) => (ended as readonly string[]).includes(each))],
  };

  expect(await outcome({})).toBe(isEnded ? "replaced" : "InstanceAlreadyExists");
  expect(await outcome({ reusableStatuses: [] })).toBe("InstanceAlreadyExists");
  expect(await outcome({ reusableStatuses: [status, "Terminated"] })).toBe("replaced");
  expect(await outcome({ dedupeStatuses: [status, "Running", "Pending", "Suspended", "ContinuedAsNew"] })).toBe(
    "InstanceAlreadyExists",
  );
  expect(await outcome({ dedupeStatuses: [] })).toBe("replaced");
  expect(await outcome({ reusePolicy: { replaceableStatuses: [status, "Terminated"] } })).toBe("replaced");
  expect(await outcome({ reusePolicy: replaceable })).toBe("InstanceAlreadyExists");
  expect(await outcome({ reusePolicy: { ...replaceable, action: "terminate" } })).toBe("replaced");
  const code = await outcome({ reusePolicy: { ...replaceable, action: "ignore" } });
  // The instances of "echo" are left, and those of others are none of it.
  expect(code).toBe(status === "Completed" ? "left" : "InstanceAlreadyExists");
});
