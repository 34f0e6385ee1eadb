import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { describeOversize } from "../../../src/core/payloads/payload-limit.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import type { TaskExecutor } from "../../../src/core/task-executor.ts";
import { LimitedExecutor } from "../../../src/engine/limited-executor.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";
import type { EntityContext } from "../../../src/worker/entities/entity-context.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../src/worker/registry.ts";

const maxPayloadBytes = 1000;
const large = "x".repeat(1000);
const small = "x".repeat(900);

it.each([
  ["a", 1, undefined],
  ["aa", 1, /^it has at least 2 bytes as JSON; at most 1 are allowed/],
  ["ü".repeat(500), 1000, undefined],
  ["ü".repeat(501), 1000, /^it has 1002 bytes as JSON; at most 1000 are allowed/],
  ["世".repeat(333), 1000, undefined],
  ["世".repeat(334), 1000, /^it has 1002 bytes/],
  [undefined, 0, undefined],
])("a payload is measured in UTF-8", (text, maxBytes, reason) => {
  const found = describeOversize(text, "it", maxBytes);
  if (reason === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(reason);
});

function createRegistry(): Registry {
  const registry = new Registry();
  registry.addActivity({ name: "grow", activity: (text: string) => text.repeat(100) });
  registry.addActivity({ name: "echo", activity: (text: string) => text });
  registry.addOrchestration({
    name: "echo",
    *orchestrator(_context, text: string) {
      return text;
    },
  });
  const asks: Record<string, (context: never) => Generator<unknown, unknown, never>> = {
    *output() {
      return large;
    },
    *"continue-as-new"(context: { continueAsNew(input: unknown): void }) {
      context.continueAsNew(large);
    },
    *"input of an activity"(context: { callActivity(name: string, input: unknown): unknown }) {
      yield context.callActivity("echo", large);
    },
    *"input of a child"(context: { callSubOrchestrator(name: string, input: unknown): unknown }) {
      yield context.callSubOrchestrator("echo", large);
    },
    *"tags of a child"(context: { callSubOrchestrator(name: string, input: unknown, options: object): unknown }) {
      yield context.callSubOrchestrator("echo", 1, { tags: { a: "x".repeat(40_000) } });
    },
    *"event to another"(context: { sendEvent(id: string, name: string, data: unknown): void }) {
      context.sendEvent("other", "go", large);
    },
    *"result of an activity"(context: { callActivity(name: string, input: unknown): unknown }) {
      yield context.callActivity("grow", "x".repeat(20));
    },
  } as never;
  for (const [name, orchestrator] of Object.entries(asks)) registry.addOrchestration({ name, orchestrator } as never);
  registry.addEntity({
    name: "keeper",
    entity(context: EntityContext<string>) {
      if (context.operationName === "grow") context.setState(large);
      else context.setState(context.operationName);
    },
  });
  return registry;
}

function openHub() {
  const clock = new SteppedClock();
  const ports = { clock, random: systemRandom, log: silentLog, maxPayloadBytes };
  const hub = new MemoryTaskHub({ clock });
  const executor = new InProcessExecutor({ registries: [createRegistry()], clock });
  const worker = new TaskHubWorker({ ...ports, backend: hub, store: hub, executor });
  const client = new TaskHubClient({ ...ports, store: hub });
  const ended = async (instanceId: string) => {
    for (let turns = 0; turns < 1000; turns++) {
      const state = await client.getInstance(instanceId, { fetchFailure: true });
      if (state?.completedTime !== undefined) return state;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`${instanceId} does not end`);
  };
  return { worker, client, ended };
}

const wanting = [
  "output",
  "continue-as-new",
  "input of an activity",
  "input of a child",
  "tags of a child",
  "event to another",
  "result of an activity",
];

it.each(wanting)("what is too large fails the one that hands it over: %s", async (name) => {
  const { worker, client, ended } = openHub();
  await worker.start();
  const id = await client.startInstance({ name });
  const neighbour = await client.startInstance({ name: "echo", input: JSON.stringify(small) });
  const { runtimeStatus, failureDetails } = await ended(id);
  expect(runtimeStatus).toBe("Failed");
  const text = JSON.stringify(failureDetails);
  expect(text).toContain("InvalidPayload");
  expect(text).toMatch(/at most (?:1000|32768) are allowed/);
  expect((await ended(neighbour)).output).toBe(JSON.stringify(small));
  await worker.stop();
});

it("an entity keeps the state that it had", async () => {
  const { worker, client } = openHub();
  await worker.start();
  await client.entities.signal("@keeper@a", { operation: "first" });
  const look = async (state: string) => {
    for (let turns = 0; turns < 1000; turns++) {
      const found = await client.entities.get("@keeper@a");
      if (found?.state === JSON.stringify(state)) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`the state is not ${state}`);
  };
  await look("first");
  await client.entities.signal("@keeper@a", { operation: "grow" });
  await client.entities.signal("@keeper@b", { operation: "first" });
  await look("first");
  await client.entities.signal("@keeper@a", { operation: "third" });
  await look("third");
  await worker.stop();
});

it("a client refuses what is too large before anything is sent", async () => {
  const { worker, client, ended } = openHub();
  await worker.start();
  const input = JSON.stringify(large);
  const refused = { code: "InvalidPayload", message: expect.stringMatching(/at most \d+ are allowed/) };
  await expect(client.startInstance({ name: "echo", input })).rejects.toMatchObject(refused);
  for (const text of ["x".repeat(32_768), "\u2028".repeat(5461)]) {
    const tags = { a: text };
    await expect(client.startInstance({ name: "echo", tags })).rejects.toMatchObject(refused);
  }
  const id = await client.startInstance({ name: "echo", input: '"x"' });
  await expect(client.raiseEvent(id, "go", input)).rejects.toMatchObject(refused);
  await expect(client.terminate(id, `${large}x`)).rejects.toMatchObject(refused);
  await expect(client.suspend(id, `${large}x`)).rejects.toMatchObject(refused);
  await expect(client.entities.signal("@keeper@a", { operation: "o", input })).rejects.toMatchObject(refused);
  await expect(client.entities.call("@keeper@a", { operation: "o", input })).rejects.toMatchObject(refused);
  await ended(id);
  await worker.stop();
});

it("a custom status that no row can hold fails the execution, from wherever it comes", async () => {
  const header = { eventId: -1, timestamp: new Date(0) };
  const closed: string[] = [];
  const inner: TaskExecutor = {
    openSession: () => ({
      execute: async () => ({ actions: [], customStatus: `"${"x".repeat(40_000)}"` }),
      close: () => closed.push("session"),
    }),
    executeActivity: async () => ({ kind: "completed", result: "1" }),
    executeEntityBatch: async ({ state }) => ({ outcomes: [], state }),
  };
  const session = new LimitedExecutor(inner, 1000).openSession({ instanceId: "i", executionId: "e" });
  expect(session.waitsForTimer).toBeUndefined();
  const timer: HistoryEvent = { type: "TimerCreated", eventId: 7, timestamp: new Date(0), fireAt: new Date(0) };
  const result = await session.execute({
    pastEvents: [timer],
    newEvents: [{ type: "OrchestratorStarted", ...header }],
  });
  session.close();
  expect(result).toMatchObject({ keepsCustomStatus: true, customStatus: undefined });
  expect(result.actions).toMatchObject([{ kind: "CompleteOrchestration", id: 8, status: "Failed" }]);
  expect(closed).toEqual(["session"]);
});
