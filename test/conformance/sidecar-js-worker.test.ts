import {
  EntityInstanceId,
  type OrchestrationContext,
  OrchestrationStatus,
  TaskEntity,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
  whenAll,
} from "@microsoft/durabletask-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningSidecar, startSidecar } from "../support/sidecar.ts";

const quiet = { error() {}, warn() {}, info() {}, debug() {} };

type Orchestrator = Parameters<TaskHubGrpcWorker["addNamedOrchestrator"]>[1];
type Body = (context: OrchestrationContext, input: never) => AsyncGenerator<unknown, unknown, never>;

class Counter extends TaskEntity<number> {
  protected override initializeState(): number {
    return 0;
  }
  add(amount: number): number {
    this.state += amount;
    return this.state;
  }
  get(): number {
    return this.state;
  }
}

let sidecar: RunningSidecar;
let worker: TaskHubGrpcWorker;
let client: TaskHubGrpcClient;

beforeAll(async () => {
  sidecar = await startSidecar({ stopGraceMs: 200 });
  worker = new TaskHubGrpcWorker({ hostAddress: sidecar.address, logger: quiet, shutdownTimeoutMs: 100 });
  const orchestration = (name: string, body: Body) => worker.addNamedOrchestrator(name, body as Orchestrator);
  worker.addNamedActivity("hello", async (_: unknown, name: string) => `Hello, ${name}!`);
  worker.addNamedActivity("square", async (_: unknown, n: number) => n * n);
  worker.addNamedActivity("fail", async () => {
    throw new Error("no luck");
  });
  worker.addNamedEntity("Counter", () => new Counter());
  orchestration("helloOne", async function* (context, name: string) {
    return yield context.callActivity("hello", name);
  });
  orchestration("fanOut", async function* (context, count: number) {
    const tasks = Array.from({ length: count }, (_, n) => context.callActivity<number, number>("square", n));
    const squares: number[] = yield whenAll(tasks) as never;
    return squares.reduce((sum, n) => sum + n, 0);
  });
  orchestration("nap", async function* (context, seconds: number) {
    const before = context.currentUtcDateTime.getTime();
    yield context.createTimer(seconds);
    return context.currentUtcDateTime.getTime() - before >= seconds * 1000;
  });
  orchestration("waitFor", async function* (context) {
    context.setCustomStatus("waiting");
    return yield context.waitForExternalEvent("Go");
  });
  orchestration("parent", async function* (context, name: string) {
    return yield context.callSubOrchestrator("helloOne", name);
  });
  orchestration("failing", async function* (context) {
    yield context.callActivity("fail");
  });
  orchestration("eternal", async function* (context, n: number) {
    if (n >= 5) return n;
    yield context.createTimer(0.01);
    context.continueAsNew(n + 1, true);
    return undefined;
  });
  orchestration("counting", async function* (context, key: string) {
    const counter = new EntityInstanceId("Counter", key);
    yield context.entities.callEntity(counter, "add", 2) as never;
    context.entities.signalEntity(counter, "add", 3);
    return yield context.entities.callEntity(counter, "get") as never;
  });
  await worker.start();
  client = new TaskHubGrpcClient({ hostAddress: sidecar.address, logger: quiet });
});

afterAll(async () => {
  await client.stop();
  await worker.stop();
  await sidecar.server.stop();
});

async function run(name: string, input?: unknown) {
  const id = await client.scheduleNewOrchestration(name, input);
  return await client.waitForOrchestrationCompletion(id, true, 20);
}

it("an activity is called", async () => {
  const state = await run("helloOne", "Tokyo");

  expect(state?.failureDetails).toBeUndefined();
  expect(state?.serializedOutput).toBe('"Hello, Tokyo!"');
  expect(state?.serializedInput).toBe('"Tokyo"');
});

it("many activities run at the same time", async () => {
  expect((await run("fanOut", 50))?.serializedOutput).toBe("40425");
});

it("a timer fires", async () => {
  expect((await run("nap", 0.3))?.serializedOutput).toBe("true");
});

it("an event wakes an orchestration that shows what it waits for", async () => {
  const id = await client.scheduleNewOrchestration("waitFor");
  await expect.poll(async () => (await client.getOrchestrationState(id))?.serializedCustomStatus).toBe('"waiting"');
  await client.raiseOrchestrationEvent(id, "go", { by: "test" });

  expect((await client.waitForOrchestrationCompletion(id, true, 20))?.serializedOutput).toBe('{"by":"test"}');
});

it("a child answers its parent", async () => {
  expect((await run("parent", "Lima"))?.serializedOutput).toBe('"Hello, Lima!"');
});

it("a failure of an activity is told", async () => {
  const state = await run("failing");

  expect(state?.runtimeStatus).toBe(OrchestrationStatus.FAILED);
  expect(state?.failureDetails?.message).toContain("no luck");
});

it("an orchestration continues as new", async () => {
  expect((await run("eternal", 1))?.serializedOutput).toBe("5");
});

it("an orchestration calls and signals an entity, and a client reads it", async () => {
  expect((await run("counting", "a"))?.serializedOutput).toBe("5");

  const entity = await client.getEntity<number>(new EntityInstanceId("Counter", "a"), true);
  expect(entity?.state).toBe(5);
});

it("an instance is suspended, resumed and terminated", async () => {
  const id = await client.scheduleNewOrchestration("waitFor");
  await client.waitForOrchestrationStart(id, false, 20);
  const statusOf = async () => (await client.getOrchestrationState(id))?.runtimeStatus;
  await client.suspendOrchestration(id);
  await expect.poll(statusOf).toBe(OrchestrationStatus.SUSPENDED);
  await client.resumeOrchestration(id);
  await expect.poll(statusOf).toBe(OrchestrationStatus.RUNNING);
  await client.terminateOrchestration(id, "enough");

  const state = await client.waitForOrchestrationCompletion(id, true, 20);
  expect(state?.runtimeStatus).toBe(OrchestrationStatus.TERMINATED);
  expect(state?.serializedOutput).toBe('"enough"');
});

it("the history of an instance is streamed, without the ends of its episodes", async () => {
  const state = await run("helloOne", "Rome");
  const history = await client.getOrchestrationHistory(state!.instanceId);

  expect(history.map(({ type }) => type)).toEqual([
    "OrchestratorStarted",
    "ExecutionStarted",
    "TaskScheduled",
    "OrchestratorStarted",
    "TaskCompleted",
    "ExecutionCompleted",
  ]);
  expect(await client.getOrchestrationHistory("nobody")).toEqual([]);
});
