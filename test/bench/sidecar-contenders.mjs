/**
 * Workers and clients on our sidecar, which keeps its hub in memory in a process of its own, behind the face of
 * hub-contenders.mjs.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { registerDurableTask, silenceDurableTask } from "./durabletask.mjs";
import { createRegistry, loadModules, portsOf } from "./engine.mjs";

const modules = {
  InProcessExecutor: "worker/in-process-executor.js",
  Registry: "worker/registry.js",
  GrpcWorker: "grpc/worker/grpc-worker.js",
  GrpcOrchestrationClient: "grpc/client/grpc-orchestration-client.js",
  openChannel: "grpc/channel/task-hub-channel.js",
  systemClock: "core/system-ports.js",
  systemRandom: "core/system-ports.js",
};

/** Starts `durable sidecar` on a free port. */
async function startSidecar(dist) {
  const args = [join(dist, "cli/main.js"), "sidecar", "--storage", "memory", "--port", "0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((resolve, reject) => {
    let output = "";
    child.once("close", (code) => reject(new Error(`the sidecar ended with ${code}: ${output}`)));
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const ready = /Ready on (?:\w+:\/\/)?([\w.]+:\d+)/.exec(output);
      if (ready !== null) resolve(ready[1]);
    });
  });
  child.removeAllListeners("close");
  return {
    address,
    stop: () =>
      new Promise((resolve) => {
        child.once("close", resolve);
        child.kill("SIGTERM");
      }),
  };
}

export async function openOursOnSidecar({ dist, onStep }) {
  const sidecar = await startSidecar(dist);
  const engine = await loadModules(dist, modules);
  const ports = portsOf(engine);
  const open = () => engine.openChannel({ address: sidecar.address });
  const executor = new engine.InProcessExecutor({ registries: [createRegistry(engine, onStep)], clock: ports.clock });
  const worker = new engine.GrpcWorker({ ...ports, openChannel: open, executor, maxConcurrentActivities: 100 });
  await worker.start();
  const channel = open();
  const client = new engine.GrpcOrchestrationClient({ ...ports, channel });
  return {
    start: (name, input) => client.startInstance({ name, input: input && JSON.stringify(input) }),
    started: (id) => client.waitForInstance(id, "started"),
    ended: async (id) => (await client.waitForInstance(id, "ended")).output,
    raise: (id, event) => client.raiseEvent(id, event, "1"),
    purge: (id) => client.purge(id),
    stop: async () => {
      await worker.stop();
      channel.close();
      await sidecar.stop();
    },
  };
}

/** The worker and client of `@microsoft/durabletask-js`. */
export async function openDurableTaskOnSidecar({ dist, onStep }) {
  const sidecar = await startSidecar(dist);
  const durabletask = createRequire(import.meta.url)("@microsoft/durabletask-js");
  const { TaskHubGrpcWorker, TaskHubGrpcClient, NoOpLogger } = durabletask;
  silenceDurableTask(durabletask);
  const options = { hostAddress: sidecar.address, logger: new NoOpLogger() };
  const worker = new TaskHubGrpcWorker(options);
  const client = new TaskHubGrpcClient(options);
  registerDurableTask(worker, durabletask, onStep);
  await worker.start();
  const forEver = 2 ** 20;
  return {
    start: (name, input) => client.scheduleNewOrchestration(name, input),
    started: (id) => client.waitForOrchestrationStart(id, false, forEver),
    ended: async (id) => (await client.waitForOrchestrationCompletion(id, true, forEver)).serializedOutput,
    raise: (id, event) => client.raiseOrchestrationEvent(id, event, 1),
    purge: (id) => client.purgeOrchestration(id),
    stop: async () => {
      await worker.stop();
      await client.stop();
      await sidecar.stop();
    },
  };
}
