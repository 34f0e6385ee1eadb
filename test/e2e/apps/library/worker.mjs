// A worker in a process of its own that stops when it is told to. Notes in LEDGER_FILE what its activity does.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DFApp, startWorker } from "durable-functions-ts";

const ledger = process.env.LEDGER_FILE;
const app = new DFApp();
const slow = app.activity("slow", async (ms) => {
  appendFileSync(ledger, "begin\n");
  await sleep(ms);
  appendFileSync(ledger, "end\n");
  return "done";
});
app.orchestration("twice", async (context, ms) => [
  await context.callActivity(slow, ms),
  await context.callActivity(slow, 1),
]);
app.http("unused", { handler: () => ({ body: "never" }) });

const host = await startWorker({
  apps: [app],
  storage: process.env.STORAGE,
  taskHub: process.env.TASK_HUB,
  stopOnSignals: true,
  stopGrace: "10s",
  log: ({ level, category, message }) => process.stdout.write(`${level} ${category} ${message}\n`),
});
process.stdout.write(`ready ${host.health().status}\n`);
