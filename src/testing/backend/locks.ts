import { describe, expect } from "vitest";
import type { ActivityWorkItem, Backend, OrchestrationWorkItem } from "../../engine/backend.ts";
import { eventRaised, taskCompleted } from "../history-builder.ts";
import { checkpoint, emptyCheckpoint } from "../work-items.ts";
import { type BackendTest, type HubUnderTest, lockLost, quietMs } from "./hub-under-test.ts";

/** What both kinds of work items promise alike. */
interface Kind<T extends OrchestrationWorkItem | ActivityWorkItem> {
  /** Puts one message into the hub. */
  send(hub: HubUnderTest): Promise<void>;
  fetchWithin(hub: HubUnderTest, ms: number, from?: Backend): Promise<T | undefined>;
  fetch(hub: HubUnderTest, from?: Backend): Promise<T>;
  takeOver(hub: HubUnderTest, by: Backend): Promise<T>;
  renew(backend: Backend, workItem: T): Promise<void>;
  /** Settles all messages, and sends and writes something. */
  complete(backend: Backend, workItem: T): Promise<unknown>;
  abandon(backend: Backend, workItem: T): Promise<void>;
  deliveries(workItem: T): { readonly id: string; readonly deliveryCount: number };
}

/** A lease may have to expire first, on a machine that is busy; in milliseconds. */
const deliveryMs = 45_000;
const target = { instanceId: "held", executionId: "execution-of-held" };
const outcome = eventRaised("outcome");
const receiver = { instanceId: "receiver", executionId: undefined };

const orchestrations: Kind<OrchestrationWorkItem> = {
  send: (hub) => hub.raise({ target }),
  fetchWithin: (hub, ms, from) => hub.orchestrationWithin(ms, from),
  fetch: (hub, from) => hub.orchestration(from),
  takeOver: (hub, by) => hub.takenOver(by),
  renew: (backend, workItem) => backend.renewOrchestrationWorkItem(workItem),
  complete: (backend, workItem) =>
    backend.completeOrchestrationWorkItem({
      ...emptyCheckpoint(workItem),
      outgoing: [{ message: { event: outcome, target: receiver } }],
      settled: workItem.messages,
    }),
  abandon: (backend, workItem) => backend.abandonOrchestrationWorkItem(workItem),
  deliveries: ({ messages }) => messages[0]!,
};

const activities: Kind<ActivityWorkItem> = {
  send: (hub) => hub.request({ target }),
  fetchWithin: (hub, ms, from) => hub.activityWithin(ms, from),
  fetch: (hub, from) => hub.activity(from),
  takeOver: async (hub, by) => {
    await hub.expireLocks();
    return await hub.activity(by);
  },
  renew: (backend, workItem) => backend.renewActivityWorkItem(workItem),
  complete: (backend, workItem) =>
    backend.completeActivityWorkItem(workItem, { event: taskCompleted(0, "outcome"), target: receiver }),
  abandon: (backend, workItem) => backend.abandonActivityWorkItem(workItem),
  deliveries: ({ delivered }) => delivered,
};

export function describeLocks(it: BackendTest): void {
  describe("locks of orchestrations", () => {
    describeKind(it, orchestrations);

    it("a settled work item writes no history and no row, and settles nothing of its successor", async ({ hub }) => {
      const { workItem, executionId, event, instanceId } = await hub.created();
      await hub.backend.abandonOrchestrationWorkItem(workItem);

      const late = hub.complete(checkpoint(workItem, executionId, [event]));

      await expect(late).rejects.toMatchObject(lockLost);
      expect(await hub.history({ instanceId })).toBeUndefined();
      expect(await hub.row({ instanceId })).toMatchObject({ runtimeStatus: "Pending", customStatus: undefined });
      expect((await hub.orchestration()).instanceId).toBe(instanceId);
    });
  });

  describe("locks of activities", () => {
    describeKind(it, activities);
  });
}

function describeKind<T extends OrchestrationWorkItem | ActivityWorkItem>(it: BackendTest, kind: Kind<T>): void {
  /** `undefined` when nothing has been sent to the receiver. */
  const sentBy = async (hub: HubUnderTest, ms: number, from?: Backend) => {
    const sent = await hub.orchestrationWithin(ms, from);
    if (sent !== undefined) expect(sent.instanceId).toBe(receiver.instanceId);
    return sent;
  };

  /** A work item of the first worker, and the one of another that has it since its lock ran out. */
  const lose = async (hub: HubUnderTest) => {
    await kind.send(hub);
    const workItem = await kind.fetch(hub);
    const other = await hub.another();
    return { workItem, other, successor: await kind.takeOver(hub, other) };
  };

  it("keep a work item from others while it is renewed in time, beyond the lock", async ({ open }) => {
    const lockMs = 8000;
    const hub = await open({ lockMs });
    await kind.send(hub);
    const workItem = await kind.fetch(hub);
    const other = await hub.another();

    expect(workItem.renewIntervalMs).toBeGreaterThan(0);
    expect(workItem.renewIntervalMs).toBeLessThan(lockMs);
    for (let heldMs = 0; heldMs < 2 * lockMs; heldMs += workItem.renewIntervalMs) {
      await kind.renew(hub.backend, workItem);
      expect(await kind.fetchWithin(hub, workItem.renewIntervalMs, other)).toBeUndefined();
    }
    await kind.complete(hub.backend, workItem);
    expect(await sentBy(hub, deliveryMs, other)).toBeDefined();
  });

  it("end when nobody renews them, and not before", async ({ open }) => {
    const hub = await open({ lockMs: 8000 });
    await kind.send(hub);
    const workItem = await kind.fetch(hub);
    const other = await hub.another();

    const early = await kind.fetchWithin(hub, 1500, other);
    const second = await kind.fetch(hub, other);

    expect(early).toBeUndefined();
    expect(kind.deliveries(second).id).toBe(kind.deliveries(workItem).id);
    expect(kind.deliveries(second).deliveryCount).toBeGreaterThan(1);
  });

  it("are told to be lost at the renewal, once another worker has the work item", async ({ hub }) => {
    const { workItem, successor } = await lose(hub);

    await expect(kind.renew(hub.backend, workItem)).rejects.toMatchObject(lockLost);
    expect(kind.deliveries(successor).id).toBe(kind.deliveries(workItem).id);
  });

  it("settle the work item when they are lost: nothing is written or sent for it any more", async ({ hub }) => {
    const { workItem, other, successor } = await lose(hub);
    await expect(kind.renew(hub.backend, workItem)).rejects.toMatchObject(lockLost);

    await expect(kind.complete(hub.backend, workItem)).rejects.toMatchObject(lockLost);
    await expect(kind.renew(hub.backend, workItem)).rejects.toMatchObject(lockLost);
    await kind.abandon(hub.backend, workItem);

    expect(await sentBy(hub, quietMs, other)).toBeUndefined();
    await kind.renew(other, successor);
    await kind.complete(other, successor);
    expect(await sentBy(hub, deliveryMs, other)).toBeDefined();
  });

  it("are not the next holder's affair: what a loser abandons stays with its successor", async ({ hub }) => {
    const { workItem, other, successor } = await lose(hub);

    await kind.abandon(hub.backend, workItem);
    const third = await kind.fetchWithin(hub, 5000, other);

    expect(third).toBeUndefined();
    await kind.renew(other, successor);
    await kind.complete(other, successor);
    expect(await sentBy(hub, deliveryMs, other)).toBeDefined();
  });

  it("that were lost keep no later delivery from the worker that lost them", async ({ hub }) => {
    const { workItem, other, successor } = await lose(hub);
    await expect(kind.renew(hub.backend, workItem)).rejects.toMatchObject(lockLost);

    await kind.abandon(other, successor);
    await other.stop();
    const again = await kind.fetch(hub);
    await kind.renew(hub.backend, again);
    await kind.complete(hub.backend, again);

    expect(kind.deliveries(again).id).toBe(kind.deliveries(workItem).id);
    expect(await sentBy(hub, deliveryMs)).toBeDefined();
  });

  it("that were lost keep no later delivery from others", async ({ hub }) => {
    const { workItem, other, successor } = await lose(hub);
    await expect(kind.renew(hub.backend, workItem)).rejects.toMatchObject(lockLost);

    await kind.abandon(other, successor);
    const again = await kind.fetch(hub, other);

    expect(kind.deliveries(again).deliveryCount).toBeGreaterThan(kind.deliveries(successor).deliveryCount);
    await kind.complete(other, again);
  });

  it("end with an abandonment: the work item is settled, and comes again under its id", async ({ hub }) => {
    await kind.send(hub);
    const workItem = await kind.fetch(hub);

    await kind.abandon(hub.backend, workItem);

    await expect(kind.renew(hub.backend, workItem)).rejects.toMatchObject(lockLost);
    await expect(kind.complete(hub.backend, workItem)).rejects.toMatchObject(lockLost);
    expect(await sentBy(hub, quietMs)).toBeUndefined();
    const second = await kind.fetch(hub);
    expect(kind.deliveries(second)).toMatchObject({ id: kind.deliveries(workItem).id, deliveryCount: 2 });
    // What was settled before has nothing to say about it.
    await kind.abandon(hub.backend, workItem);
    await expect(kind.complete(hub.backend, workItem)).rejects.toMatchObject(lockLost);
    await kind.renew(hub.backend, second);
    await kind.complete(hub.backend, second);
    expect(await sentBy(hub, deliveryMs)).toBeDefined();
  });

  it("end with a completion: the work item is settled, and does not come again", async ({ hub }) => {
    await kind.send(hub);
    const workItem = await kind.fetch(hub);

    await kind.complete(hub.backend, workItem);
    const sent = (await sentBy(hub, deliveryMs))!;
    await hub.complete({ ...emptyCheckpoint(sent), settled: sent.messages });

    await expect(kind.complete(hub.backend, workItem)).rejects.toMatchObject(lockLost);
    await expect(kind.renew(hub.backend, workItem)).rejects.toMatchObject(lockLost);
    await kind.abandon(hub.backend, workItem);
    await hub.expireLocks();
    expect(await kind.fetchWithin(hub, 5000)).toBeUndefined();
    expect(await sentBy(hub, quietMs)).toBeUndefined();
  });

  it("that were abandoned let the work item come again later each time", async ({ hub }) => {
    await kind.send(hub);
    const delays: number[] = [];
    let workItem = await kind.fetch(hub);
    for (let round = 0; round < (hub.isStepped ? 4 : 2); round++) {
      const abandonedAt = hub.now();
      await kind.abandon(hub.backend, workItem);
      expect(await kind.fetchWithin(hub, quietMs)).toBeUndefined();
      workItem = await kind.fetch(hub);
      delays.push(hub.now() - abandonedAt);
    }

    // In real time a busy machine may add anything to the first.
    if (hub.isStepped) expect(delays).toEqual([...new Set(delays)].toSorted((a, b) => a - b));
    expect(kind.deliveries(workItem).deliveryCount).toBe(delays.length + 1);
  });
}
