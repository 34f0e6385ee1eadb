import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HistoryEvent } from "../core/history-event.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import { isTerminalStatus } from "../core/orchestration-status.ts";
import { silentLog } from "../core/ports.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import { InProcessExecutor } from "../worker/in-process-executor.ts";
import { Registry } from "../worker/registry.ts";
import type { BackendUnderTest } from "./backend-suite.ts";
import { type Behaviour, behaviours, registerActivities, styles } from "./behaviours.ts";

/**
 * What orchestrations must do on every backend, whatever the style of their code: each behaviour runs as a generator, as
 * an async function and as an async generator, and all three must decide the same.
 */
export function describeTaskHub(name: string, open: () => Promise<BackendUnderTest>): void {
  describe(`task hub: ${name}`, () => {
    let hub: BackendUnderTest;
    let worker: TaskHubWorker;
    let client: TaskHubClient;

    beforeAll(async () => {
      hub = await open();
      const registry = new Registry();
      registerActivities(registry);
      for (const behaviour of behaviours) {
        for (const style of styles) {
          registry.addOrchestration({ name: `${behaviour.name} (${style})`, orchestrator: behaviour[style] });
        }
      }
      worker = new TaskHubWorker({
        ...hub,
        executor: new InProcessExecutor({ registries: [registry] }),
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
      });
      await worker.start();
      client = new TaskHubClient({ store: hub.store, clock: systemClock, random: systemRandom });
    });

    afterAll(async () => {
      await worker.stop();
      await hub.close();
    });

    it.each(behaviours.map((behaviour) => [behaviour.name, behaviour] as const))("%s", async (_, behaviour) => {
      const runs = await Promise.all(styles.map((style) => runBehaviour(client, behaviour, style)));

      for (const run of runs) expect(run.state).toMatchObject(behaviour.expected);
      for (const run of runs) expect(run.decisions).toEqual(runs[0]!.decisions);
    });

    it("starts an instance again once it has ended, and not before", async () => {
      const instanceId = `again-${systemRandom.guid()}`;
      const start = () => client.startInstance({ instanceId, name: "waits for an event (async)" });
      await start();

      await expect(start()).rejects.toMatchObject({ code: "InstanceAlreadyExists" });
      await client.terminate(instanceId, "make room");
      const first = await waitUntilEnded(client, instanceId);
      await start();
      await client.raiseEvent(instanceId, "go", '"second"');
      const second = await waitUntilEnded(client, instanceId);

      expect(first).toMatchObject({ runtimeStatus: "Terminated", output: "make room" });
      expect(second).toMatchObject({ runtimeStatus: "Completed", output: '"second"', generation: 1 });
      expect(second.executionId).not.toBe(first.executionId);
    });

    it("refuses events to unknown and to ended instances", async () => {
      const instanceId = await client.startInstance({ name: "runs a sequence of activities (generator)" });
      await waitUntilEnded(client, instanceId);

      await expect(client.raiseEvent("nobody", "go", undefined)).rejects.toMatchObject({ code: "InstanceNotFound" });
      await expect(client.raiseEvent(instanceId, "go", undefined)).rejects.toMatchObject({ code: "InstanceNotActive" });
    });

    it("holds a suspended instance back until it is resumed", async () => {
      const instanceId = await client.startInstance({ name: "waits for an event (async)" });
      await waitFor(client, instanceId, (state) => state.runtimeStatus === "Running");

      await client.suspend(instanceId, "pause");
      const suspended = await waitFor(client, instanceId, (state) => state.runtimeStatus === "Suspended");
      await client.raiseEvent(instanceId, "go", '"resumed"');
      await client.resume(instanceId, "go on");
      const ended = await waitUntilEnded(client, instanceId);

      expect(suspended.output).toBe("pause");
      expect(ended).toMatchObject({ runtimeStatus: "Completed", output: '"resumed"' });
    });
  });
}

interface BehaviourRun {
  readonly state: OrchestrationState;
  /** The recorded actions, which must not depend on the style. */
  readonly decisions: readonly unknown[];
}

async function runBehaviour(client: TaskHubClient, behaviour: Behaviour, style: string): Promise<BehaviourRun> {
  const input = behaviour.input === undefined ? undefined : JSON.stringify(behaviour.input);
  const instanceId = await client.startInstance({ name: `${behaviour.name} (${style})`, input });
  await behaviour.drive?.(client, instanceId);
  const state = await waitUntilEnded(client, instanceId);
  const history = (await client.getHistory(instanceId)) ?? [];
  return { state, decisions: history.flatMap(describeDecision).toSorted((a, b) => a.id - b.id) };
}

function describeDecision(event: HistoryEvent): { readonly id: number; readonly what: string }[] {
  switch (event.type) {
    case "TaskScheduled":
    case "SubOrchestrationInstanceCreated":
    case "EventSent":
      return [{ id: event.eventId, what: `${event.type} ${event.name}`.replace(/ \(.*\)$/, "") }];
    case "TimerCreated":
    case "ExecutionCompleted":
      return [{ id: event.eventId, what: event.type }];
    default:
      return [];
  }
}

const waitMs = 50_000;

/** Polls the status until it fits. */
export async function waitFor(
  client: TaskHubClient,
  instanceId: string,
  fits: (state: OrchestrationState) => boolean,
): Promise<OrchestrationState> {
  const deadline = systemClock.now() + waitMs;
  let state: OrchestrationState | undefined;
  while (systemClock.now() < deadline) {
    state = await client.getInstance(instanceId);
    if (state !== undefined && fits(state)) return state;
    await systemClock.sleep(25);
  }
  throw new Error(`the instance '${instanceId}' did not get there within ${waitMs} ms; it is ${JSON.stringify(state)}`);
}

/** Waits until the instance has ended. */
export function waitUntilEnded(client: TaskHubClient, instanceId: string): Promise<OrchestrationState> {
  return waitFor(client, instanceId, (state) => isTerminalStatus(state.runtimeStatus));
}
