import { describe, expect } from "vitest";
import type { OrchestrationWorkItem } from "../../engine/backend.ts";
import { checkpoint, emptyCheckpoint } from "../work-items.ts";
import { type BackendTest, eventsOf, namesOf, quietMs } from "./hub-under-test.ts";

export function describeOrchestrations(it: BackendTest): void {
  describe("orchestrations", () => {
    it("gives one instance to one work item at a time, and the rest of its messages after that", async ({ hub }) => {
      const instance = hub.invent();
      const first = await hub.raised(instance, "one");
      await hub.raise(instance, "two");

      const meanwhile = await hub.orchestrationWithin(quietMs);
      await hub.complete({ ...emptyCheckpoint(first), settled: first.messages });
      const second = await hub.orchestration();

      expect(meanwhile).toBeUndefined();
      expect(namesOf(second)).toEqual(["two"]);
    });

    it("gives an instance out again after it was abandoned, with what came meanwhile", async ({ hub }) => {
      const instance = hub.invent();
      const first = await hub.raised(instance, "one");
      await hub.raise(instance, "two");
      await hub.pass(quietMs);

      await hub.backend.abandonOrchestrationWorkItem(first);
      const received = new Set<string>();
      while (received.size < 2) {
        const workItem = await hub.orchestration();
        for (const name of namesOf(workItem)) received.add(name);
        await hub.complete({ ...emptyCheckpoint(workItem), settled: workItem.messages });
      }

      expect([...received].toSorted()).toEqual(["one", "two"]);
    });

    it("gives several instances out side by side", async ({ hub }) => {
      const instances = [hub.invent(), hub.invent(), hub.invent()];
      for (const instance of instances) await hub.raise(instance);

      const items = [await hub.orchestration(), await hub.orchestration(), await hub.orchestration()];

      const ids = items.map(({ instanceId }) => instanceId);
      expect(ids.toSorted()).toEqual(instances.map(({ instanceId }) => instanceId));
    });

    it("wakes one of several who wait, and the others sleep on", async ({ hub }) => {
      const stop = new AbortController();
      const woken: (string | undefined)[] = [];
      const waiting = Array.from({ length: 3 }, async () => {
        const workItem = await hub.backend.fetchOrchestrationWorkItem(stop.signal);
        woken.push(workItem?.instanceId);
      });
      await hub.pass(quietMs);
      const instance = hub.invent();

      await hub.raise(instance);
      await hub.pass(2 * quietMs);
      const wokenByOne = [...woken];
      stop.abort();
      await Promise.all(waiting);

      expect(wokenByOne).toEqual([instance.instanceId]);
      expect(woken).toEqual([instance.instanceId, undefined, undefined]);
    });

    it("waits until it is told not to, and takes nothing for those who no longer wait", async ({ hub }) => {
      const stop = new AbortController();
      let isSettled = false;
      const waiting = hub.backend.fetchOrchestrationWorkItem(stop.signal).finally(() => {
        isSettled = true;
      });
      await hub.pass(3 * quietMs);
      const wasSettled = isSettled;
      stop.abort();

      expect(wasSettled).toBe(false);
      expect(await waiting).toBeUndefined();
      expect(await hub.backend.fetchOrchestrationWorkItem(stop.signal)).toBeUndefined();
      const instance = hub.invent();
      await hub.raise(instance);
      expect(await hub.backend.fetchOrchestrationWorkItem(stop.signal)).toBeUndefined();
      expect((await hub.orchestration()).instanceId).toBe(instance.instanceId);
    });

    it("delivers a message until a checkpoint has settled it", async ({ hub }) => {
      const instance = hub.invent();
      const deliveries: { readonly id: string; readonly count: number }[] = [];
      const note = ({ messages }: OrchestrationWorkItem) => {
        deliveries.push({ id: messages[0]!.id, count: messages[0]!.deliveryCount });
      };

      note(await hub.raised(instance));
      note(await hub.takenOver(await hub.another()));
      note(await hub.takenOver(await hub.another()));

      const counts = deliveries.map(({ count }) => count);
      expect(new Set(deliveries.map(({ id }) => id)).size).toBe(1);
      expect(counts[0]).toBe(1);
      expect(counts).toEqual([...new Set(counts)].toSorted((a, b) => a - b));
    });

    it("delivers no settled message again", async ({ hub }) => {
      const workItem = await hub.raised(hub.invent());

      await hub.complete({ ...emptyCheckpoint(workItem), settled: workItem.messages });
      await hub.expireLocks();

      expect(await hub.orchestrationWithin(5000)).toBeUndefined();
    });

    it("delivers what a checkpoint defers again later, and only that", async ({ hub }) => {
      const instance = hub.invent();
      const before = await hub.raised(instance);
      for (const name of ["early", "done"]) await hub.raise(instance, name);
      await hub.pass(3 * quietMs);
      await hub.complete({ ...emptyCheckpoint(before), settled: before.messages });
      const first = await hub.orchestration();
      const early = first.messages.filter(({ message }) => "name" in message.event && message.event.name === "early");
      const done = first.messages.filter((message) => !early.includes(message));

      await hub.complete({ ...emptyCheckpoint(first), settled: done, deferred: early });
      const atOnce = await hub.orchestrationWithin(quietMs);
      const second = await hub.orchestration();

      expect(namesOf(first)).toEqual(["early", "done"]);
      expect(atOnce).toBeUndefined();
      expect(second.messages).toMatchObject([{ id: early[0]!.id, deliveryCount: 2 }]);
      expect(namesOf(second)).toEqual(["early"]);
    });

    it("defers beside a history that it writes", async ({ hub }) => {
      const { workItem, executionId, event } = await hub.created();

      await hub.complete({ ...checkpoint(workItem, executionId, [event]), settled: [], deferred: workItem.messages });
      const second = await hub.orchestration();

      expect(second.messages).toMatchObject([{ id: workItem.messages[0]!.id, deliveryCount: 2 }]);
      expect((await hub.backend.loadHistory(second)).events).toEqual([event]);
      expect(eventsOf(second)).toMatchObject([event]);
    });
  });
}
