// A stranger's program on the published kit, with nothing installed but the package and its dependencies: runs an
// orchestration on a hub in memory, on a clock that is moved by hand, and on one that moves by itself.
import assert from "node:assert/strict";
import {
  createTestHub,
  InProcessExecutor,
  MemoryTaskHub,
  Registry,
  SteppedClock,
  silentLog,
  systemRandom,
  TaskHubClient,
  TaskHubWorker,
  VirtualHub,
  withBackendFaults,
} from "durable-functions-ts/testing";

await assert.rejects(import("vitest"), { code: "ERR_MODULE_NOT_FOUND" });

const clock = new SteppedClock();
const hub = new MemoryTaskHub({ clock });
const registry = new Registry();
registry.addActivity({ name: "greet", activity: (name) => `Hello, ${name}!` });
registry.addOrchestration({
  name: "hello",
  *orchestrator(context) {
    yield context.createTimer({ days: 1 });
    return yield* context.callActivity("greet", "Ann");
  },
});
const executor = new InProcessExecutor({ registries: [registry], clock });
const backend = withBackendFaults(hub, [
  { operation: "completeActivityWorkItem", call: 1, when: "before", error: new Error("connection reset") },
]);
const worker = new TaskHubWorker({ backend, store: hub, executor, clock, log: silentLog });
const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
await worker.start();
const instanceId = await client.startInstance({ name: "hello" });

let state;
for (let hour = 0; hour < 48 && state?.runtimeStatus !== "Completed"; hour++) {
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(3_600_000);
  await new Promise((resolve) => setImmediate(resolve));
  state = await client.getInstance(instanceId);
}
await worker.stop();

assert.equal(state?.runtimeStatus, "Completed");
assert.equal(state.output, '"Hello, Ann!"');

const virtual = new VirtualHub();
await virtual.startWorker({ registries: [registry] });
const ended = await virtual.runUntilEnded(await virtual.client.startInstance({ name: "hello" }));
await virtual[Symbol.asyncDispose]();

assert.equal(ended.output, '"Hello, Ann!"');
assert.equal(ended.completedTime.getTime() - ended.createdTime.getTime(), 86_400_000);

// An app in memory.
const begun = performance.now();
const tested = createTestHub(registry);
tested.inject.failActivity("greet", { times: 1, error: "nobody is at home" });
await assert.rejects((await tested.start("hello")).result(), /nobody is at home/);
assert.equal(await (await tested.start("hello")).result(), "Hello, Ann!");
assert.equal(tested.now.getTime(), Date.UTC(2026, 0, 3));
// Two waits of a day. A busy machine is slow, not wrong.
assert(performance.now() - begun < 5_000);
