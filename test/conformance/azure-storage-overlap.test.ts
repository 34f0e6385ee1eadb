import { expect, it } from "vitest";
import type { StorageReply, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { newHubName, openHub, until } from "./azure-storage-fixture.ts";

const registry = new Registry();
registry.addActivity({ name: "echo", activity: (text: string) => text });
registry.addOrchestration({
  name: "twice",
  *orchestrator(ctx, text: string) {
    const once: string = yield ctx.callActivity("echo", text);
    const again: string = yield ctx.callActivity("echo", once);
    return again;
  },
});
registry.addOrchestration({
  name: "told",
  *orchestrator(ctx, size: number) {
    ctx.setCustomStatus({ size });
    yield ctx.callActivity("echo", "");
    if (size < 0) throw new Error("a \ud800 lone surrogate");
    return "x".repeat(size);
  },
});

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

async function openWorker(decorateTransport: (transport: StorageTransport) => StorageTransport) {
  // Deletions come beside all else: the strict account takes a message for lost that is received meanwhile.
  const hub = openHub(newHubName(), { decorateTransport }, { plain: "requests are held up" });
  const { backend, store } = hub;
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ ...ports, backend, store, executor });
  await worker.start();
  const client = new TaskHubClient({ store, ...ports });
  return { client, store, stop: () => worker.stop() };
}

/** Holds the first update of a row, which says that an instance runs. */
function holdFirstUpdate(answer: (send: () => Promise<StorageReply>) => Promise<StorageReply>) {
  const seen: string[] = [];
  let isHeld = false;
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const decorate =
    (transport: StorageTransport): StorageTransport =>
    async (request, context) => {
      seen.push(request.kind);
      const send = () => transport(request, context);
      if (request.kind !== "table.update" || isHeld || !request.table.endsWith("Instances")) return await send();
      isHeld = true;
      await released;
      return (await answer(send)) as never;
    };
  const countOf = (kind: string) => seen.filter((one) => one === kind).length;
  return { decorate, release, countOf };
}

it("an instance goes on while its row is told that it runs, and its start stays until that is so", async () => {
  const { decorate, release, countOf } = holdFirstUpdate((send) => send());
  const { client, stop } = await openWorker(decorate);
  const id = await client.startInstance({ name: "twice", input: '"a"' });
  // The second episode is written, and has asked for the second activity.
  await until(() => countOf("table.batch") === 2);

  expect(countOf("queue.deleteMessage")).toBe(0);
  expect(await client.getInstance(id)).toMatchObject({ runtimeStatus: "Pending" });

  release();
  const ended = await client.waitForInstance(id, "ended");
  expect(ended).toMatchObject({ runtimeStatus: "Completed", output: '"a"' });
  await until(() => countOf("queue.deleteMessage") === 3);
  await stop();
});

it("a row that could not be told is brought right, and the start is not lost", async () => {
  const failure = {
    httpStatus: 403,
    errorCode: "AuthorizationPermissionMismatch",
    message: "planted",
    host: "h:1",
    transient: false,
    answerLost: false,
    retryAfterMs: undefined,
    cause: undefined,
  };
  const { decorate, release } = holdFirstUpdate(async () => ({ outcome: "failed", failure }));
  const { client, stop } = await openWorker(decorate);
  const id = await client.startInstance({ name: "twice", input: '"a"' });
  release();

  expect(await client.waitForInstance(id, "ended")).toMatchObject({ runtimeStatus: "Completed", output: '"a"' });

  await stop();
});

it.each([
  ["of an end", { name: "told", input: "3" }],
  ["of a failure", { name: "told", input: "-1" }],
  ["of a large output", { name: "told", input: "100000" }],
  ["of an instance with all a start may have", { name: "told", version: "1.0", input: "5", tags: { a: "b\u00e9" } }],
  ["of an unknown name", { name: "unknown" }],
])("what a wait is told %s is what a look brings", async (_, start) => {
  const { client, stop } = await openWorker((transport) => transport);
  const id = await client.startInstance(start);
  for (const fetch of [{}, { fetchInput: false, fetchOutput: false, fetchFailure: true }]) {
    const told = await client.waitForInstance(id, "ended", fetch);
    expect(told).toEqual(await client.getInstance(id, fetch));
  }
  await stop();
});
