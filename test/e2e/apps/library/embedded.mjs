// Two workers and two clients of one process on one embedded store, then a client that comes later.
import { setTimeout as sleep } from "node:timers/promises";
import { DFApp, DurableClient, startWorker } from "durable-functions-ts";
import { EmbeddedTaskHubClient, EmbeddedTaskHubWorker } from "durable-functions-ts/portable";

const location = { storage: { embedded: process.argv[2] }, taskHub: "Embedded" };
const app = new DFApp();
app.orchestration("hello", async (_context, name) => `Hello ${name}!`);
const alone = await DurableClient.connect(location);
const first = await startWorker({ apps: [app], ...location });
const second = new EmbeddedTaskHubWorker(location);
second.addOrchestration("hello", async (_ctx, name) => `Hello ${name}!`);
await second.start();
const id = await alone.startNew("hello", { input: "there", instanceId: "kept" });
const status = await first.client.waitForCompletion(id, { pollInterval: 50 });
process.stdout.write(`${status.output}\n`);
// Neither takes partitions away from the other, as it would from the dead.
await sleep(12_000);
await second.stop();
await first.stop();
// The store goes with its last user.
process.stdout.write(`${(await alone.getStatus(id)).runtimeStatus}\n`);
await alone.close();

const later = new EmbeddedTaskHubClient(location);
process.stdout.write(`${(await later.getOrchestrationState("kept")).result}\n`);
await later.close();
