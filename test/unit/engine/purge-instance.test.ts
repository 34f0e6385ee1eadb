import { expect, it } from "vitest";
import { MemoryTaskHub } from "../../../src/backends/memory/memory-task-hub.ts";
import { DurableError, type DurableErrorCode } from "../../../src/core/errors.ts";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { createRequest, formatRelease, formatRequest } from "../../../src/entities/entity-message.ts";
import { at, episodeStarted, executionStarted } from "../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../src/testing/stepped-clock.ts";

const lockSet = [
  { name: "account", key: "a" },
  { name: "account", key: "b" },
];

function sent(eventId: number, instanceId: string, name: string, input: string): HistoryEvent {
  return { type: "EventSent", eventId, timestamp: at(1), instanceId, name, input } as HistoryEvent;
}

/** A hub with an instance that has asked for a lock on two accounts. */
async function withLocks(history: readonly HistoryEvent[]) {
  const clock = new SteppedClock();
  const hub = new MemoryTaskHub({ clock });
  const client = new TaskHubClient({ store: hub, clock, random: systemRandom });
  await client.startInstance({ name: "transfer", instanceId: "t" });
  const workItem = (await hub.fetchOrchestrationWorkItem(new AbortController().signal))!;
  await hub.completeOrchestrationWorkItem({
    workItem,
    history: {
      executionId: "execution",
      expectedHistoryVersion: undefined,
      firstIndex: 0,
      events: [episodeStarted(), executionStarted("transfer", { instanceId: "t" }), ...history],
      episode: 1,
    },
    outgoing: [],
    instance: undefined,
    settled: workItem.messages,
    deferred: [],
  });
  return { hub, client };
}

const ask = sent(0, "@account@a", "op", formatRequest(createRequest({ id: "lock-1", lockSet })));

async function targetsOf(hub: MemoryTaskHub, count: number) {
  const found: unknown[] = [];
  for (let index = 0; index < count; index++) {
    const workItem = (await hub.fetchEntityWorkItem(new AbortController().signal))!;
    for (const { message } of workItem.messages) {
      const { name, input } = message.event as { name: string; input: string };
      found.push([message.target.instanceId, name, input]);
    }
  }
  return found.sort();
}

it("leaves alone what has not ended, unless it is forced", async () => {
  const { client } = await withLocks([]);

  for (const recursive of [false, true]) {
    const refused = client.purge("t", { recursive });
    await expect(refused).rejects.toMatchObject({
      code: "InstanceNotActive",
      message: "the instance 't' is Pending; terminate it before it is purged, or force the purge",
    });
  }
  expect(await client.purgeBy({})).toBe(0);
  expect(await client.getInstance("t")).toBeDefined();
  expect(await client.purge("t", { force: true, recursive: true })).toBe(1);
});

it("gives back the locks of an instance that is purged while it runs", async () => {
  const { hub, client } = await withLocks([ask]);

  expect(await client.purge("t", { force: true })).toBe(1);

  const input = formatRelease({ parentInstanceId: "t", id: "lock-1" });
  expect(await targetsOf(hub, 2)).toEqual([
    ["@account@a", "release", input],
    ["@account@b", "release", input],
  ]);
});

it("does not give back what was given back, nor for an instance that has ended", async () => {
  const release = (target: string, eventId: number) =>
    sent(eventId, target, "release", formatRelease({ parentInstanceId: "t", id: "lock-1" }));
  const given = await withLocks([ask, release("@account@a", 1), release("@account@b", 2)]);
  const ended = await withLocks([ask]);
  const { executionId } = (await ended.client.getInstance("t"))!;
  await ended.hub.terminatePending("t", executionId!, undefined, at(9));

  for (const { hub, client } of [given, ended]) {
    expect(await client.purge("t", { force: true })).toBe(1);
    await client.entities.signal("@probe@", {});
    expect((await targetsOf(hub, 1)).map((found) => (found as string[])[0])).toEqual(["@probe@"]);
  }
});

it("purges an instance whose history cannot be read, and none while storage is away", async () => {
  const { hub, client } = await withLocks([ask]);
  const failWith = (code: DurableErrorCode) => {
    hub.getHistory = async () => {
      throw new DurableError(code, "no");
    };
  };

  failWith("StorageUnavailable");
  await expect(client.purge("t", { force: true })).rejects.toMatchObject({ code: "StorageUnavailable" });
  failWith("CorruptData");
  expect(await client.purge("t", { force: true })).toBe(1);
});

it("purges nothing of an unknown instance", async () => {
  const { client } = await withLocks([]);

  expect(await client.purge("nobody")).toBe(0);
});
