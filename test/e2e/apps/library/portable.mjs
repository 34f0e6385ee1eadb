// Runs where nothing but this package is installed.
import { EmbeddedTaskHubClient, EmbeddedTaskHubWorker } from "durable-functions-ts/portable";

const hub = { storage: "memory", taskHub: "Alone" };
const worker = new EmbeddedTaskHubWorker(hub);
function greet(_ctx, name) {
  return `Hello ${name}!`;
}
worker.addActivity(greet);
worker.addOrchestration("hello", async (ctx, name) => ctx.callActivity(greet, { input: name }));
await worker.start();
const client = new EmbeddedTaskHubClient(hub);
const id = await client.scheduleNewOrchestration("hello", { input: "you" });
process.stdout.write(`${(await client.waitForOrchestrationCompletion(id)).result}\n`);
await client.close();
await worker.stop();
