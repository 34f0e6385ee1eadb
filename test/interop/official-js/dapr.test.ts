import { randomUUID } from "node:crypto";
import {
  type ActivityContext,
  type OrchestrationContext,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
} from "@dapr/durabletask-js";
import { OrchestrationStatus } from "@dapr/durabletask-js/orchestration/enum/orchestration-status.enum.js";
import { PurgeInstanceCriteria } from "@dapr/durabletask-js/orchestration/orchestration-purge-criteria.js";
import type { OrchestrationState } from "@dapr/durabletask-js/orchestration/orchestration-state.js";
import { whenAll, whenAny } from "@dapr/durabletask-js/task/index.js";
import type { Task } from "@dapr/durabletask-js/task/task.js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { RestartableSidecar } from "../../support/restartable-sidecar.ts";

// The messages of both packages live under the same global names: only one of them can be used in one process.
const newId = (prefix = "i") => `${prefix}-${randomUUID()}`;

// biome-ignore lint/suspicious/noExplicitAny: the package types inputs and results of tasks so
type Program = (ctx: OrchestrationContext, input: any) => AsyncGenerator<Task<any>, unknown, any>;

const sidecar = new RestartableSidecar({ kind: "memory" });
let client: TaskHubGrpcClient;
let worker: TaskHubGrpcWorker;
const programs = new Map<string, Program>();
const define = (program: Program): string => {
  const name = `Orchestrator${programs.size + 1}`;
  programs.set(name, program);
  return name;
};

const plusOne = "plusOne";
const fail = "fail";

beforeAll(async () => {
  // The package tells the console of everything it does, and has no logger to give instead.
  vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "info").mockImplementation(() => {});
  await sidecar.start();
  client = new TaskHubGrpcClient(sidecar.address);
  worker = new TaskHubGrpcWorker(sidecar.address);
  for (const [name, program] of programs) worker.addNamedOrchestrator(name, program);
  worker.addNamedActivity(plusOne, (_ctx: ActivityContext, input: number) => input + 1);
  worker.addNamedActivity(fail, (_ctx: ActivityContext, message: string) => {
    throw new Error(message);
  });
  worker.addNamedActivity("context", (ctx: ActivityContext) => ({ id: ctx.orchestrationId, taskId: ctx.taskId }));
  await worker.start();
});

afterAll(async () => {
  await Promise.all([worker.stop(), client.stop()]);
  await sidecar.stop();
  vi.restoreAllMocks();
});

const outcomeOf = (state: OrchestrationState | undefined) =>
  state === undefined
    ? { status: "MISSING", output: undefined }
    : {
        status: OrchestrationStatus[state.runtimeStatus],
        output: state.serializedOutput ? JSON.parse(state.serializedOutput) : undefined,
      };
const ended = async (id: string) => outcomeOf(await client.waitForOrchestrationCompletion(id, true, 60));
const run = async (name: string, input?: unknown) => await ended(await client.scheduleNewOrchestration(name, input));
const status = async (id: string) => outcomeOf(await client.getOrchestrationState(id)).status;
const completed = (output: unknown) => ({ status: "COMPLETED", output });

describe("the client and worker of Dapr", () => {
  const plain = define(async function* (ctx, input) {
    return `${ctx.instanceId} ${input}`;
  });
  it("runs an orchestrator without tasks", async () => {
    const id = await client.scheduleNewOrchestration(plain, "hi", newId());
    expect(await ended(id)).toEqual(completed(`${id} hi`));
  });

  const sequence = define(async function* (ctx, start: number) {
    const numbers = [start];
    for (let i = 0; i < 10; i++) numbers.push(yield ctx.callActivity(plusOne, numbers.at(-1)));
    return numbers;
  });
  it("runs activities in sequence", async () => {
    expect(await run(sequence, 1)).toEqual(completed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
  });

  const fanOut = define(async function* (ctx, count: number) {
    const results: number[] = yield whenAll(
      Array.from({ length: count }, (_, i) => ctx.callActivity<number, number>(plusOne, i + 1)),
    );
    return results.reduce((sum, result) => sum + result, 0);
  });
  it("fans out and in", async () => {
    expect(await run(fanOut, 30)).toEqual(completed(495));
  });

  const context = define(async function* (ctx) {
    return yield ctx.callActivity("context");
  });
  it("tells an activity of its orchestration and its task", async () => {
    const id = await client.scheduleNewOrchestration(context);
    expect(await ended(id)).toEqual(completed({ id, taskId: 1 }));
  });

  const child = define(async function* (ctx, input: number) {
    return yield ctx.callActivity(plusOne, input);
  });
  const parent = define(async function* (ctx, ids: string[]) {
    return yield whenAll(ids.map((id, i) => ctx.callSubOrchestrator(child, i + 1, id)));
  });
  const parentOfOne = define(async function* (ctx) {
    return yield ctx.callSubOrchestrator(child, 41);
  });
  it("runs children", async () => {
    const ids = [newId("child"), newId("child")];
    expect(await run(parent, ids)).toEqual(completed([2, 3]));
    expect(await ended(ids[0]!)).toEqual(completed(2));
    expect(await run(parentOfOne)).toEqual(completed(42));
  });

  const failing = define(async function* (ctx) {
    yield ctx.callActivity(fail, "broken");
  });
  const catching = define(async function* (ctx) {
    try {
      yield ctx.callActivity(fail, "broken");
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  });
  it("fails, and catches failures", async () => {
    const id = await client.scheduleNewOrchestration(failing);
    expect((await ended(id)).status).toBe("FAILED");
    expect((await client.getOrchestrationState(id))?.failureDetails?.message).toContain("broken");
    expect(await run(catching)).toEqual(completed(expect.stringContaining("broken")));
  });

  it("fails for what is not registered", async () => {
    expect((await run("NoSuchOrchestrator")).status).toBe("FAILED");
  });

  const sleep = define(async function* (ctx, seconds: number) {
    const start = ctx.currentUtcDateTime.getTime();
    yield ctx.createTimer(seconds);
    return ctx.currentUtcDateTime.getTime() - start >= seconds * 1000;
  });
  it("runs timers", async () => {
    expect(await run(sleep, 0.1)).toEqual(completed(true));
  });

  const collectEvents = define(async function* (ctx, names: string[]) {
    const data = [];
    for (const name of names) data.push(yield ctx.waitForExternalEvent(name));
    return data;
  });
  it("takes events: many, early, and in any case", async () => {
    const id = await client.scheduleNewOrchestration(collectEvents, ["a", "A", "b"]);
    await client.raiseOrchestrationEvent(id, "B", { last: true });
    await client.raiseOrchestrationEvent(id, "a", 1);
    await client.raiseOrchestrationEvent(id, "a", "2");
    expect(await ended(id)).toEqual(completed([1, "2", { last: true }]));
  });

  const race = define(async function* (ctx, seconds: number) {
    const event = ctx.waitForExternalEvent("go");
    const winner = yield whenAny([event, ctx.createTimer(seconds)]);
    return winner === event ? "event" : "timer";
  });
  it("races an event and a timer", async () => {
    expect(await run(race, 0.1)).toEqual(completed("timer"));
    const id = await client.scheduleNewOrchestration(race, 3600);
    await client.raiseOrchestrationEvent(id, "go");
    expect(await ended(id)).toEqual(completed("event"));
  });

  // The worker of Dapr loses an event whose name was waited for before in the same generation.
  const loop = define(async function* (ctx, { round, sum }: { round: number; sum: number }) {
    const value: number = yield ctx.waitForExternalEvent(`add${round}`);
    yield ctx.callActivity(plusOne, 1);
    if (round < 3) ctx.continueAsNew({ round: round + 1, sum: sum + value }, true);
    return sum + value;
  });
  it("continues as new with the events that are left", async () => {
    const id = await client.scheduleNewOrchestration(loop, { round: 1, sum: 1 });
    for (const round of [3, 2, 1]) await client.raiseOrchestrationEvent(id, `add${round}`, round * 10);
    expect(await ended(id)).toEqual(completed(61));
  });

  const waiting = define(async function* (ctx) {
    ctx.setCustomStatus("waiting");
    return yield ctx.waitForExternalEvent("end");
  });
  it("suspends and resumes", async () => {
    const id = await client.scheduleNewOrchestration(waiting);
    await client.waitForOrchestrationStart(id, false, 60);
    await client.suspendOrchestration(id);
    await expect.poll(() => status(id)).toBe("SUSPENDED");
    await client.raiseOrchestrationEvent(id, "end", "x");
    await client.resumeOrchestration(id);
    expect(await ended(id)).toEqual(completed("x"));
  });

  it("terminates", async () => {
    const id = await client.scheduleNewOrchestration(waiting);
    await client.waitForOrchestrationStart(id, false, 60);
    await client.terminateOrchestration(id, "enough");
    expect(await ended(id)).toEqual({ status: "TERMINATED", output: "enough" });
  });

  it("shows the custom status", async () => {
    const id = await client.scheduleNewOrchestration(waiting);
    await expect
      .poll(async () => (await client.getOrchestrationState(id))?.serializedCustomStatus)
      .toMatch(/^"?waiting"?$/);
    await client.terminateOrchestration(id);
  });

  it("starts later", async () => {
    const startAt = new Date(Date.now() + 300);
    const id = await client.scheduleNewOrchestration(plain, "later", newId(), startAt);
    expect(await status(id)).toBe("PENDING");
    expect(await ended(id)).toEqual(completed(`${id} later`));
  });

  it("purges by id and by filter", async () => {
    const id = await client.scheduleNewOrchestration(plain, "x");
    await ended(id);
    expect((await client.purgeOrchestration(id))?.deletedInstanceCount).toBe(1);
    expect(await status(id)).toBe("MISSING");
    const from = new Date();
    const other = await client.scheduleNewOrchestration(plain, "x");
    await ended(other);
    const criteria = new PurgeInstanceCriteria();
    criteria.setCreatedTimeFrom(from);
    criteria.setRuntimeStatusList([OrchestrationStatus.COMPLETED]);
    expect((await client.purgeOrchestration(criteria))?.deletedInstanceCount).toBe(1);
    expect(await status(other)).toBe("MISSING");
  });

  it("finds nothing of an unknown instance", async () => {
    expect(await client.getOrchestrationState(newId())).toBeUndefined();
  });
});
