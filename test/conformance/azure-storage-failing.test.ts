import { expect, it } from "vitest";
import type { AzureStorageOptions } from "../../src/backends/azure-storage/azure-storage-options.ts";
import type { StorageRequest, StorageTransport } from "../../src/backends/azure-storage/storage/storage-request.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import {
  commit,
  fetchWork,
  newHubName,
  openHub,
  raise,
  raised,
  scheduled,
  started,
  until,
  x,
} from "./azure-storage-fixture.ts";

/** What the port promises when storage fails, which a backend shows to nobody but its storage. */
async function openFailing(options: Partial<AzureStorageOptions> = {}) {
  const taskHub = newHubName();
  const storage = { fails: (_request: StorageRequest): boolean => false, seen: [] as StorageRequest[] };
  const decorateTransport = (transport: StorageTransport): StorageTransport => {
    return async (request, context) => {
      storage.seen.push(request);
      if (!storage.fails(request)) {
        return await transport(request, context);
      }
      const failure = {
        httpStatus: 403,
        errorCode: "AuthorizationFailure",
        message: "not allowed",
        host: "test:0",
        transient: false,
        answerLost: false,
        retryAfterMs: undefined,
        cause: undefined,
      };
      return { outcome: "failed", failure };
    };
  };
  const hub = openHub(taskHub, { decorateTransport, ...options });
  await hub.backend.start();
  const fail = (...kinds: StorageRequest["kind"][]) => {
    storage.fails = ({ kind }) => kinds.includes(kind);
  };
  return { hub, taskHub, storage, fail };
}

const target = { instanceId: "i", executionId: x };
const answer: HistoryEvent = { ...raised("answer"), eventId: -1 };

it("sends, writes history, writes the row and deletes, in this order", async () => {
  const { hub, taskHub, storage } = await openFailing();
  await hub.store.createInstance({ event: started("i"), replaces: undefined });
  const workItem = (await fetchWork(hub))!;

  storage.seen = [];
  await commit(hub, workItem, [], { outgoing: [{ message: { event: scheduled(0, 1), target } }] });
  // Of the first checkpoint of an instance the rest goes on beside the next one.
  await until(() => storage.seen.some(({ kind }) => kind === "queue.deleteMessage"));

  const steps = storage.seen.flatMap((request) => {
    if (request.kind === "queue.send" || request.kind === "queue.deleteMessage") return request.kind;
    const table = "table" in request ? request.table.slice(taskHub.length) : undefined;
    return request.kind !== "table.query" && (table === "History" || table === "Instances") ? table : [];
  });
  expect([...new Set(steps)]).toEqual(["queue.send", "History", "Instances", "queue.deleteMessage"]);
});

it("writes no history of a checkpoint whose messages could not be sent, and holds the work item on", async () => {
  const { hub, fail } = await openFailing();
  await hub.store.createInstance({ event: started("i"), replaces: undefined });
  const workItem = (await fetchWork(hub))!;
  const outgoing = [{ message: { event: scheduled(0, 1), target } }];

  fail("queue.send");
  await expect(commit(hub, workItem, [], { outgoing })).rejects.toMatchObject({ code: "StorageRejected" });
  fail();

  expect(await hub.store.getHistory("i")).toBeUndefined();
  await hub.backend.renewOrchestrationWorkItem(workItem);
  await commit(hub, workItem, [], { outgoing });
  expect(await hub.store.getHistory("i")).toHaveLength(3);
});

it("resolves once the history is written, and tells which messages are not deleted", async () => {
  const { hub, fail } = await openFailing();
  await hub.store.createInstance({ event: started("i"), replaces: undefined });
  const workItem = (await fetchWork(hub))!;

  fail("queue.deleteMessage", "queue.update");
  const loaded = await hub.backend.loadHistory(workItem);
  const { undeleted } = await hub.backend.completeOrchestrationWorkItem({
    workItem,
    history: {
      executionId: x,
      expectedHistoryVersion: loaded.historyVersion,
      firstIndex: 0,
      events: [started("i")],
      episode: 1,
    },
    outgoing: [],
    instance: undefined,
    settled: workItem.messages,
    deferred: [],
  });
  fail();

  expect(undeleted).toEqual(workItem.messages.map(({ id }) => id));
  expect(await hub.store.getHistory("i")).toHaveLength(1);
  await expect(hub.backend.renewOrchestrationWorkItem(workItem)).rejects.toMatchObject({ code: "WorkItemLockLost" });
});

it("keeps the messages of a checkpoint whose row could not be written, and has them back within seconds", async () => {
  const { hub, storage, taskHub, fail } = await openFailing();
  await hub.store.createInstance({ event: started("i"), replaces: undefined });
  const first = (await fetchWork(hub))!;
  const [message] = first.messages;

  storage.fails = (request) => request.kind === "table.update" && request.table === `${taskHub}Instances`;
  await commit(hub, first);
  await until(() => storage.seen.some((request) => storage.fails(request)));
  fail();
  const second = (await fetchWork(hub, 15_000))!;

  expect(second.messages.map(({ id }) => id)).toEqual([message!.id]);
  expect((await hub.backend.loadHistory(second)).events).toHaveLength(3);
});

it("gives work items back without rejecting when storage does not take them, and they are settled then", async () => {
  const { hub, fail } = await openFailing();
  await raise(hub, "i", "go");
  await hub.store.sendMessage({ message: { event: scheduled(0, 1), target } });
  const orchestration = (await fetchWork(hub))!;
  const activity = (await hub.backend.fetchActivityWorkItem(AbortSignal.timeout(20_000)))!;
  const lost = { code: "WorkItemLockLost" };

  fail("queue.update");
  await hub.backend.abandonOrchestrationWorkItem(orchestration);
  await hub.backend.abandonActivityWorkItem(activity);
  fail();

  await expect(hub.backend.renewOrchestrationWorkItem(orchestration)).rejects.toMatchObject(lost);
  await expect(hub.backend.renewActivityWorkItem(activity)).rejects.toMatchObject(lost);
  const answered = hub.backend.completeActivityWorkItem(activity, { event: answer, target });
  await expect(answered).rejects.toMatchObject(lost);
});

it("keeps the request of an activity whose answer could not be sent", async () => {
  // Once this process has the partition of the instance, answers would be handed over in memory.
  const { hub, fail } = await openFailing({ localDispatch: false });
  await hub.store.sendMessage({ message: { event: scheduled(0, 1), target } });
  const activity = (await hub.backend.fetchActivityWorkItem(AbortSignal.timeout(20_000)))!;

  fail("queue.send");
  const refused = hub.backend.completeActivityWorkItem(activity, { event: answer, target });
  await expect(refused).rejects.toMatchObject({ code: "StorageRejected" });
  fail();

  await hub.backend.renewActivityWorkItem(activity);
  await hub.backend.completeActivityWorkItem(activity, { event: answer, target });
  expect((await fetchWork(hub))?.messages.map(({ message }) => message.event)).toMatchObject([{ name: "answer" }]);
});

it("a renewal that storage does not take is no lost lock", async () => {
  const { hub, fail } = await openFailing();
  await raise(hub, "i", "go");
  await hub.store.sendMessage({ message: { event: scheduled(0, 1), target } });
  const orchestration = (await fetchWork(hub))!;
  const activity = (await hub.backend.fetchActivityWorkItem(AbortSignal.timeout(20_000)))!;

  fail("queue.update");
  const refused = { code: "StorageRejected" };
  await expect(hub.backend.renewOrchestrationWorkItem(orchestration)).rejects.toMatchObject(refused);
  await expect(hub.backend.renewActivityWorkItem(activity)).rejects.toMatchObject(refused);
  fail();

  await hub.backend.renewOrchestrationWorkItem(orchestration);
  await hub.backend.renewActivityWorkItem(activity);
});

it("stops without rejecting when storage takes nothing back", async () => {
  const { hub, storage } = await openFailing();
  await raise(hub, "i", "go");
  await fetchWork(hub);

  storage.fails = () => true;

  await expect(hub.backend.stop()).resolves.toBeUndefined();
});
