import { describe, expect } from "vitest";
import type { HistoryEvent } from "../../core/history-event.ts";
import type { OutgoingMessage } from "../../core/task-message.ts";
import { episodeCompleted, episodeStarted, eventRaised, taskCompleted, taskScheduled } from "../history-builder.ts";
import { checkpoint, emptyCheckpoint } from "../work-items.ts";
import { type BackendTest, eventsOf, namesOf, quietMs } from "./hub-under-test.ts";

export function describeMessages(it: BackendTest): void {
  describe("messages", () => {
    it("hands a started instance out with its start message, and shows it as pending", async ({ hub }) => {
      const { backend, store } = hub;
      const { instanceId, executionId, event } = hub.invent();

      await store.createInstance({ event, replaces: undefined });
      const state = await store.getInstance(instanceId);
      const workItem = await hub.orchestration();

      expect(state).toMatchObject({ instanceId, executionId, name: "Test", runtimeStatus: "Pending", input: '"in"' });
      expect(workItem.instanceId).toBe(instanceId);
      expect(workItem.messages[0]).toMatchObject({
        deliveryCount: 1,
        message: { target: { instanceId, executionId } },
      });
      expect(eventsOf(workItem)).toMatchObject([
        { type: "ExecutionStarted", name: "Test", input: '"in"', orchestrationInstance: { instanceId, executionId } },
      ]);
      const none = { events: [], executionId: undefined, historyVersion: undefined };
      expect(await backend.loadHistory(workItem)).toMatchObject(none);
    });

    it("delivers what a checkpoint sends: to an activity worker, to the instance and to others", async ({ hub }) => {
      const { workItem, event, executionId, target } = await hub.created();
      const request = taskScheduled(0, "Hello", ["x"]);
      const sent = (name: string) => ({ ...eventRaised(name, name), timestamp: event.timestamp });
      const other = hub.invent().target;

      await hub.complete({
        ...checkpoint(workItem, executionId, [episodeStarted(), event, request, episodeCompleted()]),
        outgoing: [
          { message: { event: request, target } },
          { message: { event: sent("to itself"), target } },
          { message: { event: sent("to another"), target: { ...other, executionId: undefined } } },
        ],
      });
      const activity = await hub.activity();
      const orchestrations = [await hub.orchestration(), await hub.orchestration()];

      expect(activity.delivered.message).toMatchObject({
        event: { name: "Hello", input: '["x"]', eventId: 0 },
        target,
      });
      expect(activity.delivered.deliveryCount).toBe(1);
      const received = new Map(orchestrations.map((item) => [item.instanceId, eventsOf(item)]));
      expect(received.get(target.instanceId)).toEqual([sent("to itself")]);
      expect(received.get(other.instanceId)).toEqual([sent("to another")]);
    });

    it("sends what a checkpoint without history has to say", async ({ hub }) => {
      const instance = hub.invent();
      const workItem = await hub.raised(instance);

      const { historyVersion: version } = await hub.complete({
        ...emptyCheckpoint(workItem),
        outgoing: [{ message: { event: eventRaised("onwards"), target: instance.target } }],
        settled: workItem.messages,
      });

      expect(version).toBeUndefined();
      expect(namesOf(await hub.orchestration())).toEqual(["onwards"]);
    });

    it("keeps the order in which one client sends to one instance", async ({ hub }) => {
      const instance = hub.invent();
      const sent = ["1", "2", "3", "4", "5", "6", "7"];
      for (const name of sent) await hub.raise(instance, name);

      const received: string[] = [];
      while (received.length < sent.length) {
        const workItem = await hub.orchestration();
        received.push(...namesOf(workItem));
        await hub.complete({ ...emptyCheckpoint(workItem), settled: workItem.messages });
      }

      expect(received).toEqual(sent);
    });

    it("keeps the order in which a checkpoint sends to one instance", async ({ hub }) => {
      const workItem = await hub.raised(hub.invent());
      const { target } = hub.invent();
      const sent = ["1", "2", "3", "4", "5"];
      const outgoing = sent.map((name) => ({ message: { event: eventRaised(name), target } }));
      await hub.complete({ ...emptyCheckpoint(workItem), outgoing, settled: workItem.messages });

      const received: string[] = [];
      while (received.length < sent.length) {
        const next = await hub.orchestration();
        received.push(...namesOf(next));
        await hub.complete({ ...emptyCheckpoint(next), settled: next.messages });
      }

      expect(received).toEqual(sent);
    });

    it("gives every message a name of its own", async ({ hub }) => {
      const instances = [hub.invent(), hub.invent(), hub.invent()];
      for (const instance of instances) await hub.raise(instance);
      await hub.request(instances[0]!);

      const items = [await hub.orchestration(), await hub.orchestration(), await hub.orchestration()];
      const activity = await hub.activity();

      const ids = items.flatMap(({ messages }) => messages.map(({ id }) => id));
      expect(new Set([...ids, activity.delivered.id]).size).toBe(4);
    });

    it.for<[string, (dueAt: Date) => HistoryEvent]>([
      ["an event", () => eventRaised("later")],
      ["a timer", (fireAt) => ({ type: "TimerFired", eventId: -1, timestamp: fireAt, timerId: 0, fireAt })],
    ])("delivers %s not before its time, whether a client or a checkpoint sends it", async ([, make], { hub }) => {
      const workItem = await hub.raised(hub.invent("sender"));
      const dueAt = new Date(hub.now() + 3000);
      const message = (instanceId: string): OutgoingMessage => {
        return { message: { event: make(dueAt), target: { instanceId, executionId: undefined } }, deliverAt: dueAt };
      };

      await hub.store.sendMessage(message("by client"));
      await hub.complete({
        ...emptyCheckpoint(workItem),
        outgoing: [message("by checkpoint")],
        settled: workItem.messages,
      });
      const early = await hub.orchestrationWithin(300);
      const received = [await hub.orchestration(), await hub.orchestration()];

      expect(early).toBeUndefined();
      expect(received.map(({ instanceId }) => instanceId).toSorted()).toEqual(["by checkpoint", "by client"]);
      expect(hub.now()).toBeGreaterThanOrEqual(dueAt.getTime());
    });

    it("delivers a start not before its time, and shows the instance at once", async ({ hub }) => {
      const instance = hub.invent();
      const scheduledStartTime = new Date(hub.now() + 3000);

      await hub.store.createInstance({ event: { ...instance.event, scheduledStartTime }, replaces: undefined });
      const row = await hub.row(instance);
      const early = await hub.orchestrationWithin(300);
      const workItem = await hub.orchestration();

      expect(row).toMatchObject({ runtimeStatus: "Pending", scheduledStartTime });
      expect(early).toBeUndefined();
      expect(workItem.instanceId).toBe(instance.instanceId);
      expect(hub.now()).toBeGreaterThanOrEqual(scheduledStartTime.getTime());
    });

    it("delivers at once what was due long ago", async ({ hub }) => {
      const { target } = hub.invent();
      const deliverAt = new Date(hub.now() - 86_400_000);

      await hub.store.sendMessage({ message: { event: eventRaised("late"), target }, deliverAt });

      expect(namesOf(await hub.orchestration())).toEqual(["late"]);
    });

    it("delivers the answer to an activity to the instance that asked", async ({ hub }) => {
      const asking = await hub.running();
      await hub.request(asking, "Work", 7);
      const activity = await hub.activity();

      await hub.backend.completeActivityWorkItem(activity, {
        event: taskCompleted(7, "ok"),
        target: activity.delivered.message.target,
      });
      const workItem = await hub.orchestration();

      expect(workItem.instanceId).toBe(asking.instanceId);
      expect(eventsOf(workItem)).toEqual([taskCompleted(7, "ok")]);
      expect(await hub.activityWithin(quietMs)).toBeUndefined();
    });

    it("keeps ids apart that differ only in case, and takes ids of any script", async ({ hub }) => {
      const all = ["abc", "ABC", "naïve-ünïcode", "世界", "🌍", "it's 100% ^fine^", "a:b;c=d&e+f"];
      for (const instanceId of all) {
        await hub.store.createInstance({ event: hub.invent(instanceId).event, replaces: undefined });
      }

      const fetched: string[] = [];
      for (const _ of all) {
        const workItem = await hub.orchestration();
        const [event] = eventsOf(workItem);
        const { executionId } = hub.invent(workItem.instanceId);
        await hub.complete(checkpoint(workItem, executionId, [episodeStarted(), event!]));
        fetched.push(workItem.instanceId);
      }
      const states = await Promise.all(all.map((instanceId) => hub.row({ instanceId })));

      expect(fetched.toSorted()).toEqual(all.toSorted());
      expect(states.map((state) => state?.instanceId)).toEqual(all);
      expect(states.map((state) => state?.runtimeStatus)).toEqual(all.map(() => "Running"));
    });
  });
}
