import { describe, expect, it } from "vitest";
import { fromHistoryRow } from "../../../src/backends/azure-storage/codec/history-row.ts";
import { fromInstanceRow } from "../../../src/backends/azure-storage/codec/instance-row.ts";
import { EntityId } from "../../../src/core/entity-id.ts";
import { describeWaits, type InstanceWait } from "../../../src/management/instance-waits.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";
import { snapshots } from "../../support/recordings.ts";

/** As one line each, without times. */
function summarize(waits: readonly InstanceWait[]): readonly string[] {
  return waits.map((wait) => {
    switch (wait.kind) {
      case "activity":
        return `activity ${wait.name} attempt ${wait.attempt}`;
      case "sub-orchestration":
        return `child ${wait.name} ${wait.instanceId}`;
      case "event":
        return `event ${wait.name ?? "?"} x${wait.count}`;
      case "entity":
        return `entity ${wait.entity} ${wait.operation}`;
      case "lock":
        return `lock ${wait.entities.join(" ")}`;
      default:
        return wait.kind;
    }
  });
}

function registryOf(define: (registry: Registry) => void): Registry {
  const registry = new Registry();
  define(registry);
  return registry;
}

async function waitsOf(hub: VirtualHub, id: string) {
  return describeWaits((await hub.client.getInstance(id))!, await hub.client.getHistory(id));
}

describe("what .NET has left waiting", () => {
  const expected: Readonly<Record<string, readonly string[]>> = {
    "hello-pending: hello-pending scheduled": ["worker"],
    "no-such-orchestration: no-such-orchestration after-6s": ["worker"],
    "timer: timer waiting": ["timer"],
    "timer-long: timer-long waiting": ["timer"],
    "events: events waiting": ["event ? x1"],
    "status: status waiting": ["event ? x1"],
    "loop: loop running": ["activity SayHello attempt 1"],
    "parent-named: parent-named running": ["child WaitGo parent-named-child"],
    "parent-named: parent-named-child running": ["event ? x1"],
    "suspended: suspended suspended": ["resume"],
    "rewound: rewound just-rewound": ["activity SayHello attempt 1"],
  };

  function describeSnapshot(title: string) {
    const { instance, history } = snapshots.find((each) => each.title === title)!;
    return describeWaits(
      fromInstanceRow(instance!, {}),
      history.length === 0 ? undefined : history.map(fromHistoryRow),
    );
  }

  it.each(Object.entries(expected))("%s", (title, lines) => {
    expect(summarize(describeSnapshot(title).waits)).toEqual(lines);
  });

  it("is nothing for instances that have ended, and for entities", () => {
    for (const { title, instance, history } of snapshots) {
      if (instance === undefined || title in expected) continue;
      const state = fromInstanceRow(instance, {});
      const { waits } = describeWaits(state, history.map(fromHistoryRow));
      const isOpen = ["Running", "Pending"].includes(state.runtimeStatus) && !state.instanceId.startsWith("@");
      expect(waits.length > 0, title).toBe(isOpen);
    }
  });

  it("tells when a start is due, why it is suspended, and what has come since", () => {
    const [start] = describeSnapshot("hello-pending: hello-pending scheduled").waits;
    const { waits, keptEvents } = describeSnapshot("suspended: suspended suspended");

    expect(start).toMatchObject({ notBefore: new Date("2026-11-26T10:19:23.161Z") });
    expect(waits).toEqual([{ kind: "resume", since: new Date("2026-11-26T10:20:02.687Z"), reason: "pause ü" }]);
    expect(keptEvents).toMatchObject([{ name: "Go", count: 1 }]);
  });
});

describe("what ours wait for", () => {
  it("has the names of events, those that came too early, and no timer that nobody waits for", async () => {
    const registry = registryOf((it) => {
      it.addOrchestration({
        name: "approve",
        async *orchestrator(context) {
          const first = context.waitForExternalEvent("First");
          yield context.any([first, context.createTimer({ days: 30 })]);
          yield context.all([
            context.waitForExternalEvent("Second"),
            context.waitForExternalEvent("second"),
            context.createTimer({ hours: 1 }),
          ]);
        },
      });
    });
    await using hub = new VirtualHub();
    await hub.startWorker({ registries: [registry] });
    const id = await hub.client.startInstance({ name: "approve" });
    await hub.settle();
    const before = await waitsOf(hub, id);
    await hub.advance("1m");
    const secondPhase = new Date(hub.clock.now());
    await hub.client.raiseEvent(id, "Other", "1");
    await hub.client.raiseEvent(id, "Other", "2");
    await hub.client.raiseEvent(id, "First", undefined);
    await hub.settle();
    const after = await waitsOf(hub, id);

    expect(summarize(before.waits).toSorted()).toEqual(["event First x1", "timer"]);
    expect(summarize(after.waits).toSorted()).toEqual(["event Second x2", "timer"]);
    expect(after.waits.find(({ kind }) => kind === "event")?.since.getTime()).toBeGreaterThanOrEqual(
      secondPhase.getTime(),
    );
    expect(after.keptEvents).toMatchObject([{ name: "Other", count: 2 }]);
  });

  it("has attempts of activities, children, and those who are started to answer nobody have none", async () => {
    const registry = registryOf((it) => {
      it.addActivity({
        name: "flaky",
        activity: (_: unknown, { attempt }) => {
          if (attempt === 1) throw new Error("once");
          return new Promise(() => {});
        },
      });
      it.addOrchestration({
        name: "child",
        async orchestrator(context) {
          await context.waitForExternalEvent("Go");
        },
      });
      it.addOrchestration({
        name: "parent",
        *orchestrator(context) {
          context.startNewOrchestration("child", undefined, { instanceId: "detached" });
          yield context.all([
            context.callActivity("flaky", undefined, { retry: { maxAttempts: 3, firstInterval: "5s" } }),
            context.callSubOrchestrator("child", undefined, { instanceId: "joined" }),
          ]);
        },
      });
    });
    await using hub = new VirtualHub();
    await hub.startWorker({ registries: [registry] });
    const id = await hub.client.startInstance({ name: "parent" });
    await hub.advance("10s");

    expect(summarize((await waitsOf(hub, id)).waits).toSorted()).toEqual([
      "activity flaky attempt 2",
      "child child joined",
    ]);
    expect(summarize((await waitsOf(hub, "detached")).waits)).toEqual(["event Go x1"]);
  });

  it("has locks, those that are held and those that are waited for, and answers of entities", async () => {
    const entity = new EntityId("account", "a");
    const registry = registryOf((it) => {
      it.addEntity({ name: "account", entity: (context) => context.return(1) });
      it.addOrchestration({
        name: "transfer",
        async orchestrator(context) {
          const lock = await context.lock([entity]);
          await context.waitForExternalEvent("Go");
          lock.release();
          await context.waitForExternalEvent("End");
        },
      });
      it.addOrchestration({
        name: "ask",
        async orchestrator(context) {
          await context.callEntity(entity, "get");
        },
      });
    });
    await using hub = new VirtualHub();
    await hub.startWorker({ registries: [registry] });
    const first = await hub.client.startInstance({ name: "transfer" });
    await hub.advance("1s");
    const second = await hub.client.startInstance({ name: "transfer" });
    const third = await hub.client.startInstance({ name: "ask" });
    await hub.advance("1s");

    expect((await waitsOf(hub, first)).heldLocks).toMatchObject([{ entities: ["@account@a"] }]);
    expect(summarize((await waitsOf(hub, second)).waits)).toEqual(["lock @account@a"]);
    expect(summarize((await waitsOf(hub, third)).waits)).toEqual(["entity @account@a get"]);

    await hub.client.raiseEvent(first, "Go", undefined);
    await hub.advance("1s");

    expect(await waitsOf(hub, first)).toMatchObject({ heldLocks: [], waits: [{ kind: "event", name: "End" }] });
    expect((await waitsOf(hub, second)).heldLocks).toMatchObject([{ entities: ["@account@a"] }]);
  });

  it("is a worker, until one comes", async () => {
    await using hub = new VirtualHub();
    const id = await hub.client.startInstance({ name: "none" });

    expect((await waitsOf(hub, id)).waits).toMatchObject([{ kind: "worker" }]);
  });
});
