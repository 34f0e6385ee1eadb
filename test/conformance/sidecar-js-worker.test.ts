import { type OrchestrationContext, TaskHubGrpcClient, TaskHubGrpcWorker } from "@microsoft/durabletask-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningSidecar, startSidecar } from "../support/sidecar.ts";

const quiet = { error() {}, warn() {}, info() {}, debug() {} };

let sidecar: RunningSidecar;
let worker: TaskHubGrpcWorker;
let client: TaskHubGrpcClient;

beforeAll(async () => {
  sidecar = await startSidecar({ stopGraceMs: 200 });
  worker = new TaskHubGrpcWorker({ hostAddress: sidecar.address, logger: quiet, shutdownTimeoutMs: 100 });
  const hello = async (_: unknown, name: string) => `Hello, ${name}!`;
  worker.addNamedActivity("hello", hello);
  worker.addNamedOrchestrator("helloOne", async function* (
    context: OrchestrationContext,
    name: string,
  ): AsyncGenerator {
    return yield context.callActivity("hello", name);
  } as never);
  await worker.start();
  client = new TaskHubGrpcClient({ hostAddress: sidecar.address, logger: quiet });
});

afterAll(async () => {
  await client.stop();
  await worker.stop();
  await sidecar.server.stop();
});

it("the official worker says hello", async () => {
  const id = await client.scheduleNewOrchestration("helloOne", "Tokyo");
  const state = await client.waitForOrchestrationCompletion(id, true, 20);

  expect(state?.failureDetails).toBeUndefined();
  expect(state?.serializedOutput).toBe('"Hello, Tokyo!"');
});
