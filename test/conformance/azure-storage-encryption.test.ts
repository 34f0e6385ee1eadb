import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { createEncryptingDataConverter } from "../../src/core/payloads/encrypting-data-converter.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { newHubName, openHub, rawRows } from "./azure-storage-fixture.ts";

const secret = "Ada-4111-1111";
const dataConverter = createEncryptingDataConverter({ keys: [{ id: "k1", key: Buffer.alloc(32, 7) }] });

/** Hands its input to everything that a hub keeps payloads in. */
function createRegistry(): Registry {
  const registry = new Registry({ dataConverter });
  registry.addActivity({ name: "echo", activity: (input) => input });
  registry.addEntity({
    name: "keeper",
    entity: (context) => context.setState(context.getInput()),
  });
  registry.addOrchestration({ name: "child", orchestrator: (context) => context.getInput() });
  registry.addOrchestration({
    name: "all",
    *orchestrator(context): Generator<unknown, unknown, unknown> {
      const input = context.getInput<string>();
      context.setCustomStatus(input.slice(0, 100));
      yield context.callActivity("echo", input);
      yield context.callSubOrchestrator("child", input);
      yield context.callEntity("@keeper@a", "keep", input);
      context.sendEvent(context.instanceId, "own", input);
      return yield context.waitForExternalEvent("own");
    },
  });
  return registry;
}

/** The texts of what is written to storage: messages are Base64, and long payloads are packed. */
function textsOf(request: StorageRequest): readonly string[] {
  const unpack = (bytes: Uint8Array): string => {
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return Buffer.from(isPacked ? gunzipSync(bytes) : bytes).toString("utf8");
  };
  switch (request.kind) {
    case "queue.send":
      return [request.text, Buffer.from(request.text, "base64").toString("utf8")];
    case "blob.put":
      return [unpack(request.content)];
    case "table.query":
      return [];
    default:
      return [JSON.stringify(request)];
  }
}

it.each([
  ["in rows and messages", secret],
  ["in blobs", `${secret}${"-of-many".repeat(20_000)}`],
])("no payload reaches the storage as it is, %s", async (_, input) => {
  const written: string[] = [];
  const record = (transport: StorageTransport): StorageTransport => {
    return (request, context) => {
      written.push(...textsOf(request));
      return transport(request, context);
    };
  };
  const taskHub = newHubName();
  const { backend, store } = openHub(taskHub, { decorateTransport: record });
  const executor = new InProcessExecutor({ registries: [createRegistry()], clock: systemClock });
  const worker = new TaskHubWorker({ backend, store, executor, clock: systemClock, log: silentLog });
  const client = new TaskHubClient({ store, clock: systemClock, random: systemRandom });
  await worker.start();
  const id = await client.startInstance({ name: "all", input: dataConverter.serialize(input, "the input") });
  const state = await client.waitForInstance(id, "ended", { timeoutMs: 60_000 });
  await worker.stop();

  expect(state?.runtimeStatus).toBe("Completed");
  expect(dataConverter.deserialize(state?.output, "the output")).toBe(input);
  const all = written.join("\n");
  expect(all).toContain("durable-aes256gcm.1.k1.");
  expect(all).not.toContain(secret);
  expect(all).not.toContain(Buffer.from(secret).toString("base64").slice(0, 12));
  // Other readers of the hub find a JSON string, and what they look for.
  const rows = await rawRows(`${taskHub}Instances`);
  const row = rows.find(({ partitionKey }) => partitionKey === id)!;
  const column = (name: string) => (row[name] as { readonly value: string }).value;
  expect([column("Name"), column("RuntimeStatus")]).toEqual(["all", "Completed"]);
  expect(JSON.parse(column("CustomStatus"))).toMatch(/^durable-aes256gcm\.1\.k1\.[\w-]+$/);
  if (input === secret) expect(JSON.parse(column("Output"))).toMatch(/^durable-aes256gcm\.1\.k1\.[\w-]+$/);
});
