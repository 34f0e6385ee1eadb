import { expect, it } from "vitest";
import { EmbeddedTaskHubClient, TaskHubGrpcClient, TaskHubGrpcWorker } from "../../src/portable/index.ts";
import { RestartableSidecar } from "../support/restartable-sidecar.ts";

it("who waits for an instance outlives a restart of the sidecar, and so does the instance", async () => {
  const sidecar = new RestartableSidecar({ kind: "memory" });
  await sidecar.start();
  await using worker = new TaskHubGrpcWorker(sidecar.address, { log: () => {} });
  worker.addOrchestration("waits", function* (context) {
    return yield* context.waitForExternalEvent<string>("go");
  });
  await worker.start();
  await using client = new TaskHubGrpcClient(sidecar.address);
  const id = await client.scheduleNewOrchestration("waits");
  await client.waitForOrchestrationStart(id);
  const waiting = client.waitForOrchestrationCompletion(id, { timeout: "60s" });
  waiting.catch(() => {});

  await sidecar.stop();
  // Longer than gRPC itself tries.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await sidecar.start();
  await expect.poll(() => worker.health().isReady).toBe(true);
  await client.raiseOrchestrationEvent(id, "go", "on");

  expect((await waiting).result).toBe("on");
  await sidecar.stop();
});

it("a purge says the same of an instance that runs, wherever the hub is", async () => {
  const sidecar = new RestartableSidecar({ kind: "memory" });
  await sidecar.start();
  await using remote = new TaskHubGrpcClient(sidecar.address);
  await using embedded = new EmbeddedTaskHubClient({ storage: "memory", taskHub: "PurgeOfPending" });
  for (const client of [remote, embedded]) {
    const id = await client.scheduleNewOrchestration("nobody");

    await expect(client.purgeOrchestration(id)).rejects.toMatchObject({ code: "NotSupported" });
    expect(await client.purgeOrchestration([id])).toEqual({ deletedInstanceCount: 0 });
    expect(await client.getOrchestrationState(id)).toMatchObject({ runtimeStatus: "Pending" });
  }
  await sidecar.stop();
});
