import { describe, expect, it } from "vitest";
import { MemoryTaskHub } from "../../src/backends/memory/memory-task-hub.ts";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import type { Backend, TaskHubStore } from "../../src/engine/backend.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { executionStarted } from "../../src/testing/history-builder.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";
import { newHubName, openHub } from "./azure-storage-fixture.ts";

/**
 * Ids of which each is in some way another one: its beginning, its escaped form, its other case or spelling, its meaning
 * in a URL, a filter, a path or an object. What is done to one must be seen at no other.
 */
const families: readonly (readonly string[])[] = [
  ["a", "a/b", "a^0b", "a^^0b", "a%2Fb", "a%2fb", "a%252Fb", "a//b", "a/"],
  ["a\\b", "a^1b", "a#b", "a^2b", "a?b", "a^3b", "a^", "a^^", "^a"],
  ["a\u0001b", "a^\u00c1b", "\u0085", "^\u0145"],
  ["ab", "abc", "A", "AB", "a'b", "a''b", "'", "a or true", "a' or PartitionKey ne '"],
  [".", "..", "...", "a.", "a..", ".a"],
  ["a ", " a", "a b", "a+b", "a&b=c", "a$b", "-a", "a%b", "%"],
  ["caf\u00e9", "cafe\u0301", "CAF\u00c9", "\u00df", "ss", "\u0131", "i", "I", "\u0130"],
  ["🌍", "🌍🌍", "a\u200b", "__proto__", "constructor"],
];
const ids = families.flat();
/** Some of each family: for every run. All of them: `ISOLATION=all`. */
const someIds = process.env["ISOLATION"] === "all" ? ids : families.flatMap((family) => family.slice(0, 3));

interface Opened {
  readonly backend: Backend;
  readonly store: TaskHubStore;
}

/** Each third has payloads in blobs, where an id may be the name of one. */
function inputOf(instanceId: string): string {
  const isLarge = ids.indexOf(instanceId) % 3 === 0 && !/^\.+$|\.$|\p{Cc}/u.test(instanceId);
  return JSON.stringify(`${instanceId}${isLarge ? "x".repeat(70_000) : ""}`);
}

async function startAll({ backend, store }: Opened, corpus: readonly string[]): Promise<TaskHubWorker> {
  const registry = new Registry();
  registry.addOrchestration({
    name: "collects",
    orchestrator: function* (context) {
      const seen: unknown[] = [];
      for (;;) {
        seen.push(yield context.waitForExternalEvent("go"));
        context.setCustomStatus(seen);
      }
    },
  });
  const executor = new InProcessExecutor({ registries: [registry], clock: systemClock });
  const worker = new TaskHubWorker({ backend, store, executor, clock: systemClock, log: { log() {} } });
  await worker.start();
  // Past the checks of clients: other programs give such ids.
  for (const instanceId of corpus) {
    const executionId = systemRandom.guid().replaceAll("-", "");
    const started = executionStarted("collects", { instanceId, executionId });
    await store.createInstance({
      event: { ...started, timestamp: new Date(), input: inputOf(instanceId) },
      replaces: undefined,
    });
  }
  return worker;
}

async function shownOf(client: TaskHubClient) {
  const shown = new Map<string, unknown>();
  let continuationToken: string | undefined;
  do {
    const page = await client.queryInstances({ pageSize: 1000, continuationToken });
    for (const { instanceId, runtimeStatus, input, output, customStatus } of page.instances) {
      shown.set(instanceId, [runtimeStatus, input, output, customStatus]);
    }
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return shown;
}

async function isolate(opened: Opened, corpus: readonly string[]): Promise<void> {
  const { store } = opened;
  const client = new TaskHubClient({ store, clock: systemClock, random: systemRandom });
  const worker = await startAll(opened, corpus);
  const expected = (status: string, output: (id: string) => string | undefined) =>
    new Map(corpus.map((id) => [id, [status, inputOf(id), output(id), JSON.stringify([id])]]));

  for (const id of corpus) await client.raiseEvent(id, "go", JSON.stringify(id));
  await expect.poll(() => shownOf(client)).toEqual(expected("Running", () => undefined));

  // A termination that met another one as well would have come before that one's own.
  for (const id of corpus) await client.terminate(id, `end of ${id}`);
  await expect.poll(() => shownOf(client)).toEqual(expected("Terminated", (id) => `end of ${id}`));
  await worker.stop();

  for (const id of corpus) {
    expect(await client.getInstance(id)).toMatchObject({ instanceId: id, input: inputOf(id), output: `end of ${id}` });
    const begun = (await client.getHistory(id))?.find(({ type }) => type === "ExecutionStarted");
    expect(begun).toMatchObject({ orchestrationInstance: { instanceId: id }, input: inputOf(id) });
  }
  const left = expected("Terminated", (id) => `end of ${id}`);
  for (const id of corpus) {
    expect(await client.purge(id)).toBe(1);
    left.delete(id);
    expect(await shownOf(client)).toEqual(left);
    expect(await client.getInstance(id)).toBeUndefined();
    expect(await client.getHistory(id)).toBeUndefined();
    for (const other of left.keys()) {
      const begun = (await client.getHistory(other))?.find(({ type }) => type === "ExecutionStarted");
      expect(begun).toMatchObject({ input: inputOf(other) });
    }
  }
}

describe("instances", () => {
  it("has ids that all differ", () => {
    expect(new Set(ids).size).toBe(60);
    expect(ids).toHaveLength(60);
  });

  it("are alone under any id in memory: events, terminations, looks and purges meet one of 60", async () => {
    const hub = new MemoryTaskHub({ clock: systemClock });
    await isolate({ backend: hub, store: hub }, ids);
  });

  it(`are alone under any id in storage: one of ${someIds.length}`, async () => {
    await isolate(openHub(newHubName()), someIds);
  }, 600_000);
});
