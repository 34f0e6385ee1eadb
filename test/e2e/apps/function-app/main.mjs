// The worker process of a Function App with an engine of its own, without the host: started by a test, killed by a test.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createFunctionAppEngine } from "../../../../dist/hosting/function-app-engine.js";
import { Registry } from "../../../../dist/worker/registry.js";

const note = (text) => appendFileSync(process.env.LEDGER_FILE, `${text} ${process.env.WORKER_NAME}\n`);

const registry = new Registry();
registry.addActivity({
  name: "slow",
  activity: async (ms, context) => {
    note("begin");
    await sleep(ms, undefined, { signal: process.env.HEARS === "nothing" ? undefined : context.signal });
    note("end");
    return "done";
  },
});
registry.addOrchestration({
  name: "twice",
  orchestrator: function* (context, ms) {
    return [yield context.callActivity("slow", ms), yield context.callActivity("slow", 1)];
  },
});

const engine = await createFunctionAppEngine({
  registries: [registry],
  appFolder: fileURLToPath(new URL(".", import.meta.url)),
  env: process.env,
  log: ({ level, category, message }) => process.stdout.write(`${level} ${category} ${message}\n`),
});
engine.start().then(
  () => process.stdout.write(`ready ${engine.health().status}\n`),
  (error) => process.stdout.write(`failed ${error.code} ${error.message}\n`),
);
process.stdin.on("data", async (chunk) => {
  if (!String(chunk).startsWith("stop")) return;
  const begin = Date.now();
  await engine.stop();
  process.stdout.write(`stopped ${Date.now() - begin}\n`);
  process.exit(0);
});
setInterval(() => {}, 60_000);
