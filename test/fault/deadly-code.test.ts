import { afterAll, beforeAll, expect, it } from "vitest";
import { createAzureStorageTaskHub } from "../../src/backends/azure-storage/azure-storage-task-hub.ts";
import { isTerminalStatus } from "../../src/core/orchestration-status.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { WorkerLimits } from "../../src/core/worker-limits.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { readEntityState } from "../../src/entities/scheduler-state.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { buildDeadlyProcess, DeadlyProcess } from "../support/deadly-process.ts";

let azurite: Azurite;

beforeAll(async () => {
  [azurite] = await Promise.all([startAzurite(), buildDeadlyProcess()]);
});

afterAll(() => azurite.stop());

// From the third run on a suspect runs alone: the rest is for what dies of a callback meanwhile.
const limits: WorkerLimits = { maxUnfinishedRuns: 7, maxBlockedTime: "3s" };

function openClient(taskHub: string) {
  const { connectionString } = azurite;
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const location = { connectionString, taskHub, partitionCount: 1, workerId: "client" };
  const { store } = createAzureStorageTaskHub({ ...ports, ...location });
  return { store, client: new TaskHubClient({ store, ...ports }) };
}

/** Starts the process again as often as it ends, as a supervisor does, until all is done. */
async function supervise(taskHub: string, isDone: () => Promise<boolean>) {
  const { connectionString } = azurite;
  let stderr = "";
  for (let deaths = 0; deaths < 80; deaths++) {
    const process = new DeadlyProcess({ connectionString, taskHub, limits });
    while (!process.isDead) {
      if (await isDone()) {
        await process.end("SIGTERM");
        return { deaths, stderr: stderr + process.stderr };
      }
      await Promise.race([process.exited, systemClock.sleep(300)]);
    }
    stderr += process.stderr;
  }
  throw new Error(`the process dies without end:\n${stderr.slice(-4000)}`);
}

it("functions that take their process down are failed one by one, named, and their neighbours end well", {
  timeout: 600_000,
}, async () => {
  const { client, store } = openClient("Deadly");
  const deadly = ["loops", "loops in promises", "exits", "fills memory"];
  const activities = ["loops too", "throws in a callback"];
  const neighbours = Array.from({ length: 12 }, (_, index) => `neighbour-${index}`);
  const account = { name: "account", key: "1" };
  for (const instanceId of neighbours.slice(0, 6)) await client.startInstance({ name: "neighbour", instanceId });
  for (const name of deadly) await client.startInstance({ name, instanceId: name.replaceAll(" ", "-") });
  for (const name of activities) {
    await client.startInstance({ name: "calls", instanceId: name.replaceAll(" ", "-"), input: JSON.stringify(name) });
  }
  for (const operation of ["add", "add", "exit", "add"]) await client.entities.signal(account, { operation });
  for (const instanceId of neighbours.slice(6)) await client.startInstance({ name: "neighbour", instanceId });

  const all = [...neighbours, ...[...deadly, ...activities].map((name) => name.replaceAll(" ", "-"))];
  const state = async () => readEntityState((await store.getInstance("@account@1"))?.input);
  const { deaths, stderr } = await supervise("Deadly", async () => {
    const instances = await Promise.all(all.map((id) => client.getInstance(id)));
    const haveEnded = instances.every((instance) => instance !== undefined && isTerminalStatus(instance.runtimeStatus));
    return haveEnded && (await state()) === "3";
  });

  const outputOf = async (id: string) => (await client.getInstance(id))?.output;
  for (const id of neighbours) expect(await outputOf(id)).toBe("5");
  expect(await outputOf("loops")).toMatch(/^OrchestrationPoisoned: .* has blocked its process/);
  expect(await outputOf("loops-in-promises")).toMatch(/^Orchestration(Poisoned|Misuse): /);
  expect(await outputOf("exits")).toMatch(/^OrchestrationPoisoned: .* was begun \d+ times and never ended/);
  expect(await outputOf("fills-memory")).toMatch(/^OrchestrationPoisoned: /);
  expect(await outputOf("loops-too")).toMatch(/^TaskFailedError: .* has blocked its process/);
  expect(await outputOf("throws-in-a-callback")).toMatch(/^TaskFailedError: .* was begun \d+ times and never ended/);
  for (const text of [
    "blocked for 3 s by orchestration 'loops' of 'loops'",
    "blocked for 3 s by activity 'loops too' of 'loops-too'",
    "the process is ended with exit code 3 by orchestration 'exits' of 'exits'",
    "activity 'throws in a callback' of 'throws-in-a-callback'",
    "EntityOperationQuarantined: operation 'exit' of @account@1 was begun",
  ]) {
    expect(stderr).toContain(text);
  }
  // Each by its runs, and one for each that blocks; some take others with them before they are told apart.
  expect(deaths).toBeLessThan(60);
});

it("a process that is asked to end ends while an orchestrator loops", { timeout: 120_000 }, async () => {
  const { client } = openClient("Asked");
  await client.startInstance({ name: "loops", instanceId: "loops" });
  const process = new DeadlyProcess({ connectionString: azurite.connectionString, taskHub: "Asked", limits });
  while ((await client.getInstance("loops"))?.runtimeStatus !== "Running") await systemClock.sleep(100);
  await systemClock.sleep(1000);
  await process.end("SIGTERM");
  expect(process.stderr).toContain("EventLoopInterrupted: orchestration 'loops' of 'loops'");

  await supervise("Asked", async () => (await client.getInstance("loops"))?.runtimeStatus === "Failed");
});
