import { expect, it } from "vitest";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import { readString } from "../../src/backends/azure-storage/storage/table-row.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { withFaults } from "../../src/testing/azure-storage-faults.ts";
import {
  commit,
  fetchWork,
  header,
  newHubName,
  openHub,
  raise,
  rawRows,
  scheduled,
  started,
} from "./azure-storage-fixture.ts";

/**
 * A worker dies between two batches of a checkpoint, or with the answer of one: readers see what was complete before, and
 * the next worker writes the whole of it.
 */

const instanceId = "batches";
const many: HistoryEvent[] = Array.from({ length: 250 }, (_, index) => scheduled(index, 1));
/** Few rows, but more than one request takes: each is below the limit from which a text moves to a blob. */
const wide: HistoryEvent[] = Array.from({ length: 90 }, (_, index) => {
  return { type: "TaskCompleted", ...header(1), taskScheduledId: index, result: `"${"ü".repeat(30_000)}${index}"` };
});

/** Batches of a checkpoint with these events and three more. */
const cases = [
  { name: "more than 99 rows", events: many, batches: 3 },
  { name: "more than 3 MB", events: wide, batches: 3 },
].flatMap(({ name, events, batches }) => {
  return Array.from({ length: batches }, (_, index) => index + 1).flatMap((nth) => {
    return (["before", "after"] as const).map((when) => ({ name, events, batches, nth, when }));
  });
});

it.each(cases)("$name: a death $when batch $nth of $batches shows nothing and loses nothing", async (death) => {
  const taskHub = newHubName();
  let isArmed = false;
  let seen = 0;
  let isDead = false;
  const isHistoryBatch = (request: StorageRequest) => {
    return request.kind === "table.batch" && request.table === `${taskHub}History`;
  };
  /** From its death on nothing that the worker asks for reaches the storage. */
  const mortal = (transport: StorageTransport): StorageTransport => {
    const dead = withFaults(transport, [{ matches: () => true, nth: 1, times: 1e9, when: "before", transient: false }]);
    return async (request, context) => {
      if (isDead) return await dead(request, context);
      if (!isArmed || !isHistoryBatch(request)) return await transport(request, context);
      isDead = ++seen === death.nth;
      if (!isDead) return await transport(request, context);
      if (death.when === "after") await transport(request, context);
      return await dead(request, context);
    };
  };
  const plain = { plain: "the nth request is meant" };
  const timing = {
    visibilityTimeoutMs: 2000,
    leaseIntervalMs: 1500,
    storageTimeoutMs: 0,
    storeInputsInOrchestrationHistory: true,
  };
  const first = openHub(taskHub, { ...timing, decorateTransport: mortal }, plain);
  await first.backend.start();
  await first.store.createInstance({ event: started(instanceId), replaces: undefined });
  await commit(first, (await fetchWork(first))!, [scheduled(1000, 1)]);
  const before = await first.store.getHistory(instanceId);
  expect(before).toHaveLength(4);

  await raise(first, instanceId, "Go");
  const workItem = (await fetchWork(first))!;
  isArmed = true;
  await expect(commit(first, workItem, death.events)).rejects.toMatchObject({
    code: expect.stringMatching(/^Storage/),
  });
  expect(seen).toBe(death.nth);

  const second = openHub(taskHub, timing, plain);
  const isWritten = death.when === "after" && death.nth === death.batches;
  const after = await second.store.getHistory(instanceId);
  expect(after).toHaveLength(isWritten ? 4 + death.events.length + 3 : 4);
  if (isWritten) return;
  expect(after).toEqual(before);

  // The next worker decides more than the dead one had, so that leftovers would show at the end too.
  await second.backend.start();
  const again = (await fetchWork(second, 40_000))!;
  expect((await second.backend.loadHistory(again)).events).toEqual(before);
  await commit(second, again, death.events.slice(0, 120));
  const whole = await second.store.getHistory(instanceId);
  expect(whole).toHaveLength(4 + Math.min(120, death.events.length) + 3);
  expect(whole!.slice(6, -1)).toEqual(death.events.slice(0, 120));
  const keys = (await rawRows(`${taskHub}History`)).map((row) => String(row["rowKey"]));
  expect(keys.slice(0, whole!.length)).toEqual(
    whole!.map((_, index) => index.toString(16).toUpperCase().padStart(16, "0")),
  );
});

it("the rows of a checkpoint are in requests that the service takes, whatever they hold", async () => {
  const taskHub = newHubName();
  const sizes: number[] = [];
  const meter =
    (transport: StorageTransport): StorageTransport =>
    (request, context) => {
      if (request.kind === "table.batch" && request.table === `${taskHub}History`) {
        const texts = request.writes.map(({ row }) => readString(row, "Result")?.length ?? 0);
        sizes.push(texts.reduce((sum, size) => sum + 3 * size, 0));
      }
      return transport(request, context);
    };
  const hub = openHub(taskHub, { decorateTransport: meter });
  await hub.backend.start();
  await hub.store.createInstance({ event: started(instanceId), replaces: undefined });
  await commit(hub, (await fetchWork(hub))!, wide);
  expect(await hub.store.getHistory(instanceId)).toHaveLength(93);
  expect(Math.max(...sizes)).toBeLessThan(4 * 1024 * 1024);
});
