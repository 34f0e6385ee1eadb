import { describe, expect } from "vitest";
import type { EntityOutcome } from "../../core/entity-batch.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import { silentLog } from "../../core/ports.ts";
import type { TaskExecutor } from "../../core/task-executor.ts";
import { TaskHubWorker } from "../../engine/task-hub-worker.ts";
import { createRequest, formatRequestEvent } from "../../entities/entity-message.ts";
import { eventRaised } from "../history-builder.ts";
import { emptyCheckpoint } from "../work-items.ts";
import { type BackendTest, eventsOf, type HubUnderTest, namesOf, quietMs } from "./hub-under-test.ts";

export function describeSlots(it: BackendTest): void {
  describe("slots", () => {
    it("gives out orchestrations while entities wait for somebody who takes them", async ({ hub }) => {
      const entities = entitiesOf(hub, ["a", "b", "c"]);
      for (const entity of entities) await hub.raise(entity);
      await hub.pass(quietMs);
      const instances = [hub.invent(), hub.invent()];
      for (const instance of instances) await hub.raise(instance);

      const orchestrations = [await hub.orchestration(), await hub.orchestration()];
      const third = await hub.orchestrationWithin(quietMs);
      const waiting = [await hub.entity(), await hub.entity(), await hub.entity()];

      expect(idsOf(orchestrations)).toEqual(idsOf(instances));
      expect(third).toBeUndefined();
      expect(idsOf(waiting)).toEqual(idsOf(entities));
    });

    it("gives out entities while orchestrations wait for somebody who takes them", async ({ hub }) => {
      const instances = [hub.invent(), hub.invent(), hub.invent()];
      for (const instance of instances) await hub.raise(instance);
      await hub.pass(quietMs);
      const entities = entitiesOf(hub, ["a", "b"]);
      for (const entity of entities) await hub.raise(entity);

      const taken = [await hub.entity(), await hub.entity()];
      const third = await hub.entityWithin(quietMs);
      const waiting = [await hub.orchestration(), await hub.orchestration(), await hub.orchestration()];

      expect(idsOf(taken)).toEqual(idsOf(entities));
      expect(third).toBeUndefined();
      expect(idsOf(waiting)).toEqual(idsOf(instances));
    });

    it("wakes those who wait for a kind by that kind only", async ({ hub }) => {
      const [entity] = entitiesOf(hub, ["a"]);
      const instance = hub.invent();
      const came: string[] = [];
      const stop = new AbortController();
      const note = (workItem: { readonly instanceId: string } | undefined) => {
        if (workItem !== undefined) came.push(workItem.instanceId);
      };
      const waiting = [
        hub.backend.fetchEntityWorkItem(stop.signal).then(note),
        hub.backend.fetchEntityWorkItem(stop.signal).then(note),
        hub.backend.fetchOrchestrationWorkItem(stop.signal).then(note),
      ];

      await hub.raise(instance);
      await hub.pass(quietMs);
      const byOrchestration = [...came];
      await hub.raise(entity!);
      await hub.pass(quietMs);
      stop.abort();
      await Promise.all(waiting);

      expect(byOrchestration).toEqual([instance.instanceId]);
      expect(came).toEqual([instance.instanceId, entity!.instanceId]);
    });

    it("keeps what comes for an entity in its order while it waits and while it is taken", async ({ hub }) => {
      const [entity] = entitiesOf(hub, ["a"]);
      for (const name of ["one", "two"]) await hub.raise(entity!, name);
      await hub.pass(quietMs);
      const first = await hub.entity();
      for (const name of ["three", "four"]) await hub.raise(entity!, name);
      const meanwhile = await hub.entityWithin(quietMs);
      await hub.complete({ ...emptyCheckpoint(first), settled: first.messages });
      const second = await hub.entity();

      expect(namesOf(first)).toEqual(["one", "two"]);
      expect(meanwhile).toBeUndefined();
      expect(namesOf(second)).toEqual(["three", "four"]);
    });

    it("runs orchestrations while operations that do not end have all slots of entities", async ({ hub }) => {
      const running = new RunningWork();
      const worker = await startWorker(hub, running, { maxConcurrentEntities: 2 });
      for (const { target } of entitiesOf(hub, ["a", "b", "c", "d"])) await signal(hub, target.instanceId);
      await hub.until(() => running.entities.size === 2, "operations have all slots of entities");

      const instances = ["x", "y", "z"].map((id) => hub.invent(id));
      for (const { event } of instances) await hub.store.createInstance({ event, replaces: undefined });
      await hub.until(() => haveEnded(hub, instances), "the orchestrations have ended");
      await hub.pass(quietMs);
      const heldMeanwhile = running.entities.size;
      running.endEntities();
      await hub.until(() => running.ended.size === 4, "all operations have run");
      await stop(hub, worker);

      expect(heldMeanwhile).toBe(2);
    });

    it("runs entities while episodes that do not end have all slots of orchestrations", async ({ hub }) => {
      const running = new RunningWork();
      running.holdsOrchestrations = true;
      running.endEntities();
      const worker = await startWorker(hub, running, { maxConcurrentOrchestrations: 2 });
      const instances = ["w", "x", "y", "z"].map((id) => hub.invent(id));
      for (const { event } of instances) await hub.store.createInstance({ event, replaces: undefined });
      await hub.until(() => running.orchestrations.size === 2, "episodes have all slots of orchestrations");

      for (const { target } of entitiesOf(hub, ["a", "b", "c"])) await signal(hub, target.instanceId);
      await hub.until(() => running.ended.size === 3, "the operations have run");
      await hub.pass(quietMs);
      const heldMeanwhile = running.orchestrations.size;
      running.endOrchestrations();
      await hub.until(() => haveEnded(hub, instances), "the orchestrations have ended");
      await stop(hub, worker);

      expect(heldMeanwhile).toBe(2);
    });

    it("gives the entities that wait for a slot to another worker at the stop", async ({ hub }) => {
      const running = new RunningWork();
      const worker = await startWorker(hub, running, { maxConcurrentEntities: 1 });
      const entities = entitiesOf(hub, ["a", "b", "c"]);
      for (const { target } of entities) await signal(hub, target.instanceId);
      await hub.until(() => running.entities.size === 1, "an operation has the slot");
      const held = [...running.entities.keys()];
      await hub.pass(quietMs);

      const stopping = stop(hub, worker);
      await hub.pass(quietMs);
      running.endEntities();
      await stopping;
      const other = await hub.another();
      const given = [await hub.entity(other), await hub.entity(other)];

      expect([...running.ended]).toEqual(held);
      expect(idsOf([...given, ...held.map((instanceId) => ({ instanceId }))])).toEqual(idsOf(entities));
      expect(given.flatMap(eventsOf)).toMatchObject([{ name: "op" }, { name: "op" }]);
    });
  });
}

function entitiesOf(hub: HubUnderTest, keys: readonly string[]) {
  return keys.map((key) => hub.invent(`@slow@${key}`));
}

/** By their ids, in the order of these: of several partitions each has an order of its own. */
function idsOf(instances: readonly { readonly instanceId: string }[]): readonly string[] {
  return instances.map(({ instanceId }) => instanceId).toSorted();
}

let signals = 0;

async function signal(hub: HubUnderTest, instanceId: string): Promise<void> {
  const id = `${String(++signals).padStart(8, "0")}-0000-4000-8000-000000000000`;
  const { name, input } = formatRequestEvent(createRequest({ id, operation: "wait", isSignal: true }), hub.now());
  await hub.store.sendMessage({
    message: { event: { ...eventRaised(name), input }, target: { instanceId, executionId: undefined } },
  });
}

async function haveEnded(hub: HubUnderTest, instances: readonly { readonly instanceId: string }[]): Promise<boolean> {
  const rows = await Promise.all(instances.map((instance) => hub.row(instance)));
  return rows.every((row) => row !== undefined && isTerminalStatus(row.runtimeStatus));
}

async function startWorker(
  hub: HubUnderTest,
  executor: TaskExecutor,
  limits: { readonly maxConcurrentOrchestrations?: number; readonly maxConcurrentEntities?: number },
): Promise<TaskHubWorker> {
  const { backend, store, clock } = hub;
  const worker = new TaskHubWorker({ backend, store, executor, clock, log: silentLog, ...limits });
  await worker.start();
  return worker;
}

async function stop(hub: HubUnderTest, worker: TaskHubWorker): Promise<void> {
  let isStopped = false;
  void worker.stop().then(() => {
    isStopped = true;
  });
  await hub.until(() => isStopped, "the worker has stopped");
}

/** Operations that wait until they are let go on; orchestrations that end at once, or wait as well. */
class RunningWork implements TaskExecutor {
  readonly entities = new Map<string, () => void>();
  readonly orchestrations = new Map<string, () => void>();
  /** Entities whose operation has run. */
  readonly ended = new Set<string>();
  holdsOrchestrations = false;
  #holdsEntities = true;

  endEntities(): void {
    this.#holdsEntities = false;
    for (const end of this.entities.values()) end();
  }

  endOrchestrations(): void {
    this.holdsOrchestrations = false;
    for (const end of this.orchestrations.values()) end();
  }

  openSession({ instanceId }: Parameters<TaskExecutor["openSession"]>[0]): ReturnType<TaskExecutor["openSession"]> {
    return {
      execute: async () => {
        if (this.holdsOrchestrations) await heldIn(this.orchestrations, instanceId);
        return { actions: [completion], customStatus: undefined };
      },
      close() {},
    };
  }

  executeActivity: TaskExecutor["executeActivity"] = async () => ({ kind: "completed", result: undefined });

  executeEntityBatch: TaskExecutor["executeEntityBatch"] = async ({ instanceId, operations }) => {
    if (this.#holdsEntities) await heldIn(this.entities, instanceId);
    this.ended.add(instanceId);
    const outcome: EntityOutcome = { kind: "completed", result: undefined, actions: [] };
    return { outcomes: operations.map(() => outcome), state: "1" };
  };
}

async function heldIn(held: Map<string, () => void>, instanceId: string): Promise<void> {
  await new Promise<void>((resolve) => held.set(instanceId, resolve));
  held.delete(instanceId);
}

const completion = {
  kind: "CompleteOrchestration",
  id: 0,
  status: "Completed",
  result: undefined,
  failureDetails: undefined,
  carryoverEvents: [],
  newVersion: undefined,
} as const;
