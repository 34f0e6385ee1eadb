import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { expect, it } from "vitest";
import { HubAuditor } from "../../src/backends/azure-storage/audit/hub-auditor.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { azurite, newHubName, openHub } from "./azure-storage-fixture.ts";

const large = "x".repeat(100_000);

/** A hub whose instances have ended, but for one that waits for an event; nobody works on it any more. */
async function setUp() {
  const taskHub = newHubName();
  const registry = new Registry();
  registry.addActivity({ name: "echo", activity: (text: string) => text });
  registry.addOrchestration({
    name: "test",
    *orchestrator(context, input: string) {
      const echoed = yield* context.callActivity<string>("echo", input);
      if (input === "waits") yield context.waitForExternalEvent("never");
      return echoed;
    },
  });
  registry.addOrchestration({
    name: "parent",
    *orchestrator(context) {
      yield context.callSubOrchestrator("test", "child", "child");
    },
  });
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const hub = openHub(taskHub);
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ ...ports, backend: hub.backend, store: hub.store, executor });
  await worker.start();
  const client = new TaskHubClient({ store: hub.store, ...ports });
  const start = (instanceId: string, input: string) =>
    client.startInstance({ name: "test", instanceId, input: JSON.stringify(input) });
  for (const id of ["answers", "gap", "row", "no-row", "end"]) await waitUntilEnded(client, await start(id, id));
  await waitUntilEnded(client, await start("blob", large));
  await waitUntilEnded(client, await client.startInstance({ name: "parent", instanceId: "parent" }));
  await start("waits", "waits");
  await expect
    .poll(async () => (await client.getHistory("waits"))?.some(({ type }) => type === "TaskCompleted"))
    .toBe(true);
  await systemClock.sleep(1000);
  await worker.stop();
  const options = { connectionString: azurite.connectionString, taskHub, workerId: "auditor" };
  return { taskHub, auditor: new HubAuditor({ ...options, clock: systemClock, random: systemRandom }) };
}

function tableOf(taskHub: string, table: string): TableClient {
  const options = { allowInsecureConnection: true };
  return TableClient.fromConnectionString(azurite.connectionString, `${taskHub}${table}`, options);
}

it("finds nothing in a hub in order, and every damage of one that is not", async () => {
  const { taskHub, auditor } = await setUp();
  expect(await auditor.audit({ graceMs: 100 })).toMatchObject({ instances: 9, running: 1, findings: [] });

  const history = tableOf(taskHub, "History");
  const instances = tableOf(taskHub, "Instances");
  const key = (index: number) => index.toString(16).toUpperCase().padStart(16, "0");
  const answer = { EventType: "TaskCompleted", TaskScheduledId: 0 };
  await history.updateEntity({ partitionKey: "answers", rowKey: key(6), ...answer }, "Merge");
  await history.deleteEntity("gap", key(2));
  await history.updateEntity({ partitionKey: "waits", rowKey: key(5), EventType: "GenericEvent" }, "Merge");
  await history.updateEntity({ partitionKey: "end", rowKey: key(7), EventType: "ExecutionCompleted" }, "Merge");
  await instances.updateEntity({ partitionKey: "row", rowKey: "", RuntimeStatus: "Running" }, "Merge");
  await instances.deleteEntity("no-row", "");
  const container = `${taskHub.toLowerCase()}-largemessages`;
  const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(container);
  for await (const { name } of blobs.listBlobsFlat({ prefix: "blob/" })) await blobs.deleteBlob(name);
  await blobs.uploadBlockBlob("stranger/message.json.gz", "x", 1);
  await blobs.uploadBlockBlob("quarantine/queue/1.json", "x", 1);

  const { findings } = await auditor.audit({ graceMs: 100 });

  const found = new Set(findings.map(({ subject, rule }) => `${subject} ${rule}`));
  expect([...found].toSorted()).toEqual(
    expect.arrayContaining([
      "answers AnswerRepeated",
      "blob BlobMissing",
      "end EndWrong",
      "gap HistoryGap",
      "no-row RowMissing",
      "quarantine/queue/1.json MessageQuarantined",
      "row RowDiffers",
      "stranger BlobForsaken",
      "waits WorkLost",
    ]),
  );
  expect([...found].filter((each) => /^(parent|child) /.test(each))).toEqual([]);
});
