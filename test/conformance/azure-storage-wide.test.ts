import { expect, it } from "vitest";
import { describeForeignError } from "../../src/backends/azure-storage/storage/storage-failure.ts";
import type { StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { waitUntilEnded } from "../../src/testing/task-hub-suite.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { newHubName, openHub } from "./azure-storage-fixture.ts";

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

/** An orchestrator that asks for much in one episode, and what is beside it. */
function openEngine(decorateTransport?: (transport: StorageTransport) => StorageTransport, options: object = {}) {
  const change = { ...options, ...(decorateTransport === undefined ? {} : { decorateTransport }) };
  const { backend, store, requests } = openHub(newHubName(), change, { plain: "requests are counted" });
  let episodes = 0;
  const registry = new Registry();
  registry.addActivity({ name: "echo", activity: (value: number) => value });
  registry.addOrchestration({
    name: "timers",
    *orchestrator(context, count: number) {
      episodes++;
      const at = new Date(context.currentUtcDateTime.getTime() + 24 * 3_600_000);
      for (let index = 0; index < count; index++) context.createTimer(at);
      yield* context.waitForExternalEvent("go");
      return count;
    },
  });
  registry.addOrchestration({
    name: "activities",
    *orchestrator(context, count: number) {
      episodes++;
      const calls = Array.from({ length: count }, (_, index) => context.callActivity<number>("echo", index));
      const results = yield* context.all(calls);
      return results.reduce((sum, value) => sum + value, 0);
    },
  });
  registry.addOrchestration({
    name: "neighbour",
    *orchestrator(context) {
      return yield* context.callActivity<number>("echo", 7);
    },
  });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ ...ports, backend, store, executor });
  const client = new TaskHubClient({ store, ...ports });
  const start = async (name: string, input?: number) =>
    await client.startInstance({ name, input: input === undefined ? undefined : JSON.stringify(input) });
  return { worker, client, requests, start, episodes: () => episodes };
}

it("an episode that asks for 600 timers is sent once, and its neighbours go on meanwhile", {
  timeout: 240_000,
}, async () => {
  const { worker, client, requests, start, episodes } = openEngine();
  await using _ = worker;
  await worker.start();
  await waitUntilEnded(client, await start("neighbour"));
  requests.reset();
  const wide = await start("timers", 600);
  await expect.poll(() => requests.byKind.get("queue.send") ?? 0, { interval: 20 }).toBeGreaterThan(50);
  const ended: number[] = [];
  while ((requests.byKind.get("queue.send") ?? 0) < 600) {
    expect((await waitUntilEnded(client, await start("neighbour"))).output).toBe("7");
    ended.push(requests.byKind.get("queue.send") ?? 0);
  }
  expect(ended.length).toBeGreaterThan(0);
  await client.raiseEvent(wide, "go", undefined);
  expect(await waitUntilEnded(client, wide)).toMatchObject({ runtimeStatus: "Completed", output: "600" });
  expect(episodes()).toBe(1);
  // The start and the event; a start and a request for each neighbour.
  expect(requests.byKind.get("queue.send")).toBe(600 + 2 + 2 * ended.length);
});

it("a checkpoint whose sends are refused time and again ends late and not anew", { timeout: 120_000 }, async () => {
  const attempts = new Map<string, { readonly refusals: number; count: number }>();
  /** Busy, for most messages longer than a request is repeated by itself. */
  const busy =
    (transport: StorageTransport): StorageTransport =>
    async (request, context) => {
      if (request.kind !== "queue.send" || !request.queue.endsWith("-workitems")) return transport(request, context);
      const attempt = attempts.get(request.text) ?? { refusals: attempts.size % 6, count: 0 };
      attempts.set(request.text, attempt);
      attempt.count++;
      if (attempt.count <= attempt.refusals)
        return describeForeignError({ statusCode: 503, code: "ServerBusy" }, "busy:1");
      return transport(request, context);
    };
  const { worker, client, start, episodes } = openEngine(busy, { storageTimeoutMs: 3000 });
  await using _ = worker;
  await worker.start();
  const id = await start("activities", 60);
  expect(await waitUntilEnded(client, id)).toMatchObject({ runtimeStatus: "Completed", output: "1770" });
  // Each message was sent by the same episode, however often.
  expect(attempts.size).toBe(60);
  expect(episodes()).toBe(1);
});
