// A worker of the official library in a process of its own, to be killed: node sidecar-js-worker.mjs <address> <mode>.
// It prints "ready" once it is there and "running <n>" when an activity begins. In mode "hang" activities never end.
import { TaskHubGrpcWorker } from "@microsoft/durabletask-js";

const [address, mode] = process.argv.slice(2);
const quiet = { error() {}, warn() {}, info() {}, debug() {} };
const worker = new TaskHubGrpcWorker({ hostAddress: address, logger: quiet });
worker.addNamedActivity("work", async (_, n) => {
  process.stdout.write(`running ${n}\n`);
  if (mode === "hang") await new Promise(() => setInterval(() => {}, 1000));
  return `${mode} ${n}`;
});
worker.addNamedOrchestrator("one", async function* (context, n) {
  return yield context.callActivity("work", n);
});
await worker.start();
process.stdout.write("ready\n");
