import { BlobServiceClient } from "@azure/storage-blob";
import { expect, it } from "vitest";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { allAnswers } from "../support/strict-service.ts";
import { azurite, newHubName, openHub } from "./azure-storage-fixture.ts";

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

async function countBlobs(taskHub: string): Promise<number> {
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const names: string[] = [];
  const container = service.getContainerClient(`${taskHub.toLowerCase()}-largemessages`);
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  return names.length;
}

it("an eternal orchestration with large payloads leaves nothing of its earlier rounds behind", async () => {
  const taskHub = newHubName();
  const { backend, store } = openHub(taskHub, {}, allAnswers);
  const registry = new Registry();
  registry.addActivity({ name: "grow", activity: (text: string) => text });
  registry.addOrchestration({
    name: "eternal",
    *orchestrator(ctx, { round, text }: { round: number; text: string }) {
      const grown: unknown = yield ctx.callActivity("grow", text);
      if (round < 40) ctx.continueAsNew({ round: round + 1, text: grown });
      return round;
    },
  });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  await using worker = new TaskHubWorker({ ...ports, backend, store, executor });
  await worker.start();
  const client = new TaskHubClient({ store, ...ports });

  const input = JSON.stringify({ round: 1, text: "x".repeat(60_000) });
  const instanceId = await client.startInstance({ name: "eternal", input });
  const { output } = await waitUntilEnded(client, instanceId);

  expect(output).toBe("40");
  expect(await store.getHistory(instanceId)).toHaveLength(9);
  // The start message, the last round's input and result, and what the last deletions in the background still hold.
  await expect.poll(() => countBlobs(taskHub)).toBeLessThan(8);
});
