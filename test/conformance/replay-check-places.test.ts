import { describe, expect, it } from "vitest";
import { DFApp, startWorker } from "../../src/index.ts";
import {
  type DurableTaskClient,
  type DurableTaskWorker,
  EmbeddedTaskHubClient,
  EmbeddedTaskHubWorker,
  type OrchestrationContext,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
} from "../../src/portable/index.ts";
import { startSidecar } from "../support/sidecar.ts";

const log = () => {};

async function echo(_context: unknown, value: unknown): Promise<unknown> {
  return value;
}

async function* goesByTheClock(context: OrchestrationContext): AsyncGenerator<unknown, unknown, unknown> {
  return yield context.callActivity(echo, Date.now());
}

describe("code that goes by the clock fails where the check is on, and completes where it is off", () => {
  it.each([
    [true, "Failed"],
    [undefined, "Completed"],
  ])("in library mode (replayCheck: %s)", async (replayCheck, ending) => {
    const app = new DFApp();
    app.activity("echo", (value: number) => value);
    app.orchestration("code", async (context) => await context.callActivity("echo", Date.now()));
    const taskHub = `Checked${String(replayCheck)}`;
    await using host = await startWorker({ apps: [app], storage: "memory", taskHub, replayCheck, log });

    const id = await host.client.startNew("code");
    const status = await host.client.waitForCompletion(id, { timeout: "30s" });

    expect(status.runtimeStatus).toBe(ending);
    if (ending === "Failed") expect(String(status.output)).toContain("Date.now() at ");
  });

  it.each([
    [true, "Failed"],
    [undefined, "Completed"],
  ])("on an embedded worker (replayCheck: %s)", async (replayCheck, ending) => {
    const place = { storage: "memory", taskHub: `Embedded${String(replayCheck)}` } as const;
    const worker = new EmbeddedTaskHubWorker({ ...place, replayCheck, log });

    expect(await runOn(worker, new EmbeddedTaskHubClient(place))).toBe(ending);
  });

  it.each([
    [true, "Failed"],
    [undefined, "Completed"],
  ])("on a worker over gRPC (replayCheck: %s)", async (replayCheck, ending) => {
    await using sidecar = await startSidecar();
    const worker = new TaskHubGrpcWorker(sidecar.address, { replayCheck, log });

    expect(await runOn(worker, new TaskHubGrpcClient(sidecar.address))).toBe(ending);
  });
});

async function runOn(worker: DurableTaskWorker, client: DurableTaskClient): Promise<string> {
  worker.addActivity(echo);
  worker.addOrchestration(goesByTheClock);
  await worker.start();
  try {
    const id = await client.scheduleNewOrchestration(goesByTheClock);
    const { runtimeStatus } = await client.waitForOrchestrationCompletion(id, { timeout: "30s" });
    return runtimeStatus;
  } finally {
    await client[Symbol.asyncDispose]();
    await worker.stop();
  }
}
