import { afterEach, describe, expect, it } from "vitest";
import type { HistoryEvent } from "../core/history-event.ts";
import type { TaskMessage } from "../core/task-message.ts";
import type { Backend, TaskHubStore } from "../engine/backend.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionStarted,
  taskCompleted,
  taskScheduled,
} from "./history-builder.ts";
import {
  checkpoint,
  emptyCheckpoint,
  ended,
  fetchActivity,
  fetchOrchestration,
  fetchOrchestrationWithin,
  instanceChange,
} from "./work-items.ts";

/** A fresh, empty task hub. */
export interface BackendUnderTest {
  readonly backend: Backend;
  readonly store: TaskHubStore;
  /** Deletes the hub and closes everything that was opened. */
  close(): Promise<void>;
}

/**
 * What every backend must do, whatever it stores into. Each test gets a hub of its own.
 *
 * @example
 * describeBackend("memory", async () => openMemoryHub());
 */
export function describeBackend(name: string, open: () => Promise<BackendUnderTest>): void {
  describe(`backend: ${name}`, () => {
    let opened: BackendUnderTest | undefined;
    let ids = 0;

    async function openHub(): Promise<BackendUnderTest> {
      opened = await open();
      await opened.backend.start();
      return opened;
    }

    afterEach(async () => {
      await opened?.backend.stop();
      await opened?.close();
      opened = undefined;
    });

    function newInstance(instanceId = `instance-${++ids}`, executionId = `execution${ids}`) {
      const event = executionStarted("Test", { instanceId, executionId, input: "in" });
      const target = event.orchestrationInstance;
      return { instanceId, executionId, event, target };
    }

    it("hands a started instance out with its start message, and shows it as pending", async () => {
      const { backend, store } = await openHub();
      const { instanceId, executionId, event } = newInstance();

      await store.createInstance({ event, replaces: undefined });
      const state = await store.getInstance(instanceId);
      const workItem = await fetchOrchestration(backend);

      expect(state).toMatchObject({ instanceId, executionId, name: "Test", runtimeStatus: "Pending", input: '"in"' });
      expect(workItem.instanceId).toBe(instanceId);
      expect(workItem.messages.map(({ message }) => message.event)).toMatchObject([
        { type: "ExecutionStarted", name: "Test", input: '"in"', orchestrationInstance: { instanceId, executionId } },
      ]);
      const none = { events: [], executionId: undefined, version: undefined };
      expect(await backend.loadHistory(workItem)).toMatchObject(none);
    });

    it.each([
      ["is free", false],
      ["was that of an ended instance", true],
    ])("lets one of several creators have an id that %s, and tells the others", async (_, isTaken) => {
      const { backend, store } = await openHub();
      if (isTaken) {
        const { event } = newInstance("wanted", "earlier");
        await store.createInstance({ event, replaces: undefined });
        const workItem = await fetchOrchestration(backend);
        await backend.completeOrchestrationWorkItem(
          checkpoint(workItem, "earlier", [episodeStarted(), event, { ...ended(), result: "1" }]),
        );
      }
      const replaces = await store.getInstance("wanted");
      const events = Array.from({ length: 5 }, (_, index) => newInstance("wanted", `execution-${index}`).event);

      const results = await Promise.allSettled(events.map((event) => store.createInstance({ event, replaces })));
      const winner = events.find((_, index) => results[index]!.status === "fulfilled")!;
      const lost = results.filter((result) => result.status === "rejected");

      expect(lost.map(({ reason }) => reason.code)).toEqual(Array(4).fill("InstanceAlreadyExists"));
      expect(await store.getInstance("wanted")).toMatchObject({ ...winner.orchestrationInstance });
      const workItem = await fetchOrchestration(backend);
      expect(workItem.messages.map(({ message }) => message.event)).toMatchObject([winner]);
      // The answer to its insert may have been lost: it may ask again.
      await store.createInstance({ event: winner, replaces });
    });

    it("keeps the events of a checkpoint, in order and complete", async () => {
      const { backend, store } = await openHub();
      const { instanceId, executionId, event } = newInstance();
      await store.createInstance({ event, replaces: undefined });
      const workItem = await fetchOrchestration(backend);
      const events = [episodeStarted(), event, taskScheduled(0, "Hello"), episodeCompleted()];

      await backend.completeOrchestrationWorkItem(checkpoint(workItem, executionId, events));
      const stored = await store.getHistory(instanceId);
      const state = await store.getInstance(instanceId);

      expect(stored).toEqual(events);
      expect(state).toMatchObject({ runtimeStatus: "Running", customStatus: '"half"', lastUpdatedTime: at(1) });
    });

    it("delivers what a checkpoint sends: to an activity worker and to the instance itself", async () => {
      const { backend, store } = await openHub();
      const { instanceId, executionId, event, target } = newInstance();
      await store.createInstance({ event, replaces: undefined });
      const first = await fetchOrchestration(backend);
      const scheduled = taskScheduled(0, "Hello", ["x"]);
      const request: TaskMessage = { event: scheduled, target, orchestrationTags: undefined };

      await backend.completeOrchestrationWorkItem({
        ...checkpoint(first, executionId, [episodeStarted(), event, scheduled, episodeCompleted()]),
        outgoing: [{ message: request }],
      });
      const activity = await fetchActivity(backend);
      await backend.completeActivityWorkItem(activity, { event: taskCompleted(0, "ok"), target });
      const second = await fetchOrchestration(backend);

      expect(activity.delivered.message).toMatchObject({
        event: { name: "Hello", input: '["x"]', eventId: 0 },
        target,
      });
      expect(activity.delivered.deliveryCount).toBe(1);
      expect(second.instanceId).toBe(instanceId);
      expect(second.messages.map(({ message }) => message.event)).toMatchObject([
        { type: "TaskCompleted", taskScheduledId: 0, result: '"ok"' },
      ]);
      const history = await backend.loadHistory(second);
      expect(history.events.map(({ type }) => type)).toEqual([
        "OrchestratorStarted",
        "ExecutionStarted",
        "TaskScheduled",
        "OrchestratorCompleted",
      ]);
      expect(history.executionId).toBe(executionId);
    });

    it("refuses a checkpoint on a history that has moved on, and writes none of it", async () => {
      const { backend, store } = await openHub();
      const { instanceId, executionId, event, target } = newInstance();
      await store.createInstance({ event, replaces: undefined });
      const first = await fetchOrchestration(backend);
      const events = [episodeStarted(), event, episodeCompleted()];
      await backend.completeOrchestrationWorkItem(checkpoint(first, executionId, events));
      await store.sendMessage({ message: { event: eventRaised("go"), target } });
      const second = await fetchOrchestration(backend);

      const stale = checkpoint(second, executionId, [episodeStarted(), eventRaised("go")], { firstIndex: 3 });

      await expect(backend.completeOrchestrationWorkItem(stale)).rejects.toMatchObject({ code: "WorkItemLockLost" });
      expect(await store.getHistory(instanceId)).toEqual(events);
    });

    it("appends at the version that the last checkpoint left", async () => {
      const { backend, store } = await openHub();
      const { instanceId, executionId, event, target } = newInstance();
      await store.createInstance({ event, replaces: undefined });
      const first = await fetchOrchestration(backend);
      const { version } = await backend.completeOrchestrationWorkItem(
        checkpoint(first, executionId, [episodeStarted(), event, episodeCompleted()]),
      );
      await store.sendMessage({ message: { event: eventRaised("go", 1), target } });
      const second = await fetchOrchestration(backend);

      await backend.completeOrchestrationWorkItem(
        checkpoint(second, executionId, [episodeStarted(1), eventRaised("go", 1)], {
          firstIndex: 3,
          expectedVersion: version,
        }),
      );

      expect((await store.getHistory(instanceId))?.map(({ type }) => type)).toEqual([
        "OrchestratorStarted",
        "ExecutionStarted",
        "OrchestratorCompleted",
        "OrchestratorStarted",
        "EventRaised",
      ]);
    });

    it("replaces a history that starts over, so that nothing of the old one is read", async () => {
      const { backend, store } = await openHub();
      const { instanceId, executionId, event, target } = newInstance();
      await store.createInstance({ event, replaces: undefined });
      const first = await fetchOrchestration(backend);
      const long = [episodeStarted(), event, ...Array.from({ length: 9 }, (_, id) => taskScheduled(id, "Hello"))];
      const { version } = await backend.completeOrchestrationWorkItem(checkpoint(first, executionId, long));
      await store.sendMessage({ message: { event: eventRaised("go"), target } });
      const second = await fetchOrchestration(backend);
      const next = executionStarted("Test", { instanceId, executionId: "next" });

      await backend.completeOrchestrationWorkItem(
        checkpoint(second, "next", [episodeStarted(1), next], { expectedVersion: version }),
      );
      await store.sendMessage({
        message: { event: eventRaised("again"), target: { instanceId, executionId: "next" } },
      });
      const third = await fetchOrchestration(backend);

      expect(await backend.loadHistory(third)).toMatchObject({
        executionId: "next",
        events: [{ type: "OrchestratorStarted" }, { type: "ExecutionStarted" }],
      });
    });

    it("delivers a message not before its time", async () => {
      const { backend, store } = await openHub();
      const { target } = newInstance();
      const dueAt = new Date(Date.parse(new Date().toISOString()) + 3000);

      await store.sendMessage({ message: { event: eventRaised("later"), target }, deliverAt: dueAt });
      const early = await fetchOrchestrationWithin(backend, 300);
      await fetchOrchestration(backend);

      expect(early).toBeUndefined();
      expect(Date.parse(new Date().toISOString())).toBeGreaterThanOrEqual(dueAt.getTime());
    });

    it("delivers what was abandoned or deferred again, and counts the deliveries", async () => {
      const { backend, store } = await openHub();
      const { target } = newInstance();
      await store.sendMessage({ message: { event: eventRaised("again"), target } });
      const first = await fetchOrchestration(backend);

      await backend.abandonOrchestrationWorkItem(first);
      const second = await fetchOrchestration(backend);

      expect(first.messages.map(({ deliveryCount }) => deliveryCount)).toEqual([1]);
      expect(second.messages.map(({ deliveryCount }) => deliveryCount)).toEqual([2]);
      await backend.completeOrchestrationWorkItem({ ...emptyCheckpoint(second), settled: second.messages });
    });

    it("gives one instance to one work item at a time, and the rest of its messages after that", async () => {
      const { backend, store } = await openHub();
      const { target } = newInstance();
      await store.sendMessage({ message: { event: eventRaised("one"), target } });
      const first = await fetchOrchestration(backend);
      await store.sendMessage({ message: { event: eventRaised("two"), target } });

      const meanwhile = await fetchOrchestrationWithin(backend, 500);
      await backend.completeOrchestrationWorkItem({ ...emptyCheckpoint(first), settled: first.messages });
      const second = await fetchOrchestration(backend);

      expect(meanwhile).toBeUndefined();
      expect(second.messages.map(({ message }) => message.event)).toMatchObject([{ name: "two" }]);
    });

    it("keeps ids apart that differ only in case, and takes ids of any script", async () => {
      const { backend, store } = await openHub();
      const all = ["abc", "ABC", "naïve-ünïcode", "世界", "🌍", "it's 100% ^fine^", "a:b;c=d&e+f"];
      for (const instanceId of all) {
        await store.createInstance({ event: newInstance(instanceId).event, replaces: undefined });
      }

      const fetched: string[] = [];
      for (const _ of all) {
        const workItem = await fetchOrchestration(backend);
        const { executionId } = workItem.messages[0]!.message.target;
        const { event } = workItem.messages[0]!.message;
        await backend.completeOrchestrationWorkItem(checkpoint(workItem, executionId!, [episodeStarted(), event]));
        fetched.push(workItem.instanceId);
      }
      const states = await Promise.all(all.map((instanceId) => store.getInstance(instanceId)));

      expect(fetched.toSorted()).toEqual(all.toSorted());
      expect(states.map((state) => state?.instanceId)).toEqual(all);
    });

    it("keeps payloads of every size exactly", async () => {
      const { backend, store } = await openHub();
      for (const size of [0, 30_721, 46_081, 65_537, 1_000_000]) {
        const { instanceId, executionId } = newInstance();
        const input = JSON.stringify(`${"é".repeat(size / 2)}\uFFFE\u2028\r\n\u0001`);
        const event = { ...newInstance(instanceId, executionId).event, input };
        await store.createInstance({ event, replaces: undefined });
        const workItem = await fetchOrchestration(backend);
        const done: HistoryEvent = { ...ended(), result: input };

        expect((await store.getInstance(instanceId))?.input).toBe(input);
        await backend.completeOrchestrationWorkItem({
          ...checkpoint(workItem, executionId, [episodeStarted(), event, done]),
          instance: { ...instanceChange(executionId), runtimeStatus: "Completed", output: input },
        });

        expect(workItem.messages[0]?.message.event).toMatchObject({ input });
        expect((await store.getInstance(instanceId))?.output).toBe(input);
        expect(await store.getHistory(instanceId)).toEqual([episodeStarted(), event, done]);
      }
    });

    it("keeps a history of several hundred events that one checkpoint writes", async () => {
      const { backend, store } = await openHub();
      const { instanceId, executionId, event } = newInstance();
      await store.createInstance({ event, replaces: undefined });
      const workItem = await fetchOrchestration(backend);
      const events = [episodeStarted(), event, ...Array.from({ length: 250 }, (_, id) => taskScheduled(id, "Hello"))];

      await backend.completeOrchestrationWorkItem(checkpoint(workItem, executionId, [...events, episodeCompleted()]));

      expect(await store.getHistory(instanceId)).toEqual([...events, episodeCompleted()]);
    });

    it("finds instances by status, time and prefix, page by page", async () => {
      const { store } = await openHub();
      for (let index = 0; index < 7; index++) {
        const { event } = newInstance(`order-${index}`);
        await store.createInstance({ event: { ...event, timestamp: at(index) }, replaces: undefined });
      }
      await store.createInstance({ event: newInstance("other").event, replaces: undefined });

      const found: string[] = [];
      let continuationToken: string | undefined;
      do {
        const page = await store.queryInstances({
          instanceIdPrefix: "order-",
          createdTimeFrom: at(1),
          createdTimeTo: at(5),
          runtimeStatus: ["Pending"],
          pageSize: 2,
          continuationToken,
        });
        found.push(...page.instances.map(({ instanceId }) => instanceId));
        continuationToken = page.continuationToken;
      } while (continuationToken !== undefined);

      expect(found.toSorted()).toEqual(["order-1", "order-2", "order-3", "order-4", "order-5"]);
    });

    it("purges exactly one instance", async () => {
      const { store } = await openHub();
      const big = JSON.stringify("x".repeat(100_000));
      for (const instanceId of ["job1", "job10", "job1:2"]) {
        const event = { ...newInstance(instanceId).event, input: big };
        await store.createInstance({ event, replaces: undefined });
      }

      expect(await store.purgeInstance("job1")).toBe(true);
      expect(await store.purgeInstance("job1")).toBe(false);
      expect(await store.getInstance("job1")).toBeUndefined();
      expect((await store.getInstance("job10"))?.input).toBe(big);
      expect((await store.getInstance("job1:2"))?.input).toBe(big);
    });
  });
}
